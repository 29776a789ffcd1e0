"""What an attached file says about itself: its tags, its chapters and its name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from bot.audio.models import Cover
from bot.domain.text import collapse_whitespace, strip_invisible, truncate

ID3_PADDING: Final = 1024  # bytes left free behind the tags
_HEADERS_SIZE: Final = 512  # bytes of all headers together, generously
_FORBIDDEN_CHARACTERS: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')
_MAX_TITLE: Final = 80  # UTF-16 units
_MAX_NAME: Final = 72  # UTF-16 units of a file's name; even as UTF-8 the whole is below 255 bytes
_CHAPTER_HEADERS_SIZE: Final = 64  # bytes of one chapter without its title, generously


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a song to which a player can jump.

    Attributes:
        title: one line, not empty.
        start, end: milliseconds.
    """

    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """Tags of a file; empty ones are left out.

    Attributes:
        title: of the clip.
        album: what it belongs to, such as the title of the whole song.
        comment: where it comes from, *continued from Electric Dreams at 2:04*.
        lyrics: several lines.
        cover: picture.
        chapters: in order, without gaps.
    """

    title: str
    album: str = ""
    comment: str = ""
    lyrics: str = ""
    cover: Cover | None = None
    chapters: tuple[Chapter, ...] = ()

    @property
    def size(self) -> int:
        """Upper limit of their bytes in a file; to be reserved when encoding to a limit."""
        texts = (self.title, self.album, self.comment, self.lyrics)
        picture = len(self.cover.jpeg) if self.cover else 0
        tags = sum(map(_utf16_size, texts)) + picture + _HEADERS_SIZE + ID3_PADDING
        # title and element id of each are together as long as the longest title; the table of
        # contents has the ids once more
        longest = max((_utf16_size(each.title) for each in self.chapters), default=0)
        return tags + len(self.chapters) * (_CHAPTER_HEADERS_SIZE + 2 * longest)


def song_chapters(titles: Sequence[str], times: Sequence[float]) -> tuple[Chapter, ...]:
    """Return the chapters of a song; parts of no length have none.

    Args:
        titles: of its parts.
        times: the second at which each part begins, and last the length of the song. Nothing
            begins later than that. Empty if it is not known.
    """
    marks = [round(1000 * min(time, times[-1])) for time in times]
    return tuple(
        Chapter(truncate(title, _MAX_TITLE), start, end)
        for title, (start, end) in zip(titles, pairwise(marks), strict=False)
        if start < end
    )


def audio_file_name(title: str, letter: str = "", *, part: str = "", suffix: str = ".mp3") -> str:
    """Return ``Title · part 3 (A).mp3`` for a clip's title, its part of the song and its letter.

    A title that is too long is cut; the part and the letter never are.
    """
    plain = collapse_whitespace(_FORBIDDEN_CHARACTERS.sub(" ", strip_invisible(title)))
    # a file with a dot in front is hidden, and Windows takes none at the end
    plain = truncate(plain, _MAX_NAME).strip(". ") or "Untitled"
    name = f"{plain} · {part}" if part else plain
    return f"{name} ({letter}){suffix}" if letter else f"{name}{suffix}"


def _utf16_size(text: str) -> int:
    return len(text.encode("utf-16", "surrogatepass"))

"""What an attached file says about itself: its tags and its name."""

import re
from dataclasses import dataclass
from typing import Final

from bot.audio.models import Cover
from bot.domain.text import collapse_whitespace, strip_invisible, truncate

ID3_PADDING: Final = 1024  # bytes left free behind the tags
_HEADERS_SIZE: Final = 512  # bytes of all headers together, generously
_FORBIDDEN_CHARACTERS: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')
_MAX_TITLE: Final = 80  # UTF-16 units; even as UTF-8 that is below 255 bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """Tags of a file; empty ones are left out.

    Attributes:
        title: of the clip.
        album: what it belongs to, such as the title of the whole song.
        comment: where it comes from, *continued from Electric Dreams at 2:04*.
        lyrics: several lines.
        cover: picture.
    """

    title: str
    album: str = ""
    comment: str = ""
    lyrics: str = ""
    cover: Cover | None = None

    @property
    def size(self) -> int:
        """Upper limit of their bytes in a file; to be reserved when encoding to a limit."""
        texts = (self.title, self.album, self.comment, self.lyrics)
        picture = len(self.cover.jpeg) if self.cover else 0
        return sum(map(_utf16_size, texts)) + picture + _HEADERS_SIZE + ID3_PADDING


def audio_file_name(title: str, letter: str = "", *, suffix: str = ".mp3") -> str:
    """Return ``Title (A).mp3`` for the title of a clip and its letter, if it has one."""
    plain = collapse_whitespace(_FORBIDDEN_CHARACTERS.sub(" ", strip_invisible(title)))
    # a file with a dot in front is hidden, and Windows takes none at the end
    plain = truncate(plain, _MAX_TITLE).strip(". ") or "Untitled"
    return f"{plain} ({letter}){suffix}" if letter else f"{plain}{suffix}"


def _utf16_size(text: str) -> int:
    return len(text.encode("utf-16", "surrogatepass"))

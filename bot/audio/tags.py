"""What a file tells about itself: the tags of an MP3 (ID3v2.3, which every player reads)."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mutagen.id3 import APIC, COMM, ID3, TALB, TIT2, TPE1, USLT, Encoding, PictureType

from bot.audio.fetch import Cover
from bot.domain.text import collapse_whitespace, sanitize, strip_invisible, truncate

# mutagen has no type stubs
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateImportUsage=false


_PADDING: Final = 1024
_FRAMES: Final = 512  # bytes of all headers together, generously


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """What to write into a file; what is empty is left out.

    Attributes:
        title: of the clip.
        artist: who made it.
        album: what it belongs to, such as the title of the whole song.
        comment: where it comes from, *continued from Electric Dreams at 2:04*.
        lyrics: several lines.
        cover: picture.
    """

    title: str
    artist: str = ""
    album: str = ""
    comment: str = ""
    lyrics: str = ""
    cover: Cover | None = None

    @property
    def size(self) -> int:
        """How many bytes they take in a file at most; to be left free when encoding to a limit."""
        texts = (self.title, self.artist, self.album, self.comment, self.lyrics)
        picture = len(self.cover.jpeg) if self.cover else 0
        return sum(map(_utf16_size, texts)) + picture + _FRAMES + _PADDING


def write_tags(path: Path, tags: Tags) -> None:
    """Write ``tags`` into the MP3 file ``path``; all that were there before are gone."""
    written = ID3()
    words = Encoding.UTF16
    for frame, text in ((TIT2, tags.title), (TPE1, tags.artist), (TALB, tags.album)):
        if text := collapse_whitespace(sanitize(text)):
            written.add(frame(encoding=words, text=text))
    if comment := collapse_whitespace(sanitize(tags.comment)):
        written.add(COMM(encoding=words, lang="eng", desc="", text=comment))
    if lyrics := sanitize(tags.lyrics):
        # the language of lyrics is not known
        written.add(USLT(encoding=words, lang="und", desc="", text=lyrics))
    if tags.cover:
        written.add(
            APIC(
                encoding=Encoding.LATIN1,
                mime="image/jpeg",
                type=PictureType.COVER_FRONT,
                desc="",
                data=tags.cover.jpeg,
            )
        )
    ID3().delete(path)
    written.save(path, v1=0, v2_version=3, padding=_padding)


def _padding(_: object) -> int:
    return _PADDING


def _utf16_size(text: str) -> int:
    return len(text.encode("utf-16", "surrogatepass"))


_UNSAFE: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')
_LONGEST: Final = 80  # UTF-16 units of the title; even as UTF-8 that is below 255 bytes


def audio_file_name(title: str, letter: str = "", *, suffix: str = ".mp3") -> str:
    """Return ``Title (A).mp3`` for the title of a clip and its letter, if it has one."""
    plain = collapse_whitespace(_UNSAFE.sub(" ", strip_invisible(title)))
    # no system likes a dot in front, and Windows none at the end
    plain = truncate(plain, _LONGEST).strip(". ") or "Untitled"
    return f"{plain} ({letter}){suffix}" if letter else f"{plain}{suffix}"

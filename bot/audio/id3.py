"""Write the tags of an MP3 as ID3v2.3, which every player reads."""

# mutagen has no type stubs
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateImportUsage=false

from pathlib import Path

from mutagen.id3 import APIC, COMM, ID3, TALB, TIT2, USLT, Encoding, PictureType

from bot.audio.tags import ID3_PADDING, Tags
from bot.domain.text import collapse_whitespace, sanitize


def write_tags(path: Path, tags: Tags) -> None:
    """Replace all tags of the MP3 file ``path`` by ``tags``."""
    id3 = ID3()
    encoding = Encoding.UTF16
    for frame, text in ((TIT2, tags.title), (TALB, tags.album)):
        if text := collapse_whitespace(sanitize(text)):
            id3.add(frame(encoding=encoding, text=text))
    if comment := collapse_whitespace(sanitize(tags.comment)):
        id3.add(COMM(encoding=encoding, lang="eng", desc="", text=comment))
    if lyrics := sanitize(tags.lyrics):
        # the language of lyrics is not known
        id3.add(USLT(encoding=encoding, lang="und", desc="", text=lyrics))
    if tags.cover:
        id3.add(
            APIC(
                encoding=Encoding.LATIN1,
                mime="image/jpeg",
                type=PictureType.COVER_FRONT,
                desc="",
                data=tags.cover.jpeg,
            )
        )
    ID3().delete(path)
    id3.save(path, v1=0, v2_version=3, padding=_padding)


def _padding(_: object) -> int:
    return ID3_PADDING

"""Write the tags and chapters of an MP3 as ID3v2.3, which every player reads.

Chapters are those of the *ID3v2 Chapter Frame Addendum*: CHAP and CTOC.
"""

# mutagen has no type stubs
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateImportUsage=false

from collections.abc import Iterator, Sequence
from pathlib import Path

from mutagen.id3 import (
    APIC,
    CHAP,
    COMM,
    CTOC,
    ID3,
    TALB,
    TIT2,
    USLT,
    CTOCFlags,
    Encoding,
    Frame,
    PictureType,
)

from bot.audio.tags import ID3_PADDING, Chapter, Tags
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
    for frame in _chapter_frames(tags.chapters):
        id3.add(frame)
    ID3().delete(path)
    id3.save(path, v1=0, v2_version=3, padding=_padding)


def _chapter_frames(chapters: Sequence[Chapter]) -> Iterator[Frame]:
    """Yield a frame for each chapter, and the table of contents if there are any.

    FFmpeg lists chapters as they are ordered in the file, whatever the table of contents says.
    Mutagen orders frames by size, then by element id. So ids begin with the number, and are
    filled up until all chapters have the same size.
    """
    titles = [collapse_whitespace(sanitize(each.title)) for each in chapters]
    sizes = [len(title.encode("utf-16")) for title in titles]
    ids: list[str] = []
    for number, (each, title, size) in enumerate(zip(chapters, titles, sizes, strict=True)):
        ids.append(f"part{number:03}" + "-" * (max(sizes) - size))
        yield CHAP(
            element_id=ids[-1],
            start_time=each.start,
            end_time=each.end,
            sub_frames=[TIT2(encoding=Encoding.UTF16, text=title)],
        )
    if ids:
        flags = CTOCFlags.TOP_LEVEL | CTOCFlags.ORDERED
        yield CTOC(element_id="parts", flags=flags, child_element_ids=ids)


def _padding(_: object) -> int:
    return ID3_PADDING

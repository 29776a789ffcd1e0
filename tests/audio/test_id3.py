import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from mutagen.id3 import ID3, CTOCFlags
from mutagen.mp3 import MP3
from PIL import Image

from bot.audio.analysis import analyze
from bot.audio.id3 import write_tags
from bot.audio.models import Cover
from bot.audio.tags import Chapter, Tags


def jpeg(side: int = 64) -> bytes:
    output = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(output, "JPEG")
    return output.getvalue()


def tagged(song: Path, into: Path, chapters: Sequence[Chapter]) -> ID3:
    """Copy the song, give it chapters, and return the tags that the file has then."""
    into.write_bytes(song.read_bytes())
    tags = Tags(title="Night Bus", lyrics="la", chapters=tuple(chapters))
    write_tags(into, tags)
    assert into.stat().st_size - song.stat().st_size <= tags.size
    assert analyze(into).duration == analyze(song).duration
    return ID3(into)


def test_written_tags_are_read_again(song: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(song.read_bytes())
    tags = Tags(
        title="夜空 🎸",
        album="Electric Dreams",
        comment="continued from Electric Dreams at 2:04",
        lyrics="[Verse]\r\nÜber den Wolken\nund weiter",
        cover=Cover(jpeg()),
    )
    write_tags(path, Tags(title="Before", album="Gone"))
    write_tags(path, tags)
    read = ID3(path)
    assert read["TIT2"].text == ["夜空 🎸"]
    assert read["TALB"].text == ["Electric Dreams"]
    assert read["COMM::eng"].text == ["continued from Electric Dreams at 2:04"]
    assert read["USLT::und"].text == "[Verse]\nÜber den Wolken\nund weiter"
    assert (read["APIC:"].mime, read["APIC:"].data) == ("image/jpeg", jpeg())
    assert path.stat().st_size - song.stat().st_size <= tags.size
    assert MP3(path).info.length == MP3(song).info.length
    assert analyze(path).duration == analyze(song).duration


@pytest.mark.parametrize("title", ["", "\x00", "a\nb\x00c", "\ud800", "x" * 5000, "\u202eevil"])
def test_hostile_titles_do_no_harm_in_tags(title: str, song: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(song.read_bytes())
    tags = Tags(title=title, lyrics=title * 2)
    write_tags(path, tags)
    assert path.stat().st_size - song.stat().st_size <= tags.size
    assert analyze(path).duration == analyze(song).duration
    texts = [frame.text for frame in ID3(path).values()]
    assert not any("\x00" in text for frame in texts for text in frame)


def test_chapters_are_listed_in_the_table_of_contents(song: Path, tmp_path: Path) -> None:
    chapters = [
        Chapter("夜空 🎸 by a title longer than others", 0, 500),
        Chapter("Part 2", 500, 1200),
        Chapter("Part 3: Pre-Chorus", 1200, 2000),
    ]
    read = tagged(song, tmp_path / "a.mp3", chapters)
    [contents] = read.getall("CTOC")
    assert contents.flags == CTOCFlags.TOP_LEVEL | CTOCFlags.ORDERED
    listed = [read[f"CHAP:{name}"] for name in contents.child_element_ids]
    assert [
        Chapter(str(each.sub_frames["TIT2"]), each.start_time, each.end_time) for each in listed
    ] == chapters
    # without offsets, players use the times
    assert {(each.start_offset, each.end_offset) for each in listed} == {(0xFFFFFFFF, 0xFFFFFFFF)}
    assert read.version == (2, 3, 0)


def test_chapters_are_in_the_file_in_their_order(song: Path, tmp_path: Path) -> None:
    titles = ["夜空 🎸" * 8, *("x" * (1 + number % 7) for number in range(1, 200))]
    chapters = [Chapter(title, at * 10, at * 10 + 10) for at, title in enumerate(titles)]
    read = tagged(song, tmp_path / "a.mp3", chapters)
    starts = [each.start_time for each in read.getall("CHAP")]
    assert starts == [each.start for each in chapters]


def test_song_without_chapters_has_no_table_of_contents(song: Path, tmp_path: Path) -> None:
    read = tagged(song, tmp_path / "a.mp3", ())
    assert read.getall("CTOC") == read.getall("CHAP") == []


@pytest.mark.parametrize("title", ["a\nb\x00c", "\ud800", "x" * 80, "\u202eevil"])
def test_hostile_titles_do_no_harm_in_chapters(title: str, song: Path, tmp_path: Path) -> None:
    chapters = [Chapter("Dreams", 0, 1000), Chapter(title, 1000, 2000)]
    read = tagged(song, tmp_path / "a.mp3", chapters)
    titles = [str(each.sub_frames["TIT2"]) for each in read.getall("CHAP")]
    assert titles[0] == "Dreams"
    assert not any(letter in titles[1] for letter in "\x00\n")

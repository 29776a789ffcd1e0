import io
from pathlib import Path

import pytest
from mutagen.id3 import ID3
from mutagen.mp3 import MP3
from PIL import Image

from bot.audio.analysis import analyze
from bot.audio.id3 import write_tags
from bot.audio.models import Cover
from bot.audio.tags import Tags


def jpeg(side: int = 64) -> bytes:
    output = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(output, "JPEG")
    return output.getvalue()


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

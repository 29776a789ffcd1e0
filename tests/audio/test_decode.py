import io
import struct
from pathlib import Path
from time import process_time

import pytest
from mutagen.id3 import ID3, TIT2
from PIL import Image

from bot.audio.analysis import analyze
from bot.audio.decode import id3_size, mp3_frame_size
from bot.audio.errors import UnusableMediaError
from tests.support.audio_samples import noise, tone, write_audio, write_mp3


def test_picture_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    with pytest.raises(UnusableMediaError):
        analyze(tmp_path / "a.png")


def test_unknown_codec_is_refused(tmp_path: Path) -> None:
    content = write_audio(noise(1), tmp_path / "a.wav", "pcm_s16le").read_bytes()
    (tmp_path / "b.wav").write_bytes(content[:20] + b"\xee\xee" + content[22:])
    with pytest.raises(UnusableMediaError):
        analyze(tmp_path / "b.wav")


def test_concatenated_files_are_decoded_as_one(tmp_path: Path) -> None:
    plain = write_audio(tone(1), tmp_path / "b.mp3", "libmp3lame", write_xing="0").read_bytes()
    low = write_mp3(tone(1, rate=32_000)[:1], tmp_path / "c.mp3", rate=32_000).read_bytes()
    (tmp_path / "d.mp3").write_bytes(plain + low)
    assert analyze(tmp_path / "d.mp3").duration == pytest.approx(2, abs=0.15)


def test_ogg_is_decoded(tmp_path: Path) -> None:
    path = write_audio(noise(1, rate=48_000), tmp_path / "a.ogg", "libopus", rate=48_000)
    assert analyze(path).duration == pytest.approx(1, abs=0.05)


def test_file_name_with_separators_of_ffmpeg_is_read(song: Path, tmp_path: Path) -> None:
    path = tmp_path / "a:b,end,9,,:%d|#?.mp3"
    path.write_bytes(song.read_bytes())
    assert analyze(path) == analyze(song)


def test_id3_tags_are_skipped(song: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(song.read_bytes())
    tags = ID3()
    tags.add(TIT2(text="x" * 9999))
    tags.save(path, v1=2)
    path.write_bytes(path.read_bytes()[: id3_size(path)] + path.read_bytes())  # twice
    assert path.stat().st_size > song.stat().st_size + 20_000
    assert analyze(path) == analyze(song)


def test_file_shorter_than_its_id3_tag_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(b"ID3\4\0\0\x7f\x7f\x7f\x7f" + bytes(99))
    with pytest.raises(UnusableMediaError):
        analyze(tmp_path / "a.mp3")


def test_many_id3_frames_cost_nothing(song: Path, tmp_path: Path) -> None:
    # FFmpeg takes seconds to read as many, and 100 times as long for ten times as many
    texts = (b"\0%05d\0x" % number for number in range(40_000))
    frames = b"".join(struct.pack(">4sIH", b"TXXX", len(text), 0) + text for text in texts)
    size = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    (tmp_path / "a.mp3").write_bytes(b"ID3\3\0\0" + size + frames + song.read_bytes())
    begin = process_time()
    assert analyze(tmp_path / "a.mp3") == analyze(song)
    assert process_time() - begin < 1


@pytest.mark.parametrize(
    ("header", "size"),
    [
        ("fffb9064", 417),  # 128 kbit/s, 44.1 kHz
        ("fffb9264", 418),  # padded
        ("fffbb464", 576),  # 192 kbit/s, 48 kHz
        ("fff38064", 208),  # MPEG-2, 64 kbit/s, 22.05 kHz
        ("fffb9c64", 0),  # no such rate
        ("fffbf064", 0),  # no such bit rate
        ("ffeb9064", 0),  # no such version
        ("00000000", 0),
        ("ff", 0),
        ("", 0),
    ],
)
def test_mp3_frame_size_is_read_from_its_header(header: str, size: int) -> None:
    assert mp3_frame_size(bytes.fromhex(header)) == size
    assert mp3_frame_size(io.BytesIO(bytes.fromhex(header).ljust(9, b"\0")).read()) == size

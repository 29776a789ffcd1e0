import io
from pathlib import Path
from typing import Never

import numpy as np
import pytest
from mutagen.id3 import ID3
from mutagen.mp3 import MP3
from PIL import Image

from bot.audio.analysis import PeakMeter, Peaks, analyze
from bot.audio.encode import (
    BIT_RATES,
    EncodedFile,
    encode_to_limit,
    highest_bit_rate,
    next_bit_rate,
    rounded_bit_rate,
)
from bot.audio.errors import TransientMediaError, UnusableMediaError
from bot.audio.fetch import Cover
from bot.audio.lame import system_lame
from bot.audio.mp3 import Mp3Writer, PyAVFile, mp3_writer
from bot.audio.mpeg import frame_length, stated_duration
from bot.audio.tags import Tags, audio_file_name, write_tags
from tests.support.audio_samples import RATE, mp3, noise, other, shift, sound_of, tone


@pytest.mark.parametrize("rate", [32_000, 44_100, 48_000])
@pytest.mark.parametrize("bit_rate", [96_000, 320_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_an_mp3_has_the_length_of_its_sound_to_the_sample(
    rate: int, bit_rate: int, channels: int, tmp_path: Path
) -> None:
    sound = noise(1.2345, rate=rate)[:channels]
    path = mp3(sound, tmp_path / "a.mp3", rate=rate, bit_rate=bit_rate)
    info = analyze(path)
    assert info.duration * rate == pytest.approx(sound.shape[1])
    assert (info.rate, info.channels, info.bit_rate) == (rate, channels, bit_rate)
    assert info.is_mp3
    assert shift(sound, sound_of(path)) == 0
    assert info.peaks.seconds == pytest.approx(info.duration, abs=0.01)


def test_both_encoders_keep_every_sample_in_its_place(tmp_path: Path) -> None:
    sound, path = noise(1), tmp_path / "a.mp3"
    with Mp3Writer(PyAVFile(path, rate=RATE, channels=2, bit_rate=192_000)) as file:
        file.write(sound[:, :1000])
        file.write(sound[:, 1000:1000])
        file.write(sound[:, 1000:])
    assert file.samples == sound.shape[1]
    heard = sound_of(path)
    assert heard.shape == sound.shape
    assert shift(sound, heard) == 0


def test_without_a_system_lame_pyavs_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.audio.lame._NAMES", ("no such library", "libc.so.6"))
    system_lame.cache_clear()
    try:
        assert system_lame() is None
        with mp3_writer(tmp_path / "a.mp3", rate=RATE, channels=2, bit_rate=96_000) as file:
            file.write(tone(0.5))
    finally:
        system_lame.cache_clear()
    assert analyze(tmp_path / "a.mp3").duration == 0.5


def test_an_error_while_writing_is_the_error_that_is_raised(tmp_path: Path) -> Never:
    file = mp3_writer(tmp_path / "a.mp3", rate=RATE, channels=2, bit_rate=96_000)
    with pytest.raises(KeyError), file:
        raise KeyError


@pytest.mark.skipif(system_lame() is None, reason="there is no LAME on this machine")
def test_lame_refuses_what_mp3_can_not_hold(tmp_path: Path) -> None:
    with pytest.raises(TransientMediaError):
        mp3_writer(tmp_path / "a.mp3", rate=RATE, channels=3, bit_rate=96_000)


def test_a_song_that_fits_is_left_as_it_is(song: Path, tmp_path: Path) -> None:
    into, size = tmp_path / "b.mp3", song.stat().st_size
    assert encode_to_limit(song, analyze(song), into, limit=size + 9, reserve=9) == EncodedFile(
        size
    )
    assert into.read_bytes() == song.read_bytes()


def test_a_song_too_large_is_encoded_at_the_bit_rate_that_fits(tmp_path: Path) -> None:
    sound = noise(10)
    path = mp3(sound, tmp_path / "a.mp3", bit_rate=320_000)
    limit = 10 * 128_000 // 8 + 20_000
    made = encode_to_limit(path, analyze(path), tmp_path / "b.mp3", limit=limit, reserve=5000)
    assert made is not None
    assert made.bit_rate == 128_000
    assert made.size == (tmp_path / "b.mp3").stat().st_size <= limit - 5000
    assert analyze(tmp_path / "b.mp3").duration == pytest.approx(10, abs=0.001)


def test_no_song_is_encoded_below_96_kbit(tmp_path: Path) -> None:
    path = mp3(noise(10), tmp_path / "a.mp3", bit_rate=320_000)
    assert encode_to_limit(path, analyze(path), tmp_path / "b.mp3", limit=100_000) is None
    assert not (tmp_path / "b.mp3").exists()


@pytest.mark.parametrize("rate", [22_050, 48_000, 96_000])
def test_what_is_not_mp3_becomes_mp3(rate: int, tmp_path: Path) -> None:
    path = other(tone(1, rate=rate), tmp_path / "a.wav", "pcm_s16le", rate=rate)
    assert encode_to_limit(path, analyze(path), tmp_path / "b.mp3", limit=10**7) is not None
    info = analyze(tmp_path / "b.mp3")
    assert info.is_mp3
    assert info.rate == next_bit_rate(rate)
    assert info.duration == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize("bit_rate", BIT_RATES)
def test_the_highest_bit_rate_that_fits_is_chosen(bit_rate: int) -> None:
    limit = 180 * bit_rate // 8 + 10_000
    assert highest_bit_rate(180, limit) == bit_rate
    assert highest_bit_rate(180, limit, at_most=112_000) == min(bit_rate, 112_000)
    assert highest_bit_rate(180, limit, at_most=8000) == 96_000
    assert highest_bit_rate(180, limit, reserve=10_000) != bit_rate


@pytest.mark.parametrize(
    ("known", "rounded"),
    [(0, 192_000), (8000, 96_000), (128_000, 128_000), (128_900, 128_000), (999_999, 320_000)],
)
def test_bit_rates_are_rounded_up_to_those_of_mp3(known: int, rounded: int) -> None:
    assert rounded_bit_rate(known) == rounded


def test_a_song_that_goes_on_for_hours_is_refused(song: Path) -> None:
    with pytest.raises(UnusableMediaError):
        analyze(song, longest=1)


def test_a_blip_is_no_song(tmp_path: Path) -> None:
    with pytest.raises(UnusableMediaError):
        analyze(mp3(tone(0.05), tmp_path / "a.mp3"))


def test_a_picture_is_no_song(tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    with pytest.raises(UnusableMediaError):
        analyze(tmp_path / "a.png")


def test_files_glued_together_are_one_sound(tmp_path: Path) -> None:
    mono = other(tone(1), tmp_path / "b.mp3", "libmp3lame", write_xing="0").read_bytes()
    low = mp3(tone(1, rate=32_000)[:1], tmp_path / "c.mp3", rate=32_000).read_bytes()
    (tmp_path / "d.mp3").write_bytes(mono + low)
    assert analyze(tmp_path / "d.mp3").duration == pytest.approx(2, abs=0.15)


def test_ogg_is_audio_too(tmp_path: Path) -> None:
    path = other(noise(1, rate=48_000), tmp_path / "a.ogg", "libopus", rate=48_000)
    assert analyze(path).duration == pytest.approx(1, abs=0.05)


def test_an_unknown_codec_is_refused(tmp_path: Path) -> None:
    content = other(noise(1), tmp_path / "a.wav", "pcm_s16le").read_bytes()
    (tmp_path / "b.wav").write_bytes(content[:20] + b"\xee\xee" + content[22:])
    with pytest.raises(UnusableMediaError):
        analyze(tmp_path / "b.wav")


def test_a_truncated_file_of_another_format_is_told(tmp_path: Path) -> None:
    content = other(noise(2), tmp_path / "a.flac", "flac").read_bytes()
    (tmp_path / "b.flac").write_bytes(content[: len(content) // 2])
    with pytest.raises(TransientMediaError):
        analyze(tmp_path / "b.flac")


def test_without_a_summary_the_last_frame_tells(tmp_path: Path) -> None:
    whole = other(noise(2), tmp_path / "a.mp3", "libmp3lame", write_xing="0")
    assert stated_duration(whole) is None
    content = whole.read_bytes()
    assert analyze(whole).duration == pytest.approx(2, abs=0.1)
    (tmp_path / "b.mp3").write_bytes(content[:-100])
    with pytest.raises(TransientMediaError):
        analyze(tmp_path / "b.mp3")


def test_what_is_no_mp3_states_no_length(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 9999)
    assert stated_duration(tmp_path / "a") is None


@pytest.mark.parametrize(
    ("header", "length"),
    [
        ("fffb9064", 417),  # 128 kbit/s, 44.1 kHz
        ("fffb9264", 418),  # padded
        ("fffbb464", 576),  # 192 kbit/s, 48 kHz
        ("fff38064", 208),  # MPEG-2, 64 kbit/s, 22.05 kHz
        ("fffd9064", 0),  # Layer II
        ("fffb9c64", 0),  # no such rate
        ("fffbf064", 0),  # no such bit rate
        ("ffeb9064", 0),  # no such version
        ("00000000", 0),
        ("ff", 0),
    ],
)
def test_the_length_of_a_frame(header: str, length: int) -> None:
    assert frame_length(bytes.fromhex(header)) == length


def test_peaks_show_what_is_loud_when() -> None:
    meter = PeakMeter(RATE)
    sound = np.concatenate([np.zeros((2, RATE), np.float32), tone(1)], axis=1)
    for begin in range(0, sound.shape[1], 1000):
        meter.add(sound[:, begin : begin + 1000])
    peaks = meter.peaks()
    assert peaks.per_second == 100
    assert len(peaks.levels) == 200
    assert not peaks.between(0, 1).levels.any()
    assert set(peaks.between(1, 2).levels) <= {127, 128}
    assert peaks.columns(4) == pytest.approx([0, 0, 0.5, 0.5], abs=0.01)
    assert peaks.columns(1000) == pytest.approx([0.0] * 500 + [0.5] * 500, abs=0.01)
    assert len(peaks.columns(0)) == 0


def test_peaks_of_nothing() -> None:
    peaks = PeakMeter(RATE).peaks()
    assert peaks.seconds == 0
    assert not peaks.columns(5).any()
    assert Peaks(100, np.full(3, 9, np.uint8)).between(-1, 99).seconds == 0.03


def jpeg(side: int = 64) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(made, "JPEG")
    return made.getvalue()


def test_tags_are_read_again(song: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(song.read_bytes())
    tags = Tags(
        title="夜空 🎸",
        artist="Encore",
        album="Electric Dreams",
        comment="continued from Electric Dreams at 2:04",
        lyrics="[Verse]\r\nÜber den Wolken\nund weiter",
        cover=Cover(jpeg()),
    )
    write_tags(path, Tags(title="Before", album="Gone"))
    write_tags(path, tags)
    read = ID3(path)
    assert read["TIT2"].text == ["夜空 🎸"]
    assert read["TPE1"].text == ["Encore"]
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


@pytest.mark.parametrize(
    ("title", "letter", "name"),
    [
        ("Electric Dreams", "A", "Electric Dreams (A).mp3"),
        ("夜空 🎸", "", "夜空 🎸.mp3"),
        ("../../etc/passwd", "B", "etc passwd (B).mp3"),
        ('AC/DC: "Live"?\n', "A", "AC DC Live (A).mp3"),
        ("\u202e\x00", "A", "Untitled (A).mp3"),
        ("...", "", "Untitled.mp3"),
    ],
)
def test_a_file_name_can_be_saved_everywhere(title: str, letter: str, name: str) -> None:
    assert audio_file_name(title, letter) == name


def test_a_file_name_is_never_too_long() -> None:
    assert len(audio_file_name("夜" * 500, "A").encode()) < 255

from pathlib import Path

import pytest

from bot.audio.analysis import analyze
from bot.audio.encode import encode_to_limit
from bot.audio.flac import cut
from bot.audio.models import EncodedFile
from bot.audio.mp3 import mp3_sample_rate
from tests.support.audio_samples import (
    likeness,
    noise,
    read_samples,
    tone,
    write_audio,
    write_mp3,
)


def test_mp3_that_fits_is_copied(song: Path, tmp_path: Path) -> None:
    into, size = tmp_path / "b.mp3", song.stat().st_size
    encoded = encode_to_limit(song, analyze(song), into, limit=size + 9, reserve=9)
    assert encoded == EncodedFile(bit_rate=None)
    assert into.read_bytes() == song.read_bytes()


def test_too_large_mp3_is_encoded_at_the_bit_rate_that_fits(tmp_path: Path) -> None:
    path = write_mp3(noise(10), tmp_path / "a.mp3", bit_rate=320_000)
    limit = 10 * 128_000 // 8 + 20_000
    encoded = encode_to_limit(path, analyze(path), tmp_path / "b.mp3", limit=limit, reserve=5000)
    assert encoded == EncodedFile(bit_rate=128_000)
    assert (tmp_path / "b.mp3").stat().st_size <= limit - 5000
    assert analyze(tmp_path / "b.mp3").duration == analyze(path).duration


def test_no_file_is_encoded_below_96_kbit(tmp_path: Path) -> None:
    path = write_mp3(noise(10), tmp_path / "a.mp3", bit_rate=320_000)
    into = tmp_path / "b.mp3"
    assert encode_to_limit(path, analyze(path), into, limit=100_000) is None
    assert not into.exists()


@pytest.mark.parametrize("rate", [22_050, 48_000, 96_000])
def test_other_formats_become_mp3(rate: int, tmp_path: Path) -> None:
    path = write_audio(tone(1, rate=rate), tmp_path / "a.wav", "pcm_s16le", rate=rate)
    assert encode_to_limit(path, analyze(path), tmp_path / "b.mp3", limit=10**7) is not None
    info = analyze(tmp_path / "b.mp3")
    assert info.is_mp3
    assert info.rate == mp3_sample_rate(rate)
    assert info.duration == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize(("seconds", "samples"), [(1.5, 66_150), (2.000_02, 88_201), (9, 132_300)])
def test_cut_audio_is_right_to_the_sample(seconds: float, samples: int, tmp_path: Path) -> None:
    whole = tone(3)
    path = write_audio(whole, tmp_path / "a.wav", "pcm_s16le")
    cut(path, tmp_path / "b.flac", seconds=seconds)
    kept = read_samples(tmp_path / "b.flac")
    assert kept.shape == (2, samples)
    assert likeness(whole[:, :samples], kept) > 0.999_9


def test_cut_audio_keeps_rate_and_channels(tmp_path: Path) -> None:
    path = write_mp3(tone(2, rate=48_000)[:1], tmp_path / "a.mp3", rate=48_000)
    cut(path, tmp_path / "b.flac", seconds=1)
    info = analyze(tmp_path / "b.flac")
    assert (info.rate, info.channels, info.duration) == (48_000, 1, 1.0)

from pathlib import Path
from typing import Never

import numpy as np
import pytest
from mutagen.mp3 import MP3, BitrateMode

from bot.audio.analysis import analyze
from bot.audio.mp3 import Mp3Writer
from tests.support.audio_samples import RATE, delay, noise, read_samples, tone, write_mp3


@pytest.mark.parametrize("rate", [32_000, 44_100, 48_000])
@pytest.mark.parametrize("bit_rate", [96_000, 320_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_mp3_has_the_length_of_its_samples(
    rate: int, bit_rate: int, channels: int, tmp_path: Path
) -> None:
    samples = noise(1.2345, rate=rate)[:channels]
    path = write_mp3(samples, tmp_path / "a.mp3", rate=rate, bit_rate=bit_rate)
    info = analyze(path)
    assert info.duration * rate == pytest.approx(samples.shape[1])
    assert (info.rate, info.channels, info.bit_rate) == (rate, channels, bit_rate)
    assert info.is_mp3
    assert delay(samples, read_samples(path)) == 0
    assert info.peaks.seconds == pytest.approx(info.duration, abs=0.01)


@pytest.mark.parametrize("length", [*range(1, 4609, 288), 100_000, 100_001, 100_575, 101_151])
def test_any_number_of_samples_is_kept(length: int, tmp_path: Path) -> None:
    samples = noise(3)[:, :length]
    path = write_mp3(samples, tmp_path / "a.mp3", bit_rate=128_000)
    assert read_samples(path).shape == samples.shape


def test_samples_written_in_blocks_keep_their_place(tmp_path: Path) -> None:
    samples, path = noise(1), tmp_path / "a.mp3"
    with Mp3Writer(path, rate=RATE, channels=2, bit_rate=192_000) as mp3:
        mp3.write(samples[:, :1000])
        mp3.write(samples[:, 1000:1000])
        mp3.write(samples[:, 1000:])
    assert mp3.samples == samples.shape[1]
    decoded = read_samples(path)
    assert decoded.shape == samples.shape
    assert delay(samples, decoded) == 0


def test_info_frame_is_understood_by_mutagen(tmp_path: Path) -> None:
    info = MP3(write_mp3(noise(2), tmp_path / "a.mp3", bit_rate=192_000)).info
    assert info.length == noise(2).shape[1] / RATE
    assert info.bitrate == pytest.approx(192_000, rel=0.001)
    assert (info.bitrate_mode, info.sketchy) == (BitrateMode.CBR, False)
    assert info.encoder_info.startswith("LAME 3.100")


def test_too_loud_samples_are_clipped(tmp_path: Path) -> None:
    decoded = read_samples(write_mp3(tone(1) * np.float32(4), tmp_path / "a.mp3"))
    expected = np.clip(tone(1) * np.float32(4), -1, 1)
    assert float(np.abs(decoded - expected)[:, 2000:-2000].mean()) < 0.01


def test_file_without_samples_is_a_short_mp3(tmp_path: Path) -> None:
    with Mp3Writer(tmp_path / "a.mp3", rate=RATE, channels=2, bit_rate=96_000):
        pass
    assert MP3(tmp_path / "a.mp3").info.length == 0


def test_error_while_writing_is_raised_and_closes_the_file(tmp_path: Path) -> Never:
    mp3 = Mp3Writer(tmp_path / "a.mp3", rate=RATE, channels=2, bit_rate=96_000)
    with pytest.raises(KeyError), mp3:
        raise KeyError

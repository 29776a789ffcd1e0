from pathlib import Path

import numpy as np
import pytest

from bot.audio.analysis import PeakMeter, analyze, stated_mp3_duration
from bot.audio.errors import TransientMediaError, UnusableMediaError
from bot.audio.models import Peaks
from tests.support.audio_samples import RATE, noise, tone, write_audio, write_mp3


def test_audio_of_hours_is_refused(song: Path) -> None:
    with pytest.raises(UnusableMediaError):
        analyze(song, max_duration=1)


def test_audio_below_a_tenth_of_a_second_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableMediaError):
        analyze(write_mp3(tone(0.05), tmp_path / "a.mp3"))


def test_truncated_flac_is_noticed(tmp_path: Path) -> None:
    content = write_audio(noise(2), tmp_path / "a.flac", "flac").read_bytes()
    (tmp_path / "b.flac").write_bytes(content[: len(content) // 2])
    with pytest.raises(TransientMediaError):
        analyze(tmp_path / "b.flac")


def test_truncated_mp3_without_info_frame_is_noticed(tmp_path: Path) -> None:
    whole = write_audio(noise(2), tmp_path / "a.mp3", "libmp3lame", write_xing="0")
    assert stated_mp3_duration(whole) is None
    assert analyze(whole).duration == pytest.approx(2, abs=0.1)
    (tmp_path / "b.mp3").write_bytes(whole.read_bytes()[:-100])
    with pytest.raises(TransientMediaError):
        analyze(tmp_path / "b.mp3")


def test_file_that_is_no_mp3_states_no_duration(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 9999)
    assert stated_mp3_duration(tmp_path / "a") is None


def test_peak_meter_shows_what_is_loud_when() -> None:
    meter = PeakMeter(RATE)
    samples = np.concatenate([np.zeros((2, RATE), np.float32), tone(1)], axis=1)
    for begin in range(0, samples.shape[1], 1000):
        meter.add(samples[:, begin : begin + 1000])
    peaks = meter.peaks()
    assert peaks.per_second == 100
    assert len(peaks.levels) == 200
    assert not any(peaks.between(0, 1).levels)
    assert set(peaks.between(1, 2).levels) <= {127, 128}


def test_peak_meter_without_audio_has_no_peaks() -> None:
    assert PeakMeter(RATE).peaks() == Peaks(100, b"")


def test_peaks_between_times_outside_are_those_inside() -> None:
    assert Peaks(100, bytes(3)).between(-1, 99).seconds == 0.03

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.audio.errors import TransientMediaError, UnusableMediaError
from bot.audio.models import Part
from bot.audio.splice import splice
from tests.support.audio_samples import RATE, delay, likeness, noise, read_samples, write_mp3

MIN_LIKENESS = 0.96  # what two encoders at 320 kbit/s leave of noise


def song_in_parts(
    folder: Path, cuts: Sequence[float], *, behind: float, seconds: float
) -> tuple[np.ndarray, list[Part]]:
    """Return a song and its parts, each with ``behind`` seconds of the song behind its cut."""
    song = noise(seconds)
    edges = [0, *(round(cut * RATE) for cut in cuts), song.shape[1]]
    parts: list[Part] = []
    for number, (begin, end) in enumerate(itertools.pairwise(edges)):
        is_last = end == song.shape[1]
        path = write_mp3(song[:, begin : end + round(behind * RATE)], folder / f"{number}.mp3")
        parts.append(Part(path, None if is_last else (end - begin) / RATE))
    return song, parts


@pytest.mark.parametrize("behind", [0.0, 0.001, 0.01, 0.034, 0.5])
def test_song_cut_in_parts_is_restored(tmp_path: Path, behind: float) -> None:
    cuts = (1.2345, 1.9, 3.01)
    song, parts = song_in_parts(tmp_path, cuts, behind=behind, seconds=4)
    spliced = splice(parts, tmp_path / "song.mp3", bit_rate=320_000)
    decoded = read_samples(tmp_path / "song.mp3")
    assert decoded.shape == song.shape
    assert spliced.duration == song.shape[1] / RATE
    assert spliced.starts == pytest.approx((0, *cuts), abs=1 / RATE)
    assert delay(song, decoded) == 0
    for cut in cuts:
        at = round(cut * RATE)
        for begin, end in ((at - 4000, at), (at, at + 4000), (at - 600, at + 1600)):
            assert delay(song[:, begin:end], decoded[:, begin:end]) == 0
            assert likeness(song[:, begin:end], decoded[:, begin:end]) > MIN_LIKENESS


def test_new_part_begins_exactly_where_the_source_is_cut(tmp_path: Path) -> None:
    source, new = noise(3, seed=1), noise(2, seed=2)
    cut = 1.777
    at = round(cut * RATE)
    parts = [
        Part(write_mp3(source, tmp_path / "a.mp3"), cut),
        Part(write_mp3(new, tmp_path / "b.mp3")),
    ]
    spliced = splice(parts, tmp_path / "song.mp3", bit_rate=320_000)
    decoded = read_samples(tmp_path / "song.mp3")
    assert decoded.shape[1] == at + new.shape[1]
    assert spliced.duration == decoded.shape[1] / RATE
    assert delay(source[:, :at], decoded[:, :at]) == 0
    assert likeness(source[:, at - 4000 : at], decoded[:, at - 4000 : at]) > MIN_LIKENESS
    assert delay(new, decoded[:, at:]) == 0
    fade = round(0.03 * RATE)
    assert likeness(new[:, fade:], decoded[:, at + fade :]) > MIN_LIKENESS
    powers = [float(np.mean(s**2)) for s in (source, decoded[:, at : at + fade])]
    assert powers[1] == pytest.approx(powers[0], rel=0.15)


@pytest.mark.parametrize("late", [-300, -40, 40, 300])
def test_part_that_begins_some_samples_off_is_aligned(tmp_path: Path, late: int) -> None:
    song = noise(4)
    at = 2 * RATE
    parts = [
        Part(write_mp3(song[:, : at + RATE], tmp_path / "a.mp3"), 2.0),
        Part(write_mp3(song[:, at + late :], tmp_path / "b.mp3")),
    ]
    splice(parts, tmp_path / "song.mp3", bit_rate=320_000)
    decoded = read_samples(tmp_path / "song.mp3")
    assert decoded.shape == song.shape
    assert (
        likeness(song[:, at - 2000 : at + 4000], decoded[:, at - 2000 : at + 4000]) > MIN_LIKENESS
    )


def test_alignments_change_the_length_by_less_than_8_ms(tmp_path: Path) -> None:
    song = noise(6)
    parts: list[Part] = []
    for number in range(5):
        begin = number * RATE - 300 * (number > 0)
        path = write_mp3(song[:, begin : begin + RATE * 2], tmp_path / f"{number}.mp3")
        parts.append(Part(path, 1.0 if number < 4 else None))
    spliced = splice(parts, tmp_path / "song.mp3", bit_rate=320_000)
    assert spliced.duration == pytest.approx(6, abs=0.008)


def test_parts_of_different_rates_and_layouts_are_converted(tmp_path: Path) -> None:
    low, high = noise(2, seed=1), noise(2, seed=2, rate=48_000)
    parts = [
        Part(write_mp3(low[:1], tmp_path / "a.mp3", bit_rate=128_000), 1.5),
        Part(write_mp3(high, tmp_path / "b.mp3", rate=48_000, bit_rate=256_000)),
    ]
    splice(parts, tmp_path / "song.mp3", bit_rate=320_000)
    decoded = read_samples(tmp_path / "song.mp3")
    assert decoded.shape == (2, round(1.5 * 48_000) + high.shape[1])
    assert delay(high, decoded[:, 72_000:]) == 0


@pytest.mark.parametrize(
    ("cuts", "seconds"),
    [
        ((5.0, None), 4),  # past the end of the source
        ((0.0, None), 2),
        ((1.0, 0.01), 1.01),  # shorter than the crossfade
        ((1.0, 0.0), 1.0),
        ((None, None), 4),
    ],
)
def test_length_is_the_sum_of_the_kept_parts_at_odd_cuts(
    tmp_path: Path, cuts: tuple[float | None, ...], seconds: float
) -> None:
    parts = [
        Part(write_mp3(noise(2, seed=number), tmp_path / f"{number}.mp3"), cut)
        for number, cut in enumerate(cuts)
    ]
    spliced = splice(parts, tmp_path / "song.mp3", bit_rate=320_000)
    assert spliced.duration == pytest.approx(seconds, abs=0.01)
    assert read_samples(tmp_path / "song.mp3").shape[1] / RATE == spliced.duration


def test_spliced_song_has_the_peaks_of_the_whole(tmp_path: Path) -> None:
    _, parts = song_in_parts(tmp_path, (1.0,), behind=0.5, seconds=2)
    spliced = splice(parts, tmp_path / "song.mp3", bit_rate=320_000)
    assert spliced.peaks.seconds == pytest.approx(2, abs=0.01)


def test_truncated_part_ends_the_splice(tmp_path: Path) -> None:
    whole = write_mp3(noise(2), tmp_path / "a.mp3").read_bytes()
    broken = tmp_path / "b.mp3"
    broken.write_bytes(whole[: len(whole) // 2 + 100])
    with pytest.raises(TransientMediaError):
        splice(
            [Part(tmp_path / "a.mp3"), Part(tmp_path / "b.mp3")],
            tmp_path / "song.mp3",
            bit_rate=320_000,
        )


def test_splice_without_parts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableMediaError):
        splice([], tmp_path / "song.mp3", bit_rate=320_000)

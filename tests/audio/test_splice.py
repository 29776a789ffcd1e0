import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.audio.crossfade import crossfade, declick, find_offset
from bot.audio.errors import TransientMediaError, UnusableMediaError
from bot.audio.splice import Part, splice
from tests.support.audio_samples import RATE, is_like, mp3, noise, shift, sound_of, tone

ALIKE = 0.96  # what two encoders at 320 kbit/s leave of noise


def song_in_parts(
    folder: Path, cuts: Sequence[float], *, behind: float, seconds: float
) -> tuple[np.ndarray, list[Part]]:
    """Return a song and its parts, each with ``behind`` seconds of the song behind its cut."""
    song = noise(seconds)
    edges = [0, *(round(cut * RATE) for cut in cuts), song.shape[1]]
    parts: list[Part] = []
    for number, (begin, end) in enumerate(itertools.pairwise(edges)):
        is_last = end == song.shape[1]
        path = mp3(song[:, begin : end + round(behind * RATE)], folder / f"{number}.mp3")
        parts.append(Part(path, None if is_last else (end - begin) / RATE))
    return song, parts


@pytest.mark.parametrize("behind", [0.0, 0.001, 0.01, 0.034, 0.5])
def test_a_song_cut_in_parts_comes_back_as_it_was(tmp_path: Path, behind: float) -> None:
    cuts = (1.2345, 1.9, 3.01)
    song, parts = song_in_parts(tmp_path, cuts, behind=behind, seconds=4)
    spliced = splice(parts, tmp_path / "song.mp3")
    heard = sound_of(tmp_path / "song.mp3")
    assert heard.shape == song.shape
    assert spliced.duration == song.shape[1] / RATE
    assert spliced.starts == pytest.approx((0, *cuts), abs=1 / RATE)
    assert shift(song, heard) == 0
    for cut in cuts:
        at = round(cut * RATE)
        for begin, end in ((at - 4000, at), (at, at + 4000), (at - 600, at + 1600)):
            assert shift(song[:, begin:end], heard[:, begin:end]) == 0
            assert is_like(song[:, begin:end], heard[:, begin:end]) > ALIKE


def test_a_new_part_begins_exactly_where_the_source_was_cut(tmp_path: Path) -> None:
    source, new = noise(3, seed=1), noise(2, seed=2)
    cut = 1.777
    at = round(cut * RATE)
    parts = [Part(mp3(source, tmp_path / "a.mp3"), cut), Part(mp3(new, tmp_path / "b.mp3"))]
    spliced = splice(parts, tmp_path / "song.mp3")
    heard = sound_of(tmp_path / "song.mp3")
    assert heard.shape[1] == at + new.shape[1]
    assert spliced.duration == heard.shape[1] / RATE
    assert shift(source[:, :at], heard[:, :at]) == 0
    assert is_like(source[:, at - 4000 : at], heard[:, at - 4000 : at]) > ALIKE
    assert shift(new, heard[:, at:]) == 0
    fade = round(0.03 * RATE)
    assert is_like(new[:, fade:], heard[:, at + fade :]) > ALIKE
    powers = [float(np.mean(s**2)) for s in (source, heard[:, at : at + fade])]
    assert powers[1] == pytest.approx(powers[0], rel=0.15)


@pytest.mark.parametrize("late", [-300, -40, 40, 300])
def test_a_part_that_begins_some_samples_off_is_laid_where_it_belongs(
    tmp_path: Path, late: int
) -> None:
    song = noise(4)
    at = 2 * RATE
    parts = [
        Part(mp3(song[:, : at + RATE], tmp_path / "a.mp3"), 2.0),
        Part(mp3(song[:, at + late :], tmp_path / "b.mp3")),
    ]
    splice(parts, tmp_path / "song.mp3")
    heard = sound_of(tmp_path / "song.mp3")
    assert heard.shape == song.shape
    assert is_like(song[:, at - 2000 : at + 4000], heard[:, at - 2000 : at + 4000]) > ALIKE


def test_alignments_together_change_the_length_by_less_than_8_ms(tmp_path: Path) -> None:
    song = noise(6)
    parts: list[Part] = []
    for number in range(5):
        begin = number * RATE - 300 * (number > 0)
        path = mp3(song[:, begin : begin + RATE * 2], tmp_path / f"{number}.mp3")
        parts.append(Part(path, 1.0 if number < 4 else None))
    spliced = splice(parts, tmp_path / "song.mp3")
    assert spliced.duration == pytest.approx(6, abs=0.008)


def test_parts_of_other_rates_and_layouts_are_brought_together(tmp_path: Path) -> None:
    low, high = noise(2, seed=1), noise(2, seed=2, rate=48_000)
    parts = [
        Part(mp3(low[:1], tmp_path / "a.mp3", bit_rate=128_000), 1.5),
        Part(mp3(high, tmp_path / "b.mp3", rate=48_000, bit_rate=256_000)),
    ]
    spliced = splice(parts, tmp_path / "song.mp3")
    heard = sound_of(tmp_path / "song.mp3")
    assert heard.shape == (2, round(1.5 * 48_000) + high.shape[1])
    assert spliced.bit_rate == 256_000
    assert shift(high, heard[:, 72_000:]) == 0


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
def test_odd_cuts_give_the_sum_of_what_is_kept(
    tmp_path: Path, cuts: tuple[float | None, ...], seconds: float
) -> None:
    parts = [
        Part(mp3(noise(2, seed=number), tmp_path / f"{number}.mp3"), cut)
        for number, cut in enumerate(cuts)
    ]
    spliced = splice(parts, tmp_path / "song.mp3")
    assert spliced.duration == pytest.approx(seconds, abs=0.01)
    assert sound_of(tmp_path / "song.mp3").shape[1] / RATE == spliced.duration


def test_the_picture_of_the_whole_comes_with_it(tmp_path: Path) -> None:
    _, parts = song_in_parts(tmp_path, (1.0,), behind=0.5, seconds=2)
    assert splice(parts, tmp_path / "song.mp3").peaks.seconds == pytest.approx(2, abs=0.01)


def test_a_part_that_breaks_off_ends_the_work(tmp_path: Path) -> None:
    whole = mp3(noise(2), tmp_path / "a.mp3").read_bytes()
    (tmp_path / "b.mp3").write_bytes(whole[: len(whole) // 2 + 100])
    with pytest.raises(TransientMediaError):
        splice([Part(tmp_path / "a.mp3"), Part(tmp_path / "b.mp3")], tmp_path / "song.mp3")


def test_there_has_to_be_a_part(tmp_path: Path) -> None:
    with pytest.raises(UnusableMediaError):
        splice([], tmp_path / "song.mp3")


def test_the_same_sound_blends_into_itself_unchanged() -> None:
    sound = noise(0.03)
    assert np.abs(crossfade(sound, sound) - sound).max() < 1e-6


def test_a_blend_of_different_sounds_keeps_the_power() -> None:
    tail, head = noise(1, seed=1), noise(1, seed=2)
    powers = [float(np.mean(sound**2)) for sound in (tail, crossfade(tail, head))]
    assert powers[1] == pytest.approx(powers[0], rel=0.05)


def test_silence_blends() -> None:
    silence = np.zeros((2, 100), np.float32)
    assert not crossfade(silence, silence).any()


def test_a_step_is_spread_and_continuous_sound_left_alone() -> None:
    before = tone(0.01)
    after = tone(0.02)[:, before.shape[1] :]
    assert np.array_equal(declick(before, after), after)
    jump = declick(before, after + np.float32(0.4))
    joined = np.concatenate((before, jump), axis=1)
    usual = np.abs(np.diff(before)).max()
    assert np.abs(np.diff(joined)).max() < 2 * usual
    assert jump[:, -1] == pytest.approx(after[:, -1] + 0.4, abs=0.01)


@pytest.mark.parametrize(
    ("tail", "head"),
    [
        (noise(1, seed=1), noise(1, seed=2)),
        (np.zeros((2, RATE), np.float32), np.zeros((2, RATE), np.float32)),
        (noise(0.01), noise(0.01)),
    ],
    ids=["nothing in common", "silence", "too short to tell"],
)
def test_nothing_is_moved_without_a_reason(tail: np.ndarray, head: np.ndarray) -> None:
    assert find_offset(tail, head, 1323, -353, 353) == 0

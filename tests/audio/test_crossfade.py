import numpy as np
import pytest

from bot.audio.crossfade import crossfade, declick, find_offset
from tests.support.audio_samples import RATE, noise, tone


def test_crossfade_of_equal_samples_changes_nothing() -> None:
    samples = noise(0.03)
    assert np.abs(crossfade(samples, samples) - samples).max() < 1e-6


def test_crossfade_of_different_samples_keeps_the_power() -> None:
    tail, head = noise(1, seed=1), noise(1, seed=2)
    powers = [float(np.mean(samples**2)) for samples in (tail, crossfade(tail, head))]
    assert powers[1] == pytest.approx(powers[0], rel=0.05)


def test_crossfade_of_silence_is_silence() -> None:
    silence = np.zeros((2, 100), np.float32)
    assert not crossfade(silence, silence).any()


def test_declick_spreads_a_step_and_leaves_continuous_samples() -> None:
    before = tone(0.01)
    after = tone(0.02)[:, before.shape[1] :]
    assert np.array_equal(declick(before, after), after)
    jump = declick(before, after + np.float32(0.4))
    joined = np.concatenate((before, jump), axis=1)
    largest_step = np.abs(np.diff(before)).max()
    assert np.abs(np.diff(joined)).max() < 2 * largest_step
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
def test_find_offset_moves_nothing_without_a_match(tail: np.ndarray, head: np.ndarray) -> None:
    assert find_offset(tail, head, 1323, -353, 353) == 0

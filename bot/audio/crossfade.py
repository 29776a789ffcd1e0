"""The arithmetic of a join: where the next part lies against the last, and how they blend.

Knows nothing of files. What the last part has behind its cut (its tail) and what the next begins
with (its head) are two ways to go on from the same moment, so a blend of them neither repeats nor
skips anything.
"""

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from bot.audio.decode import Samples

Mono: TypeAlias = npt.NDArray[np.float64]

# How alike tail and head have to be (1 is the same) before the head is moved to lie exactly on
# the tail, and by how much the move has to improve on staying. Below, being alike is chance.
_SURE: Final = 0.8
_GAIN: Final = 0.05
_QUIET: Final = 1e-4  # mean square; in silence nothing can be aligned


def find_offset(tail: Samples, head: Samples, length: int, earliest: int, latest: int) -> int:
    """Return by how many samples ``head`` lies behind ``tail``, between the two bounds.

    Sound that both have over ``length`` samples decides: an encoder that doesn't tell its padding,
    or a rounded `continue_at`, moves the next part by a few milliseconds. 0 where they differ.
    """
    reach = max(-earliest, latest)
    if reach <= 0 or min(tail.shape[1], head.shape[1]) < length + reach:
        return 0
    one, two = _mono(tail[:, : length + reach]), _mono(head[:, : length + reach])
    if min(float(np.mean(one**2)), float(np.mean(two**2))) < _QUIET:
        return 0
    likeness = {
        **dict(zip(range(reach + 1), _likeness(one, two[:length]), strict=True)),
        **dict(zip(range(0, -reach - 1, -1), _likeness(two, one[:length]), strict=True)),
    }
    best = max(range(earliest, latest + 1), key=likeness.__getitem__)
    if likeness[best] < max(_SURE, likeness[0] + _GAIN):
        return 0
    return best


def crossfade(tail: Samples, head: Samples) -> Samples:
    """Return ``tail`` turning into ``head``, both of the same length, without a change in power.

    Equal power for sound that has nothing in common; the more the two are alike, the closer to
    equal gain, so that the same sound comes out as it is.
    """
    length = tail.shape[1]
    phase = np.linspace(0, np.pi / 2, length, endpoint=False, dtype=np.float64)
    phase += np.pi / 4 / length
    falling, rising = np.cos(phase), np.sin(phase)
    alike = min(max(_correlation(tail, head), 0.0), 1.0)
    scale = 1 / np.sqrt(1 + 2 * alike * falling * rising)
    return (tail * (falling * scale) + head * (rising * scale)).astype(np.float32)


def declick(before: Samples, head: Samples) -> Samples:
    """Return ``head`` so that it follows on ``before`` without a click, where there is no tail.

    A step between the two that is larger than the steps around it is spread over the head.
    """
    step = before[:, -1:] - head[:, :1]
    steps = [np.abs(np.diff(sound)).max(axis=1, initial=0) for sound in (before, head)]
    usual = np.maximum(*steps)[:, None]
    length = head.shape[1]
    phase = np.linspace(0, np.pi, length, endpoint=False, dtype=np.float32)
    slope = (0.5 + 0.5 * np.cos(phase)).astype(np.float32)
    return head + np.where(np.abs(step) > usual, step, np.float32(0)) * slope


def _likeness(long: Mono, short: Mono) -> Mono:
    """Return the normalised correlation of ``short`` with ``long`` at each place it fits."""
    dots = np.correlate(long, short, "valid")
    powers = np.convolve(long**2, np.ones(len(short)), "valid")
    return dots / np.sqrt(np.maximum(powers * np.sum(short**2), 1e-12))


def _mono(sound: Samples) -> Mono:
    return np.asarray(sound.mean(axis=0), np.float64)


def _correlation(one: Samples, two: Samples) -> float:
    powers = float(np.sum(one**2, dtype=np.float64) * np.sum(two**2, dtype=np.float64))
    if powers <= 0:
        return 0.0
    return float(np.sum(one * two, dtype=np.float64)) / powers**0.5

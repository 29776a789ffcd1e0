"""Join two pieces of audio: align the next part with the last, and blend them.

Knows nothing of files. The *tail* is what the last part has behind its cut, the *head* is how the
next part begins: both continue from the same moment, so a blend of them neither repeats nor skips
anything. By hand, since FFmpeg's `acrossfade` blends but does not align, and overlaps the parts,
which shortens the song.
"""

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from bot.audio.decode import Samples

Mono: TypeAlias = npt.NDArray[np.float64]

# The correlation of tail and head (1 is the same audio) from which on the head is moved to lie
# exactly on the tail, and by how much the move has to raise it. Below, likeness is chance.
_MIN_CORRELATION: Final = 0.8
_MIN_IMPROVEMENT: Final = 0.05
_MIN_POWER: Final = 1e-4  # mean square; silence can't be aligned


def find_offset(tail: Samples, head: Samples, length: int, earliest: int, latest: int) -> int:
    """Return by how many samples ``head`` lies behind ``tail``, between the two bounds.

    Decided by correlation over ``length`` samples: an encoder that doesn't state its padding, or
    a rounded `continue_at`, moves the next part by a few milliseconds. 0 if the two differ.
    """
    reach = max(-earliest, latest)
    if reach <= 0 or min(tail.shape[1], head.shape[1]) < length + reach:
        return 0
    one, two = _to_mono(tail[:, : length + reach]), _to_mono(head[:, : length + reach])
    if min(float(np.mean(one**2)), float(np.mean(two**2))) < _MIN_POWER:
        return 0
    correlation = {
        **dict(zip(range(reach + 1), _correlations(one, two[:length]), strict=True)),
        **dict(zip(range(0, -reach - 1, -1), _correlations(two, one[:length]), strict=True)),
    }
    best = max(range(earliest, latest + 1), key=correlation.__getitem__)
    if correlation[best] < max(_MIN_CORRELATION, correlation[0] + _MIN_IMPROVEMENT):
        return 0
    return best


def crossfade(tail: Samples, head: Samples) -> Samples:
    """Return ``tail`` turning into ``head``, both of the same length, at constant loudness.

    Equal power for audio that has nothing in common; the more alike the two are, the closer to
    equal gain, so that two copies of the same audio come out unchanged.
    """
    length = tail.shape[1]
    phase = np.linspace(0, np.pi / 2, length, endpoint=False, dtype=np.float64)
    phase += np.pi / 4 / length
    falling, rising = np.cos(phase), np.sin(phase)
    likeness = min(max(_correlation(tail, head), 0.0), 1.0)
    scale = 1 / np.sqrt(1 + 2 * likeness * falling * rising)
    return (tail * (falling * scale) + head * (rising * scale)).astype(np.float32)


def declick(before: Samples, head: Samples) -> Samples:
    """Return ``head`` so that it follows ``before`` without a click, where there is no tail.

    A step between the two that is larger than all steps around it is spread over the head.
    """
    step = before[:, -1:] - head[:, :1]
    steps = [np.abs(np.diff(samples)).max(axis=1, initial=0) for samples in (before, head)]
    largest = np.maximum(*steps)[:, None]
    length = head.shape[1]
    phase = np.linspace(0, np.pi, length, endpoint=False, dtype=np.float32)
    slope = (0.5 + 0.5 * np.cos(phase)).astype(np.float32)
    return head + np.where(np.abs(step) > largest, step, np.float32(0)) * slope


def _correlations(long: Mono, short: Mono) -> Mono:
    """Return the normalised correlation of ``short`` with ``long`` at each place it fits."""
    dots = np.correlate(long, short, "valid")
    powers = np.convolve(long**2, np.ones(len(short)), "valid")
    return dots / np.sqrt(np.maximum(powers * np.sum(short**2), 1e-12))


def _to_mono(samples: Samples) -> Mono:
    return np.asarray(samples.mean(axis=0), np.float64)


def _correlation(one: Samples, two: Samples) -> float:
    powers = float(np.sum(one**2, dtype=np.float64) * np.sum(two**2, dtype=np.float64))
    if powers <= 0:
        return 0.0
    return float(np.sum(one * two, dtype=np.float64)) / powers**0.5

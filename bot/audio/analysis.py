"""Decode a file once, to know that it is whole, how long it is, and what it looks like."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from bot.audio.decode import AudioReader, Samples
from bot.audio.errors import TransientMediaError, UnusableMediaError
from bot.audio.mpeg import stated_duration

_PER_SECOND = 100


@dataclass(frozen=True, slots=True)
class Peaks:
    """The loudest sample of each hundredth of a second, in 0 to 255; a song is a few kB.

    Attributes:
        per_second: how many ``levels`` make a second; not always exactly 100.
        levels: full scale is 255.
    """

    per_second: float
    levels: npt.NDArray[np.uint8] = field(repr=False)

    @property
    def seconds(self) -> float:
        """How long the audio is, to a hundredth."""
        return len(self.levels) / self.per_second

    def between(self, start: float, end: float) -> "Peaks":
        """Return those from ``start`` to ``end``, in seconds, as far as there are any."""
        first, last = (round(max(second, 0) * self.per_second) for second in (start, end))
        return Peaks(self.per_second, self.levels[first:last])

    def columns(self, count: int) -> npt.NDArray[np.float64]:
        """Return ``count`` heights between 0 and 1 that show the whole of it.

        Each is the mean of its stretch: of mastered music the maximum is the same everywhere.
        """
        if not len(self.levels) or count <= 0:
            return np.zeros(max(count, 0))
        edges = np.linspace(0, len(self.levels), count + 1)
        sums = np.concatenate(([0.0], np.cumsum(self.levels, dtype=np.float64)))
        totals = np.diff(np.interp(edges, np.arange(len(sums)), sums))
        return totals / np.diff(edges) / 255


class PeakMeter:
    """Makes `Peaks` of sound that passes by in blocks."""

    def __init__(self, rate: int) -> None:
        """Make a meter for sound of ``rate`` samples per second."""
        self._hop = max(rate // _PER_SECOND, 1)
        self._rate = rate
        self._rest: npt.NDArray[np.float32] = np.zeros(0, np.float32)
        self._levels: list[npt.NDArray[np.uint8]] = []
        self.samples = 0

    def add(self, sound: Samples) -> None:
        """Take the next block."""
        self.samples += sound.shape[1]
        loudest = np.maximum(sound.max(axis=0), -sound.min(axis=0))
        loudest = np.concatenate((self._rest, loudest))
        whole = len(loudest) // self._hop * self._hop
        self._rest = loudest[whole:]
        self._keep(loudest[:whole].reshape(-1, self._hop).max(axis=1, initial=0))

    def peaks(self) -> Peaks:
        """Return the peaks of all that was added."""
        levels = list(self._levels)
        if len(self._rest):
            levels.append(_as_levels(self._rest.max(keepdims=True)))
        joined = np.concatenate(levels) if levels else np.zeros(0, np.uint8)
        return Peaks(self._rate / self._hop, joined)

    def _keep(self, maxima: npt.NDArray[np.float32]) -> None:
        self._levels.append(_as_levels(maxima))


def _as_levels(maxima: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    return np.clip(np.rint(maxima * 255), 0, 255).astype(np.uint8)


MAX_DURATION: Final = 3600.0  # seconds; a small file can hold days of silence
_MIN_DURATION: Final = 0.1
# Seconds by which what is decoded may fall short of what the file states: an encoder's padding.
_SLACK: Final = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioInfo:
    """What decoding a file told.

    Attributes:
        duration: seconds, to the sample, without an encoder's padding.
        rate: samples per second.
        channels: 1 or 2, whatever the file has.
        bit_rate: bits per second, 0 if unknown.
        is_mp3: whether it is an MP3 file.
        peaks: for drawing it.
    """

    duration: float
    rate: int
    channels: int
    bit_rate: int
    is_mp3: bool
    peaks: Peaks


def analyze(path: Path, *, longest: float = MAX_DURATION) -> AudioInfo:
    """Decode all of the file ``path``, in blocks, and return what that tells. Takes a moment.

    Raises:
        Refused: it is not audio, or longer than ``longest`` seconds.
        Failed: it is audio, but breaks off.
    """
    with AudioReader(path) as audio:
        meter = PeakMeter(audio.rate)
        for block in audio.blocks():
            meter.add(block)
            if meter.samples > longest * audio.rate:
                raise UnusableMediaError("it is too long")
        duration = meter.samples / audio.rate
        if duration < _MIN_DURATION:
            raise UnusableMediaError("there is nothing to hear")
        # without a summary, an MP3's length is guessed from its size
        stated = stated_duration(path) if audio.is_mp3 else audio.stated_duration
        if stated is not None and duration < stated - _SLACK:
            raise TransientMediaError("the audio breaks off")
        return AudioInfo(
            duration=duration,
            rate=audio.rate,
            channels=audio.channels,
            bit_rate=audio.bit_rate,
            is_mp3=audio.is_mp3,
            peaks=meter.peaks(),
        )

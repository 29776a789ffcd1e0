"""Join the parts of a lineage into one song.

The result of an extension is only the new part, which begins at `continue_at` of its source
(providers.md §6.3). So each part is kept up to where the next begins. For the crossfade, the part
is played on a little behind its cut, under the beginning of the next: nothing is shortened.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from bot.audio.analysis import PeakMeter, Peaks
from bot.audio.crossfade import crossfade, declick, find_offset
from bot.audio.decode import AudioReader, Samples
from bot.audio.encode import next_bit_rate, rounded_bit_rate
from bot.audio.errors import UnusableMediaError
from bot.audio.mp3 import Mp3Writer, mp3_writer

_FADE: Final = 0.030  # seconds of the crossfade
_REACH: Final = 0.008  # seconds by which all alignments together may change the length
_TOUCH: Final = 0.003  # seconds: with less than this behind the cut, there is nothing to fade


@dataclass(frozen=True, slots=True)
class Part:
    """One clip of the song, and the second of it at which the next part begins; None is its end."""

    path: Path
    cut: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SplicedSong:
    """A song made of parts.

    Attributes:
        duration: seconds, to the sample.
        starts: the second at which each part begins, the first at 0.
        bit_rate: bits per second of the MP3.
        peaks: of the whole.
    """

    duration: float
    starts: tuple[float, ...]
    bit_rate: int
    peaks: Peaks


def splice(parts: Sequence[Part], into: Path, *, bit_rate: int | None = None) -> SplicedSong:
    """Write the song made of ``parts``, in order, to ``into`` as an MP3, and return what it is.

    Its length is the sum of what is kept of the parts, to 8 ms. All are brought to one rate and
    layout; their loudness is left alone. Works in blocks; takes some seconds.

    Args:
        parts: from the root on.
        into: where the MP3 goes.
        bit_rate: bits per second; None is that of the best part.

    Raises:
        Refused, Failed: a part is not whole, or not audio.
    """
    if not parts:
        raise UnusableMediaError("there is nothing to join")
    rate, channels, best = _common_format(parts)
    bit_rate = bit_rate or rounded_bit_rate(best)
    with mp3_writer(into, rate=rate, channels=channels, bit_rate=bit_rate) as mp3:
        song = _Song(mp3, rate, channels)
        for part in parts:
            with AudioReader(part.path) as audio:
                song.add(_Stream(audio.blocks(rate=rate, channels=channels), channels), part.cut)
        return SplicedSong(
            duration=mp3.samples / rate,
            starts=tuple(start / rate for start in song.starts),
            bit_rate=bit_rate,
            peaks=song.meter.peaks(),
        )


def _common_format(parts: Sequence[Part]) -> tuple[int, int, int]:
    """Return the rate, channels and bit rate that lose nothing of any part."""
    rates: list[int] = []
    channels: list[int] = []
    bit_rates: list[int] = []
    for part in parts:
        with AudioReader(part.path) as audio:
            rates.append(next_bit_rate(audio.rate))
            channels.append(audio.channels)
            bit_rates.append(audio.bit_rate)
    return max(rates), max(channels), max(bit_rates)


class _Song:
    """The song as it grows, part by part."""

    def __init__(self, mp3: Mp3Writer, rate: int, channels: int) -> None:
        self.meter = PeakMeter(rate)
        self.starts: list[int] = []
        self._mp3 = mp3
        self._rate = rate
        self._fade, self._reach, self._touch = (
            round(seconds * rate) for seconds in (_FADE, _REACH, _TOUCH)
        )
        self._tail: Samples = np.zeros((channels, 0), np.float32)
        self._last = self._tail
        self._moved = 0

    def add(self, part: "_Stream", cut: float | None) -> None:
        """Add ``part`` up to ``cut`` seconds, and remember what it has behind that."""
        left = None if cut is None else round(cut * self._rate)
        used = self._join(part, left) if self.starts else self._begin()
        while left is None or used < left:
            block = part.block(None if left is None else left - used)
            if not block.shape[1]:
                break
            self._write(block)
            used += block.shape[1]
        self._tail = part.take(self._fade + self._reach)

    def _begin(self) -> int:
        self.starts.append(0)
        return 0

    def _join(self, part: "_Stream", left: int | None) -> int:
        """Write the song's way from the last part into this; return how far into this it leads."""
        head = part.peek(self._fade + self._reach)[:, :left]
        tail = self._tail
        move = find_offset(
            tail, head, self._fade, -self._reach - self._moved, self._reach - self._moved
        )
        self._moved += move
        if move > 0:
            self._write(tail[:, :move])
            tail = tail[:, move:]
        self.starts.append(self._mp3.samples)
        skipped = max(-move, 0)
        part.take(skipped)
        length = min(self._fade, tail.shape[1], head.shape[1] - skipped)
        if length >= self._touch:
            self._write(crossfade(tail[:, :length], part.take(length)))
            return skipped + length
        head = part.take(self._touch if left is None else min(self._touch, left - skipped))
        self._write(declick(self._last, head) if self._last.shape[1] and head.shape[1] else head)
        return skipped + head.shape[1]

    def _write(self, sound: Samples) -> None:
        if not sound.shape[1]:
            return
        self._mp3.write(sound)
        self.meter.add(sound)
        self._last = np.concatenate((self._last, sound[:, -self._touch :]), axis=1)[
            :, -self._touch :
        ]


class _Stream:
    """Blocks of sound, to be taken in other pieces than they come in."""

    def __init__(self, blocks: Iterator[Samples], channels: int) -> None:
        self._blocks = blocks
        self._nothing: Samples = np.zeros((channels, 0), np.float32)
        self._held = self._nothing

    def peek(self, samples: int) -> Samples:
        """Return the next ``samples``, fewer only at the end, and leave them to be taken."""
        while self._held.shape[1] < samples:
            block = next(self._blocks, None)
            if block is None:
                break
            self._held = np.concatenate((self._held, block), axis=1)
        return self._held[:, :samples]

    def take(self, samples: int) -> Samples:
        """Return the next ``samples``, fewer only at the end."""
        taken = self.peek(samples)
        self._held = self._held[:, taken.shape[1] :]
        return taken

    def block(self, most: int | None) -> Samples:
        """Return what is at hand, at most ``most`` samples; nothing at the end only."""
        if not self._held.shape[1]:
            self._held = next(self._blocks, self._nothing)
        return self.take(self._held.shape[1] if most is None else min(self._held.shape[1], most))

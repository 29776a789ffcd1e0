"""Join the parts of a lineage into one song.

The result of an extension is only the new part, which begins at `continue_at` of its source. So
each part is kept up to where the next begins. For the crossfade, the part is continued a little
behind its cut, below the beginning of the next: nothing is shortened.

By hand, since FFmpeg would need the alignment of each join beforehand, and an `acrossfade` of it
shortens the song; here one pass in blocks cuts, aligns, blends and encodes.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from bot.audio.analysis import PeakMeter
from bot.audio.crossfade import crossfade, declick, find_offset
from bot.audio.decode import AudioReader, Samples
from bot.audio.errors import UnusableMediaError
from bot.audio.models import Part, SplicedSong
from bot.audio.mp3 import Mp3Writer, mp3_sample_rate

_FADE: Final = 0.030  # seconds of the crossfade
_MAX_SHIFT: Final = 0.008  # seconds by which all alignments together may change the length
_MIN_FADE: Final = 0.003  # seconds: with a shorter tail, there is no crossfade


def splice(parts: Sequence[Part], into: Path, *, bit_rate: int) -> SplicedSong:
    """Write the song made of ``parts``, in order, to ``into`` as an MP3.

    Its length is the sum of what is kept of the parts, to 8 ms. All are converted to one sample
    rate and layout; their loudness is left alone. Works in blocks; takes some seconds.

    Args:
        parts: from the root on.
        into: where the MP3 is written.
        bit_rate: bits per second.

    Raises:
        UnusableMediaError: a part is not audio, or there is none.
        TransientMediaError: a part is truncated.
    """
    if not parts:
        raise UnusableMediaError("there is nothing to join")
    rate, channels = _common_format(parts)
    with Mp3Writer(into, rate=rate, channels=channels, bit_rate=bit_rate) as mp3:
        writer = _SongWriter(mp3, rate, channels)
        for part in parts:
            with AudioReader(part.path) as audio:
                blocks = audio.blocks(rate=rate, channels=channels)
                writer.add(_SampleStream(blocks, channels), part.cut)
        return SplicedSong(
            duration=mp3.samples / rate,
            starts=tuple(start / rate for start in writer.starts),
            peaks=writer.meter.peaks(),
        )


def _common_format(parts: Sequence[Part]) -> tuple[int, int]:
    """Return the sample rate and the number of channels that lose nothing of any part."""
    rates: list[int] = []
    channels: list[int] = []
    for part in parts:
        with AudioReader(part.path) as audio:
            rates.append(mp3_sample_rate(audio.rate))
            channels.append(audio.channels)
    return max(rates), max(channels)


class _SongWriter:
    """Writes a song part by part, each joined to the one before."""

    def __init__(self, mp3: Mp3Writer, rate: int, channels: int) -> None:
        self.meter = PeakMeter(rate)
        self.starts: list[int] = []  # the sample at which each part begins
        self._mp3 = mp3
        self._rate = rate
        self._fade, self._max_shift, self._min_fade = (
            round(seconds * rate) for seconds in (_FADE, _MAX_SHIFT, _MIN_FADE)
        )
        self._tail: Samples = np.zeros((channels, 0), np.float32)  # of the last part
        self._last_written = self._tail
        self._shift = 0  # samples by which all alignments have moved what follows

    def add(self, part: "_SampleStream", cut: float | None) -> None:
        """Add ``part`` up to ``cut`` seconds, and remember its tail behind that."""
        length = None if cut is None else round(cut * self._rate)
        used = self._join(part, length) if self.starts else self._begin()
        while length is None or used < length:
            block = part.next_block(None if length is None else length - used)
            if not block.shape[1]:
                break
            self._write(block)
            used += block.shape[1]
        self._tail = part.take(self._fade + self._max_shift)

    def _begin(self) -> int:
        self.starts.append(0)
        return 0

    def _join(self, part: "_SampleStream", length: int | None) -> int:
        """Write the transition from the last part; return how many samples of ``part`` it used.

        No more than ``length`` samples of ``part`` are used.
        """
        head = part.peek(self._fade + self._max_shift)[:, :length]
        tail = self._tail
        earliest, latest = -self._max_shift - self._shift, self._max_shift - self._shift
        offset = find_offset(tail, head, self._fade, earliest, latest)
        self._shift += offset
        if offset > 0:
            self._write(tail[:, :offset])
            tail = tail[:, offset:]
        self.starts.append(self._mp3.samples)
        skipped = max(-offset, 0)
        part.take(skipped)
        fade = min(self._fade, tail.shape[1], head.shape[1] - skipped)
        if fade >= self._min_fade:
            self._write(crossfade(tail[:, :fade], part.take(fade)))
            return skipped + fade
        wanted = self._min_fade if length is None else min(self._min_fade, length - skipped)
        head = part.take(wanted)
        last = self._last_written
        self._write(declick(last, head) if last.shape[1] and head.shape[1] else head)
        return skipped + head.shape[1]

    def _write(self, samples: Samples) -> None:
        if not samples.shape[1]:
            return
        self._mp3.write(samples)
        self.meter.add(samples)
        recent = np.concatenate((self._last_written, samples[:, -self._min_fade :]), axis=1)
        self._last_written = recent[:, -self._min_fade :]


class _SampleStream:
    """Blocks of audio that can be read in pieces of other lengths."""

    def __init__(self, blocks: Iterator[Samples], channels: int) -> None:
        self._blocks = blocks
        self._empty: Samples = np.zeros((channels, 0), np.float32)
        self._buffer = self._empty

    def peek(self, count: int) -> Samples:
        """Return the next ``count`` samples without consuming them; fewer only at the end."""
        while self._buffer.shape[1] < count:
            block = next(self._blocks, None)
            if block is None:
                break
            self._buffer = np.concatenate((self._buffer, block), axis=1)
        return self._buffer[:, :count]

    def take(self, count: int) -> Samples:
        """Return and consume the next ``count`` samples; fewer only at the end."""
        taken = self.peek(count)
        self._buffer = self._buffer[:, taken.shape[1] :]
        return taken

    def next_block(self, max_samples: int | None) -> Samples:
        """Return and consume what is decoded, at most ``max_samples``; empty only at the end."""
        if not self._buffer.shape[1]:
            self._buffer = next(self._blocks, self._empty)
        available = self._buffer.shape[1]
        return self.take(available if max_samples is None else min(available, max_samples))

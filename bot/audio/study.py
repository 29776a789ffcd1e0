"""Decode a file once, to know that it is whole, how long it is, and what it looks like."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.audio.decoding import AudioReader
from bot.audio.errors import TransientMediaError, UnusableMediaError
from bot.audio.mpeg import stated_duration
from bot.audio.peaks import PeakMeter, Peaks

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

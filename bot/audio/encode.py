"""Encode sound as MP3, where need be at a bit rate that fits a limit."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.audio.analysis import AudioInfo
from bot.audio.decode import AudioReader
from bot.audio.mp3 import SAMPLE_RATES, mp3_writer

BIT_RATES: Final = (320_000, 256_000, 224_000, 192_000, 160_000, 128_000, 112_000, 96_000)
_GOOD: Final = 192_000  # where the source doesn't tell
# Bytes beyond the sound itself: the summary frame, the encoder's padding, the last frame.
_OVERHEAD: Final = 8192


@dataclass(frozen=True, slots=True)
class EncodedFile:
    """An MP3 file that fits.

    Attributes:
        size: bytes.
        bit_rate: bits per second it was encoded anew at; None if it is the original.
    """

    size: int
    bit_rate: int | None = None


def next_bit_rate(rate: int) -> int:
    """Return the rate of `RATES` at which sound of ``rate`` samples per second is encoded."""
    return rate if rate in SAMPLE_RATES else 48_000 if rate > SAMPLE_RATES[1] else SAMPLE_RATES[1]


def rounded_bit_rate(bit_rate: int) -> int:
    """Return the lowest of `BIT_RATES` that is not below ``bit_rate``; 0 is unknown."""
    wanted = (bit_rate or _GOOD) * 0.99  # averages of variable rates lie a little over
    return min((known for known in BIT_RATES if known >= wanted), default=BIT_RATES[0])


def highest_bit_rate(
    duration: float, limit: int, *, at_most: int = BIT_RATES[0], reserve: int = 0
) -> int | None:
    """Return the highest of `BIT_RATES` at which a song fits into ``limit`` bytes, or None.

    Args:
        duration: seconds of the song.
        limit: bytes of the whole file.
        at_most: bits per second that are enough: more than the source has adds nothing.
        reserve: bytes to leave for tags.
    """
    room = limit - reserve - _OVERHEAD
    fitting = (known for known in BIT_RATES if duration * known / 8 <= room)
    return next((known for known in fitting if known <= max(at_most, BIT_RATES[-1])), None)


def encode_to_limit(
    path: Path, info: AudioInfo, into: Path, *, limit: int, reserve: int = 0
) -> EncodedFile | None:
    """Put the audio in ``path`` into ``into`` as an MP3 that fits, or return None if none does.

    An MP3 that fits already is copied as it is. All else is encoded at the highest bit rate that
    fits, but not above the original's, down to 96 kbit/s.

    Args:
        path: the audio.
        info: what `analyze` said of it.
        into: where the MP3 goes.
        limit: bytes of the whole file.
        reserve: bytes to leave for tags.
    """
    size = path.stat().st_size
    if info.is_mp3 and size + reserve <= limit:
        shutil.copyfile(path, into)
        return EncodedFile(size)
    at_most = rounded_bit_rate(info.bit_rate)
    bit_rate = highest_bit_rate(info.duration, limit, at_most=at_most, reserve=reserve)
    if bit_rate is None:
        return None
    rate = next_bit_rate(info.rate)
    with (
        AudioReader(path) as audio,
        mp3_writer(into, rate=rate, channels=info.channels, bit_rate=bit_rate) as mp3,
    ):
        for block in audio.blocks(rate=rate):
            mp3.write(block)
    return EncodedFile(into.stat().st_size, bit_rate)

"""Bit rates of MP3, and which of them fits a size limit. Knows no encoder."""

from typing import Final

BIT_RATES: Final = (320_000, 256_000, 224_000, 192_000, 160_000, 128_000, 112_000, 96_000)
_DEFAULT: Final = 192_000  # where the source's is unknown
# Bytes beyond the audio itself: the info frame, the encoder's padding, the last frame.
_OVERHEAD: Final = 8192


def rounded_bit_rate(bit_rate: int) -> int:
    """Return the lowest of `BIT_RATES` that is not below ``bit_rate``; 0 is unknown."""
    wanted = (bit_rate or _DEFAULT) * 0.99  # averages of variable rates lie a little over
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

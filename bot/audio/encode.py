"""Encode audio as MP3, at the highest bit rate that fits a size limit."""

import shutil
from pathlib import Path

from bot.audio.bit_rates import highest_bit_rate, rounded_bit_rate
from bot.audio.decode import AudioReader
from bot.audio.models import AudioInfo, EncodedFile
from bot.audio.mp3 import Mp3Writer, mp3_sample_rate


def encode_to_limit(
    path: Path, info: AudioInfo, into: Path, *, limit: int, reserve: int = 0
) -> EncodedFile | None:
    """Write the audio of ``path`` to ``into`` as an MP3 of at most ``limit`` bytes.

    An MP3 that fits already is copied as it is. Everything else is encoded at the highest bit
    rate that fits, not above the original's, down to 96 kbit/s. Returns None if no bit rate fits.

    Args:
        path: the audio.
        info: what `analyze` returned for it.
        into: where the MP3 is written.
        limit: bytes of the whole file.
        reserve: bytes to leave for tags.
    """
    if info.is_mp3 and path.stat().st_size + reserve <= limit:
        shutil.copyfile(path, into)
        return EncodedFile()
    at_most = rounded_bit_rate(info.bit_rate)
    bit_rate = highest_bit_rate(info.duration, limit, at_most=at_most, reserve=reserve)
    if bit_rate is None:
        return None
    rate = mp3_sample_rate(info.rate)
    with (
        AudioReader(path) as audio,
        Mp3Writer(into, rate=rate, channels=info.channels, bit_rate=bit_rate) as mp3,
    ):
        for block in audio.blocks(rate=rate):
            mp3.write(block)
    return EncodedFile(bit_rate)

"""Write MP3 files block by block with LAME, exact in length to the sample.

An MP3 holds whole frames of 1152 samples, and an encoder adds silence in front and behind. How
much, players read from an *Info* frame at the beginning of the file (the tag of Xing and LAME).
lameenc can't write that frame, so this module does; mutagen reads it, but can't write it either.
"""

# lameenc has no type stubs
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

import struct
from pathlib import Path
from typing import Final, Self

import lameenc
import numpy as np

from bot.audio.decode import Samples

_SAMPLE_RATES: Final = (48_000, 44_100, 32_000)  # of MPEG 1
_QUALITY: Final = 5  # of 0 to 9; FFmpeg's default
_FRAME_SAMPLES: Final = 1152
_ENCODER_DELAY: Final = 576  # samples that LAME puts in front


def mp3_sample_rate(rate: int) -> int:
    """Return the sample rate at which audio of ``rate`` samples per second is encoded."""
    if rate in _SAMPLE_RATES:
        return rate
    return 48_000 if rate > 44_100 else 44_100  # noqa: PLR2004 - two of the rates above


class Mp3Writer:
    """Writes an MP3 file of constant bit rate; leaving the context completes it.

    Attributes:
        samples: written so far, per channel.
    """

    def __init__(self, path: Path, *, rate: int, channels: int, bit_rate: int) -> None:
        """Begin the file ``path``.

        Args:
            path: the file.
            rate: samples per second, as `mp3_sample_rate` returns it.
            channels: 1 or 2.
            bit_rate: bits per second, of `bot.audio.bit_rates.BIT_RATES`.
        """
        self.samples = 0
        self._rate = rate
        self._channels = channels
        self._bit_rate = bit_rate
        self._encoder = lameenc.Encoder()
        self._encoder.silence()
        self._encoder.set_in_sample_rate(rate)
        self._encoder.set_out_sample_rate(rate)
        self._encoder.set_channels(channels)
        self._encoder.set_bit_rate(bit_rate // 1000)
        self._encoder.set_quality(_QUALITY)
        self._info_size = _FRAME_SAMPLES // 8 * bit_rate // rate
        self._file = path.open("w+b")
        self._file.write(bytes(self._info_size))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._file:
            if kind is None:
                self._finish()

    def write(self, samples: Samples) -> None:
        """Write a block of (channels, samples); beyond full scale it is clipped."""
        self.samples += samples.shape[1]
        scaled = np.rint(np.clip(samples.T, -1, 1) * np.float32(32767))
        self._file.write(self._encoder.encode(np.ascontiguousarray(scaled, "<i2")))

    def _finish(self) -> None:
        """Write what the encoder still holds, and the Info frame."""
        self._encoder.encode(b"")  # without any call, there is nothing to flush
        self._file.write(self._encoder.flush())
        size = self._file.tell()
        self._file.seek(self._info_size)
        header = self._file.read(4)
        self._file.seek(0)
        self._file.write(self._info_frame(header, size))

    def _info_frame(self, header: bytes, size: int) -> bytes:
        """Return the Info frame for a file of ``size`` bytes.

        Layout: http://gabriel.mp3-tech.org/mp3infotag.html

        Args:
            header: of the first audio frame; the Info frame gets the same, without padding.
            size: with the Info frame itself.
        """
        audio_size = size - self._info_size
        # at a constant bit rate the size tells how many frames there are
        frames = round(audio_size * 8 * self._rate / self._bit_rate / _FRAME_SAMPLES)
        padding = frames * _FRAME_SAMPLES - _ENCODER_DELAY - self.samples
        side_info = bytes(17 if self._channels == 1 else 32)
        frame = bytes((header[0], header[1], header[2] & ~0b10, header[3])) + side_info
        # the four fields that follow are there: frames, bytes, seek table, quality
        frame += struct.pack(">4sIII", b"Info", 0b1111, frames, size)
        frame += bytes(256 * percent // 100 for percent in range(100))
        frame += struct.pack(">I9sB", 100 - 10 * _QUALITY, b"LAME3.100", 1)  # 1: constant bit rate
        frame += bytes(9)  # unknown: low pass, peak, loudness
        frame += struct.pack(">BB", 0, min(self._bit_rate // 1000, 255))
        frame += (_ENCODER_DELAY << 12 | padding).to_bytes(3, "big")
        frame += struct.pack(">BBHIH", 0, 0, 0, size, 0)  # 0: the checksum of all audio is unknown
        frame += struct.pack(">H", _crc16(frame))
        return frame.ljust(self._info_size, b"\0")


def _crc16(content: bytes) -> int:
    """Return the CRC-16 (ARC) of ``content``; the standard library has only other variants."""
    crc = 0
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc

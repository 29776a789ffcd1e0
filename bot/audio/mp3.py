"""Write MP3 files block by block, with the system's LAME or with PyAV's."""

# PyAV's stubs leave the types of packets and arrays open
# pyright: reportUnknownMemberType=false

from pathlib import Path
from typing import Final, Self

import av
import numpy as np

from bot.audio.decode import Samples
from bot.audio.lame import LameFile, system_lame

SAMPLE_RATES: Final = (48_000, 44_100, 32_000)


def mp3_writer(path: Path, *, rate: int, channels: int, bit_rate: int) -> "Mp3Writer":
    """Begin the MP3 file ``path`` with the fastest encoder there is.

    Args:
        path: the file.
        rate: samples per second, of `RATES`.
        channels: 1 or 2.
        bit_rate: bits per second, of `bot.audio.encode.BIT_RATES`.
    """
    lame = system_lame()
    if lame is None:
        return Mp3Writer(PyAVFile(path, rate=rate, channels=channels, bit_rate=bit_rate))
    return Mp3Writer(LameFile(lame, path, rate=rate, channels=channels, bit_rate=bit_rate))


class Mp3Writer:
    """Writes an MP3 file of constant bit rate; the context ends it.

    Players find in it how much the encoder padded, so that its length is right to the sample.

    Attributes:
        samples: written so far, per channel.
    """

    def __init__(self, file: "LameFile | PyAVFile") -> None:
        self.samples = 0
        self._file = file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._file.finish()
        finally:
            self._file.close()

    def write(self, sound: Samples) -> None:
        """Write a block of (channels, samples)."""
        if sound.shape[1]:
            self.samples += sound.shape[1]
            self._file.write(np.ascontiguousarray(sound, np.float32))


class PyAVFile:
    """An MP3 file as it is written by the LAME inside PyAV."""

    def __init__(self, path: Path, *, rate: int, channels: int, bit_rate: int) -> None:
        """Begin the file ``path``."""
        self._rate = rate
        self._layout = "mono" if channels == 1 else "stereo"
        self._container = av.open(str(path), "w", format="mp3")
        self._stream = self._container.add_stream("libmp3lame", rate=rate)
        self._stream.codec_context.layout = self._layout
        self._stream.codec_context.format = "fltp"
        self._stream.bit_rate = bit_rate
        self._position = 0

    def write(self, sound: Samples) -> None:
        """Write a block of (channels, samples), float32, contiguous."""
        frame = av.AudioFrame.from_ndarray(sound, format="fltp", layout=self._layout)
        frame.sample_rate = self._rate
        frame.pts = self._position
        self._position += sound.shape[1]
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Write what the encoder holds back."""
        self._container.mux(self._stream.encode(None))

    def close(self) -> None:
        """Free what it holds; without `finish`, the file is of no use."""
        self._container.close()

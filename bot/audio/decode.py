"""Decode audio files in blocks: never a whole song at once, and nothing but audio from disk."""

# PyAV's stubs leave the types of packets and arrays open
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self, TypeAlias

import av
import av.error
import numpy as np
import numpy.typing as npt

from bot.audio.errors import TransientMediaError, UnusableMediaError
from bot.audio.mpeg import frame_length

# (channels, samples), full scale is 1
Samples: TypeAlias = npt.NDArray[np.float32]

# Of the formats that FFmpeg knows, some are lists of other files or addresses to open; these
# aren't.
_FORMATS: Final = "mp3,mov,wav,ogg,flac,aac"
_BLOCK_SAMPLES: Final = 65_536  # samples, a second and a half


class AudioReader:
    """An open audio file; the context closes it.

    Attributes:
        rate: samples per second.
        channels: in the file; 1 or 2 as decoded here.
        bit_rate: bits per second of the audio, 0 if the file doesn't tell.
        is_mp3: whether it is an MP3 file.
    """

    def __init__(self, path: Path) -> None:
        """Open the file ``path``.

        Raises:
            Refused: it is not audio.
        """
        try:
            self._container = av.open(
                str(path), options={"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
            )
        except (av.error.FFmpegError, ValueError) as error:
            raise UnusableMediaError("it is not audio") from error
        streams = self._container.streams.audio
        # a stream whose codec is unknown has no context, whatever the stubs say
        context = getattr(streams[0], "codec_context", None) if streams else None
        if not isinstance(context, av.AudioCodecContext) or not context.sample_rate:
            self._container.close()
            raise UnusableMediaError("it has no audio that can be decoded")
        self._stream = streams[0]
        self.rate = context.sample_rate
        self.channels = min(context.channels, 2)
        self.is_mp3 = self._container.format.name == "mp3"
        self.bit_rate = self._stream.bit_rate or context.bit_rate or 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    @property
    def stated_duration(self) -> float:
        """Seconds that the container promises, 0 if it doesn't; of an MP3 often a guess."""
        return (self._container.duration or 0) / av.time_base

    def blocks(self, *, rate: int | None = None, channels: int | None = None) -> Iterator[Samples]:
        """Yield the decoded sound in order, brought to ``rate`` and ``channels`` (1 or 2).

        What an encoder added before and behind the music is left out where the file says how
        much that is.

        Raises:
            Refused: nothing of it, or not most of it, can be decoded.
            Failed: it breaks off.
        """
        layout = "mono" if (channels or self.channels) == 1 else "stereo"
        pieces: list[Samples] = []
        held = 0
        for piece in _resample(self._frames(), layout, rate or self.rate):
            pieces.append(np.asarray(piece.to_ndarray(), np.float32))
            held += piece.samples
            if held >= _BLOCK_SAMPLES:
                yield np.concatenate(pieces, axis=1)
                pieces, held = [], 0
        if pieces:
            yield np.concatenate(pieces, axis=1)

    def _frames(self) -> Iterator[av.AudioFrame]:
        good = bad = 0
        cut_short = False
        try:
            for packet in self._container.demux(self._stream):
                if packet.size and self.is_mp3:
                    cut_short = packet.size < frame_length(bytes(packet)[:4])
                try:
                    frames = packet.decode()
                except av.error.InvalidDataError:
                    bad += 1
                    continue
                good += bool(frames)
                yield from frames
        except av.error.FFmpegError as error:
            raise TransientMediaError("the audio is broken") from error
        if good <= bad:
            raise UnusableMediaError("it is not audio")
        if cut_short:
            raise TransientMediaError("the audio breaks off")


def _resample(frames: Iterator[av.AudioFrame], layout: str, rate: int) -> Iterator[av.AudioFrame]:
    """Yield ``frames`` as float32, brought to ``layout`` and ``rate``."""

    def new() -> av.AudioResampler:
        return av.AudioResampler(format="fltp", layout=layout, rate=rate)

    resampler, before = new(), None
    for frame in frames:
        kind = (frame.layout.name, frame.sample_rate, frame.format.name)
        if kind != before and before is not None:
            # files that were glued together may change in the middle
            yield from resampler.resample(None)
            resampler = new()
        before = kind
        # the position is ours to know: gaps in a broken file's times would become silence
        frame.pts = None
        yield from resampler.resample(frame)
    yield from resampler.resample(None)

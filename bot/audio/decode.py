"""Decode audio files in blocks: never a whole song at once, and nothing but audio from disk."""

# PyAV's stubs leave the types of packets and arrays open; mutagen has no type stubs
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self, TypeAlias

import av
import av.error
import numpy as np
import numpy.typing as npt
from mutagen.mp3 import HeaderNotFoundError, MPEGFrame
from mutagen.mp3 import skip_id3 as seek_past_id3

from bot.audio.errors import TransientMediaError, UnusableMediaError

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
        channels: as decoded here, 1 or 2; a file with more is mixed down.
        bit_rate: bits per second of the audio, 0 if the file doesn't say.
        is_mp3: whether it is an MP3 file.
    """

    def __init__(self, path: Path) -> None:
        """Open the file ``path``.

        Raises:
            UnusableMediaError: it is not audio.
        """
        try:
            self._container = av.open(
                f"subfile,,start,{id3_size(path)},end,0,,:{path}",
                options={"format_whitelist": _FORMATS, "protocol_whitelist": "file,subfile"},
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
        """Seconds according to the container, 0 if it doesn't say; for an MP3 often a guess."""
        return (self._container.duration or 0) / av.time_base

    def blocks(self, *, rate: int | None = None, channels: int | None = None) -> Iterator[Samples]:
        """Yield the decoded audio in order, converted to ``rate`` and ``channels`` (1 or 2).

        What an encoder added before and behind the music is left out where the file says how
        much that is.

        Raises:
            UnusableMediaError: most of it can't be decoded.
            TransientMediaError: it is truncated.
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
        last: av.Packet[av.AudioStream] | None = None
        try:
            for packet in self._container.demux(self._stream):
                last = packet if packet.size else last
                try:
                    frames = packet.decode()
                except av.error.InvalidDataError:
                    bad += 1
                    continue
                good += bool(frames)
                yield from frames
        except av.error.FFmpegError as error:
            raise TransientMediaError("the audio is broken") from error
        if last is None or good <= bad:
            raise UnusableMediaError("it is not audio")
        if self.is_mp3 and last.size < mp3_frame_size(bytes(last)):
            raise TransientMediaError("the audio is truncated")


def id3_size(path: Path) -> int:
    """Return how many bytes of ID3 tags the file ``path`` begins with.

    They are skipped unread: FFmpeg parses them in quadratic time and unpacks what is compressed in
    them, so that 10 MB of tags took more than five minutes.
    """
    with path.open("rb") as file:
        seek_past_id3(file)
        return file.tell()


def mp3_frame_size(frame: bytes) -> int:
    """Return how many bytes the MP3 frame that begins with ``frame`` has, 0 if it is not one."""
    stream = io.BytesIO(frame)
    try:
        MPEGFrame(stream)
    except HeaderNotFoundError:
        return 0
    return stream.tell()  # it ends behind the frame, also where that is truncated


def _resample(frames: Iterator[av.AudioFrame], layout: str, rate: int) -> Iterator[av.AudioFrame]:
    """Yield ``frames`` as float32, converted to ``layout`` and ``rate``."""

    def new_resampler() -> av.AudioResampler:
        return av.AudioResampler(format="fltp", layout=layout, rate=rate)

    resampler, previous = new_resampler(), None
    for frame in frames:
        kind = (frame.layout.name, frame.sample_rate, frame.format.name)
        if kind != previous and previous is not None:
            # files that were glued together may change in the middle
            yield from resampler.resample(None)
            resampler = new_resampler()
        previous = kind
        # without times, gaps between those of a broken file don't become silence
        frame.pts = None
        yield from resampler.resample(frame)
    yield from resampler.resample(None)

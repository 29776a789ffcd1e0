"""Decode a file once, to learn whether it is complete, how long it is, and its peaks."""

# mutagen has no type stubs
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from mutagen.mp3 import BitrateMode, HeaderNotFoundError, MPEGInfo

from bot.audio.decode import AudioReader, Samples
from bot.audio.errors import TransientMediaError, UnusableMediaError
from bot.audio.models import AudioInfo, Peaks

MAX_DURATION: Final = 3600.0  # seconds; a small file can hold days of silence
_MIN_DURATION: Final = 0.1  # seconds
# Seconds by which a file may be shorter than it states: an encoder's padding.
_TOLERANCE: Final = 0.15
_PEAKS_PER_SECOND: Final = 100


class PeakMeter:
    """Collects the `Peaks` of audio that is decoded or written in blocks.

    Attributes:
        samples: added so far, per channel.
    """

    def __init__(self, rate: int) -> None:
        """Make a meter for audio of ``rate`` samples per second."""
        self.samples = 0
        self._hop = max(rate // _PEAKS_PER_SECOND, 1)
        self._rate = rate
        self._rest: npt.NDArray[np.float32] = np.zeros(0, np.float32)
        self._levels = bytearray()

    def add(self, samples: Samples) -> None:
        """Add the next block of (channels, samples)."""
        self.samples += samples.shape[1]
        loudest = np.maximum(samples.max(axis=0), -samples.min(axis=0))
        loudest = np.concatenate((self._rest, loudest))
        whole = len(loudest) // self._hop * self._hop
        self._rest = loudest[whole:]
        self._levels += _as_levels(loudest[:whole].reshape(-1, self._hop).max(axis=1, initial=0))

    def peaks(self) -> Peaks:
        """Return the peaks of everything that was added."""
        rest = _as_levels(self._rest.max(keepdims=True)) if len(self._rest) else b""
        return Peaks(self._rate / self._hop, bytes(self._levels + rest))


def analyze(path: Path, *, max_duration: float = MAX_DURATION) -> AudioInfo:
    """Decode the whole file ``path`` in blocks. Takes about a second for a song.

    Args:
        path: the file.
        max_duration: seconds.

    Raises:
        UnusableMediaError: it is not audio, or longer than ``max_duration``.
        TransientMediaError: it is audio, but truncated.
    """
    with AudioReader(path) as audio:
        meter = PeakMeter(audio.rate)
        for block in audio.blocks():
            meter.add(block)
            if meter.samples > max_duration * audio.rate:
                raise UnusableMediaError("it is too long")
        duration = meter.samples / audio.rate
        if duration < _MIN_DURATION:
            raise UnusableMediaError("it is too short")
        # FFmpeg guesses the length of an MP3 without an Info frame from its size
        stated = stated_mp3_duration(path) if audio.is_mp3 else audio.stated_duration
        if stated is not None and duration < stated - _TOLERANCE:
            raise TransientMediaError("the audio is truncated")
        return AudioInfo(
            duration=duration,
            rate=audio.rate,
            channels=audio.channels,
            bit_rate=audio.bit_rate,
            is_mp3=audio.is_mp3,
            peaks=meter.peaks(),
        )


def stated_mp3_duration(path: Path) -> float | None:
    """Return the seconds that an MP3's Xing, Info or VBRI frame states; None if it has none.

    Where that frame doesn't say how much padding the encoder added, the padding is included: up
    to 0.1 s.
    """
    with path.open("rb") as file:
        try:
            info = MPEGInfo(file)
        except HeaderNotFoundError:
            return None
    return None if info.bitrate_mode is BitrateMode.UNKNOWN else float(info.length)


def _as_levels(maxima: npt.NDArray[np.float32]) -> bytes:
    return np.clip(np.rint(maxima * 255), 0, 255).astype(np.uint8).tobytes()

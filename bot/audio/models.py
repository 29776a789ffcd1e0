"""Values that pass between Encore's own process and its worker processes.

Standard library only: the main process imports this module, and must not load PyAV, NumPy and
Pillow (31 MiB), which only the workers use.
"""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Peaks:
    """The loudest sample of each hundredth of a second; a song is a few kB.

    Attributes:
        per_second: how many ``levels`` make a second; not always exactly 100.
        levels: one byte each; 255 is full scale.
    """

    per_second: float
    levels: bytes = field(repr=False)

    @property
    def seconds(self) -> float:
        """Length of the audio, to a hundredth of a second."""
        return len(self.levels) / self.per_second

    def between(self, start: float, end: float) -> "Peaks":
        """Return the peaks from ``start`` to ``end``, in seconds, as far as there are any."""
        first, last = (round(max(second, 0) * self.per_second) for second in (start, end))
        return Peaks(self.per_second, self.levels[first:last])


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioInfo:
    """Result of decoding a whole file.

    Attributes:
        duration: seconds, to the sample, without an encoder's padding.
        rate: samples per second.
        channels: 1 or 2; a file with more is mixed down.
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


@dataclass(frozen=True, slots=True)
class EncodedFile:
    """An MP3 file within its size limit.

    Attributes:
        bit_rate: bits per second of the new encoding; None if the original was copied.
    """

    bit_rate: int | None = None


@dataclass(frozen=True, slots=True)
class Cover:
    """A JPEG of at most 500 x 500 pixels, encoded anew: nothing else of the original is in it."""

    jpeg: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Part:
    """One clip of a song, and the second of it at which the next part begins; None is its end."""

    path: Path
    cut: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SplicedSong:
    """A song joined from parts.

    Attributes:
        duration: seconds, to the sample.
        starts: the second at which each part begins, the first at 0.
        peaks: of the whole song.
    """

    duration: float
    starts: tuple[float, ...]
    peaks: Peaks


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a waveform picture, in its own colour.

    Attributes:
        peaks: of this part alone.
        label: a number, drawn below the part where there is room.
        is_source: whether it is the clip that the next segment continues.
    """

    peaks: Peaks
    label: str = ""
    is_source: bool = False


@dataclass(frozen=True, slots=True)
class Track:
    """A row of a waveform picture: one clip, after the source that it continues if that is known.

    Attributes:
        label: the letter of the clip.
        segments: that follow each other.
    """

    label: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Waveform:
    """A picture of a song, and the same in words for screen readers."""

    png: bytes = field(repr=False)
    alt_text: str

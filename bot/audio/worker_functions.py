"""The functions that run in worker processes, and nowhere else (`ProcessPool.run`).

Each imports its module when it is called, that is, in the worker: with an import at the top, the
main process would load PyAV, NumPy, Pillow, mutagen and LAME too, 31 MiB that it never uses.
"""

# ruff: noqa: PLC0415

from collections.abc import Sequence
from pathlib import Path

from bot.audio.models import (
    AudioInfo,
    Cover,
    EncodedFile,
    Part,
    Segment,
    SplicedSong,
    Track,
    Waveform,
)
from bot.audio.tags import Tags


def analyze(path: Path) -> AudioInfo:
    """Decode a whole file (`bot.audio.analysis.analyze`)."""
    from bot.audio import analysis

    return analysis.analyze(path)


def load_cover(path: Path) -> Cover:
    """Shrink a picture to a cover (`bot.audio.covers.load_cover`)."""
    from bot.audio import covers

    return covers.load_cover(path)


def encode_to_limit(
    path: Path, info: AudioInfo, into: Path, *, limit: int, reserve: int
) -> EncodedFile | None:
    """Make an MP3 of at most ``limit`` bytes (`bot.audio.encode.encode_to_limit`)."""
    from bot.audio import encode

    return encode.encode_to_limit(path, info, into, limit=limit, reserve=reserve)


def cut(path: Path, into: Path, *, seconds: float) -> None:
    """Write the beginning of an audio file as FLAC (`bot.audio.flac.cut`)."""
    from bot.audio import flac

    flac.cut(path, into, seconds=seconds)


def splice(parts: Sequence[Part], into: Path, *, bit_rate: int) -> SplicedSong:
    """Join parts into one song (`bot.audio.splice.splice`)."""
    from bot.audio import splice

    return splice.splice(parts, into, bit_rate=bit_rate)


def write_tags(path: Path, tags: Tags) -> None:
    """Write the tags of an MP3 (`bot.audio.id3.write_tags`)."""
    from bot.audio import id3

    id3.write_tags(path, tags)


def render_waveform(title: str, segments: Sequence[Segment]) -> Waveform:
    """Draw the picture of a song (`bot.audio.waveform.render_waveform`)."""
    from bot.audio import waveform

    return waveform.render_waveform(title, segments)


def render_clips(title: str, tracks: Sequence[Track]) -> Waveform:
    """Draw the picture of clips (`bot.audio.waveform.render_clips`)."""
    from bot.audio import waveform

    return waveform.render_clips(title, tracks)

"""Fetch a clip's audio or cover: through the guarded door, then proved to be what it should be."""

import asyncio
import io
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, ParamSpec, Protocol, TypeVar

from PIL import Image, ImageOps, UnidentifiedImageError

from bot.audio.analysis import AudioInfo, analyze
from bot.audio.download import DownloadLimits, SafeDownloader
from bot.audio.errors import UnusableMediaError

_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
_MAX_PIXELS: Final = 24_000_000
_MAX_SIDE: Final = 500
_QUALITY: Final = 85


@dataclass(frozen=True, slots=True)
class Cover:
    """A JPEG of at most 500 x 500 pixels, made anew: nothing else of the original is in it."""

    jpeg: bytes = field(repr=False)


def load_cover(path: Path) -> Cover:
    """Return the picture in the file ``path`` as a cover.

    Raises:
        Refused: it is not a picture, a broken one, or has more pixels than a cover ever has.
    """
    try:
        with warnings.catch_warnings():
            # its own bound on pixels is ours already, below
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(path, formats=_FORMATS)
        with image:
            if image.width * image.height > _MAX_PIXELS:
                raise UnusableMediaError("the picture has too many pixels")
            # lets the decoder of a JPEG do most of the shrinking
            image.draft("RGB", (_MAX_SIDE, _MAX_SIDE))
            small = ImageOps.exif_transpose(image.convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise UnusableMediaError("it is not a picture") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise UnusableMediaError("the picture is broken") from error
    small.thumbnail((_MAX_SIDE, _MAX_SIDE), Image.Resampling.LANCZOS)
    made = io.BytesIO()
    small.save(made, "JPEG", quality=_QUALITY, optimize=True)
    return Cover(made.getvalue())


P = ParamSpec("P")
T = TypeVar("T")

_MEBIBYTE: Final = 1024 * 1024
AUDIO_LIMITS: Final = DownloadLimits(max_bytes=128 * _MEBIBYTE, timeout=120)
IMAGE_LIMITS: Final = DownloadLimits(max_bytes=8 * _MEBIBYTE, timeout=30)


class RunInPool(Protocol):
    """Runs heavy work elsewhere: `Workshop.run`, or a thread."""

    def __call__(self, func: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        """Return what ``func(*args, **kwargs)`` returns, or raise what it raises."""
        ...


@dataclass(frozen=True, slots=True)
class DownloadedAudio:
    """Audio on disk, known to decode from its first to its last sample.

    Attributes:
        path: the file.
        size: bytes.
        study: what decoding told.
    """

    path: Path
    size: int
    info: AudioInfo


async def fetch_audio(
    url: str,
    into: Path,
    *,
    downloader: SafeDownloader,
    limits: DownloadLimits = AUDIO_LIMITS,
    run: RunInPool = asyncio.to_thread,
) -> DownloadedAudio:
    """Fetch the audio at ``url`` into the file ``into``, which exists only if all went well.

    Raises:
        Refused: the address or the answer is not acceptable, or it is not audio.
        Failed: it did not come, or not whole; it may, another time.
    """
    size = await downloader.download(url, into, limits)
    try:
        info = await run(analyze, into)
    except BaseException:
        _remove(into)
        raise
    return DownloadedAudio(into, size, info)


async def fetch_image(
    url: str,
    into: Path,
    *,
    downloader: SafeDownloader,
    limits: DownloadLimits = IMAGE_LIMITS,
    run: RunInPool = asyncio.to_thread,
) -> Cover:
    """Fetch the picture at ``url`` and return it as a cover; ``into`` is gone afterwards.

    Raises:
        Refused: the address or the answer is not acceptable, or it is no picture or too large.
        Failed: it did not come; it may, another time.
    """
    await downloader.download(url, into, limits)
    try:
        return await run(load_cover, into)
    finally:
        _remove(into)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)

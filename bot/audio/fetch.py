"""Fetch a clip's audio or cover: through the guarded door, then proved to be what it should be."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, ParamSpec, Protocol, TypeVar

from bot.audio.covers import Cover, checked_cover
from bot.audio.door import Bounds, Door
from bot.audio.study import Study, studied

P = ParamSpec("P")
T = TypeVar("T")

_MEBIBYTE: Final = 1024 * 1024
AUDIO_BOUNDS: Final = Bounds(size=128 * _MEBIBYTE, seconds=120)
IMAGE_BOUNDS: Final = Bounds(size=8 * _MEBIBYTE, seconds=30)


class Run(Protocol):
    """Runs heavy work elsewhere: `Workshop.run`, or a thread."""

    def __call__(self, func: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        """Return what ``func(*args, **kwargs)`` returns, or raise what it raises."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """Audio on disk, known to decode from its first to its last sample.

    Attributes:
        path: the file.
        size: bytes.
        study: what decoding told.
    """

    path: Path
    size: int
    study: Study


async def fetch_audio(
    url: str,
    into: Path,
    *,
    door: Door,
    bounds: Bounds = AUDIO_BOUNDS,
    run: Run = asyncio.to_thread,
) -> Fetched:
    """Fetch the audio at ``url`` into the file ``into``, which exists only if all went well.

    Raises:
        Refused: the address or the answer is not acceptable, or it is not audio.
        Failed: it did not come, or not whole; it may, another time.
    """
    size = await door.download(url, into, bounds)
    try:
        study = await run(studied, into)
    except BaseException:
        _remove(into)
        raise
    return Fetched(into, size, study)


async def fetch_image(
    url: str,
    into: Path,
    *,
    door: Door,
    bounds: Bounds = IMAGE_BOUNDS,
    run: Run = asyncio.to_thread,
) -> Cover:
    """Fetch the picture at ``url`` and return it as a cover; ``into`` is gone afterwards.

    Raises:
        Refused: the address or the answer is not acceptable, or it is no picture or too large.
        Failed: it did not come; it may, another time.
    """
    await door.download(url, into, bounds)
    try:
        return await run(checked_cover, into)
    finally:
        _remove(into)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)

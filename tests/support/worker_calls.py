"""Functions to be called in workers of a `ProcessPool`, and a pool that needs no workers."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from typing_extensions import override

from bot.audio.errors import TransientMediaError, UnusableMediaError
from bot.audio.process_pool import ProcessPool

P = ParamSpec("P")
T = TypeVar("T")


class ThreadPool(ProcessPool):
    """Runs each call in a thread, which starts sooner than a process.

    The functions in ``too_slow`` fail as if they had taken too long.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.too_slow: set[Callable[..., object]] = set()

    @override
    async def run_within(
        self, seconds: float, func: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if func in self.too_slow:
            raise UnusableMediaError("the audio work took too long")
        return await asyncio.to_thread(func, *args, **kwargs)


def process_id() -> int:
    return os.getpid()


def double(number: int) -> int:
    return number * 2


def raise_unusable() -> None:
    raise UnusableMediaError("no")


def raise_transient() -> None:
    raise TransientMediaError("later")


def raise_unpicklable() -> None:
    class LocalError(Exception):  # can't be pickled
        pass

    raise LocalError("odd")


def hang(path: Path) -> None:
    """Make the file ``path``, and never return."""
    path.write_text(str(os.getpid()))
    while True:
        time.sleep(60)


def die() -> None:
    os._exit(1)


def allocate(size: int) -> int:
    return len(bytearray(size))


def print_directly(text: str) -> str:
    os.write(1, text.encode())
    return text


def busy_span(seconds: float) -> tuple[float, float]:
    """Return when it began and ended."""
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        pass
    return begin, time.monotonic()

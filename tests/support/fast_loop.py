"""An event loop whose time runs a hundred times faster, for what really sleeps."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import TypeVar

FASTER = 100
Result = TypeVar("Result")


class _Selector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout / FASTER if timeout else timeout)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__(_Selector())

    def time(self) -> float:
        return super().time() * FASTER


def run_hurried(scenario: Coroutine[object, object, Result]) -> Result:
    """Run ``scenario`` to its end in a loop of its own, a hundred times faster."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(scenario)

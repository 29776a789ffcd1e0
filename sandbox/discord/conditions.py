"""Waits for conditions on the state without polling it all the time."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
CHECK_INTERVAL = 0.05


class Conditions:
    """Conditions to check after each change."""

    def __init__(self) -> None:
        self._checks: dict[asyncio.Future[None], Callable[[], bool]] = {}
        self._scheduled = False

    def notify(self) -> None:
        """Check all conditions in the event loop's next iteration, once for several changes."""
        if self._checks and not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._check)

    def _check(self) -> None:
        self._scheduled = False
        for future, check in list(self._checks.items()):
            if future.done():
                continue
            try:
                if check():
                    future.set_result(None)
            except Exception as error:  # noqa: BLE001 - raised in wait_for
                future.set_exception(error)

    async def wait_for(self, condition: Callable[[], T], *, timeout: float) -> T:  # noqa: ASYNC109
        """Return the first truthy value of ``condition``.

        Raises:
            TimeoutError: there was none within ``timeout`` seconds.
        """
        value = condition()
        if value:
            return value

        def check() -> bool:
            nonlocal value
            value = condition()
            return bool(value)

        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._checks[future] = check
        deadline = loop.time() + timeout
        try:
            while not future.done():
                remaining = deadline - loop.time()
                if remaining <= 0:
                    raise TimeoutError(f"It did not happen within {timeout:g} s")
                await asyncio.wait([future], timeout=min(remaining, CHECK_INTERVAL))
                # the condition may depend on the bot's state, whose changes are not notified
                if not future.done() and check():
                    break
            if future.done():
                future.result()
        finally:
            del self._checks[future]
            future.cancel()
        return value

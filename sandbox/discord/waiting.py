"""Waiting for something to become true, without asking again and again."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")


class Waiters:
    """Conditions that are looked at again whenever something changed."""

    def __init__(self) -> None:
        self._checks: dict[asyncio.Future[None], Callable[[], bool]] = {}
        self._scheduled = False

    def changed(self) -> None:
        """Have all conditions looked at, once for all changes of this moment."""
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
            except Exception as error:  # noqa: BLE001 - whoever waits gets it
                future.set_exception(error)

    async def wait_for(self, condition: Callable[[], Seen], *, timeout: float) -> Seen:  # noqa: ASYNC109
        """The first truthy value of ``condition``.

        Raises:
            TimeoutError: it was not true within ``timeout`` seconds.
        """
        found = condition()
        if found:
            return found

        def check() -> bool:
            nonlocal found
            found = condition()
            return bool(found)

        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._checks[future] = check
        try:
            await asyncio.wait_for(future, timeout)
        except TimeoutError:
            raise TimeoutError(f"It did not happen within {timeout:g} s") from None
        finally:
            del self._checks[future]
        return found

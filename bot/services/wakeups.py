"""Events that wake the loops when there is news for them."""

import asyncio
from dataclasses import dataclass, field


class Wakeup:
    """Wakes one loop. Each loop also wakes by itself from time to time, as a safety net."""

    def __init__(self) -> None:
        self._notified = asyncio.Event()

    def notify(self) -> None:
        """Wake the loop now, or as soon as it waits."""
        self._notified.set()

    async def wait(self, seconds: float, *, debounce: float = 0) -> None:
        """Return when notified, at the latest after ``seconds``.

        Further notifications within ``debounce`` seconds are merged into this one.
        """
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._notified.wait()
            await asyncio.sleep(debounce)
        except TimeoutError:
            return
        finally:
            self._notified.clear()


@dataclass(frozen=True, slots=True)
class Wakeups:
    """One event for each loop."""

    submitter: Wakeup = field(default_factory=Wakeup)
    tracker: Wakeup = field(default_factory=Wakeup)
    publisher: Wakeup = field(default_factory=Wakeup)
    attacher: Wakeup = field(default_factory=Wakeup)
    session_runner: Wakeup = field(default_factory=Wakeup)
    boards: Wakeup = field(default_factory=Wakeup)
    budget_notices: Wakeup = field(default_factory=Wakeup)

"""How the loops are woken: a bell for each, rung by whoever has news for it."""

import asyncio
from dataclasses import dataclass, field


class Wakeup:
    """Wakes one loop; a slow tick is its safety net."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def notify(self) -> None:
        """Wake the loop now, or as soon as it waits."""
        self._rung.set()

    async def wait(self, seconds: float, *, debounce: float = 0) -> None:
        """Return when the bell is rung, at the latest after ``seconds``.

        Once it is rung, others have ``breath`` seconds to ring it too, for one and the same turn.
        """
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._rung.wait()
            await asyncio.sleep(debounce)
        except TimeoutError:
            return
        finally:
            self._rung.clear()


@dataclass(frozen=True, slots=True)
class Wakeups:
    """The bell of each loop."""

    submitter: Wakeup = field(default_factory=Wakeup)
    tracker: Wakeup = field(default_factory=Wakeup)
    publisher: Wakeup = field(default_factory=Wakeup)
    attacher: Wakeup = field(default_factory=Wakeup)

"""Events that wake the loops when there is news for them."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from functools import partial

from bot.store.processes import PROCESS_ENDED

# Loops that may have to go on elsewhere: other processes have room to send requests, and the parts
# of a session may be tracked by another process than that which hears its server. All else is done
# where it became known.
SHARED = ("submitter", "session_runner")


class Wakeup:
    """Wakes one loop. Each loop also wakes by itself from time to time, as a safety net."""

    def __init__(self) -> None:
        self._notified = asyncio.Event()
        self.tell_others: Callable[[], None] | None = None

    def notify(self) -> None:
        """Wake the loop now, or as soon as it waits; where they are told, also that of others."""
        self.wake()
        if self.tell_others is not None:
            self.tell_others()

    def wake(self) -> None:
        """Wake the loop of this process alone."""
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
    notifier: Wakeup = field(default_factory=Wakeup)
    session_runner: Wakeup = field(default_factory=Wakeup)
    boards: Wakeup = field(default_factory=Wakeup)
    budget_notices: Wakeup = field(default_factory=Wakeup)

    def connect(self, send: Callable[[str], None]) -> None:
        """Have ``send`` tell other processes the names of the loops that they, too, should wake."""
        for name, wakeup in self._by_name():
            if name in SHARED:
                wakeup.tell_others = partial(send, name)

    def wake(self, message: str) -> None:
        """Wake the loop that another process named, or all of them if that process has ended."""
        for name, wakeup in self._by_name():
            if message in (name, PROCESS_ENDED):
                wakeup.wake()

    def wake_all(self) -> None:
        """Wake all loops of this process."""
        self.wake(PROCESS_ENDED)

    def _by_name(self) -> Iterator[tuple[str, Wakeup]]:
        for each in fields(self):
            yield each.name, getattr(self, each.name)

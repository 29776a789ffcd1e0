"""Independent asyncio tasks: bounded, referenced, at most one per key, failures logged.

Not a `TaskGroup`: one extension's failure must never cancel another's work.
"""

import asyncio
import logging
from collections.abc import Coroutine, Hashable
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

Key = TypeVar("Key", bound=Hashable)


class TaskPool(Generic[Key]):
    """Runs up to ``limit`` tasks at once, at most one per key.

    A task keeps its key until the event loop has run its callbacks, which is later than whatever
    the task did last. So exclude `keys` from what is claimed: a claim whose key is still taken
    could not be worked on.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._tasks: dict[Key, asyncio.Task[None]] = {}

    @property
    def free(self) -> int:
        """How many more tasks may start now."""
        return self._limit - len(self._tasks)

    @property
    def keys(self) -> frozenset[Key]:
        """The keys of all running tasks."""
        return frozenset(self._tasks)

    def start(self, key: Key, work: Coroutine[object, object, None]) -> None:
        """Start ``work``; what it raises is logged.

        Raises:
            KeyError: a task with this key is running. Nothing is dropped silently.
        """
        if key in self._tasks:
            work.close()
            raise KeyError(f"a task for {key!r} is running")
        task = asyncio.create_task(work)
        self._tasks[key] = task

        def finish(done: asyncio.Task[None]) -> None:
            del self._tasks[key]
            if not done.cancelled() and (error := done.exception()):
                log.error("Work on %s failed", key, exc_info=error)

        task.add_done_callback(finish)

    async def wait_for_room(self) -> None:
        """Return when one more task may start."""
        while not self.free:
            await asyncio.wait([*self._tasks.values()], return_when=asyncio.FIRST_COMPLETED)

    async def idle(self) -> None:
        """Return when no task is running."""
        while self._tasks:
            await asyncio.wait([*self._tasks.values()])

    async def stop(self, *, grace: float) -> None:
        """Let tasks finish for up to ``grace`` seconds, then cancel the rest."""
        try:
            async with asyncio.timeout(grace):
                await self.idle()
        except TimeoutError:
            for task in [*self._tasks.values()]:
                task.cancel()
            await self.idle()

"""Independent work side by side: bounded, referenced, and its failures logged.

Not a `TaskGroup`: one extension's failure must never cancel another's work.
"""

import asyncio
import logging
from collections.abc import Coroutine, Hashable

log = logging.getLogger(__name__)


class TaskPool:
    """Runs up to ``limit`` pieces of work at once, each under a key that runs only once a time."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}

    @property
    def free(self) -> int:
        """How many more pieces of work may start now."""
        return self._limit - len(self._tasks)

    def has(self, key: Hashable) -> bool:
        """Whether work under ``key`` is under way."""
        return key in self._tasks

    def start(self, key: Hashable, work: Coroutine[object, object, None]) -> None:
        """Start ``work`` unless some is under way under ``key``; what it raises is only logged."""
        if self.has(key):
            work.close()
            return
        task = asyncio.create_task(work)
        self._tasks[key] = task

        def finish(done: asyncio.Task[None]) -> None:
            del self._tasks[key]
            if not done.cancelled() and (error := done.exception()):
                log.error("Work on %s failed", key, exc_info=error)

        task.add_done_callback(finish)

    async def idle(self) -> None:
        """Return when nothing is under way."""
        while self._tasks:
            await asyncio.wait([*self._tasks.values()])

    async def stop(self, *, grace: float) -> None:
        """Let the work finish for up to ``grace`` seconds, then cancel what is left."""
        try:
            async with asyncio.timeout(grace):
                await self.idle()
        except TimeoutError:
            for task in [*self._tasks.values()]:
                task.cancel()
            await self.idle()

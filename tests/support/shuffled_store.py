"""A store whose transactions return in any order, several of them in one turn of the event loop."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.sqlite import SqliteBackend, exclusive_lock
from bot.store.store import Store

T = TypeVar("T")


class ShuffledBackend:
    """Does transactions one by one, and lets their callers go on in a random order."""

    def __init__(self, inner: SqliteBackend, chance: random.Random) -> None:
        self._inner = inner
        self._chance = chance
        self._done: list[asyncio.Future[None]] = []
        self._has_come = asyncio.Event()

    async def run(
        self, work: Callable[[AsyncConnection], Awaitable[T]], *, writes: bool, urgent: bool
    ) -> T:
        result = await self._inner.run(work, writes=writes, urgent=urgent)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._done.append(turn)
        self._has_come.set()
        await turn
        return result

    async def release(self) -> None:
        """Let callers go on, as long as this runs."""
        while await self._has_come.wait():
            for _ in range(self._chance.choice((0, 0, 1, 3, 10))):
                await asyncio.sleep(0)
            self._chance.shuffle(self._done)
            count = self._chance.randint(1, len(self._done))
            released, self._done = self._done[:count], self._done[count:]
            if not self._done:
                self._has_come.clear()
            for turn in released:
                turn.set_result(None)


@asynccontextmanager
async def shuffled_store(url: str, chance: random.Random) -> AsyncGenerator[Store]:
    """Open a database of the newest schema as a store whose callers go on in any order."""
    address = make_url(url)
    with exclusive_lock(address.database or ""):
        inner = SqliteBackend(address)
        await inner.open()
        backend = ShuffledBackend(inner, chance)
        releasing = asyncio.create_task(backend.release())
        database = Database(backend)
        try:
            yield Store(database)
        finally:
            await database.drain()
            releasing.cancel()
            await inner.close()

"""A database that is open: reads, and writes one after the other where that is needed."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.store import sqlite
from bot.store.claims import lapse_all
from bot.store.errors import StoreError
from bot.store.migrate import migrate

SQLITE = "sqlite+aiosqlite"
POSTGRESQL = "postgresql+asyncpg"

P = ParamSpec("P")
T = TypeVar("T")
Work = Callable[Concatenate[AsyncConnection, P], Awaitable[T]]


class Database:
    """The ways to an open database.

    On SQLite all writers of the process take turns, because it has but one write lock; readers
    have connections of their own and are never in the way.

    A transaction that has begun runs to its end even if the one who asked for it is cancelled:
    broken off, it would leave its connection in the middle of a statement, with its locks.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._under_way: set[asyncio.Task[object]] = set()
        self._reading = engine.execution_options(isolation_level="REPEATABLE READ")
        self._writing = engine
        self._turn: AbstractAsyncContextManager[object] = nullcontext()
        if engine.dialect.name == "sqlite":
            self._reading = engine
            self._writing = engine.execution_options(**{sqlite.WRITES: True})
            self._turn = asyncio.Lock()

    async def read(self, question: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return the answer to ``question``, all of which sees the same moment."""

        async def answer() -> T:
            async with self._reading.connect() as connection:
                return await question(connection, *args, **kwargs)

        return await self._whole(answer())

    async def write(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do ``work`` in a transaction: committed at the end, undone by an exception."""

        async def result() -> T:
            async with self._turn, self._writing.begin() as connection:
                return await work(connection, *args, **kwargs)

        return await self._whole(result())

    async def settle(self) -> None:
        """Wait for the transactions whose askers did not."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _whole(self, transaction: Coroutine[object, object, T]) -> T:
        task = asyncio.create_task(transaction)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)


@asynccontextmanager
async def opened(address: str) -> AsyncGenerator[Database]:
    """Open the database at the SQLAlchemy URL ``address``, brought to the newest schema.

    A SQLite file belongs to one process at a time, so the claims of an earlier one lapse. On
    PostgreSQL others may hold theirs.

    Raises:
        StoreError: it can't be opened; the text is for the operator and holds no password.
    """
    async with AsyncExitStack() as stack:
        try:
            url = _known(address)
            engine = create_async_engine(url)
            beginning = [_migrated]
            if url.drivername == SQLITE:
                stack.enter_context(sqlite.held(url.database or ""))
                sqlite.prepare(engine)
                beginning.append(lapse_all)
            stack.push_async_callback(engine.dispose)
            database = Database(engine)
            stack.push_async_callback(database.settle)
            for work in beginning:
                await database.write(work)
        except (SQLAlchemyError, OSError, ImportError) as error:
            cause = getattr(error, "orig", None) or error
            raise StoreError(f"The database can't be opened: {cause}.") from error
        yield database


async def _migrated(db: AsyncConnection) -> None:
    await db.run_sync(migrate)


def _known(address: str) -> URL:
    """Return ``address`` as a URL of a database that the store was made for."""
    try:
        url = make_url(address)
    except SQLAlchemyError:
        url = None
    if url is None or url.drivername not in (SQLITE, POSTGRESQL) or not url.database:
        raise StoreError(
            f"The database URL has to look like {SQLITE}:///encore.db"
            f" or {POSTGRESQL}://user:password@host/name."
        )
    return url

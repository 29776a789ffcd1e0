"""A database that is open: whole transactions, which run to their end."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.store import sqlite
from bot.store.errors import StoreError
from bot.store.leases import expire_leases
from bot.store.migrate import migrate

SQLITE = "sqlite+aiosqlite"
POSTGRESQL = "postgresql+asyncpg"

P = ParamSpec("P")
T = TypeVar("T")
Work = Callable[Concatenate[AsyncConnection, P], Awaitable[T]]


class Backend(Protocol):
    """How transactions are done."""

    async def run(
        self, work: Callable[[AsyncConnection], Awaitable[T]], *, writes: bool, first: bool = False
    ) -> T:
        """Do ``work`` in a transaction, which may write only if it ``writes``.

        Where writers have to wait for each other, it goes before the rest if it is ``first``.
        """
        ...

    async def open(self) -> None:
        """Open what has to be open before the first transaction."""
        ...

    async def close(self) -> None:
        """Let go of the database."""
        ...


class PostgresBackend:
    """A database that is asked over the network."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = engine.execution_options(isolation_level="REPEATABLE READ")
        self._writing = engine

    async def open(self) -> None:
        """Connections are opened as they are needed."""

    async def run(
        self, work: Callable[[AsyncConnection], Awaitable[T]], *, writes: bool, first: bool = False
    ) -> T:
        """Return the result of ``work``; nobody has to wait for anybody here."""
        del first
        begun = self._writing.begin() if writes else self._reading.connect()
        async with begun as connection:
            return await work(connection)

    async def close(self) -> None:
        """Close the connections."""
        await self._writing.dispose()


class Database:
    """The ways to an open database.

    A transaction that has begun runs to its end even if the one who asked for it is cancelled:
    broken off, it would leave its connection in the middle of a statement, with its locks.
    """

    def __init__(self, ways: Backend) -> None:
        self._under_way: set[asyncio.Task[object]] = set()
        self._ways = ways

    async def read(self, question: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return the answer to ``question``, all of which sees the same moment."""
        return await self._whole(
            self._ways.run(lambda db: question(db, *args, **kwargs), writes=False)
        )

    async def write(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do ``work`` in a transaction: committed at the end, undone by an exception."""
        return await self._whole(self._ways.run(lambda db: work(db, *args, **kwargs), writes=True))

    async def write_first(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `write`, before all that only loops wait for: a member does."""
        return await self._whole(
            self._ways.run(lambda db: work(db, *args, **kwargs), writes=True, first=True)
        )

    async def drain(self) -> None:
        """Wait for the transactions whose askers did not."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _whole(self, transaction: Coroutine[object, object, T]) -> T:
        task = asyncio.create_task(transaction)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)


@asynccontextmanager
async def open_database(address: str) -> AsyncGenerator[Database]:
    """Open the database at the SQLAlchemy URL ``address``, brought to the newest schema.

    A SQLite file belongs to one process at a time, so the claims of an earlier one lapse. On
    PostgreSQL others may hold theirs.

    Raises:
        StoreError: it can't be opened; the text is for the operator and holds no password.
    """
    async with AsyncExitStack() as stack:
        try:
            url = _known(address)
            beginning = [_migrated]
            if url.drivername == SQLITE:
                stack.enter_context(sqlite.exclusive_lock(url.database or ""))
                ways = sqlite.SqliteBackend(url)
                beginning.append(expire_leases)
            else:
                ways = PostgresBackend(create_async_engine(url))
            stack.push_async_callback(ways.close)
            await ways.open()
            database = Database(ways)
            stack.push_async_callback(database.drain)
            for work in beginning:
                await database.write(work)
        except (SQLAlchemyError, sqlite3.Error, OSError, ImportError) as error:
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

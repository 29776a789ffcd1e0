"""An open database: each piece of work is one whole transaction. Holds the PostgreSQL backend."""

import asyncio
import secrets
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.store import sqlite
from bot.store.connections import PROCESS_ID
from bot.store.errors import StoreError
from bot.store.leases import expire_leases
from bot.store.migrate import migrate

SQLITE = "sqlite+aiosqlite"
POSTGRESQL = "postgresql+asyncpg"
IN_MEMORY = ":memory:"  # would be lost with each restart, and what was paid for with it

T = TypeVar("T")


class Backend(Protocol):
    """Runs transactions on one kind of database."""

    async def open(self) -> None:
        """Open the connections that the first transaction needs."""
        ...

    async def run(
        self, work: Callable[[AsyncConnection], Awaitable[T]], *, writes: bool, urgent: bool
    ) -> T:
        """Return the result of ``work``, done in a transaction of its own; see `Database.run`."""
        ...

    async def close(self) -> None:
        """Close all connections; no transaction may be running."""
        ...


class PostgresBackend:
    """A PostgreSQL database. Writers don't queue here, so nothing is more urgent than the rest."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = engine.execution_options(isolation_level="REPEATABLE READ")
        self._writing = engine

    async def open(self) -> None:
        """Do nothing: connections are opened on demand."""

    async def run(
        self, work: Callable[[AsyncConnection], Awaitable[T]], *, writes: bool, urgent: bool
    ) -> T:
        """Return the result of ``work``."""
        del urgent
        transaction = self._writing.begin() if writes else self._reading.connect()
        async with transaction as connection:
            return await work(connection)

    async def close(self) -> None:
        """Close the connections."""
        await self._writing.dispose()


class Database:
    """An open database.

    A transaction that has begun runs to its end even if its caller is cancelled: broken off, it
    would leave its connection in the middle of a statement, with its locks.
    """

    def __init__(self, backend: Backend, *, process_id: int | None = None) -> None:
        """Wrap the database.

        Args:
            backend: is open.
            process_id: tells this process from others that use the database (`processes`); None if
                there can be none.
        """
        self.process_id = process_id
        self._backend = backend
        self._running: set[asyncio.Task[object]] = set()

    async def run(
        self,
        work: Callable[[AsyncConnection], Awaitable[T]],
        *,
        writes: bool = False,
        urgent: bool = False,
    ) -> T:
        """Return the result of ``work``, done in one transaction.

        Args:
            work: the statements. **It must have no other side effects**: on SQLite it may be run
                twice (see `sqlite.SqliteBackend`).
            writes: whether it may write. It is then committed at its end and undone by an
                exception; otherwise all of it sees the same moment.
            urgent: whether it goes before the writes that are not, where writers queue.
        """
        transaction: Coroutine[object, object, T] = self._backend.run(
            work, writes=writes, urgent=urgent
        )
        task = asyncio.create_task(transaction)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def drain(self) -> None:
        """Wait for the transactions whose callers were cancelled."""
        while self._running:
            await asyncio.wait(self._running)


@asynccontextmanager
async def open_database(address: str) -> AsyncGenerator[Database]:
    """Open the database at the SQLAlchemy URL ``address`` and migrate it to the newest schema.

    A SQLite file belongs to one process at a time, so leases that an earlier process held expire
    at once. On PostgreSQL other processes may still hold theirs.

    Raises:
        StoreError: it can't be opened; the text is for the operator and holds no password.
    """
    process_id: int | None = None
    async with AsyncExitStack() as stack:
        try:
            url = _supported_url(address)
            first_work = [_migrate]
            if url.drivername == SQLITE:
                stack.enter_context(sqlite.exclusive_lock(url.database or ""))
                backend = sqlite.SqliteBackend(url)
                first_work.append(expire_leases)
            else:
                process_id = secrets.randbits(62)
                backend = PostgresBackend(create_postgres_engine(url, process_id))
            stack.push_async_callback(backend.close)
            await backend.open()
            database = Database(backend, process_id=process_id)
            stack.push_async_callback(database.drain)
            for work in first_work:
                await database.run(work, writes=True)
        except (SQLAlchemyError, sqlite3.Error, OSError, ImportError) as error:
            cause = getattr(error, "orig", None) or error
            raise StoreError(f"The database can't be opened: {cause}.") from error
        yield database


def create_postgres_engine(url: URL, process_id: int) -> AsyncEngine:
    """Return an engine whose transactions know the id of their process."""
    return create_async_engine(
        url, hide_parameters=True, execution_options={PROCESS_ID: process_id}
    )


def sqlite_file(address: str) -> Path | None:
    """Return the file of the database at the SQLAlchemy URL ``address``; None on a server.

    Raises:
        StoreError: it is not the URL of a database that Encore can use.
    """
    url = _supported_url(address)
    return Path(url.database or "") if url.drivername == SQLITE else None


async def _migrate(db: AsyncConnection) -> None:
    await db.run_sync(migrate)


def _supported_url(address: str) -> URL:
    """Return ``address`` as the URL of a SQLite or PostgreSQL database; else raise StoreError."""
    try:
        url = make_url(address)
    except SQLAlchemyError:
        url = None
    if (
        url is None
        or url.drivername not in (SQLITE, POSTGRESQL)
        or url.database in (None, "", IN_MEMORY)
    ):
        raise StoreError(
            f"The database URL has to look like {SQLITE}:///encore.db"
            f" or {POSTGRESQL}://user:password@host/name."
        )
    return url

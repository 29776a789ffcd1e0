"""What SQLite needs to be safe and quick: one process, whole transactions, commits that stay."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import aiosqlite
from filelock import FileLock, Timeout
from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.store.errors import StoreError

READERS = 4

T = TypeVar("T")

_PRAGMAS = (
    "PRAGMA busy_timeout = 10000",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


@contextmanager
def held(database: str) -> Generator[None]:
    """Hold the database file for this process alone; the kernel lets go if the process dies.

    The file is made if it is missing, and put in WAL mode, which it stays in.

    Raises:
        StoreError: another process holds it, or it can't be made, read or written.
    """
    file = Path(database).resolve()
    if not file.parent.is_dir():
        raise StoreError(f"The folder {file.parent} for the database does not exist.")
    lock = FileLock(f"{file}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise StoreError("Another Encore is already running on this database.") from None
    except OSError as error:
        raise StoreError(f"The database {file} can't be locked: {error.strerror}.") from error
    try:
        _make(file)
        yield
    finally:
        lock.release()


def _make(file: Path) -> None:
    """Make ``file`` a database in WAL mode, if it is not one yet."""
    try:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error as error:
        raise StoreError(f"The database {file} can't be opened: {error}.") from error


class File:
    """An open database file.

    All writers take turns, because SQLite has but one write lock; readers have connections of
    their own and are never in the way. Connections stay open, and transactions are begun by us:
    to fetch one from a pool and have it reset costs as much again as a question.
    """

    def __init__(self, url: URL) -> None:
        self._engine = create_async_engine(
            url, isolation_level="AUTOCOMMIT", pool_size=READERS + 1, max_overflow=0
        )
        event.listen(self._engine.sync_engine, "connect", _set_up)
        self._readers: asyncio.LifoQueue[_Connection] = asyncio.LifoQueue()
        self._writer: asyncio.LifoQueue[_Connection] = asyncio.LifoQueue()

    async def open(self) -> None:
        """Open the connections."""
        for number in range(READERS + 1):
            connection = await self._engine.connect()
            raw = await connection.get_raw_connection()
            driver = cast("aiosqlite.Connection", raw.driver_connection)
            free = self._readers if number else self._writer
            free.put_nowait(_Connection(connection, driver))

    async def run(self, work: Callable[[AsyncConnection], Awaitable[T]], *, writes: bool) -> T:
        """Return the result of ``work`` in one transaction."""
        free = self._writer if writes else self._readers
        connection = await free.get()
        try:
            # A writer takes the lock when it begins, not when it first writes, by which time
            # another may have written what it has read.
            await connection.driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            try:
                result = await work(connection.alchemy)
            except BaseException:
                await connection.driver.rollback()
                raise
            await connection.driver.commit()
            return result
        finally:
            free.put_nowait(connection)

    async def close(self) -> None:
        """Let go of the file; nothing may be under way."""
        for free in (self._readers, self._writer):
            while not free.empty():
                await free.get_nowait().alchemy.close()
        await self._engine.dispose()


@dataclass(frozen=True, slots=True)
class _Connection:
    """A connection as SQLAlchemy speaks to it, and as its driver does."""

    alchemy: AsyncConnection
    driver: aiosqlite.Connection


def _set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()

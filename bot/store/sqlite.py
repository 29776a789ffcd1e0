"""What SQLite needs to be safe and quick: one process, whole transactions, commits that stay."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Sequence
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
MAX_BATCH = 8  # pieces of work in one commit

T = TypeVar("T")

_PRAGMAS = (
    "PRAGMA busy_timeout = 10000",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


@contextmanager
def exclusive_lock(database: str) -> Generator[None]:
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


class SqliteBackend:
    """An open database file.

    SQLite has but one write lock, and each commit waits for the disk. So all writers share one
    connection, and whoever comes while a commit is under way shares the next: a transaction of
    several pieces of work, each done alone should one of them fail. What is urgent goes before
    the rest, and in a commit of its own. Readers have connections of their own and are never in
    the way.

    Connections stay open, and transactions are begun by us: to fetch one from a pool and have it
    reset costs as much again as a question.
    """

    def __init__(self, url: URL) -> None:
        self._engine = create_async_engine(
            url, isolation_level="AUTOCOMMIT", pool_size=READERS + 1, max_overflow=0
        )
        event.listen(self._engine.sync_engine, "connect", _set_up)
        self._readers: asyncio.LifoQueue[_Connection] = asyncio.LifoQueue()
        # what a member waits for, and what only loops wait for
        self._urgent: deque[_Work] = deque()
        self._ordinary: deque[_Work] = deque()
        self._has_come = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open the connections."""
        self._writing = asyncio.create_task(self._write(await self._connection()))
        for _ in range(READERS):
            self._readers.put_nowait(await self._connection())

    async def run(
        self, work: Callable[[AsyncConnection], Awaitable[T]], *, writes: bool, first: bool = False
    ) -> T:
        """Return the result of ``work``, which sees one moment, and is committed if it writes."""
        if writes:
            done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            (self._urgent if first else self._ordinary).append(_Work(work, done))
            self._has_come.set()
            return await done
        connection = await self._readers.get()
        try:
            await connection.driver.execute("BEGIN")
            try:
                return await work(connection.alchemy)
            finally:
                await connection.driver.rollback()
        finally:
            self._readers.put_nowait(connection)

    async def close(self) -> None:
        """Let go of the file; nothing may be under way."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        while not self._readers.empty():
            await self._readers.get_nowait().alchemy.close()
        await self._engine.dispose()

    async def _connection(self) -> "_Connection":
        connection = await self._engine.connect()
        raw = await connection.get_raw_connection()
        return _Connection(connection, cast("aiosqlite.Connection", raw.driver_connection))

    async def _write(self, connection: "_Connection") -> None:
        """Do the work that has come, commit it together, and wait for more."""
        try:
            while await self._has_come.wait():
                line = self._urgent or self._ordinary
                await _commit_batch(
                    connection, [line.popleft() for _ in range(min(len(line), MAX_BATCH))]
                )
                if not (self._urgent or self._ordinary):
                    self._has_come.clear()
        finally:
            await connection.alchemy.close()


async def _commit_batch(connection: "_Connection", batch: Sequence["_Work"]) -> None:
    """Do ``batch`` in one transaction, and tell each who asked what came of it.

    Should one of them fail, all are undone and each is done in a transaction of its own: that is
    rare, and a savepoint for each would take as long as most of what is done.
    """
    driver = connection.driver
    try:
        # It takes the lock when it begins, not when it first writes, by which time another
        # process may have written what it has read.
        await driver.execute("BEGIN IMMEDIATE")
        results = [await work.todo(connection.alchemy) for work in batch]
        await driver.commit()
    except Exception as error:  # noqa: BLE001 - handed to the one who asked
        await driver.rollback()
        if len(batch) == 1:
            batch[0].done.set_exception(error)
            return
        for work in batch:
            await _commit_batch(connection, [work])
    else:
        for work, result in zip(batch, results, strict=True):
            work.done.set_result(result)


@dataclass(frozen=True, slots=True)
class _Work:
    """A piece of work that writes, and the one who waits for its commit."""

    todo: Callable[[AsyncConnection], Awaitable[Any]]
    done: asyncio.Future[Any]


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

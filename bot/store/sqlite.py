"""The SQLite backend: one process, one writing connection, several pieces of work in one commit.

**Every store function must be free of side effects other than its SQL: when one piece of work in
a commit fails, the others are undone and run again.**
"""

import asyncio
import contextlib
import os
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import aiosqlite
from filelock import FileLock, Timeout
from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.store.connections import PROCESS_ID
from bot.store.errors import StoreError

MAX_READERS = 4
MAX_BATCH = 8  # pieces of work in one commit

T = TypeVar("T")

_PRAGMAS = (
    "PRAGMA busy_timeout = 10000",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


@contextmanager
def exclusive_lock(database: str) -> Generator[None]:
    """Lock the database file for this process; the kernel unlocks it if the process dies.

    A missing file is created, for its owner only. The file is put in WAL mode, which SQLite
    remembers.

    Raises:
        StoreError: another process holds it, it has a second name, it is damaged, or it can't be
            created, read or written.
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
        _create(file)
        _set_wal_mode(file)
        yield
    finally:
        lock.release()


def _create(file: Path) -> None:
    """Create the file if it is missing: it will hold lyrics, and tokens of interactions.

    SQLite gives the files beside it the same permissions.
    """
    with contextlib.suppress(OSError):  # SQLite says what is wrong
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    if file.is_file() and file.stat().st_nlink > 1:
        # the lock and the log of each name are other files
        raise StoreError(
            f"The database {file} has another name too (a hard link), which SQLite can't use "
            "safely: remove one of the two, or copy the file."
        )


def _set_wal_mode(file: Path) -> None:
    """Set the mode, after a check that takes about a second for a gigabyte."""
    try:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"The database {file} can't be opened: {error}.") from error
    if found != "ok":
        what = " ".join(found.split())
        raise StoreError(
            f"The database {file} is damaged ({what}): restore a backup, or repair it with "
            "`sqlite3` and `.recover`."
        )


class SqliteBackend:
    """An open database file.

    SQLite has one write lock, and each commit waits for the disk. So all writers share one
    connection, and work that has arrived shares a commit: up to `MAX_BATCH` pieces in one
    transaction, or each in its own should one of them fail. Urgent work goes before the rest, and
    in a commit of its own: as soon as it arrives, nothing more is added to a commit of the rest.
    Readers have their own connections and never wait for writers.

    Connections stay open, and transactions are begun here: to take a connection from a pool and
    have it reset costs as much as a second query.
    """

    def __init__(self, url: URL, *, process_id: int | None = None) -> None:
        """Wrap the file.

        Args:
            url: names it.
            process_id: tells this process from others (`processes`); None if there are none.
        """
        self._engine = create_async_engine(
            url,
            execution_options={PROCESS_ID: process_id},
            isolation_level="AUTOCOMMIT",
            pool_size=MAX_READERS + 1,
            max_overflow=0,
            hide_parameters=True,  # lyrics and tokens, in the texts of errors
        )
        event.listen(self._engine.sync_engine, "connect", _set_pragmas)
        self._readers: asyncio.LifoQueue[_Connection] = asyncio.LifoQueue()
        # members wait for urgent work, only loops for the other
        self._urgent: deque[_Work] = deque()
        self._ordinary: deque[_Work] = deque()
        self._has_work = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open the connections, and start the writer."""
        self._writer = asyncio.create_task(self._write_batches(await self._connect()))
        for _ in range(MAX_READERS):
            self._readers.put_nowait(await self._connect())

    async def run(
        self, work: Callable[[AsyncConnection], Awaitable[T]], *, writes: bool, urgent: bool
    ) -> T:
        """Return the result of ``work``, which is committed if it writes."""
        if writes:
            done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            (self._urgent if urgent else self._ordinary).append(_Work(work, done))
            self._has_work.set()
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
        """Close all connections; no transaction may be running."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        while not self._readers.empty():
            await self._readers.get_nowait().alchemy.close()
        await self._engine.dispose()

    async def _connect(self) -> "_Connection":
        connection = await self._engine.connect()
        raw = await connection.get_raw_connection()
        return _Connection(connection, cast("aiosqlite.Connection", raw.driver_connection))

    async def _write_batches(self, connection: "_Connection") -> None:
        """Commit all work that arrives, batch by batch, until cancelled."""
        try:
            while await self._has_work.wait():
                await _commit_batch(connection, self._next_batch())
                if not (self._urgent or self._ordinary):
                    self._has_work.clear()
        finally:
            await connection.alchemy.close()

    def _next_batch(self) -> Iterator["_Work"]:
        """Take the work for one commit, each piece when it is to be done: it may arrive until then.

        Ordinary work ends where urgent work has arrived.
        """
        queue = self._urgent or self._ordinary
        for _ in range(MAX_BATCH):
            if not queue or (queue is self._ordinary and self._urgent):
                return
            yield queue.popleft()


async def _commit_batch(connection: "_Connection", batch: Iterator["_Work"]) -> None:
    """Do ``batch`` in one transaction, and give each caller its result or its exception.

    Should one of them fail, all are undone and each is run again in a transaction of its own:
    that is rare, and a savepoint for each would take as long as most of the work.
    """
    driver, begun = connection.driver, [next(batch)]
    try:
        # IMMEDIATE takes the write lock now, not at the first write, by which time another
        # process may have changed what was read.
        await driver.execute("BEGIN IMMEDIATE")
        results = [await begun[0].function(connection.alchemy)]
        for work in batch:
            begun.append(work)
            results.append(await work.function(connection.alchemy))
        await driver.commit()
    except Exception as error:  # noqa: BLE001 - handed to the caller
        await driver.rollback()
        if len(begun) == 1:
            begun[0].done.set_exception(error)
            return
        for work in begun:
            await _commit_batch(connection, iter((work,)))
    else:
        for work, result in zip(begun, results, strict=True):
            work.done.set_result(result)


@dataclass(frozen=True, slots=True)
class _Work:
    """Statements that write, and the future that gets their result after the commit."""

    function: Callable[[AsyncConnection], Awaitable[Any]]
    done: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Connection:
    """One connection, as SQLAlchemy wraps it and as its driver made it."""

    alchemy: AsyncConnection
    driver: aiosqlite.Connection


def _set_pragmas(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()

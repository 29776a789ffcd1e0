"""What SQLite needs to be safe and quick: one process, whole transactions, commits that stay.

A transaction is done in one go in a thread. Handed to a thread statement by statement, as
asynchronous drivers do, it would spend most of its time on the way there and back.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, CursorResult, Dialect, Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.errors import StoreError

# An execution option: the transaction takes the write lock when it begins, not when it first
# writes, by which time another may have written what it has read.
_WRITES = "encore_writes"
_READERS = 4

P = ParamSpec("P")
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
    their own and are never in the way.
    """

    def __init__(self, url: URL) -> None:
        self._reading = create_engine(url.set(drivername="sqlite"), pool_size=_READERS + 1)
        _prepare(self._reading)
        self._writing = self._reading.execution_options(**{_WRITES: True})
        self._readers = ThreadPoolExecutor(_READERS, "encore-reader")
        self._writer = ThreadPoolExecutor(1, "encore-writer")

    async def run(self, work: Callable[[AsyncConnection], Awaitable[T]], *, writes: bool) -> T:
        """Return the result of ``work``, which waits for nothing but its connection."""

        def transaction() -> T:
            begun = self._writing.begin() if writes else self._reading.connect()
            with begun as connection:
                return _result(work(cast("AsyncConnection", _Present(connection))))

        threads = self._writer if writes else self._readers
        return await asyncio.get_running_loop().run_in_executor(threads, transaction)

    async def close(self) -> None:
        """Let go of the file; nothing may be under way."""
        self._writer.shutdown()
        self._readers.shutdown()
        self._reading.dispose()


class _Present:
    """The part of `AsyncConnection` that the store uses, whose answers are there at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        return self._connection.dialect

    async def execute(self, *statement: Any) -> CursorResult[Any]:  # noqa: ANN401 - passed on
        return self._connection.execute(*statement)

    async def exec_driver_sql(self, *statement: Any) -> CursorResult[Any]:  # noqa: ANN401
        return self._connection.exec_driver_sql(*statement)

    async def run_sync(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return work(self._connection, *args, **kwargs)


def _result(work: Awaitable[T]) -> T:
    """Return what ``work`` returns; there is no event loop that it could wait in."""
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as end:
        return end.value
    raise RuntimeError("Within a transaction nothing is waited for.")


def _prepare(engine: Engine) -> None:
    """Have each connection of ``engine`` set up, and its transactions begun by us.

    Left alone, Python's driver begins a transaction only at the first write, so that reads before
    it would be outside.
    """

    def set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", begin)

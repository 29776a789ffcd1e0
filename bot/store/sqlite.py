"""What SQLite needs to be safe: one process, whole transactions, commits that stay."""

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.errors import StoreError

# An execution option: the transaction takes the write lock when it begins, not when it first
# writes, by which time another may have written what it has read.
WRITES = "encore_writes"

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


def prepare(engine: AsyncEngine) -> None:
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
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine.sync_engine, "connect", set_up)
    event.listen(engine.sync_engine, "begin", begin)

"""A copy of the database, made while Encore may be running."""

import sqlite3
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from bot.store.database import SQLITE, sqlite_file
from bot.store.errors import StoreError


def back_up(address: str, target: Path) -> None:
    """Copy the SQLite database at the SQLAlchemy URL ``address`` into a new file.

    The copy is of one moment, and complete in one file (SQLite's *Online Backup API*).

    Raises:
        StoreError: it can't be copied; the text is for the operator.
    """
    file = sqlite_file(address)
    if file is None:
        raise StoreError("A PostgreSQL database is backed up with pg_dump; see README.md.")
    if not file.exists():
        raise StoreError(f"There is no database at {file}.")
    try:
        target.touch(mode=0o600, exist_ok=False)
        reading = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
        with closing(reading) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy, pages=1000, sleep=0.01)
    except FileExistsError as error:
        raise StoreError(f"{target} exists already.") from error
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"The database can't be copied to {target}: {error}.") from error


@contextmanager
def snapshot(address: str) -> Generator[str]:
    """Yield the URL of a database to read from while Encore runs on the one at ``address``.

    Of SQLite that is a copy, deleted at the end, since a file belongs to one process at a time.

    Raises:
        StoreError: it can't be copied.
    """
    if sqlite_file(address) is None:
        yield address
        return
    with tempfile.TemporaryDirectory(prefix="encore-") as folder:
        copy = Path(folder) / "encore.db"
        back_up(address, copy)
        yield f"{SQLITE}:///{copy}"

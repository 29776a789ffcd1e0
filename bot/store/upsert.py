"""INSERT … ON CONFLICT, which SQLite and PostgreSQL have in common and SQLAlchemy spells twice."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

_INSERTS: Mapping[str, Callable[[Table], Any]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


def insert(db: AsyncConnection, table: Table) -> sqlite.Insert:
    """Return an INSERT for the database behind ``db``."""
    return insert_in(db.dialect.name, table)


def insert_in(dialect: str, table: Table) -> sqlite.Insert:
    """Return an INSERT in a dialect of SQL, by its name.

    The two classes are alike in all that the store uses, so both pass as one.
    """
    return _INSERTS[dialect](table)

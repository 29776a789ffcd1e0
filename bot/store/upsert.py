"""INSERT … ON CONFLICT, which SQLite and PostgreSQL have in common and SQLAlchemy spells twice."""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def insert(db: AsyncConnection, table: Table) -> sqlite.Insert:
    """Return an INSERT for the database behind ``db``.

    The two classes are alike in all that the store uses, so both pass as one.
    """
    if db.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)  # pyright: ignore[reportReturnType]

"""The migrations lead to the tables of schema.py."""

import logging

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.store.migrate import migrate
from bot.store.schema import metadata

SCHEMA = text("""
    SELECT name, sql FROM sqlite_master
    WHERE name NOT LIKE 'alembic%' AND name NOT LIKE 'sqlite%' ORDER BY name
""")


def differences(connection: Connection) -> list[object]:
    """Return how the schema behind ``connection`` differs from the tables."""
    return compare_metadata(MigrationContext.configure(connection), metadata)


def clauses(sql: str) -> list[str]:
    """Return the clauses of a CREATE statement; those of a table sorted, as SQLite appends columns.

    SQLite quotes a renamed column if its old name was quoted.
    """
    sql = " ".join(sql.split()).replace('"', "")
    if not sql.startswith("CREATE TABLE"):
        return [sql]
    head, _, body = sql.partition("(")
    return [head.strip(), *sorted(clause.strip() for clause in body[: body.rindex(")")].split(","))]


async def test_migrations_make_the_tables(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(migrate)
        assert await connection.run_sync(differences) == []
    await engine.dispose()


def test_migrations_make_the_tables_to_the_letter() -> None:
    schemas: list[list[tuple[str, list[str]]]] = []
    for make in (migrate, metadata.create_all):
        engine = create_engine("sqlite://")
        with engine.begin() as connection:
            make(connection)
            schemas.append([(name, clauses(sql)) for name, sql in connection.execute(SCHEMA)])
        engine.dispose()
    assert schemas[0] == schemas[1]


def test_migrating_again_changes_nothing() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        migrate(connection)
        before = connection.execute(SCHEMA).all()
        migrate(connection)
        assert connection.execute(SCHEMA).all() == before
    engine.dispose()


def test_migrating_leaves_logging_alone(caplog: pytest.LogCaptureFixture) -> None:
    root, alembic = logging.getLogger(), logging.getLogger("alembic")
    before = [*root.handlers], root.level, alembic.level, alembic.disabled
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        migrate(connection)
    engine.dispose()
    assert ([*root.handlers], root.level, alembic.level, alembic.disabled) == before
    assert caplog.records == []

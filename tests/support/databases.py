"""Fixtures of databases; migrating one takes longer than most tests, so a migrated one is copied.

For ``pytest_plugins`` of the conftest at the top.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.store.store import Store

POSTGRES = os.environ.get("ENCORE_TEST_POSTGRES_URL")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file of the newest schema without a row."""
    file = tmp_path_factory.mktemp("empty") / "encore.db"

    async def make() -> None:
        async with Store.open(f"sqlite+aiosqlite:///{file}"):
            pass

    asyncio.run(make())
    return file


@pytest.fixture
def sqlite_url(empty_database: Path, tmp_path: Path) -> str:
    """The URL of an empty database of the test's own."""
    shutil.copy(empty_database, tmp_path / "encore.db")
    return f"sqlite+aiosqlite:///{tmp_path / 'encore.db'}"


@pytest.fixture
def url(sqlite_url: str) -> str:
    """The database that ``store`` opens; the store's own tests have PostgreSQL, too."""
    return sqlite_url


@pytest.fixture
async def store(url: str) -> AsyncGenerator[Store]:
    """An open store without a row."""
    async with Store.open(url) as store:
        yield store


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[str]:
    """The URL of a new database on the given server, one for each process that runs tests."""
    if POSTGRES is None:
        pytest.skip("ENCORE_TEST_POSTGRES_URL names no PostgreSQL")
    name = f"encore_tests_{WORKER}"

    async def execute(*statements: str) -> None:
        engine = create_async_engine(POSTGRES, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            for statement in statements:
                await connection.execute(text(statement))
        await engine.dispose()

    drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
    asyncio.run(execute(drop, f"CREATE DATABASE {name}"))
    yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    asyncio.run(execute(drop))


@pytest.fixture
async def postgres_url(postgres_database: str) -> str:
    engine = create_async_engine(postgres_database)
    async with engine.begin() as connection:
        await connection.execute(text("DROP SCHEMA IF EXISTS public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
    await engine.dispose()
    return postgres_database

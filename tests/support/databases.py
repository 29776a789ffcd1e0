"""Fixtures of databases; migrating one takes longer than most tests, so a migrated one is copied.

For ``pytest_plugins`` of the conftest at the top.
"""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.store.store import Store


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

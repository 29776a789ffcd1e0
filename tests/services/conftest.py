"""A store of its own for each test, and the services on it."""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.store.store import Store
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import ServiceHarness


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the newest schema, to be copied: migrating takes longer than any test."""
    file = tmp_path_factory.mktemp("empty") / "encore.db"

    async def make() -> None:
        async with Store.open(f"sqlite+aiosqlite:///{file}"):
            pass

    asyncio.run(make())
    return file


@pytest.fixture
def url(empty_database: Path, tmp_path: Path) -> str:
    shutil.copy(empty_database, tmp_path / "encore.db")
    return f"sqlite+aiosqlite:///{tmp_path / 'encore.db'}"


@pytest.fixture
async def store(url: str) -> AsyncGenerator[Store]:
    async with Store.open(url) as store:
        yield store


@pytest.fixture
def suno() -> ScriptedProvider:
    return ScriptedProvider()


@pytest.fixture
def world(store: Store, suno: ScriptedProvider) -> ServiceHarness:
    return ServiceHarness(store, suno)

"""A new store for each test: on SQLite, and on PostgreSQL if a server is given."""

import asyncio
import os
from collections.abc import Iterator

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

POSTGRES = os.environ.get("ENCORE_TEST_POSTGRES_URL")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")


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


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{request.param}_url")

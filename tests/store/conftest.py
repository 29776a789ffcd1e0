"""A new store for each test: on SQLite, and on PostgreSQL if a server is given."""

import os

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

POSTGRES = os.environ.get("ENCORE_TEST_POSTGRES_URL")


@pytest.fixture
async def postgres_url() -> str:
    if POSTGRES is None:
        pytest.skip("ENCORE_TEST_POSTGRES_URL names no database that may be emptied")
    engine = create_async_engine(POSTGRES)
    async with engine.begin() as connection:
        await connection.execute(text("DROP SCHEMA IF EXISTS public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
    await engine.dispose()
    return POSTGRES


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{request.param}_url")

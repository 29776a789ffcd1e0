"""Several processes on one database: each has a store of its own, and an id."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy import make_url

from bot.store.database import Database, PostgresBackend, create_postgres_engine
from bot.store.sqlite import SqliteBackend
from bot.store.store import Store


@asynccontextmanager
async def open_processes(url: str, count: int = 2) -> AsyncGenerator[list[Store]]:
    """Yield the stores of so many processes on the migrated database at ``url``.

    Encore lets no two processes open one SQLite file. Here they may, so that what processes do to
    each other is tested where there is no PostgreSQL, too.
    """
    async with AsyncExitStack() as stack:
        stores: list[Store] = []
        for number in range(1, count + 1):
            address = make_url(url)
            if address.get_backend_name() == "sqlite":
                backend = SqliteBackend(address, process_id=number)
            else:
                backend = PostgresBackend(create_postgres_engine(address, number))
            stack.push_async_callback(backend.close)
            await backend.open()
            stores.append(Store(Database(backend, process_id=number)))
        yield stores

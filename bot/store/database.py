"""A database that is open: reads, and writes one after the other where that is needed."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.store import sqlite
from bot.store.errors import StoreError
from bot.store.migrate import migrate

SQLITE = "sqlite+aiosqlite"
POSTGRESQL = "postgresql+asyncpg"


class Database:
    """The ways to an open database.

    On SQLite all writers of the process take turns, because it has but one write lock; readers
    have connections of their own and are never in the way.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self.is_shared = engine.dialect.name != "sqlite"
        self._reading = engine.execution_options(isolation_level="REPEATABLE READ")
        self._writing = engine
        self._turn: asyncio.Lock | None = None
        if not self.is_shared:
            self._reading = engine
            self._writing = engine.execution_options(**{sqlite.WRITES: True})
            self._turn = asyncio.Lock()

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """Give a connection on which all reads see the same moment."""
        async with self._reading.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        """Give a connection in a transaction: committed at the end, undone by an exception."""
        async with AsyncExitStack() as stack:
            if self._turn is not None:
                await stack.enter_async_context(self._turn)
            yield await stack.enter_async_context(self._writing.begin())


@asynccontextmanager
async def opened(address: str) -> AsyncGenerator[Database]:
    """Open the database at the SQLAlchemy URL ``address``, brought to the newest schema.

    Raises:
        StoreError: it can't be opened; the text is for the operator and holds no password.
    """
    async with AsyncExitStack() as stack:
        try:
            url = _known(address)
            if url.drivername == SQLITE:
                stack.enter_context(sqlite.held(url.database or ""))
            engine = create_async_engine(url)
            stack.push_async_callback(engine.dispose)
            if url.drivername == SQLITE:
                sqlite.prepare(engine)
            database = Database(engine)
            async with database.write() as connection:
                await connection.run_sync(migrate)
        except (SQLAlchemyError, OSError, ImportError) as error:
            cause = getattr(error, "orig", None) or error
            raise StoreError(f"The database can't be opened: {cause}.") from error
        yield database


def _known(address: str) -> URL:
    """Return ``address`` as a URL of a database that the store was made for."""
    try:
        url = make_url(address)
    except SQLAlchemyError:
        url = None
    if url is None or url.drivername not in (SQLITE, POSTGRESQL) or not url.database:
        raise StoreError(
            f"The database URL has to look like {SQLITE}:///encore.db"
            f" or {POSTGRESQL}://user:password@host/name."
        )
    return url

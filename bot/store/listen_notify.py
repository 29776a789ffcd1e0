"""Short messages between the processes that share a PostgreSQL, by its LISTEN and NOTIFY.

They are hints: one that is lost while the connection is broken is not sent again.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from typing import Protocol, cast

from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.store.connections import CHANNEL
from bot.store.database import sqlite_file

log = logging.getLogger(__name__)

MIN_INTERVAL = 0.2  # seconds: the same text within them is sent once
PING_INTERVAL = 10.0  # seconds without a message after which the connection is tried
ANSWER_TIMEOUT = 10.0  # seconds
RECONNECT_PAUSE = 1.0  # seconds
PING = ""

Receive = Callable[[object, int, str, str], None]  # the connection, its sender, the channel, text


class Listener(Protocol):
    """What is used of a connection of asyncpg."""

    async def add_listener(self, channel: str, callback: Receive) -> None:
        """Have ``callback`` called for each message."""
        ...

    def add_termination_listener(self, callback: Callable[[object], None]) -> None:
        """Have ``callback`` called when the connection ends."""
        ...

    async def execute(self, query: str, *args: str) -> str:
        """Run a statement."""
        ...

    def get_server_pid(self) -> int:
        """Return the number by which messages name their sender."""
        ...

    def is_closed(self) -> bool:
        """Whether the connection has ended."""
        ...


Connect = Callable[[], AbstractAsyncContextManager[Listener]]


class Notifications:
    """Sends texts to other processes, and hands on what they send. Reconnects by itself.

    Args:
        connect: opens a connection of its own.
        receive: called with each text of another process.
    """

    def __init__(
        self,
        connect: Connect,
        receive: Callable[[str], None],
        *,
        reconnect_pause: float = RECONNECT_PAUSE,
        ping_interval: float = PING_INTERVAL,
        min_interval: float = MIN_INTERVAL,
    ) -> None:
        self._connect = connect
        self._handle_text = receive
        self._reconnect_pause = reconnect_pause
        self._ping_interval = ping_interval
        self._min_interval = min_interval
        self._unsent: set[str] = set()
        self._has_news = asyncio.Event()

    def send(self, text: str) -> None:
        """Send ``text``, soon and in the background."""
        self._unsent.add(text)
        self._has_news.set()

    async def run(self) -> None:
        """Send and receive until cancelled."""
        is_lost = False
        while True:
            try:
                async with self._connect() as listener:
                    if is_lost:
                        log.info("Connected to PostgreSQL again: other processes are heard")
                    is_lost = False
                    await self._serve(listener)
            except Exception as error:  # noqa: BLE001 - whatever broke it, a new connection may work
                if not is_lost:
                    log.warning("Other processes can't be heard now: %s", type(error).__name__)
                is_lost = True
            await asyncio.sleep(self._reconnect_pause)

    async def _serve(self, listener: Listener) -> None:
        """Send and receive until the connection ends."""
        own = listener.get_server_pid()

        def receive(_connection: object, sender: int, _channel: str, text: str) -> None:
            if sender != own and text != PING:
                self._handle_text(text)

        listener.add_termination_listener(lambda _: self._has_news.set())
        await listener.add_listener(CHANNEL, receive)
        while not listener.is_closed():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._ping_interval):
                    await self._has_news.wait()
            self._has_news.clear()
            texts, self._unsent = self._unsent or {PING}, set()
            async with asyncio.timeout(ANSWER_TIMEOUT):
                for text in texts:
                    await listener.execute("SELECT pg_notify($1, $2)", CHANNEL, text)
            await asyncio.sleep(self._min_interval)


@asynccontextmanager
async def open_listener(engine: AsyncEngine) -> AsyncGenerator[Listener]:
    """Yield the driver's own connection of one of ``engine``: SQLAlchemy knows no LISTEN."""
    async with engine.connect() as connection:
        raw = await connection.get_raw_connection()
        yield cast("Listener", raw.driver_connection)


@asynccontextmanager
async def open_notifications(
    address: str, receive: Callable[[str], None]
) -> AsyncGenerator[Callable[[str], None] | None]:
    """Yield a function that sends a text to the other processes, whose texts go to ``receive``.

    None if there are no others, as the database at the SQLAlchemy URL ``address`` is SQLite.
    """
    if sqlite_file(address) is not None:
        yield None
        return
    engine = create_async_engine(
        address, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True
    )
    notifications = Notifications(partial(open_listener, engine), receive)
    running = asyncio.create_task(notifications.run())
    try:
        yield notifications.send
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await engine.dispose()

"""Messages between processes: on a scripted connection, and on PostgreSQL if a server is given."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import aiosqlite
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.store.connections import CHANNEL
from bot.store.listen_notify import Notifications, Receive, open_listener, open_notifications
from bot.store.processes import PROCESS_ENDED
from bot.store.store import Store
from tests.support.service_harness import until
from tests.support.store_samples import NOW

OWN, OTHER = 1, 2


class ScriptedListener:
    """A connection of asyncpg, as far as it is used."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.receive: Receive | None = None
        self.ended: Callable[[object], None] | None = None
        self.error: Exception | None = None
        self.has_ended = False

    async def add_listener(self, channel: str, callback: Receive) -> None:
        assert channel == CHANNEL
        self.receive = callback

    def add_termination_listener(self, callback: Callable[[object], None]) -> None:
        self.ended = callback

    async def execute(self, query: str, *args: str) -> str:
        assert query == "SELECT pg_notify($1, $2)"
        if self.error:
            raise self.error
        self.sent.append(args[1])
        return "SELECT 1"

    def get_server_pid(self) -> int:
        return OWN

    def is_closed(self) -> bool:
        return self.has_ended

    def hear(self, sender: int, message: str) -> None:
        assert self.receive is not None
        self.receive(self, sender, CHANNEL, message)

    def end(self) -> None:
        self.has_ended = True
        assert self.ended is not None
        self.ended(self)


class Server:
    """Has connections, and may refuse some."""

    def __init__(self, *, refused: int = 0) -> None:
        self.listeners: list[ScriptedListener] = []
        self.refused = refused

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[ScriptedListener]:
        if self.refused:
            self.refused -= 1
            raise ConnectionRefusedError
        self.listeners.append(ScriptedListener())
        yield self.listeners[-1]


@asynccontextmanager
async def running(
    server: Server, heard: list[str], *, ping_interval: float = 60
) -> AsyncIterator[Notifications]:
    made = Notifications(
        server.connect,
        heard.append,
        reconnect_pause=0.001,
        ping_interval=ping_interval,
        min_interval=0.001,
    )
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_text_that_is_sent_twice_at_once_is_sent_once() -> None:
    server = Server()
    async with running(server, []) as made:
        for _ in range(3):
            made.send("submitter")
        await until(lambda: server.listeners and server.listeners[0].sent)
        made.send("session_runner")
        await until(lambda: len(server.listeners[0].sent) == 2)
    assert server.listeners[0].sent == ["submitter", "session_runner"]


async def test_texts_of_others_are_received_and_own_ones_and_pings_are_not() -> None:
    server, heard = Server(), list[str]()
    async with running(server, heard):
        await until(lambda: server.listeners and server.listeners[0].receive)
        for sender, message in ((OWN, "submitter"), (OTHER, ""), (OTHER, "session_runner")):
            server.listeners[0].hear(sender, message)
    assert heard == ["session_runner"]


async def test_silent_connection_is_pinged() -> None:
    server = Server()
    async with running(server, [], ping_interval=0.001):
        await until(lambda: server.listeners and len(server.listeners[0].sent) > 1)
    assert set(server.listeners[0].sent) == {""}


async def test_broken_connection_is_made_anew_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "bot.store.listen_notify")
    server = Server(refused=3)
    async with running(server, []) as made:
        await until(lambda: server.listeners)
        server.listeners[0].error = ConnectionResetError()
        made.send("submitter")
        await until(lambda: len(server.listeners) == 2 and server.listeners[1].ended)
        server.listeners[1].end()
        await until(lambda: len(server.listeners) == 3)
        made.send("session_runner")
        await until(lambda: "session_runner" in server.listeners[2].sent)
    told = [record.getMessage() for record in caplog.records]
    lost, back = (
        "Other processes can't be heard now: ",
        "Connected to PostgreSQL again: other processes are heard",
    )
    assert told == [f"{lost}ConnectionRefusedError", back, f"{lost}ConnectionResetError", back]


async def test_listener_is_the_connection_of_the_driver(sqlite_url: str) -> None:
    engine = create_async_engine(sqlite_url)  # any driver will do
    async with open_listener(engine) as listener:
        assert isinstance(listener, aiosqlite.Connection)
    await engine.dispose()


async def test_nobody_is_told_on_sqlite(sqlite_url: str) -> None:
    async with open_notifications(sqlite_url, print) as send:
        assert send is None


async def test_unreachable_server_is_tried_again_until_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with open_notifications("postgresql+asyncpg://e@127.0.0.1:1/e", print) as send:
        assert send is not None
        await until(lambda: caplog.records)


async def test_processes_on_postgres_hear_each_other_also_after_a_restart(
    postgres_url: str,
) -> None:
    first, second = list[str](), list[str]()
    async with (
        open_notifications(postgres_url, first.append) as tell_second,
        open_notifications(postgres_url, second.append),
    ):
        assert tell_second is not None

        def told(text: str) -> bool:
            tell_second(text)
            return text in second

        await until(lambda: told("submitter"))
        engine = create_async_engine(postgres_url)
        async with engine.begin() as connection:
            killed = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
            own = "pg_backend_pid() AND datname = current_database()"
            await connection.execute(text(killed + own))
        await engine.dispose()
        await until(lambda: told("session_runner"))
        async with Store.open(postgres_url) as store:
            await store.beat_process(now=NOW)
            await store.end_process()
        await until(lambda: PROCESS_ENDED in first and PROCESS_ENDED in second)
    assert "submitter" not in first

"""Processes that are killed one after the other, while PostgreSQL goes away now and then, too."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.support.bot_harness import PROVIDERS, BotHarness, colour
from tests.support.bot_processes import BotProcesses, running_processes
from tests.support.databases import POSTGRES
from tests.support.torture import (
    DATABASE_OUTAGES,
    EXTENSIONS,
    KILL_INTERVAL,
    PROCESSES,
    SECONDS,
)

ASKED = (*PROVIDERS, "acestep")
OUTAGE = 3.0  # seconds that nobody reaches the database, as while a server is restarted
FINAL_TIMEOUT = 90.0 + EXTENSIONS / 10  # seconds after the last kill: a lease, and what is left
CUT_OFF = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
UNFINISHED = (
    "SELECT count(*) FROM extensions WHERE published < revision OR status IN "
    "('waiting', 'submitting', 'submitted', 'streaming')"
)


@dataclass
class Torture:
    """What is done to the processes, and what came of it."""

    processes: BotProcesses
    chance: random.Random
    kills: int = 0
    outages: int = 0
    asking: list[asyncio.Task[object]] = field(default_factory=list[asyncio.Task[object]])

    async def ask(self) -> None:
        """Have members in the guilds of all shards ask for extensions, evenly over the time."""
        for number in range(EXTENSIONS):
            provider, shard = ASKED[number % len(ASKED)], number % PROCESSES
            asked = self.processes.ask(provider, shard, number=number)
            self.asking.append(asyncio.create_task(asked))
            await asyncio.sleep(SECONDS / EXTENSIONS)

    async def kill(self) -> None:
        """Kill a process every few seconds; it starts again at once."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end - KILL_INTERVAL:
            await asyncio.sleep(KILL_INTERVAL)
            number = self.chance.randrange(PROCESSES)
            await self.processes.kill(number)
            self.kills += 1
            await self.processes.start(number)

    async def cut_off_database(self) -> None:
        """Have the server drop all connections, and take none for a while."""
        for _ in range(DATABASE_OUTAGES):
            await asyncio.sleep(SECONDS / (DATABASE_OUTAGES + 1))
            name = make_url(self.processes.url).database
            await on_server(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false", CUT_OFF, name=name)
            await asyncio.sleep(OUTAGE)
            await on_server(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            self.outages += 1

    async def answer_all(self) -> None:
        """Have the members who were not answered send what they wrote once more."""
        while waiting := [each for each in self.processes.requests if not each.is_answered]:
            for start in range(0, len(waiting), 10):
                await asyncio.gather(*map(self.processes.send, waiting[start : start + 10]))

    def figures(self, *, seconds: float) -> str:
        shown = self.processes.replies()
        colours = Counter(colour(each) for replies in shown.values() for each in replies)
        refused = sum(each.is_refused for each in self.processes.requests)
        return (
            f"{len(self.processes.requests)} asked, {self.kills} kills, {self.outages} outages; "
            f"final {seconds:.1f} s after the last; replies by colour {dict(colours)}, "
            f"{refused} refused; problems: {self.processes.problems()}"
        )


async def on_server(*statements: str, **parameters: object) -> None:
    assert POSTGRES is not None
    engine = create_async_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement), parameters)
    await engine.dispose()


@pytest.mark.torture
async def test_nothing_is_sent_twice_or_lost_whichever_process_is_killed(
    offline_harness: BotHarness, postgres_url: str, tmp_path: Path
) -> None:
    offline_harness.has_acestep = True
    offline_harness.overrides["ACESTEP_LENGTH"] = "10"
    processes = running_processes(offline_harness, postgres_url, tmp_path, count=PROCESSES)
    async with processes as running:
        torture = Torture(running, random.Random(7))
        await asyncio.gather(torture.ask(), torture.kill(), torture.cut_off_database())
        await asyncio.gather(*torture.asking)
        await torture.answer_all()
        ended = time.monotonic()
        try:
            await running.until_rows(UNFINISHED, 0, within=FINAL_TIMEOUT)
        finally:
            # whoever waits for a database that is away answers late
            broken = map(str, offline_harness.discord.violations)
            offline_harness.violations = [each for each in broken if "Unknown interaction" in each]
            print(torture.figures(seconds=time.monotonic() - ended))  # noqa: T201 - for who runs it
        assert running.problems() == []
        assert torture.kills
        assert torture.outages == DATABASE_OUTAGES

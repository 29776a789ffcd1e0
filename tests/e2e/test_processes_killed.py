"""Processes that are killed one after the other, while PostgreSQL is restarted now and then."""

import asyncio
import datetime as dt
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.domain.budgets import Period
from bot.domain.clock import utc_now
from sandbox.postgres import PostgresCluster, running_cluster, server_programs
from sandbox.providers.faults import Fault
from tests.support.bot_harness import PROVIDERS, BotHarness, colour
from tests.support.bot_processes import BotProcesses, running_processes
from tests.support.guild_budgets import GuildBudget
from tests.support.takeovers import LEASE, Takeovers
from tests.support.torture import (
    DATABASE_STOPS,
    EXTENSIONS,
    KILL_INTERVAL,
    PROCESSES,
    SECONDS,
)

OUTAGE = 3.0  # seconds that PostgreSQL stays away
FINAL_TIMEOUT = 90.0 + EXTENSIONS / 10  # seconds after the last kill: a lease, and what is left
UNFINISHED = (
    "SELECT count(*) FROM extensions WHERE published < revision OR status IN "
    "('waiting', 'submitting', 'submitted', 'streaming')"
)
SHARE = EXTENSIONS // PROCESSES  # extensions that the budgets of one server have room for
ASKED = EXTENSIONS + EXTENSIONS // 5
ASKED_PER_FAULT = 10
# refused and not charged; charged, and nobody hears of it; not charged, and nobody hears of it;
# charged in vain
FAULTS = (Fault.BAD_REQUEST, Fault.CLOSE_AFTER, Fault.CLOSE_BEFORE, Fault.ERROR_CLIPS)


@dataclass(repr=False)
class Torture:
    """What is done to the processes, and what came of it."""

    processes: BotProcesses
    cluster: PostgresCluster
    budgets: list[GuildBudget]
    takeovers: Takeovers
    chance: random.Random
    kills: int = 0
    restarts: int = 0
    killed_at: float = 0.0
    answered_at: float = 0.0
    final_at: float = 0.0
    asking: list[asyncio.Task[object]] = field(default_factory=list[asyncio.Task[object]])

    async def ask(self) -> None:
        """Have members in the guilds of all shards ask for extensions, evenly over the time.

        Now and then the service that is to get one fails in one way or another.
        """
        for number in range(ASKED):
            provider, shard = PROVIDERS[number % len(PROVIDERS)], number % PROCESSES
            if number % ASKED_PER_FAULT == ASKED_PER_FAULT - 1:
                account = self.processes.harness.account(provider)
                account.fail_next(self.chance.choice(FAULTS), on="submit")
            asked = self.processes.ask(provider, shard, number=number)
            self.asking.append(asyncio.create_task(asked))
            await asyncio.sleep(SECONDS / ASKED)

    async def kill(self) -> None:
        """Kill a process every few seconds; it starts again at once."""
        begun = time.monotonic()
        for number in range(1, int(SECONDS / KILL_INTERVAL) + 1):
            await asyncio.sleep(begun + number * KILL_INTERVAL - time.monotonic())
            killed = self.chance.randrange(PROCESSES)
            await self.processes.kill(killed)
            self.takeovers.watch(self.processes.process_ids[killed])
            self.kills += 1
            self.killed_at = time.monotonic()
            await self.processes.start(killed)

    async def restart_database(self) -> None:
        """Stop PostgreSQL, by a crash first, and start it after a while."""
        for mode in DATABASE_STOPS:
            await asyncio.sleep(SECONDS / (len(DATABASE_STOPS) + 1))
            await self.cluster.restart(mode, away=OUTAGE)
            self.restarts += 1

    async def count(self) -> None:
        """Count what is used of the budgets, again and again."""
        while True:
            for each in self.budgets:
                await each.count()
            await asyncio.sleep(1)

    async def until_final(self) -> None:
        """Wait until every reply is final, and all work has been taken over."""
        self.answered_at = time.monotonic()
        await self.processes.until_rows(UNFINISHED, 0, within=FINAL_TIMEOUT)
        self.final_at = time.monotonic()
        await self.takeovers.finish()

    async def use_up(self, budget: GuildBudget) -> None:
        """Have members ask until a budget has no room, when no service fails any more."""
        for account in self.processes.harness.providers.accounts.values():
            account.faults.planned.clear()
        shard = self.budgets.index(budget)
        while True:
            asked = await self.processes.ask("suno_api", shard)
            await self.processes.answer([asked])
            if asked.is_over_budget:
                break

    def figures(self) -> str:
        asked, took = self.processes.requests, self.takeovers
        shown = self.processes.replies()
        colours = Counter(f"{colour(each):#x}" for replies in shown.values() for each in replies)
        used = ", ".join(
            f"{each.charged().total()} credits charged, {each.most_counted} of {each.limit} "
            f"extensions, {each.refused} refused"
            for each in self.budgets
        )
        longest = ", ".join(f"{s:.1f} s ({kind})" for kind, s in took.longest.items())
        return (
            f"{len(asked)} asked, {self.kills} kills, {self.restarts} restarts; all answered "
            f"{self.answered_at - self.killed_at:.1f} s after the last kill, final "
            f"{self.final_at - self.answered_at:.1f} s later; replies by colour {dict(colours)}, "
            f"{sum(each.is_refused for each in asked)} unknown, "
            f"{sum(each.is_over_budget for each in asked)} refused by budgets ({used}); "
            f"{took.pieces} pieces of work taken over, after at most {longest}; "
            f"problems: {self.processes.problems()}"
        )


@pytest.fixture
async def cluster() -> AsyncIterator[PostgresCluster]:
    """A PostgreSQL of the test's own: nobody else's is restarted."""
    programs = server_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed here that could be restarted")
    async with running_cluster(programs) as running:
        yield running


@pytest.mark.torture
async def test_nothing_is_sent_twice_or_lost_whichever_process_is_killed(
    offline_harness: BotHarness, cluster: PostgresCluster, tmp_path: Path
) -> None:
    now = utc_now()
    if Period.DAY.end(now) - now < dt.timedelta(seconds=2 * (SECONDS + FINAL_TIMEOUT)):
        pytest.skip("budgets of the day renew too soon")
    processes = running_processes(offline_harness, cluster.url, tmp_path, count=PROCESSES)
    async with processes as running:
        # two servers have less room than members want, one has more
        limits = ((SHARE, 2 * SHARE), (2 * SHARE, SHARE), (2 * SHARE, 2 * SHARE))
        pairs = zip(running.channels, limits, strict=True)
        budgets = [GuildBudget(running, channel, *limit) for channel, limit in pairs]
        for each in budgets:
            await each.set()
        torture = Torture(running, cluster, budgets, Takeovers(running), random.Random(7))
        counting = asyncio.create_task(torture.count())
        await asyncio.gather(torture.ask(), torture.kill(), torture.restart_database())
        await asyncio.gather(*torture.asking)
        await running.answer(running.requests)
        try:
            await torture.until_final()
        finally:
            # whoever waits for a database that is away answers late
            broken = map(str, offline_harness.discord.violations)
            offline_harness.violations = [each for each in broken if "Unknown interaction" in each]
            print(torture.figures())  # noqa: T201 - for who runs it
        assert running.problems() == []
        assert torture.kills
        assert torture.restarts == len(DATABASE_STOPS)
        assert torture.takeovers.late == {}
        assert all(seconds <= LEASE for seconds in torture.takeovers.longest.values())
        assert [each.refused > 0 for each in budgets] == [True, True, False]
        assert [await each.problems() for each in budgets] == [[], [], []]
        for each in budgets[:2]:  # to the last extension: nothing is counted that was not charged
            await torture.use_up(each)
        await torture.until_final()
        counting.cancel()
        assert running.problems() == []
        assert [await each.problems() for each in budgets] == [[], [], []]
        assert [await each.used() for each in budgets[:2]] == [SHARE, SHARE]

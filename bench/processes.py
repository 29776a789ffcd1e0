"""How many extensions one, two and three processes of Encore accept on one PostgreSQL, how soon.

    python bench/processes.py [--smoke]

Each process serves one shard, and members ask in servers of all shards in turn. First so many ask a
second, and each answer is timed. Then more and more members ask at once, each again as soon as
they are answered, until asking more of them brings nothing: that is the most that is accepted. All
that is accepted is also submitted, tracked and shown meanwhile.

PostgreSQL is the one that ENCORE_TEST_POSTGRES_URL names, where databases are made for this, else
a throwaway of the programs that are installed. Where neither is there, nothing is measured.

Discord, the provider and the members are in this process, and all processes share the machine's
cores, with PostgreSQL: what they use of them says what the limit was. Ends with exit code 1 if a
bound is missed.
"""

import asyncio
import itertools
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import astuple, dataclass, field
from pathlib import Path

import psutil
from _harness import (
    LYRICS,
    PROVIDER,
    Row,
    answered_in,
    encore,
    is_smoke,
    middle,
    opened_providers,
    percentile,
    report,
)
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from sandbox.discord.member import Member
from sandbox.discord.models import Channel
from sandbox.discord.server import DiscordServer
from sandbox.postgres import running_cluster, server_programs
from sandbox.processes import ManagedProcess
from sandbox.providers.server import ProviderServer

ACKNOWLEDGED = 200.0  # milliseconds: what a member may wait at most, of Discord's three seconds
START_TIMEOUT = 60.0  # seconds
COMMITS = 50
NO_LIMITS = {"ENCORE_MEMBER_LIMIT": "0", "ENCORE_CHANNEL_LIMIT": "0"}


@dataclass(frozen=True)
class Plan:
    """How big the run is.

    Attributes:
        processes: how many there are, one after the other.
        a_second: how many members ask while answers are timed.
        seconds: for how long, and for how long each crowd asks.
        at_once: how many members ask at once, more and more.
    """

    processes: Sequence[int]
    a_second: float
    seconds: float
    at_once: Sequence[int]


FULL = Plan((1, 2, 3), 8.0, 15.0, (4, 12, 36))
SMOKE = Plan((1, 2), 8.0, 1.0, (4,))


@dataclass(frozen=True)
class Use:
    """What was used of the cores in a while, in cores; ``all`` is whatever ran on the machine."""

    bots: float
    postgres: float
    benchmark: float
    all: float


class Usage:
    """Measures what is used of the cores from now on."""

    def __init__(self, bots: Sequence[psutil.Process]) -> None:
        self._bots = bots
        self._began = time.monotonic()
        self._before = self._seconds()

    def _seconds(self) -> Use:
        """Return the processor time of each until now."""
        machine = psutil.cpu_times()
        idle = machine.idle + getattr(machine, "iowait", 0.0)
        return Use(
            bots=_processor_time(self._bots),
            postgres=_processor_time(
                each for each in psutil.process_iter(["name"]) if each.info["name"] == "postgres"
            ),
            benchmark=_processor_time([psutil.Process()]),
            all=(psutil.cpu_count() or 1) * time.monotonic() - idle,
        )

    def use(self) -> Use:
        """Return what was used since then."""
        took, used = time.monotonic() - self._began, self._seconds()
        return Use(
            *(
                (now - before) / took
                for now, before in zip(astuple(used), astuple(self._before), strict=True)
            )
        )


def _processor_time(processes: Iterable[psutil.Process]) -> float:
    """Return the seconds that processes have used, with those of their children that ended."""
    total = 0.0
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            total += sum(each.cpu_times()[:4])
    return total


@dataclass(frozen=True)
class Crowd:
    """What so many members got who asked at once."""

    at_once: int
    accepted: float  # a second
    submitted: float  # a second
    unanswered: int
    use: Use


@dataclass
class Result:
    """What so many processes reached."""

    processes: int
    commits: list[float]
    answers: list[float] = field(default_factory=list[float])
    crowds: list[Crowd] = field(default_factory=list[Crowd])

    @property
    def best(self) -> Crowd:
        """The crowd of which most was accepted."""
        return max(self.crowds, key=lambda crowd: crowd.accepted)


class Members:
    """Members in servers of all shards, who ask for extensions."""

    def __init__(self, discord: DiscordServer, providers: ProviderServer, shards: int) -> None:
        self._discord = discord
        self._clip = providers.account(PROVIDER).source_clips()[0].id
        state = discord.state
        self._guilds = [
            state.new_guild(f"Guild {shard}", shard=(shard, shards)) for shard in range(shards)
        ]
        self._places = self._new_places()

    def _new_places(self) -> Iterator[tuple[Member, Channel]]:
        """Yield new members, in the servers in turn.

        Each has a channel of their own: members of one are accepted one after the other, as its
        limit is theirs together.
        """
        state = self._discord.state
        for number, guild in enumerate(itertools.cycle(self._guilds)):
            member = self._discord.member(f"member{number}")
            state.join(guild, member.user)
            yield member, state.new_channel(f"songs-{number}", guild)

    def step_forward(self, count: int) -> list[tuple[Member, Channel]]:
        """Return so many new members, and where they write."""
        return list(itertools.islice(self._places, count))

    async def ask(self, member: Member, channel: Channel) -> list[float]:
        """Have a member ask; return the milliseconds that each answer took.

        Raises:
            RuntimeError: the bot did not answer.
        """
        opened = await member.slash("extend", channel=channel, clip=self._clip, at="1:00")
        modal = answered_in(opened)
        sent = await member.submit(opened.modal, {"lyrics": LYRICS})
        return [modal, answered_in(sent)]


@dataclass
class Run:
    """So many processes, connected, and their members."""

    plan: Plan
    members: Members
    providers: ProviderServer
    bots: Sequence[psutil.Process]

    async def answers(self) -> list[float]:
        """Return how many milliseconds answers took while members asked at a fixed rate."""
        places = self.members.step_forward(round(self.plan.seconds * self.plan.a_second))
        await asyncio.sleep(1)  # until the bot knows the new channels
        asking: list[asyncio.Task[list[float]]] = []
        for place in places:
            asking.append(asyncio.create_task(self.members.ask(*place)))
            await asyncio.sleep(1 / self.plan.a_second)
        return list(itertools.chain.from_iterable(await asyncio.gather(*asking)))

    async def crowd(self, size: int) -> Crowd:
        """Have so many members ask at once, each again and again."""
        places = self.members.step_forward(size)
        await asyncio.sleep(1)  # until the bot knows the new channels
        submissions, usage = self.providers.account(PROVIDER).submissions, Usage(self.bots)
        submitted, began = len(submissions), time.monotonic()
        counts = {"accepted": 0, "unanswered": 0}

        async def go_on(member: Member, channel: Channel) -> None:
            while time.monotonic() < began + self.plan.seconds:
                try:
                    await self.members.ask(member, channel)
                except RuntimeError:
                    counts["unanswered"] += 1
                else:
                    counts["accepted"] += 1

        await asyncio.gather(*(go_on(*place) for place in places))
        took = time.monotonic() - began
        return Crowd(
            at_once=size,
            accepted=counts["accepted"] / took,
            submitted=(len(submissions) - submitted) / took,
            unanswered=counts["unanswered"],
            use=usage.use(),
        )


@asynccontextmanager
async def database(server_url: str, name: str) -> AsyncIterator[str]:
    """Yield the URL of a new database on the server, which is dropped at the end."""
    engine = create_async_engine(server_url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
            await connection.execute(text(f"CREATE DATABASE {name}"))
            try:
                url = make_url(server_url).set(database=name)
                yield url.render_as_string(hide_password=False)
            finally:
                await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        await engine.dispose()


async def commits(server_url: str) -> list[float]:
    """Return how many milliseconds some small commits on the server took."""
    times: list[float] = []
    engine = create_async_engine(server_url)
    try:
        for _ in range(COMMITS):
            async with engine.connect() as connection:
                # the least that has to be written
                await connection.execute(text("SELECT pg_logical_emit_message(true, '', '')"))
                began = time.monotonic()
                await connection.commit()
                times.append(1000 * (time.monotonic() - began))
    finally:
        await engine.dispose()
    return times


@asynccontextmanager
async def running(plan: Plan, server_url: str, count: int) -> AsyncIterator[Run]:
    """Yield so many connected processes and their members."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="encore-bench-")))
        discord = await stack.enter_async_context(DiscordServer(shards=count))
        providers = await stack.enter_async_context(opened_providers())
        url = await stack.enter_async_context(database(server_url, f"encore_bench_{count}"))
        members = Members(discord, providers, count)
        bots: list[ManagedProcess] = []
        for number in range(count):
            settings = {"ENCORE_DATABASE_URL": url, "ENCORE_SHARDS": f"{number}/{count}"}
            bot = encore(discord, providers, folder, **settings, **NO_LIMITS)
            bots.append(await stack.enter_async_context(bot))
            with (folder / f"log-{number}").open("ab") as log:
                await bot.start(log=log)
        await discord.wait_for(
            lambda: (
                len(discord.gateway.connected_shards) == count and discord.commands.has_commands()
            ),
            timeout=START_TIMEOUT,
        )
        await asyncio.sleep(1)  # what a process does once, when it is connected
        yield Run(plan, members, providers, [psutil.Process(bot.pid) for bot in bots])


async def measure(plan: Plan, server_url: str) -> list[Result]:
    """Run it; return what was reached."""
    results: list[Result] = []
    for count in plan.processes:
        async with running(plan, server_url, count) as run:
            result = Result(count, await commits(server_url), await run.answers())
            for size in plan.at_once:
                result.crowds.append(await run.crowd(size))
            results.append(result)
    return results


def rows(plan: Plan, results: Sequence[Result]) -> Iterator[Row]:
    """Yield the figures."""
    yield Row("cores of this machine", psutil.cpu_count() or 1)
    first = results[0].best.accepted
    for result in results:
        best, title = result.best, f"{result.processes} processes: "
        yield Row(f"{title}a commit on this disk, median", middle(result.commits), "ms")
        yield Row(f"{title}a commit on this disk, p99", percentile(result.commits, 0.99), "ms")
        yield Row(
            f"{title}answer at {plan.a_second:g} a second, median", middle(result.answers), "ms"
        )
        p99 = percentile(result.answers, 0.99)
        yield Row(f"{title}answer at {plan.a_second:g} a second, p99", p99, "ms", ACKNOWLEDGED)
        for crowd in result.crowds:
            yield Row(f"{title}accepted a second, {crowd.at_once} at once", crowd.accepted)
        yield Row(f"{title}accepted a second, most", best.accepted)
        yield Row(f"{title}of one process", best.accepted / first)
        yield Row(f"{title}submitted a second meanwhile", best.submitted)
        yield Row(f"{title}not answered", sum(crowd.unanswered for crowd in result.crowds))
        yield Row(f"{title}cores used by Encore", best.use.bots)
        yield Row(f"{title}cores used by PostgreSQL", best.use.postgres)
        yield Row(f"{title}cores used by Discord, provider and members", best.use.benchmark)
        yield Row(f"{title}cores used by all on this machine", best.use.all)


async def run(plan: Plan) -> list[Row]:
    """Measure it on the PostgreSQL that is there; return the figures, none without one."""
    async with AsyncExitStack() as stack:
        url, programs = os.environ.get("ENCORE_TEST_POSTGRES_URL"), server_programs()
        if url is None:
            if programs is None:
                return []
            url = (await stack.enter_async_context(running_cluster(programs, is_durable=True))).url
        return list(rows(plan, await measure(plan, url)))


def main() -> None:
    """Run it."""
    smoke = is_smoke(__doc__)
    found = asyncio.run(run(SMOKE if smoke else FULL))
    if not found:
        print("There is no PostgreSQL: nothing is measured.")
        return
    report(found, smoke=smoke)


if __name__ == "__main__":
    main()

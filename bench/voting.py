"""What sessions cost: votes, boards, the time from a decision to what follows, restarts, idleness.

    python bench/voting.py [--smoke]

Encore is a process of its own; Discord, the provider and the members are in this one, so what they
do is in every figure. Sessions are put into the database before the bot starts, each in a channel
of its own. Votes are cast at a fixed rate, whether or not those before have been answered.
"""

import asyncio
import datetime as dt
import itertools
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any

import psutil
from _harness import (
    LYRICS,
    PROVIDER,
    Crowd,
    Row,
    answered_in,
    encore,
    exit_if_over,
    is_smoke,
    middle,
    opened_providers,
    percentile,
    print_table,
    started,
)
from _seeding import Seeded, Seeder

from sandbox.discord.interaction_models import Interaction
from sandbox.discord.member import Member
from sandbox.discord.models import Message
from sandbox.discord.server import DiscordServer
from sandbox.processes import ManagedProcess
from sandbox.providers.server import ProviderServer
from sandbox.providers.timeline import Timeline

ACKNOWLEDGED, ACKNOWLEDGED_P99, ACKNOWLEDGED_IN_BURST = 10.0, 50.0, 1500.0  # milliseconds
EDITED_EVERY = 2.0  # seconds; a post at most so often
FOLLOWED = 1.0  # seconds from a decision to what follows
READY = 3.0  # seconds from the start to being connected
IDLE_PART = 0.5  # percent of a core
QUICK = Timeline(queued=(0.1, 0.2), streaming=(0.4, 0.5), complete=(0.8, 0.9), length=(4.0, 6.0))
PROPOSALS = 5
AWAY = dt.timedelta(minutes=10)
PATIENCE = 120.0  # seconds


@dataclass(frozen=True)
class Plan:
    """How big the run is."""

    tracked: int = 1000  # extensions while members vote
    asked_a_second: float = 8.0  # as many as finish, later
    voters: int = 800
    votes: int = 1000
    votes_a_second: float = 50.0
    burst: int = 500  # votes within a second
    decided: int = 60  # sessions whose votes end one after the other
    decided_every: float = 1.0  # seconds
    restarted: int = 200  # sessions that run when the bot starts again
    idle: int = 1000
    idle_seconds: float = 30.0


FULL = Plan()
SMOKE = Plan(
    tracked=4,
    voters=8,
    votes=10,
    burst=10,
    decided=2,
    restarted=4,
    idle=4,
    idle_seconds=2.0,
)


@dataclass
class Bench:
    """A Discord with a provider, and a bot that has not been started."""

    discord: DiscordServer
    providers: ProviderServer
    bot: ManagedProcess
    folder: Path
    seeder: Seeder = field(init=False)

    def __post_init__(self) -> None:
        self.clip_id = self.providers.account(PROVIDER).source_clips()[0].id
        self.seeder = Seeder(self.discord, self.folder, self.clip_id)

    async def start(self) -> float:
        """Start the bot; return the seconds until it was connected."""
        begun = time.monotonic()
        await started(self.bot, self.discord, self.folder)
        return time.monotonic() - begun

    def members(self, count: int) -> list[Member]:
        """Return so many members."""
        return [self.discord.member(f"voter{number}") for number in range(count)]

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Return rows of the bot's database."""
        file = f"file:{self.folder / 'encore.db'}?mode=ro"
        with closing(sqlite3.connect(file, uri=True)) as db:
            return db.execute(statement).fetchall()

    async def until_voting(self, sessions: Iterable[Seeded]) -> None:
        """Wait until the bot has drawn the boards, with a select to vote by."""
        for each in sessions:
            await self.discord.wait_for(lambda each=each: select_of(each.board), timeout=PATIENCE)

    def processor_time(self) -> float:
        """Return the seconds of a core that the bot has used."""
        return sum(psutil.Process(self.bot.pid).cpu_times()[:2])


@asynccontextmanager
async def bench(timeline: Timeline | None = None) -> AsyncGenerator[Bench]:
    """Yield everything but sessions; the bot may not attach files."""
    with tempfile.TemporaryDirectory(prefix="encore-bench-") as name:
        async with (
            DiscordServer() as discord,
            opened_providers(timeline=timeline or Timeline()) as providers,
            encore(
                discord, providers, Path(name), ENCORE_SESSION_LIMIT="0", ENCORE_MEMBER_LIMIT="0"
            ) as bot,
        ):
            yield Bench(discord, providers, bot, Path(name))


# votes


@dataclass
class Cast:
    """A vote that a member cast."""

    member: Member
    proposal_id: str
    call: Interaction


async def cast_votes(
    session: Seeded, voters: Sequence[Member], *, a_second: float
) -> tuple[list[Cast], list[str]]:
    """Have each of ``voters`` vote in turn; return what was answered, and what was not."""
    rng = random.Random(7)  # noqa: S311 - no secrets
    begun, tasks = time.monotonic(), list[asyncio.Task[Cast]]()

    async def vote(member: Member) -> Cast:
        select = select_of(session.board)
        value = rng.choice(select["options"])["value"]
        call = await member.select(session.board, select["custom_id"], value)
        return Cast(member, value, call)

    for number, member in enumerate(voters):
        await asyncio.sleep(begun + number / a_second - time.monotonic())
        tasks.append(asyncio.create_task(vote(member)))
    cast = await asyncio.gather(*tasks)
    lost = [str(each.call.error) for each in cast if each.call.acknowledged_at is None]
    return [each for each in cast if each.call.acknowledged_at is not None], lost


def select_of(board: Message) -> Any:  # noqa: ANN401 - JSON
    """Return the select of a board, if it is drawn."""
    items = (item for row in board.components for item in row["components"])
    return next((item for item in items if "options" in item), None)


def miscounted(run: Bench, cast: Iterable[Cast]) -> tuple[int, int]:
    """Return how many members' last votes are not stored, and how many stored ones are too many."""
    numbers = {
        str(key): str(number) for key, number in run.query("SELECT id, number FROM proposals")
    }
    stored = [
        (member, str(choice)) for member, choice in run.query("SELECT member_id, choice FROM votes")
    ]
    last = {each.member.id: numbers[each.proposal_id] for each in sorted(cast, key=_pressed)}
    lost = sum((member, choice) not in stored for member, choice in last.items())
    writers = {member for (member,) in run.query("SELECT member_id FROM proposals")}
    return lost, len(stored) - len({*last, *writers})


def _pressed(cast: Cast) -> int:
    return cast.call.id


async def vote_while_tracking(plan: Plan) -> AsyncIterator[Row]:
    """Yield what votes cost while extensions are tracked, and how often the board is edited."""
    async with bench() as run:
        voters = run.members(plan.voters)
        (session,) = await run.seeder.seed([now()], writers=voters[:PROPOSALS], vote_seconds=3600)
        await run.start()
        await run.until_voting([session])
        await ask_for_extensions(run, plan)
        await asyncio.sleep(EDITED_EVERY)
        edits_before, used, begun = (
            len(session.board.history),
            run.processor_time(),
            time.monotonic(),
        )
        turns = [*voters, *random.Random(7).choices(voters, k=plan.votes)][: plan.votes]  # noqa: S311
        own, lags = time.process_time(), list[float]()
        waits = list[float]()
        watches = [
            asyncio.create_task(watch_lag(lags)),
            asyncio.create_task(watch_disk(run.folder / "probe", waits)),
        ]
        cast, lost = await cast_votes(session, turns, a_second=plan.votes_a_second)
        for watch in watches:
            watch.cancel()
        seconds = time.monotonic() - begun
        busy, own_busy = (
            (run.processor_time() - used) / seconds,
            (time.process_time() - own) / seconds,
        )
        await asyncio.sleep(3 * EDITED_EVERY)
        times = [answered_in(each.call) for each in cast]
        open_ones = "SELECT count(*) FROM extensions WHERE finished_at IS NULL"
        yield Row("extensions tracked at the end", float(run.query(open_ones)[0][0]))
        yield Row("votes", len(cast))
        yield Row("acknowledged, median", middle(times), "ms", ACKNOWLEDGED)
        yield Row("acknowledged, p99", percentile(times, 0.99), "ms", ACKNOWLEDGED_P99)
        yield Row("acknowledged, longest", max(times, default=0.0), "ms")
        yield Row("processor time of the bot, part of a core", busy)
        yield Row("of this process, with Discord in it", own_busy)
        yield Row("lag of this process, median", middle(lags), "ms")
        yield Row("lag of this process, p99", percentile(lags, 0.99), "ms")
        yield Row("a write to this disk, median", middle(waits), "ms")
        yield Row("a write to this disk, p99", percentile(waits, 0.99), "ms")
        wrong, double = miscounted(run, cast)
        yield Row("votes not acknowledged", len(lost), "", 0)
        yield Row("votes lost", wrong, "", 0)
        yield Row("votes counted twice", double, "", 0)
        edits = session.board.history[edits_before - 1 :]
        yield Row("edits of the board", len(edits) - 1)
        yield Row("within two seconds, most", most_within(EDITED_EVERY, edits), "", 1)
        same = sum(
            before["embeds"] == after["embeds"]
            for (_, before), (_, after) in itertools.pairwise(edits)
        )
        yield Row("without news", same, "", 0)


async def watch_lag(lags: list[float]) -> None:
    """Note by how many milliseconds this process is late, which is in the figures twice."""
    while True:
        due = time.monotonic() + 0.01
        await asyncio.sleep(0.01)
        lags.append(1000 * (time.monotonic() - due))


async def watch_disk(file: Path, waits: list[float]) -> None:
    """Note how many milliseconds a write takes until it is on the disk; each vote waits for one."""
    with file.open("wb", buffering=0) as probe:
        while True:
            begun = time.monotonic()
            await asyncio.to_thread(_write_through, probe)
            waits.append(1000 * (time.monotonic() - begun))
            await asyncio.sleep(0.1)


def _write_through(probe: FileIO) -> None:
    probe.write(bytes(4096))
    os.fsync(probe.fileno())


async def ask_for_extensions(run: Bench, plan: Plan) -> None:
    """Have members extend clips until enough are tracked."""
    crowd = Crowd(run.discord, plan.tracked, takes_files=False)
    tasks = list[asyncio.Task[None]]()

    async def ask() -> None:
        member, channel = crowd.step_forward()
        opened = await member.slash("extend", channel=channel, clip=run.clip_id, at="1:00")
        answered_in(await member.submit(opened.modal, {"lyrics": LYRICS}))

    for _ in range(plan.tracked):
        tasks.append(asyncio.create_task(ask()))
        await asyncio.sleep(1 / plan.asked_a_second)
    await asyncio.gather(*tasks)


async def vote_in_a_burst(plan: Plan) -> AsyncIterator[Row]:
    """Yield what many votes within one second cost."""
    async with bench() as run:
        voters = run.members(plan.burst)
        (session,) = await run.seeder.seed([now()], writers=voters[:PROPOSALS], vote_seconds=3600)
        await run.start()
        await run.until_voting([session])
        await asyncio.sleep(2 * EDITED_EVERY)
        edits_before = len(session.board.history)
        cast, lost = await cast_votes(session, voters, a_second=plan.burst)
        await asyncio.sleep(3 * EDITED_EVERY)
        times = [answered_in(each.call) for each in cast]
        yield Row("votes within a second", len(cast))
        yield Row("acknowledged, median", middle(times), "ms")
        yield Row("acknowledged, longest", max(times, default=0.0), "ms", ACKNOWLEDGED_IN_BURST)
        wrong, double = miscounted(run, cast)
        yield Row("votes not acknowledged", len(lost), "", 0)
        yield Row("votes lost", wrong, "", 0)
        yield Row("votes counted twice", double, "", 0)
        yield Row("edits of the board", len(session.board.history) - edits_before)


def most_within(seconds: float, edits: Sequence[tuple[float, object]]) -> int:
    """Return the most edits that began within so many seconds."""
    times = [at for at, _ in edits[1:]]
    return max((sum(0 <= each - at < seconds for each in times) for at in times), default=0)


# what follows from a vote


async def decide(plan: Plan) -> AsyncIterator[Row]:
    """Yield how soon a part is requested when a vote is over, and the next board posted."""
    async with bench(QUICK) as run:
        writer = run.discord.member("writer")
        # the first vote of a session runs for a minute after its first proposal
        first = now() + dt.timedelta(seconds=8 - 60)
        times = [first + dt.timedelta(seconds=plan.decided_every * n) for n in range(plan.decided)]
        sessions = await run.seeder.seed(times, writers=[writer], vote_seconds=30)
        await run.start()
        await asyncio.gather(*(choose(run, each, writer) for each in sessions))
        requested = dict(run.query("SELECT idempotency_key, created_at FROM extensions"))
        ended = dict(run.query("SELECT session_id, ended_at FROM rounds WHERE number = 1"))
        delays = [
            moment(requested[f"session:{each.id}:1"]) - (each.ends_at or now()).timestamp()
            for each in sessions
        ]
        posted = [
            board.created_at.timestamp() - moment(ended[each.id])
            for each in sessions
            if (board := next_board(each)) is not None
        ]
        yield Row("votes that ended", len(sessions))
        yield Row("clock over to request, median", middle(delays), "s")
        yield Row("clock over to request, p99", percentile(delays, 0.99), "s", FOLLOWED)
        yield Row("requested before the clock was over", sum(each < 0 for each in delays), "", 0)
        yield Row("chosen to next board, median", middle(posted), "s")
        yield Row("chosen to next board, p99", percentile(posted, 0.99), "s", FOLLOWED)


async def choose(run: Bench, session: Seeded, writer: Member) -> None:
    """Choose a clip as soon as there is one, and wait for the next board."""
    words = "which one goes on?"
    await run.discord.wait_for(lambda: newest(session, words), timeout=2 * PATIENCE)
    result = newest(session, words)
    assert result is not None  # noqa: S101 - it was waited for
    await writer.click(result, "A goes on")
    await run.discord.wait_for(lambda: next_board(session), timeout=PATIENCE)


def next_board(session: Seeded) -> Message | None:
    """Return the board of the second round, if it is there."""
    return newest(session, "Round 2 · what comes next?")


def newest(session: Seeded, words: str) -> Message | None:
    """Return the newest message of a session whose title has these words."""
    found = [
        each
        for each in session.channel.messages.values()
        if any(words in embed.get("title", "") for embed in each.embeds)
    ]
    return found[-1] if found else None


def moment(microseconds: int) -> float:
    """Return a stored time in seconds since 1970."""
    return microseconds / 1e6


def now() -> dt.datetime:
    """Return the time."""
    return dt.datetime.now(dt.UTC)


# restarts, and nothing to do


async def restart(plan: Plan) -> AsyncIterator[Row]:
    """Yield how soon the bot is back, and what becomes of the votes whose time has passed."""
    async with bench() as run:
        writer = run.discord.member("writer")
        last_seen = now() - AWAY
        begun = [last_seen - dt.timedelta(seconds=1)] * plan.restarted
        await run.seeder.seed(begun, writers=[writer], vote_seconds=180, last_seen=last_seen)
        ready = await run.start()
        connected_at, back_at = time.monotonic(), now().timestamp()
        beat = "SELECT value FROM facts WHERE name = 'alive:0'"
        while run.query(beat) == [(last_seen.isoformat(),)]:  # noqa: ASYNC110 - it is a process
            await asyncio.sleep(0.01)
        moved = time.monotonic() - connected_at
        ends = [moment(each) for (each,) in run.query("SELECT ends_at FROM rounds")]
        await asyncio.sleep(3)
        counted = len(run.query("SELECT id FROM extensions"))
        yield Row("sessions whose time has passed", plan.restarted)
        yield Row("start to connected", ready, "s", READY)
        yield Row("connected to clocks moved", moved, "s")
        yield Row("clocks not moved", sum(each < back_at for each in ends), "", 0)
        yield Row("votes counted too early", counted, "", 0)


async def idle(plan: Plan) -> AsyncIterator[Row]:
    """Yield the processor time that sessions take in which nothing happens."""
    parts: list[float] = []
    for count in (0, plan.idle):
        async with bench() as run:
            await run.seeder.seed([now()] * count)
            await run.start()
            await asyncio.sleep(min(10.0, plan.idle_seconds))
            used, begun = run.processor_time(), time.monotonic()
            await asyncio.sleep(plan.idle_seconds)
            part = (run.processor_time() - used) / (time.monotonic() - begun)
            parts.append(100 * part)
    yield Row("processor time without a session", parts[0], "% of a core")
    yield Row(f"with {plan.idle} idle sessions", parts[1], "% of a core", IDLE_PART)


async def measure(plan: Plan) -> list[Row]:
    """Run all, and print the figures of each; return them all."""
    found: list[Row] = []
    for name, figures in (
        ("votes", vote_while_tracking),
        ("a burst of votes", vote_in_a_burst),
        ("decisions", decide),
        ("a restart", restart),
        ("idle sessions", idle),
    ):
        print(f"\n{name}")
        rows = [row async for row in figures(plan)]
        print_table(rows)
        found += rows
    return found


def main() -> None:
    """Run it."""
    smoke = is_smoke(__doc__)
    exit_if_over(asyncio.run(measure(SMOKE if smoke else FULL)), smoke=smoke)


if __name__ == "__main__":
    main()

"""Ten thousand extensions tracked by one process on SQLite, and its restart in the midst of them.

    python bench/ten_thousand.py [--smoke]

They lie in the database when Encore starts. Half of them can be heard already; of the others a few
become so each second, and few complete, while members ask for more. The provider answers at once
and sets no rate, so Encore asks it as often as it means to, or as it can. Then Encore is killed,
and started again. It may not attach files where members ask: what that costs is measured by
attaching.py.

Encore is a process of its own; Discord, the provider and the members are in this one, and share the
machine's cores with it. Ends with exit code 1 if a bound is missed.
"""

import asyncio
import datetime as dt
import gc
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
from _harness import (
    LYRICS,
    PROVIDER,
    Crowd,
    Row,
    answered_in,
    encore,
    is_smoke,
    middle,
    opened_providers,
    percentile,
    report,
    started,
)
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.models import (
    Clip,
    ClipStatus,
    ExtendRequest,
    Extension,
    Handle,
    ReplyRef,
    Status,
)
from bot.store import rows
from bot.store.schema import clips, extensions
from bot.store.store import Store
from sandbox.discord import messages
from sandbox.discord.models import Message
from sandbox.discord.permissions import Permission
from sandbox.discord.server import DiscordServer
from sandbox.processes import ManagedProcess
from sandbox.providers.account import ExtendParameters
from sandbox.providers.clips import Links
from sandbox.providers.server import ProviderServer
from sandbox.providers.timeline import Milestones

SEED = 7
ACKNOWLEDGED, MEMORY, READY = 50.0, 250.0, 3.0  # milliseconds, MiB, seconds
A_CHANNEL = 100  # replies
DEADLINE = 7200  # seconds
HEARD_WITHIN, COMPLETE_WITHIN = 1000.0, 6000.0  # seconds from the start


@dataclass(frozen=True)
class Plan:
    """How big the run is: so many are tracked, and so many members a second ask for so long."""

    tracked: int
    a_second: float
    seconds: float
    warm_up: float  # seconds


FULL = Plan(10_000, 4.0, 60.0, 10.0)
SMOKE = Plan(200, 8.0, 2.0, 0.5)


@dataclass
class Seeded:
    """The extensions that lie in the database, as rows and as what they were made of."""

    extensions: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    clips: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    replies: list[Message] = field(default_factory=list[Message])


def seed(discord: DiscordServer, providers: ProviderServer, count: int) -> Seeded:
    """Have Discord and the provider know so many extensions; return their rows."""
    state, account = discord.state, providers.account(PROVIDER)
    rng = random.Random(SEED)  # noqa: S311 - no secrets
    links, now = Links(providers.base_url), dt.datetime.now(dt.UTC)
    source = account.source_clips()[0].id
    seeded, channels = (
        Seeded(),
        [state.new_channel(f"old-{n}") for n in range(count // A_CHANNEL + 1)],
    )
    for channel in channels:
        state.set_overwrite(channel, state.bot, deny=Permission.ATTACH_FILES)
    for number in range(1, count + 1):
        title, is_heard = f"Old song {number}", number % 2 == 0
        twins = account.extend(ExtendParameters(source, 60.0, LYRICS, title), {})
        begun = providers.clock.now()
        heard = begun if is_heard else begun + rng.uniform(0, HEARD_WITHIN)
        done = heard + 60 + rng.uniform(0, COMPLETE_WITHIN)
        for twin in twins:
            twin.milestones = Milestones(begun, heard, done)
        message = messages.new_message(
            state, channels[number % len(channels)], state.bot, {"content": title}
        )
        messages.send(state, message)
        seeded.replies.append(message)
        submitted_at = now - dt.timedelta(seconds=rng.uniform(30, 600))
        ext = Extension(
            id=number,
            idempotency_key=f"seeded {number}",
            member_id=number,
            member_name=f"Member {number}",
            request=ExtendRequest(
                provider=PROVIDER, clip_id=source, continue_at=60.0, lyrics=LYRICS, title=title
            ),
            reply=ReplyRef(
                channel_id=message.channel.id, guild_id=state.guild.id, message_id=message.id
            ),
            created_at=submitted_at,
            submitted_at=submitted_at,
            due_at=now + dt.timedelta(seconds=rng.uniform(0, 15)),
            deadline_at=now + dt.timedelta(seconds=DEADLINE),
            status=Status.STREAMING if is_heard else Status.SUBMITTED,
            streaming_at=submitted_at + dt.timedelta(seconds=30) if is_heard else None,
            polled_at=now,
            handle=Handle(clip_ids=tuple(twin.id for twin in twins)),
            revision=2,
            published=2,
        )
        seeded.extensions.append({"id": ext.id, **rows.accepted_row(ext, now)})
        for position, twin in enumerate(twins):
            clip = Clip(
                id=twin.id,
                status=ClipStatus.STREAMING if is_heard else ClipStatus.QUEUED,
                title=title,
                audio_url=links.stream_url(twin) if is_heard else None,
                image_url=links.image_url(twin, providers.clock.now()),
            )
            place = {"extension_id": ext.id, "position": position}
            seeded.clips.append(place | rows.clip_row(PROVIDER, clip, LYRICS, ext.member_name))
    return seeded


async def store(seeded: Seeded, folder: Path) -> None:
    """Write the rows into the database of a bot that has not been started yet."""
    async with Store.open(f"sqlite+aiosqlite:///{folder / 'encore.db'}") as opened:

        async def write(db: AsyncConnection) -> None:
            await db.execute(insert(extensions), seeded.extensions)
            await db.execute(insert(clips), seeded.clips)

        await opened.database.run(write, writes=True, urgent=False)


class Run:
    """Everything that is used, and what was measured."""

    def __init__(
        self,
        plan: Plan,
        discord: DiscordServer,
        providers: ProviderServer,
        seeded: Seeded,
    ) -> None:
        self.plan = plan
        self.discord = discord
        self.account = providers.account(PROVIDER)
        self.replies = seeded.replies
        self.crowd = Crowd(
            discord, round(plan.a_second * (plan.warm_up + plan.seconds)) + 60, takes_files=False
        )
        self.clip = self.account.source_clips()[0].id
        self.modals: list[float] = []
        self.first_replies: list[float] = []
        self.memory = 0.0
        self.busy = 0.0
        self.our_busy = 0.0
        self.polls = 0.0
        self.news = 0
        self.ready = 0.0
        self.polled = 0.0

    async def use(self, bot: ManagedProcess) -> None:
        """Have members ask for a while; then note what that took."""
        await self._ask_for(self.plan.warm_up)
        self.modals.clear()
        self.first_replies.clear()
        processes = psutil.Process(bot.pid), psutil.Process()
        used = [sum(each.cpu_times()[:2]) for each in processes]
        requests, edits = len(self.account.requests), self._edits()
        watch = asyncio.create_task(self._watch(processes[0]))
        began = time.monotonic()
        try:
            await self._ask_for(self.plan.seconds)
        finally:
            watch.cancel()
        took = time.monotonic() - began
        self.busy, self.our_busy = (
            (sum(each.cpu_times()[:2]) - before) / took
            for each, before in zip(processes, used, strict=True)
        )
        self.polls = (len(self.account.requests) - requests) / took
        self.news = self._edits() - edits

    def _edits(self) -> int:
        return sum(each.edit_count for each in self.replies)

    async def _ask_for(self, seconds: float) -> None:
        over = time.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            while time.monotonic() < over:
                group.create_task(self.ask())
                await asyncio.sleep(1 / self.plan.a_second)

    async def ask(self) -> None:
        """Have the next member ask for an extension."""
        member, channel = self.crowd.step_forward()
        opened = await member.slash("extend", channel=channel, clip=self.clip, at="1:00")
        self.modals.append(answered_in(opened))
        sent = await member.submit(opened.modal, {"lyrics": LYRICS})
        self.first_replies.append(answered_in(sent))

    async def _watch(self, process: psutil.Process) -> None:
        while True:
            self.memory = max(self.memory, process.memory_info().rss / 2**20)
            await asyncio.sleep(0.25)

    async def restart(self, bot: ManagedProcess, folder: Path) -> None:
        """Kill the bot and start it; note when it answers a member and asks the provider again."""
        await bot.kill()
        await self.discord.wait_for(lambda: not self.discord.gateway.is_connected)
        requests, began = self.account.requests, time.monotonic()
        requests.clear()
        await started(bot, self.discord, folder)
        await self.ask()
        self.ready = time.monotonic() - began
        await self.discord.wait_for(lambda: requests, timeout=30)
        self.polled = time.monotonic() - began - (self.account.clock.now() - requests[0].at)

    def rows(self, single: "Run") -> Iterator[Row]:
        """Yield the figures, some of them beside those of ``single``, which had one to track."""
        yield Row("extensions tracked", self.plan.tracked)
        yield Row("members who ask, a second", self.plan.a_second)
        yield Row("modal, median", middle(self.modals), "ms")
        yield Row("modal, p99", percentile(self.modals, 0.99), "ms", ACKNOWLEDGED)
        yield Row("first reply, median", middle(self.first_replies), "ms")
        yield Row("first reply, p99", percentile(self.first_replies, 0.99), "ms", ACKNOWLEDGED)
        yield Row(
            "of a first reply with one to track, median",
            middle(self.first_replies) / middle(single.first_replies),
        )
        yield Row("memory of the bot, most", self.memory, "MiB", MEMORY)
        yield Row("with one to track", single.memory, "MiB")
        yield Row("requests to the provider a second", self.polls)
        yield Row("edits of replies a second", self.news / self.plan.seconds)
        yield Row("processor time of the bot, part of a core", self.busy)
        yield Row("of this process, part of a core", self.our_busy)
        yield Row("after a kill, until a member is answered", self.ready, "s", READY)
        yield Row("with one to track", single.ready, "s")
        yield Row("until the provider is asked", self.polled, "s")


async def measure(plan: Plan) -> Run:
    """Run it; return what was measured."""
    with tempfile.TemporaryDirectory(prefix="encore-bench-") as name:
        folder = Path(name)
        async with DiscordServer() as discord, opened_providers(seed=SEED) as providers:
            seeded = seed(discord, providers, plan.tracked)
            await store(seeded, folder)
            run = Run(plan, discord, providers, seeded)
            # or the collector walks all that again and again, while the bot waits for an answer
            gc.freeze()
            async with encore(discord, providers, folder, ENCORE_DEADLINE=str(DEADLINE)) as bot:
                await started(bot, discord, folder)
                await run.use(bot)
                await run.restart(bot, folder)
            gc.unfreeze()
    return run


def main() -> None:
    """Run it."""
    smoke = is_smoke(__doc__)
    plan = SMOKE if smoke else FULL
    single = asyncio.run(measure(replace(plan, tracked=1, seconds=plan.seconds / 3)))
    found = list(asyncio.run(measure(plan)).rows(single))
    report(found, smoke=smoke)


if __name__ == "__main__":
    main()

"""How fast what members have asked for goes out to a service that takes everything at once.

    python bench/submitting.py [--smoke]

So many extensions wait when Encore starts, as after an outage, and meanwhile members go on asking,
which uses the same database. Encore is a process of its own with SQLite; Discord, the provider and
the members are in this one. No rate is set, and the provider answers at once. Ends with exit code 1
if a bound is missed.
"""

import asyncio
import datetime as dt
import math
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
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

from bot.domain.models import Clip, ClipStatus, ExtendRequest, Extension, ReplyRef
from bot.store.acceptance import Quota
from bot.store.store import Store
from sandbox.discord.server import DiscordServer
from sandbox.providers.server import ProviderServer

LEAST = 100.0  # submissions a second
ACKNOWLEDGED = 200.0  # milliseconds: what a member may wait at most, of Discord's three seconds
PATIENCE = 120.0  # seconds


@dataclass(frozen=True)
class Plan:
    """How big the run is: so many wait, and so many members a second ask for more."""

    waiting: int
    a_second: float


FULL = Plan(1000, 10.0)
SMOKE = Plan(20, 10.0)


async def fill(folder: Path, clip_id: str, count: int) -> None:
    """Put waiting extensions into the database of a bot that has not been started yet."""
    now = dt.datetime.now(dt.UTC)
    async with Store.open(f"sqlite+aiosqlite:///{folder / 'encore.db'}") as store:
        source = Clip(id=clip_id, status=ClipStatus.COMPLETE, title="Dreams", duration=100.0)
        await store.remember_clip(PROVIDER, source, now=now)

        async def accept(number: int) -> None:
            ext = Extension(
                idempotency_key=f"waiting {number}",
                member_id=number,
                request=ExtendRequest(
                    provider=PROVIDER, clip_id=clip_id, continue_at=60.0, lyrics=LYRICS
                ),
                # what edits cost is measured by attaching.py and tracking.py
                reply=ReplyRef(channel_id=1, editable_by_bot=False, unreachable=True),
                created_at=now,
                due_at=now,
                deadline_at=now + dt.timedelta(hours=1),
            )
            await store.accept(
                ext, publish_at=now, quota=Quota(), double_since=now, source_is_known=True
            )

        await asyncio.gather(*map(accept, range(count)))


class Members:
    """Members who ask for extensions while others wait."""

    def __init__(self, discord: DiscordServer, clip_id: str, plan: Plan) -> None:
        self._crowd = Crowd(discord, round(plan.a_second * PATIENCE), takes_files=False)
        self._clip_id = clip_id
        self._interval = 1 / plan.a_second
        self.answers: list[float] = []

    async def ask(self) -> None:
        """Ask until cancelled, and note how many milliseconds each answer took."""
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._ask_once())
                await asyncio.sleep(self._interval)

    async def _ask_once(self) -> None:
        member, channel = self._crowd.step_forward()
        opened = await member.slash("extend", channel=channel, clip=self._clip_id, at="1:00")
        sent = await member.submit(opened.modal, {"lyrics": LYRICS})
        self.answers += [answered_in(opened), answered_in(sent)]


async def measure(plan: Plan) -> list[Row]:
    """Run it; return the figures."""
    with tempfile.TemporaryDirectory(prefix="encore-bench-") as name:
        folder = Path(name)
        async with DiscordServer() as discord, opened_providers() as providers:
            clip_id = providers.account(PROVIDER).source_clips()[0].id
            await fill(folder, clip_id, plan.waiting)
            async with encore(discord, providers, folder) as bot:
                await started(bot, discord, folder)
                members = Members(discord, clip_id, plan)
                asking = asyncio.create_task(members.ask())
                process = psutil.Process(bot.pid)
                used = sum(process.cpu_times()[:2])
                try:
                    rate = await sent_a_second(providers, plan.waiting)
                finally:
                    used = sum(process.cpu_times()[:2]) - used
                    asking.cancel()
                    await asyncio.gather(asking, return_exceptions=True)
    return [
        Row("extensions that wait", plan.waiting),
        Row("members who ask meanwhile, a second", plan.a_second),
        Row("submissions a second", rate, "", LEAST, is_least=True),
        Row("processor time of the bot a submission", 1000 * used / plan.waiting, "ms"),
        Row("a member's answer, median", middle(members.answers), "ms"),
        Row("a member's answer, p99", percentile(members.answers, 0.99), "ms", ACKNOWLEDGED),
    ]


async def sent_a_second(providers: ProviderServer, count: int) -> float:
    """Wait until so many submissions are there; return how many there were a second.

    Raises:
        TimeoutError: they did not come.
    """
    submissions = providers.account(PROVIDER).submissions
    async with asyncio.timeout(PATIENCE):
        await _reached(submissions, 1)
        first, began = len(submissions), time.monotonic()
        await _reached(submissions, count)
    took = time.monotonic() - began
    return (len(submissions) - first) / took if took else math.inf


async def _reached(submissions: Sequence[object], count: int) -> None:
    while len(submissions) < count:  # noqa: ASYNC110 - the provider tells nobody
        await asyncio.sleep(0.01)


def main() -> None:
    """Run it."""
    smoke = is_smoke(__doc__)
    report(asyncio.run(measure(SMOKE if smoke else FULL)), smoke=smoke)


if __name__ == "__main__":
    main()

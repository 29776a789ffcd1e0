"""What a thousand extensions at once cost: answers, memory, requests to the provider, lag.

    python bench/tracking.py [--smoke]

Encore is a process of its own; Discord, the provider and the members are in this one. Members use
/extend until a thousand extensions are tracked, and from then on whenever one has finished, so
that there are always about as many, of all ages. Clips can be heard after 20 to 40 seconds and
are complete after 120 to 180, as Suno has it; Encore's database holds enough finished extensions
to have learned that. It may not attach files in their channels, so that no audio is fetched and
no picture drawn: what that costs is measured by attaching.py.

Beside it goes a loop that asks for each extension every five seconds, at a studio with the same
seed, hence the same times for the same extensions. Its questions and its edits take no time at
all, so its lag is the least that such a loop can have.
"""

import asyncio
import collections
import datetime as dt
import random
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
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

from bot.domain.models import ExtendRequest, Extension, ReplyRef
from bot.domain.models import Status as Standing
from bot.store.acceptance import Quota
from bot.store.store import Store
from sandbox.discord.models import Message
from sandbox.discord.server import DiscordServer
from sandbox.providers.account import ExtendParameters, ProviderAccount
from sandbox.providers.clips import Clip
from sandbox.providers.request_log import Submission
from sandbox.providers.server import ProviderServer
from sandbox.providers.timeline import Status, Timeline

SEED = 7
PATIENCE = 60.0  # seconds that a reply may be behind until the run is given up
LEARNED = 64
POLLED_EVERY = 4.5  # seconds between the polls that saw what was learned
ACKNOWLEDGED, MEMORY = 50.0, 150.0
MAX_PRODUCT = 2.13 * 13.1  # seconds of median lag x requests: what fixed windows reached
GREEN = 0x57F287


@dataclass(frozen=True)
class Plan:
    """How big the run is: so many extensions at once, so many new ones a second until then."""

    tracked: int
    a_second: float
    timeline: Timeline
    loop_interval: float = 5.0  # seconds; of the loop that Encore is compared with
    max_product: float | None = None  # seconds of lag x requests, if there is a bound

    @property
    def most_members(self) -> int:
        """How many can be needed: after the first, as many as finish while those do."""
        lives = self.timeline.complete[1] / self.timeline.complete[0]
        return round(self.tracked * (2 + 2 * lives)) + 50


FULL = Plan(1000, 8.0, Timeline(), max_product=MAX_PRODUCT)
SMOKE = Plan(
    12,
    8.0,
    Timeline(queued=(0.1, 0.2), streaming=(0.5, 1.0), complete=(2.0, 3.0)),
    loop_interval=1.0,
)


@dataclass
class Asked:
    """What a member asked for: when it was answered, and the reply."""

    title: str
    modal: float = 0.0
    first_reply: float = 0.0
    reply: Message | None = None

    @property
    def is_done(self) -> bool:
        """Whether the reply is green."""
        return bool(self.reply and self.reply.embeds and self.reply.embeds[0]["color"] == GREEN)


@dataclass
class Loop:
    """Asks for each extension every ``interval`` seconds, and is told at once."""

    account: ProviderAccount
    interval: float
    requests: list[int] = field(default_factory=list[int])
    lags: dict[str, list[float]] = field(default_factory=lambda: {"streaming": [], "complete": []})

    async def follow(self, submission: Submission) -> None:
        """Submit the same as Encore has just submitted, and ask until it is complete."""
        order = ExtendParameters(str(submission.request["audio_id"]), 60.0)
        clips = self.account.extend(order, submission.request)
        number = len(self.requests)
        self.requests.append(1)
        open_changes = {(clip.id, name): at for clip in clips for name, at in changes(clip)}
        while open_changes:
            await asyncio.sleep(self.interval)
            self.requests[number] += 1
            now = self.account.clock.now()
            for change, at in [*open_changes.items()]:
                if at <= now:
                    self.lags[change[1]].append(now - at)
                    del open_changes[change]


class Run:
    """Everything on the stand, and what was seen of it."""

    def __init__(self, plan: Plan, discord: DiscordServer, providers: ProviderServer) -> None:
        self.plan = plan
        self.discord = discord
        self.providers = providers
        self.account = providers.account(PROVIDER)
        # the record keeps all: the default forgets the oldest of 20 000
        self.account.requests = collections.deque()
        self.process: psutil.Process | None = None  # the bot's, once it runs
        self.loop = Loop(
            ProviderAccount(PROVIDER, providers.clock, timeline=plan.timeline, seed=SEED),
            plan.loop_interval,
        )
        self.loop.account.credits = 10**9
        self.crowd = Crowd(discord, plan.most_members, takes_files=False)
        self.clip = self.account.source_clips()[0].id
        self.asked: list[Asked] = []
        self.followers: list[asyncio.Task[None]] = []
        self.members: set[asyncio.Task[None]] = set()
        self.memory = 0.0
        self.busy = 0.0

    @property
    def first(self) -> list[Asked]:
        """The extensions that count: those that were tracked when there were enough."""
        return self.asked[: self.plan.tracked]

    @property
    def later(self) -> list[Asked]:
        """What was asked for while they were tracked."""
        return [each for each in self.asked[self.plan.tracked :] if each.reply]

    async def go(self) -> None:
        """Have members ask until the first thousand are done.

        Raises:
            RuntimeError: the bot did not answer, or a reply was left behind.
        """
        over = time.monotonic() + self.plan.tracked / self.plan.a_second
        over += self.plan.timeline.complete[1] + PATIENCE
        watch = asyncio.create_task(self._watch())
        try:
            while not all(each.is_done for each in self.first) or not self.later:
                if time.monotonic() > over:
                    left = sum(not each.is_done for each in self.first)
                    raise RuntimeError(f"{left} replies are not final by now")
                if sum(not each.is_done for each in self.asked) < self.plan.tracked:
                    self._let_one_ask()
                await asyncio.sleep(1 / self.plan.a_second)
                for done in [task for task in self.members if task.done()]:
                    self.members.remove(done)
                    done.result()
            await asyncio.gather(*self.members, *self.followers[: self.plan.tracked])
        finally:
            for task in (watch, *self.members, *self.followers):
                task.cancel()

    def _let_one_ask(self) -> None:
        asked = Asked(f"Song {len(self.asked)}")
        self.asked.append(asked)
        self.members.add(asyncio.create_task(self._ask(asked)))

    async def _ask(self, asked: Asked) -> None:
        member, channel = self.crowd.step_forward()
        opened = await member.slash("extend", channel=channel, clip=self.clip, at="1:00")
        asked.modal = answered_in(opened)
        await asyncio.sleep(random.uniform(0.2, 1.0))  # noqa: S311 - they take their time
        sent = await member.submit(opened.modal, {"lyrics": LYRICS, "title": asked.title})
        asked.first_reply = answered_in(sent)
        asked.reply = sent.message

    async def _watch(self) -> None:
        """Send the other loop after each submission, and look at the bot's memory."""
        assert self.process is not None  # noqa: S101 - it runs
        begun, used = time.monotonic(), sum(self.process.cpu_times()[:2])
        while True:
            for submission in self.account.submissions[len(self.followers) :]:
                self.followers.append(asyncio.create_task(self.loop.follow(submission)))
            self.memory = max(self.memory, self.process.memory_info().rss / 2**20)
            spent = sum(self.process.cpu_times()[:2]) - used
            self.busy = spent / max(time.monotonic() - begun, 0.001)
            await asyncio.sleep(0.05)

    def rows(self) -> Iterator[Row]:
        """Yield the figures."""
        modals = [each.modal for each in self.later]
        replies = [each.first_reply for each in self.later]
        yield Row("extensions tracked", self.plan.tracked)
        yield Row("asked for meanwhile", len(self.later))
        yield Row("modal, median", middle(modals), "ms")
        yield Row("modal, p99", percentile(modals, 0.99), "ms", ACKNOWLEDGED)
        yield Row("first reply, median", middle(replies), "ms")
        yield Row("first reply, p99", percentile(replies, 0.99), "ms", ACKNOWLEDGED)
        yield Row("memory of the bot, most", self.memory, "MiB", MEMORY)
        yield Row("processor time of the bot, part of a core", self.busy)
        ours = self._requests()
        theirs = sum(self.loop.requests[: self.plan.tracked]) / self.plan.tracked
        yield Row("requests to the provider an extension", ours)
        yield Row("the loop's", theirs)
        lags = self._lags()
        for name, seen in lags.items():
            yield Row(f"lag of {name}, median", middle(seen), "s")
            yield Row("the loop's", middle(self.loop.lags[name]), "s")
            yield Row(f"lag of {name}, p90", percentile(seen, 0.9), "s")
            yield Row("the loop's", percentile(self.loop.lags[name], 0.9), "s")
        together = [lag for seen in lags.values() for lag in seen]
        loops = middle([lag for seen in self.loop.lags.values() for lag in seen])
        yield Row("lag of both, median", middle(together), "s")
        yield Row("the loop's", loops, "s")
        allowed = self.plan.max_product and min(loops * theirs, self.plan.max_product)
        yield Row("lag x requests", middle(together) * ours, "s", allowed)
        yield Row("the loop's", loops * theirs, "s")
        edits = [each.reply.edit_count for each in self.first if each.reply]
        yield Row("edits of a reply", sum(edits) / len(edits))

    def _submissions(self) -> Iterator[tuple[Asked, Submission]]:
        """Yield the extensions that count, each with what the provider was sent."""
        sent = {each.request["title"]: each for each in self.account.submissions}
        for each in self.first:
            yield each, sent[each.title]

    def _requests(self) -> float:
        """Return how often Encore asked for an extension that counts, its submission included."""
        ids = {clip for _, each in self._submissions() for clip in each.clip_ids}
        asked = [",".join(value for _, value in each.query) for each in self.account.requests]
        questions = sum(any(each in ids for each in text.split(",")) for text in asked)
        return questions / self.plan.tracked + 1

    def _lags(self) -> dict[str, list[float]]:
        """Return the seconds from each change of a clip to the edit that shows it."""
        began = time.monotonic() - self.providers.clock.now()
        lags: dict[str, list[float]] = {"streaming": [], "complete": []}
        for asked, submission in self._submissions():
            history = asked.reply.history if asked.reply else []
            for clip_id in submission.clip_ids:
                links = {"streaming": clip_id, "complete": f"{clip_id}.mp3"}
                shown = {
                    name: min(at for at, version in history if link in str(version["components"]))
                    for name, link in links.items()
                }
                for name, at in changes(self.account.clip(clip_id)):
                    lags[name].append(shown[name] - began - at)
        return lags


def changes(clip: Clip) -> list[tuple[str, float]]:
    """Return what becomes of a clip that a member waits for, and when."""
    reached = clip.milestones.reached_at
    return [("streaming", reached(Status.STREAMING)), ("complete", reached(Status.COMPLETE))]


async def teach(folder: Path, timeline: Timeline) -> None:
    """Put finished extensions into the database of a bot that has not been started yet."""
    rng = random.Random(SEED)  # noqa: S311 - no secrets
    now = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    async with Store.open(f"sqlite+aiosqlite:///{folder / 'encore.db'}") as store:
        for number in range(LEARNED):
            twins = timeline.draw_milestones(rng, 0.0, 2)
            heard = min(each.streaming for each in twins) + rng.uniform(0, POLLED_EVERY)
            done = max(each.complete for each in twins) + rng.uniform(0, POLLED_EVERY)
            ext = Extension(
                idempotency_key=f"learned {number}",
                member_id=1,
                request=ExtendRequest(provider=PROVIDER, clip_id="learned"),
                reply=ReplyRef(channel_id=1, editable_by_bot=False, unreachable=True),
                created_at=now,
                due_at=now,
                deadline_at=now + dt.timedelta(hours=1),
                status=Standing.COMPLETE,
                submitted_at=now,
                streaming_at=now + dt.timedelta(seconds=heard),
                finished_at=now + dt.timedelta(seconds=done),
                no_audio_at=now + dt.timedelta(seconds=heard - POLLED_EVERY),
                polled_at=now + dt.timedelta(seconds=done - POLLED_EVERY),
            )
            await store.accept(
                ext, publish_at=now, quota=Quota(), double_since=now, source_is_known=True
            )


@asynccontextmanager
async def harness(plan: Plan) -> AsyncIterator[Run]:
    """Yield everything, ready to begin."""
    with tempfile.TemporaryDirectory(prefix="encore-bench-") as name:
        folder = Path(name)
        await teach(folder, plan.timeline)
        async with (
            DiscordServer() as discord,
            opened_providers(seed=SEED, timeline=plan.timeline) as providers,
            encore(discord, providers, folder) as bot,
        ):
            run = Run(plan, discord, providers)
            await started(bot, discord, folder)
            run.process = psutil.Process(bot.pid)
            yield run


async def measure(plan: Plan) -> list[Row]:
    """Run it; return the figures."""
    async with harness(plan) as run:
        await run.go()
        return list(run.rows())


def main() -> None:
    """Run it."""
    smoke = is_smoke(__doc__)
    report(asyncio.run(measure(SMOKE if smoke else FULL)), smoke=smoke)


if __name__ == "__main__":
    main()

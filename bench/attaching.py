"""How soon Encore answers while it attaches and splices songs, on two cores.

    python bench/attaching.py [--smoke]

Encore is a process of its own; Discord, the provider and the members are in this one, and all of
it has two cores. Members extend a clip, and all extensions become complete at once: for each,
Encore fetches the source and two clips of three minutes, analyzes them, draws their pictures and
attaches them. Each member then asks for the full song, which Encore has to splice, because this
provider can't. Meanwhile one more member uses /extend all the time, and the bench measures how long
the form takes to open, as it did before, when Encore had nothing to do.

All clips sound the same, so that the provider makes their audio once, before anything is measured.
"""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _harness import (
    LYRICS,
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

from sandbox.discord.interaction_models import Interaction
from sandbox.discord.models import Channel, Message
from sandbox.discord.server import DiscordServer
from sandbox.providers.account import ExtendParameters, ProviderAccount
from sandbox.providers.clips import Clip
from sandbox.providers.json_values import JsonObject
from sandbox.providers.server import ProviderServer
from sandbox.providers.timeline import Status, Timeline

PROVIDER = "sunoapi_com"  # it joins nothing, so Encore does
CORES = 2
SLOWER, LONGEST = 3.0, 500.0  # times the idle median, and milliseconds
BETWEEN = (0.05, 0.15)  # seconds; not in step with loops
PATIENCE = 60.0  # seconds for an extension, and as many as it takes for the audio of each
NEVER = (1e9, 1e9)


@dataclass(frozen=True)
class Plan:
    """How big the run is."""

    songs: int
    length: float  # seconds of a clip
    source: int  # which of the provider's clips is extended
    at: str
    calls: int  # of /extend while Encore has nothing to do

    @property
    def timeline(self) -> Timeline:
        """When clips are ready: on order alone."""
        length = (self.length, self.length)
        return Timeline(queued=(0.1, 0.1), streaming=NEVER, complete=NEVER, length=length)


FULL = Plan(songs=20, length=180.0, source=0, at="1:00", calls=200)
SMOKE = Plan(songs=2, length=4.0, source=2, at="0:10", calls=5)


class OneSound(ProviderAccount):
    """A provider whose clips all sound the same: twins A and B, as those of the first order."""

    _first: tuple[Clip, ...] = ()

    def extend(self, order: ExtendParameters, request: JsonObject) -> list[Clip]:
        """Accept an extension."""
        clips = super().extend(order, request)
        self._first = self._first or tuple(clips)
        for clip, first in zip(clips, self._first, strict=True):
            clip.segments = first.segments
        return clips


@dataclass
class Song:
    """What a member asked for, where, and when it was seen."""

    title: str
    channel: Channel
    member: Any
    reply: Message
    attached: float = 0.0
    spliced: float = 0.0


class Run:
    """Everything on the stand, and what was seen of it."""

    def __init__(self, plan: Plan, discord: DiscordServer, providers: ProviderServer) -> None:
        self.plan = plan
        self.discord = discord
        self.providers = providers
        self.account = providers.account(PROVIDER)
        self.clip = self.account.source_clips()[plan.source].id
        self.crowd = Crowd(discord, plan.songs + 1)
        self.onlooker = discord.member("Onlooker")
        self.idle: list[float] = []
        self.busy: list[float] = []
        self.others: list[float] = []
        self.songs: list[Song] = []
        self.seconds = 0.0

    async def go(self) -> None:
        """Have one song made to warm up, look at the idle bot, then have all made at once."""
        await self._make(await self._ordered("Warm-up"))
        self.others.clear()
        for _ in range(self.plan.calls):
            self.idle.append(await self._opened())
        self.songs = [await self._ordered(f"Song {n}") for n in range(self.plan.songs)]
        self.others.clear()
        begun = time.monotonic()
        making = asyncio.gather(*map(self._make, self.songs))
        while not making.done():
            self.busy.append(await self._opened())
        await making
        self.seconds = time.monotonic() - begun

    async def _opened(self) -> float:
        """Return the milliseconds until the form opened."""
        await asyncio.sleep(random.uniform(*BETWEEN))  # noqa: S311 - no secrets
        return answered_in(await self._extend(self.onlooker))

    async def _extend(self, member: Any, channel: Channel | None = None) -> Interaction:  # noqa: ANN401
        return await member.slash("extend", channel=channel, clip=self.clip, at=self.plan.at)

    async def _ordered(self, title: str) -> Song:
        """Have the next member ask for an extension; return it once the provider has it."""
        member, channel = self.crowd.step_forward()
        form = (await self._extend(member, channel)).modal
        sent = await member.submit(form, {"lyrics": LYRICS, "title": title})
        if sent.message is None:
            raise RuntimeError(f"The bot did not answer: {sent.error}")
        await self.providers.wait_for(lambda: self._clips(title), timeout=PATIENCE)
        return Song(title, channel, member, sent.message)

    async def _make(self, song: Song) -> None:
        """Let an extension become complete, wait for its audio, and ask for the full song."""
        patience = PATIENCE * (1 + self.plan.songs)
        begun = time.monotonic()
        clips = self._clips(song.title)
        for clip in clips:
            self.account.advance(clip.id, Status.COMPLETE)
        await self.discord.wait_for(lambda: carries(song.reply, len(clips)), timeout=patience)
        song.attached = time.monotonic() - begun
        begun = time.monotonic()
        asked = await song.member.slash("song", channel=song.channel, clip=clips[0].id)
        self.others.append(answered_in(asked))
        await self.discord.wait_for(
            lambda: asked.message and carries(asked.message, 1), timeout=patience
        )
        song.spliced = time.monotonic() - begun

    def _clips(self, title: str) -> list[Clip]:
        return [clip for clip in self.account.clips.values() if clip.title == title]

    def rows(self) -> Iterator[Row]:
        """Yield the figures."""
        idle, busy = middle(self.idle), middle(self.busy)
        yield Row("songs attached and spliced", len(self.songs))
        yield Row("in all", self.seconds, "s")
        yield Row("until attached, median", middle([song.attached for song in self.songs]), "s")
        yield Row("until spliced, median", middle([song.spliced for song in self.songs]), "s")
        yield Row("modal, idle, median", idle, "ms")
        yield Row("modal, idle, most", max(self.idle), "ms")
        yield Row("modals meanwhile", len(self.busy))
        yield Row("modal meanwhile, median", busy, "ms")
        yield Row("modal meanwhile, p99", percentile(self.busy, 0.99), "ms")
        yield Row("ratio of the medians", busy / idle, "", SLOWER)
        yield Row("/song meanwhile, most", max(self.others), "ms", LONGEST)
        yield Row("modal meanwhile, most", max(self.busy), "ms", LONGEST)


def carries(message: Message, songs: int) -> bool:
    """Return whether a reply has as many songs attached."""
    return sum(file.filename.endswith(".mp3") for file in message.attachments) == songs


@asynccontextmanager
async def harness(plan: Plan) -> AsyncIterator[Run]:
    """Yield everything, ready to begin."""
    providers = opened_providers(timeline=plan.timeline)
    account = OneSound(PROVIDER, providers.clock, timeline=plan.timeline, seed=0)
    account.credits, account.enforce_rate_limits = 10**9, False
    providers.accounts[PROVIDER] = account
    with tempfile.TemporaryDirectory(prefix="encore-bench-") as name:
        folder = Path(name)
        async with (
            DiscordServer() as discord,
            providers,
            encore(discord, providers, folder, provider=PROVIDER, ENCORE_POLL_EVERY="1") as bot,
        ):
            run = Run(plan, discord, providers)
            await started(bot, discord, folder)
            yield run


async def measure(plan: Plan) -> list[Row]:
    """Run it; return the figures."""
    async with harness(plan) as run:
        await run.go()
        return list(run.rows())


def main() -> None:
    """Run it."""
    smoke = is_smoke(__doc__)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    report(asyncio.run(measure(SMOKE if smoke else FULL)), smoke=smoke)


if __name__ == "__main__":
    main()

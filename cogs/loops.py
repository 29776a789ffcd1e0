"""Runs the loops and the housekeeping for as long as the bot runs."""

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable

from discord.ext import commands, tasks

from bot.domain.clock import Clock
from bot.health import Heartbeat
from bot.interactions.client import Encore
from bot.interactions.publisher import Publisher
from bot.services.attacher import Attacher
from bot.services.submitter import Submitter
from bot.services.tracker import Tracker
from bot.services.wakeups import Wakeup, Wakeups
from bot.store.store import Store

log = logging.getLogger(__name__)

SLOW_TICK = 5.0  # seconds; in case a wakeup is lost
MIN_REST = 0.25  # seconds; a due row that can't be claimed yet is not queried in a busy loop
# Seconds: notifications within them are merged into one step. Meanwhile the notifying task, which
# often answers a member, is not slowed down by the loop.
DEBOUNCE = 0.05
STOP_TIMEOUT = 20.0  # seconds for requests in progress when Encore stops
DRAFT_LIFETIME = dt.timedelta(days=7)


class LoopsCog(commands.Cog):
    """Submitter, tracker, publisher and attacher, each woken by its wakeup or by a slow tick."""

    def __init__(
        self,
        bot: Encore,
        store: Store,
        submitter: Submitter,
        tracker: Tracker,
        publisher: Publisher,
        attacher: Attacher,
        *,
        wakeups: Wakeups,
        heartbeat: Heartbeat,
        clock: Clock,
    ) -> None:
        self._bot = bot
        self._store = store
        self._submitter = submitter
        self._tracker = tracker
        self._publisher = publisher
        self._attacher = attacher
        self._wakeups = wakeups
        self._heartbeat = heartbeat
        self._clock = clock
        self._loops = (self.submit, self.track, self.publish, self.attach, self.housekeeping)

    async def cog_load(self) -> None:
        """Start the loops; those that speak to Discord wait until it is ready."""
        for loop in self._loops:
            loop.start()

    async def cog_unload(self) -> None:
        """Stop the loops; requests in progress may finish."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(
            self._submitter.stop(grace=STOP_TIMEOUT),
            self._tracker.stop(),
            self._attacher.stop(),
        )
        await self._publisher.stop(grace=STOP_TIMEOUT)

    @tasks.loop()
    async def submit(self) -> None:
        """Send waiting extensions."""
        await self._run_step(
            self._submitter.run_once, self._wakeups.submitter, self._store.next_due
        )

    @tasks.loop()
    async def track(self) -> None:
        """Fetch the progress of due extensions."""
        await self._run_step(self._tracker.run_once, self._wakeups.tracker, self._store.next_due)

    @tasks.loop()
    async def publish(self) -> None:
        """Edit the replies of changed extensions."""
        await self._run_step(
            self._publisher.run_once, self._wakeups.publisher, self._store.next_publish
        )

    @tasks.loop()
    async def attach(self) -> None:
        """Prepare audio for the replies of complete extensions."""
        await self._run_step(
            self._attacher.run_once, self._wakeups.attacher, self._store.next_audio
        )

    @tasks.loop(seconds=15)
    async def housekeeping(self) -> None:
        """Touch the heartbeat file, and delete old drafts."""
        try:
            if self._bot.is_ready():
                self._heartbeat.beat()
            await self._store.forget_drafts(before=self._clock() - DRAFT_LIFETIME)
        except Exception:
            log.exception("Housekeeping failed; it is tried again")

    @attach.before_loop
    @publish.before_loop
    async def wait_until_ready(self) -> None:
        """Wait until the bot is connected to Discord."""
        await self._bot.wait_until_ready()

    async def _run_step(
        self,
        run_once: Callable[[], Awaitable[None]],
        wakeup: Wakeup,
        next_at: Callable[[], Awaitable[dt.datetime | None]],
    ) -> None:
        """Run ``run_once``, then wait for its wakeup, its next due row, or the slow tick.

        An exception is logged: only cancellation ends a loop.
        """
        rest = SLOW_TICK
        try:
            await run_once()
            if (due := await next_at()) is not None:
                rest = min(rest, max((due - self._clock()).total_seconds(), MIN_REST))
        except Exception:
            log.exception("A loop failed; it continues")
        await wakeup.wait(rest, debounce=DEBOUNCE)

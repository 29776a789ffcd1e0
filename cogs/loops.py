"""Runs the loops and the housekeeping for as long as the bot runs."""

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from discord.ext import commands, tasks

from bot import metrics
from bot.domain.clock import Clock
from bot.health import Heartbeat
from bot.interactions.boards import Boards
from bot.interactions.budget_notices import BudgetNotices
from bot.interactions.client import Encore
from bot.interactions.notifier import Notifier
from bot.interactions.publisher import Publisher
from bot.interactions.shard_beats import ShardBeats
from bot.services.attacher import Attacher
from bot.services.operator_watch import OperatorWatch
from bot.services.retention import Retention
from bot.services.session_runner import SessionRunner
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
VOTES_DEBOUNCE = 0.25  # many votes come at once, and to load those of a session takes long
WATCH_EVERY = 60.0  # seconds
PROCESS_BEAT_INTERVAL = 5.0  # seconds; a process that is silent for `PROCESS_LEASE` counts as dead
STOP_TIMEOUT = 20.0  # seconds for requests in progress when Encore stops


@dataclass(frozen=True, slots=True, kw_only=True)
class Loops:
    """All loops, each told by what it does."""

    submitter: Submitter
    tracker: Tracker
    attacher: Attacher
    session_runner: SessionRunner
    publisher: Publisher
    boards: Boards
    operator_watch: OperatorWatch
    retention: Retention
    notifier: Notifier
    budget_notices: BudgetNotices


class LoopsCog(commands.Cog):
    """Runs the loops, each woken by its wakeup or by a slow tick."""

    def __init__(
        self,
        bot: Encore,
        store: Store,
        loops: Loops,
        *,
        beats: ShardBeats,
        wakeups: Wakeups,
        heartbeat: Heartbeat,
        clock: Clock,
    ) -> None:
        self._bot = bot
        self._store = store
        self._submitter = loops.submitter
        self._tracker = loops.tracker
        self._publisher = loops.publisher
        self._attacher = loops.attacher
        self._session_runner = loops.session_runner
        self._boards = loops.boards
        self.operator_watch = loops.operator_watch
        self._retention = loops.retention
        self._notifier = loops.notifier
        self._budget_notices = loops.budget_notices
        self.beats = beats
        self.wakeups = wakeups
        self._heartbeat = heartbeat
        self._clock = clock
        self._loops = (
            self.submit,
            self.track,
            self.publish,
            self.attach,
            self.run_sessions,
            self.show_boards,
            self.notify_members,
            self.tell_of_budgets,
            self.housekeeping,
            self.watch,
        )

    async def cog_load(self) -> None:
        """Start the loops; those that speak to Discord wait until it is ready."""
        if self._store.is_shared:  # what a process claims is freed once it has beaten and stops to
            await self._store.beat_process(now=self._clock())
            self.beat_process.start()
        for loop in self._loops:
            loop.start()

    async def cog_unload(self) -> None:
        """Stop the loops; requests in progress may finish, and others take over what is left."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(
            self._submitter.stop(grace=STOP_TIMEOUT),
            self._tracker.stop(),
            self._attacher.stop(),
        )
        await asyncio.gather(
            self._publisher.stop(grace=STOP_TIMEOUT),
            self._boards.stop(grace=STOP_TIMEOUT),
            self._notifier.stop(grace=STOP_TIMEOUT),
        )
        if self._store.is_shared:
            self.beat_process.cancel()
            try:
                await self._store.end_process()
            except Exception:  # then the others wait until it counts as dead
                log.exception("Other processes could not be told that this one ends")

    @tasks.loop()
    async def submit(self) -> None:
        """Send waiting extensions."""
        await self._run_step(
            "submitter", self._submitter.run_once, self.wakeups.submitter, self._store.next_due
        )

    @tasks.loop()
    async def track(self) -> None:
        """Fetch the progress of due extensions."""
        await self._run_step(
            "tracker", self._tracker.run_once, self.wakeups.tracker, self._store.next_due
        )

    @tasks.loop()
    async def publish(self) -> None:
        """Edit the replies of changed extensions."""
        await self._run_step(
            "publisher", self._publisher.run_once, self.wakeups.publisher, self._store.next_publish
        )

    @tasks.loop()
    async def attach(self) -> None:
        """Prepare audio for the replies of complete extensions."""
        await self._run_step(
            "attacher", self._attacher.run_once, self.wakeups.attacher, self._store.next_audio
        )

    @tasks.loop()
    async def run_sessions(self) -> None:
        """Carry sessions on."""
        await self._run_step(
            "session_runner",
            self._session_runner.run_once,
            self.wakeups.session_runner,
            self._store.next_session_due,
            debounce=VOTES_DEBOUNCE,
        )

    @tasks.loop()
    async def show_boards(self) -> None:
        """Edit the posts of changed sessions."""
        await self._run_step(
            "boards", self._boards.run_once, self.wakeups.boards, self._store.next_post
        )

    @tasks.loop()
    async def notify_members(self) -> None:
        """Tell members that an extension has ended."""
        await self._run_step(
            "notifier",
            self._notifier.run_once,
            self.wakeups.notifier,
            self._store.next_notification,
        )

    @tasks.loop()
    async def tell_of_budgets(self) -> None:
        """Tell moderators of budgets that run low."""
        await self._run_step(
            "budget_notices",
            self._budget_notices.run_once,
            self.wakeups.budget_notices,
            self._store.next_notice,
        )

    @commands.Cog.listener("on_shard_ready")
    @commands.Cog.listener("on_shard_resumed")
    async def shard_connected(self, shard_id: int) -> None:
        """Count what happens in sessions of this shard's servers from now on."""
        self.beats.connected(shard_id)
        await self.beats.beat()
        self.wakeups.session_runner.notify()

    @commands.Cog.listener("on_shard_disconnect")
    async def shard_disconnected(self, shard_id: int) -> None:
        """Count nothing in sessions that nobody can vote in."""
        self.beats.disconnected(shard_id)

    @tasks.loop(seconds=PROCESS_BEAT_INTERVAL)
    async def beat_process(self) -> None:
        """Tell other processes that this one lives, and take over from those that have died."""
        try:
            if await self._store.beat_process(now=self._clock()):
                log.info("Another process has died: its work is taken over")
                self.wakeups.wake_all()
        except Exception:
            log.exception("This process could not tell others that it lives; it is tried again")

    @tasks.loop(seconds=15)
    async def housekeeping(self) -> None:
        """Touch the heartbeat file, beat for each shard, and delete what is old."""
        try:
            if self._bot.is_ready():
                self._heartbeat.beat()
            await self.beats.beat()
            await self._retention.run_once()
        except Exception:
            log.exception("Housekeeping failed; it is tried again")

    @tasks.loop(seconds=WATCH_EVERY)
    async def watch(self) -> None:
        """Tell the operator what only they can mend."""
        try:
            await self.operator_watch.run_once()
        except Exception:
            log.exception("Looking for problems failed; it is tried again")

    @watch.before_loop
    async def begin_later(self) -> None:
        """Wait until the bot is connected, and what has to be done first is done."""
        await self._bot.wait_until_ready()
        await asyncio.sleep(WATCH_EVERY)

    @attach.before_loop
    @publish.before_loop
    @run_sessions.before_loop
    @show_boards.before_loop
    @notify_members.before_loop
    @tell_of_budgets.before_loop
    async def wait_until_ready(self) -> None:
        """Wait until the bot is connected to Discord."""
        await self._bot.wait_until_ready()

    async def _run_step(
        self,
        name: str,
        run_once: Callable[[], Awaitable[None]],
        wakeup: Wakeup,
        next_at: Callable[[], Awaitable[dt.datetime | None]],
        *,
        debounce: float = DEBOUNCE,
    ) -> None:
        """Run ``run_once``, then wait for its wakeup, its next due row, or the slow tick.

        ``name`` is the loop's in metrics and in the log.

        An exception is logged: only cancellation ends a loop.
        """
        rest = SLOW_TICK
        try:
            with metrics.LOOP_TURNS.labels(name).time():
                await run_once()
            if (due := await next_at()) is not None:
                rest = min(rest, max((due - self._clock()).total_seconds(), MIN_REST))
        except Exception:
            log.exception("The %s failed; it continues", name)
            metrics.LOOP_FAILURES.labels(name).inc()
        metrics.LOOP_LAST_TURN.labels(name).set_to_current_time()
        await wakeup.wait(rest, debounce=debounce)

"""Encore as a process whose clock runs faster, and which may kill itself at a commit.

    python -m tests.support.hurried_bot

What it is told by the environment is known only here, and is no setting of Encore.
"""

import asyncio
import datetime as dt
import os
import signal
import time
from pathlib import Path

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import AdaptedConnection

from bot.app import create_bot
from bot.domain.clock import utc_now
from bot.logs import set_up_logging
from bot.settings import load_settings
from cogs.loops import LoopsCog

FASTER = 30
BEAT = 15.0  # seconds of that clock between two beats, as Encore has it
TICK = 0.1  # seconds of ours; the loops take the time of day for that of the clock

SINCE, KILLED_AT, STARTS_WITH = "HURRIED_SINCE", "HURRIED_KILLED_AT", "HURRIED_STARTS_WITH"


def hurried_environment(
    since: dt.datetime, killed_at: float | None, starts_with: Path
) -> dict[str, str]:
    """Return what this process is told.

    Args:
        since: when its clock was right; the same for all its lives.
        starts_with: the file that it waits for, once it has loaded its modules.
        killed_at: the number of the commit at which it kills itself: a whole one before it, a half
            one after it. None is never.
    """
    told = {SINCE: since.isoformat(), STARTS_WITH: str(starts_with)}
    return told if killed_at is None else told | {KILLED_AT: str(killed_at)}


def hurried_time(since: dt.datetime) -> dt.datetime:
    """Return what the clock shows now."""
    return since + (utc_now() - since) * FASTER


async def run() -> None:
    """Run Encore until it is killed."""
    since = dt.datetime.fromisoformat(os.environ[SINCE])
    settings = load_settings()
    set_up_logging(settings.log)
    async with create_bot(settings, clock=lambda: hurried_time(since)) as bot:
        cog = bot.get_cog("LoopsCog")
        assert isinstance(cog, LoopsCog)
        hurrying = asyncio.create_task(_hurry(cog))
        await bot.start(settings.discord_token.get_secret_value())
        await hurrying


async def _hurry(cog: LoopsCog) -> None:
    """Beat, and wake the loops that wait for a time, as often as that clock needs."""
    beats_every = round(BEAT / FASTER / TICK)
    ticks = 0
    while True:
        await asyncio.sleep(TICK)
        ticks += 1
        if ticks % beats_every == 0:
            await cog.beats.beat()
        for wakeup in (cog.wakeups.session_runner, cog.wakeups.boards, cog.wakeups.publisher):
            wakeup.notify()
        cog.wakeups.tracker.notify()


def die_at_commit(number: float) -> None:
    """Have the process kill itself just before a commit, or by a half more just after it."""
    commits = 0

    def trace(statement: str) -> None:
        nonlocal commits
        if commits > number:
            os.kill(os.getpid(), signal.SIGKILL)
        if statement == "COMMIT":
            commits += 1
            if commits == number:
                os.kill(os.getpid(), signal.SIGKILL)

    @event.listens_for(Engine, "connect")
    def follow(connection: AdaptedConnection, _record: object) -> None:
        connection.run_async(lambda driver: driver.set_trace_callback(trace))


if __name__ == "__main__":
    if KILLED_AT in os.environ:
        die_at_commit(float(os.environ[KILLED_AT]))
    while not Path(os.environ[STARTS_WITH]).exists():
        time.sleep(0.01)
    asyncio.run(run())

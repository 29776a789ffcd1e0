"""Composition root and command line: makes the real things, runs them, closes them in reverse.

python -m bot          run Encore
python -m bot check    say what is set and what answers; exit code 0 or 1
python -m bot health   exit code 0 if the Encore on this database is alive
"""

import argparse
import asyncio
import datetime as dt
import logging
import os
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import discord

from bot.audio.download import SafeDownloader
from bot.audio.process_pool import ProcessPool
from bot.domain.clock import Clock, utc_now
from bot.domain.models import Kind
from bot.health import Heartbeat, run_checks
from bot.interactions.client import Encore, set_api_base
from bot.interactions.publisher import Publisher
from bot.logs import set_up_logging
from bot.providers.registry import open_providers
from bot.services.attacher import Attacher
from bot.services.clip_files import ClipFiles
from bot.services.extensions import ExtensionService
from bot.services.library import Library
from bot.services.links import LinkRefresher
from bot.services.media import MediaFetcher
from bot.services.outage_log import OutageLog
from bot.services.poll_schedule import PollSchedule
from bot.services.song_files import SongFiles
from bot.services.songs import Songs
from bot.services.submitter import RECONCILE_TIMEOUT, Submitter
from bot.services.tracker import Tracker
from bot.services.wakeups import Wakeups
from bot.settings import Settings, SettingsError, load_settings
from bot.store.acceptance import Quota
from bot.store.errors import StoreError
from bot.store.store import Store
from cogs.extend import ExtendCog
from cogs.library import LibraryCog
from cogs.loops import LoopsCog
from cogs.reactions import ReactionsCog
from cogs.reply_commands import ReplyCommandsCog
from cogs.songs import SongsCog

log = logging.getLogger(__name__)

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2


@asynccontextmanager
async def create_bot(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    reconcile_timeout: dt.timedelta = RECONCILE_TIMEOUT,
) -> AsyncGenerator[Encore]:
    """Yield Encore made of real things, ready for ``start``; closed in reverse order at the end.

    Args:
        settings: say what to use.
        clock: the time.
        reconcile_timeout: how long an interrupted submission is looked for at its provider.

    Raises:
        StoreError: the database can't be used.
        SettingsError: there is no place to work on audio.
    """
    set_api_base(settings.discord_api_url)
    wakeups, outage_log = Wakeups(), OutageLog()
    heartbeat = Heartbeat(settings.database_url)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(Store.open(settings.database_url))
        stack.callback(heartbeat.stop)  # only now is it ours, and not that of one who runs already
        providers = await stack.enter_async_context(open_providers(settings))
        pool = await stack.enter_async_context(_open_process_pool())
        poll_schedule = PollSchedule(store, clock=clock, poll_every=_seconds(settings.poll_every))
        links = LinkRefresher(store, providers, wakeups=wakeups, clock=clock)
        media = MediaFetcher(
            SafeDownloader(trusted_hosts=settings.trusted_audio_hosts), pool, links
        )
        quota = Quota(member=settings.member_limit, channel=settings.channel_limit)
        service = ExtensionService(
            store,
            providers,
            default_provider=settings.provider,
            deadline=settings.deadline,
            quota=quota,
            wakeups=wakeups,
            poll_schedule=poll_schedule,
            links=links,
            clock=clock,
        )
        songs = Songs(
            store,
            providers,
            deadline=settings.deadline,
            quota=quota,
            wakeups=wakeups,
            poll_schedule=poll_schedule,
            clock=clock,
        )
        submitter = Submitter(
            store,
            providers,
            wakeups=wakeups,
            outage_log=outage_log,
            poll_schedule=poll_schedule,
            clock=clock,
            deadline=settings.deadline,
            reconcile_timeout=reconcile_timeout,
        )
        tracker = Tracker(
            store,
            providers,
            wakeups=wakeups,
            outage_log=outage_log,
            poll_schedule=poll_schedule,
            clock=clock,
        )
        library = Library(store, providers, links)
        bot = await stack.enter_async_context(
            Encore(store=store, service=service, songs=songs, library=library)
        )
        publisher = Publisher(bot, store, wakeups=wakeups, clock=clock)
        clip_files = ClipFiles(store, media, pool)
        attacher = Attacher(
            store,
            {
                Kind.PART: clip_files,
                Kind.CONCAT: clip_files,
                Kind.SPLICE: SongFiles(store, media, pool),
            },
            pool,
            attachment_limit=publisher.attachment_limit,
            wakeups=wakeups,
            clock=clock,
        )
        await bot.add_cog(ExtendCog(bot, service, clock))
        await bot.add_cog(ReplyCommandsCog(bot, service))
        await bot.add_cog(ReactionsCog(bot, service))
        await bot.add_cog(LibraryCog(bot, service, clock))
        await bot.add_cog(SongsCog(service, clock))
        await bot.add_cog(
            LoopsCog(
                bot,
                store,
                submitter,
                tracker,
                publisher,
                attacher,
                wakeups=wakeups,
                heartbeat=heartbeat,
                clock=clock,
            )
        )
        yield bot


async def run(settings: Settings) -> None:
    """Run Encore until it is told to stop by SIGINT or SIGTERM; loops finish their step."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with create_bot(settings) as bot:
        running = asyncio.create_task(bot.start(settings.discord_token.get_secret_value()))
        stopping = asyncio.create_task(stopped.wait())
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not running.done():
            log.info("Stopping")
            await bot.close()
        await running


async def check(settings: Settings) -> int:
    """Print what is set and what answers; return the exit code."""
    set_api_base(settings.discord_api_url)
    print("Settings: complete; enabled:", ", ".join(settings.enabled))  # noqa: T201 - the command's answer
    code = EXIT_OK
    async with open_providers(settings) as providers:
        async for is_well, sentence in run_checks(settings, providers):
            print("✓" if is_well else "✗", sentence)  # noqa: T201 - the command's answer
            code = code if is_well else EXIT_FAILED
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="encore", description="A Discord bot that extends songs.")
    parser.add_argument("command", nargs="?", default="run", choices=("run", "check", "health"))
    command = parser.parse_args(arguments).command
    try:
        settings = load_settings()
        if command == "health":
            return EXIT_OK if Heartbeat(settings.database_url).is_fresh() else EXIT_FAILED
        if command == "check":
            return asyncio.run(check(settings))
        set_up_logging(settings.log)
        asyncio.run(run(settings))
    except (SettingsError, StoreError) as error:
        return _exit_with(str(error), EXIT_USAGE)
    except discord.LoginFailure:
        return _exit_with("DISCORD_TOKEN was refused by Discord: copy it again.", EXIT_USAGE)
    except (aiohttp.ClientError, discord.HTTPException, OSError) as error:
        return _exit_with(f"Discord can't be reached ({type(error).__name__}).", EXIT_FAILED)
    return EXIT_OK


@asynccontextmanager
async def _open_process_pool() -> AsyncGenerator[ProcessPool]:
    """Open the workshop, whose folder is one for each user of the system."""
    name = f"encore-{os.getuid()}" if hasattr(os, "getuid") else "encore"
    folder = Path(tempfile.gettempdir()) / name
    async with AsyncExitStack() as stack:
        try:
            pool = await stack.enter_async_context(ProcessPool(folder))
        except OSError as error:
            raise SettingsError(
                f"Audio is worked on in {folder}, which can't be used ({error.strerror}): "
                "make it yours, or name another place with TMPDIR."
            ) from error
        yield pool


def _seconds(number: float | None) -> dt.timedelta | None:
    return None if number is None else dt.timedelta(seconds=number)


def _exit_with(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201 - for who started it
    return code


if __name__ == "__main__":
    sys.exit(main())

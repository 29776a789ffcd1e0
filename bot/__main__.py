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

from bot.audio.door import Door
from bot.audio.workshop import Workshop
from bot.checkup import findings
from bot.client import Encore, use_discord_at
from bot.domain.clock import Clock, utc_now
from bot.domain.models import Kind
from bot.heartbeat import Heartbeat
from bot.logs import set_up_logging
from bot.providers.registry import open_providers
from bot.services.attacher import Attacher
from bot.services.bells import Bells
from bot.services.clip_files import ClipFiles
from bot.services.extensions import ExtensionService
from bot.services.fresh_links import FreshLinks
from bot.services.library import Library
from bot.services.outages import Outages
from bot.services.paces import Paces
from bot.services.song_files import SongFiles
from bot.services.songs import Songs
from bot.services.sounds import Sounds
from bot.services.submitter import RECONCILE_FOR, Submitter
from bot.services.tracker import Tracker
from bot.settings import Settings, SettingsError, load_settings
from bot.store.accepting import Quota
from bot.store.errors import StoreError
from bot.store.store import Store
from bot.ui.publisher import Publisher
from cogs.extend import Extend
from cogs.library import LibraryCommands
from cogs.loops import Loops
from cogs.reactions import Reactions
from cogs.replies import Replies
from cogs.songs import SongCommands

log = logging.getLogger(__name__)

WELL, NOT_WELL, WRONG_SETTING = 0, 1, 2


@asynccontextmanager
async def composed(
    settings: Settings, *, clock: Clock = utc_now, reconcile_for: dt.timedelta = RECONCILE_FOR
) -> AsyncGenerator[Encore]:
    """Yield Encore made of real things, ready for ``start``; closed in reverse order at the end.

    Args:
        settings: say what to use.
        clock: the time.
        reconcile_for: how long an interrupted submission is looked for at its provider.

    Raises:
        StoreError: the database can't be used.
        SettingsError: there is no place to work on audio.
    """
    use_discord_at(settings.discord_api_url)
    bells, outages = Bells(), Outages()
    heartbeat = Heartbeat(settings.database_url)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(Store.open(settings.database_url))
        stack.callback(heartbeat.stop)  # only now is it ours, and not that of one who runs already
        providers = await stack.enter_async_context(open_providers(settings))
        workshop = await stack.enter_async_context(_opened_workshop())
        paces = Paces(store, clock=clock, poll_every=_seconds(settings.poll_every))
        links = FreshLinks(store, providers, bells=bells, clock=clock)
        sounds = Sounds(Door(trusted_hosts=settings.trusted_audio_hosts), workshop, links)
        quota = Quota(member=settings.member_limit, channel=settings.channel_limit)
        service = ExtensionService(
            store,
            providers,
            default_provider=settings.provider,
            deadline=settings.deadline,
            quota=quota,
            bells=bells,
            paces=paces,
            links=links,
            clock=clock,
        )
        songs = Songs(
            store,
            providers,
            deadline=settings.deadline,
            quota=quota,
            bells=bells,
            paces=paces,
            clock=clock,
        )
        submitter = Submitter(
            store,
            providers,
            bells=bells,
            outages=outages,
            paces=paces,
            clock=clock,
            deadline=settings.deadline,
            reconcile_for=reconcile_for,
        )
        tracker = Tracker(
            store,
            providers,
            bells=bells,
            outages=outages,
            paces=paces,
            clock=clock,
        )
        library = Library(store, providers, links)
        bot = await stack.enter_async_context(
            Encore(store=store, service=service, songs=songs, library=library)
        )
        publisher = Publisher(bot, store, bells=bells, clock=clock)
        clip_files = ClipFiles(store, sounds, workshop)
        attacher = Attacher(
            store,
            {
                Kind.PART: clip_files,
                Kind.CONCAT: clip_files,
                Kind.SPLICE: SongFiles(store, sounds, workshop),
            },
            publisher,
            workshop,
            bells=bells,
            clock=clock,
        )
        await bot.add_cog(Extend(bot, service, clock))
        await bot.add_cog(Replies(bot, service))
        await bot.add_cog(Reactions(bot, service))
        await bot.add_cog(LibraryCommands(bot, service, clock))
        await bot.add_cog(SongCommands(service, clock))
        await bot.add_cog(
            Loops(
                bot,
                store,
                submitter,
                tracker,
                publisher,
                attacher,
                bells=bells,
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
    async with composed(settings) as bot:
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
    use_discord_at(settings.discord_api_url)
    print("Settings: complete; enabled:", ", ".join(settings.enabled))  # noqa: T201 - the command's answer
    code = WELL
    async with open_providers(settings) as providers:
        async for is_well, sentence in findings(settings, providers):
            print("✓" if is_well else "✗", sentence)  # noqa: T201 - the command's answer
            code = code if is_well else NOT_WELL
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="encore", description="A Discord bot that extends songs.")
    parser.add_argument("command", nargs="?", default="run", choices=("run", "check", "health"))
    command = parser.parse_args(arguments).command
    try:
        settings = load_settings()
        if command == "health":
            return WELL if Heartbeat(settings.database_url).is_fresh() else NOT_WELL
        if command == "check":
            return asyncio.run(check(settings))
        set_up_logging(settings.log)
        asyncio.run(run(settings))
    except (SettingsError, StoreError) as error:
        return _ended(str(error), WRONG_SETTING)
    except discord.LoginFailure:
        return _ended("DISCORD_TOKEN was refused by Discord: copy it again.", WRONG_SETTING)
    except (aiohttp.ClientError, discord.HTTPException, OSError) as error:
        return _ended(f"Discord can't be reached ({type(error).__name__}).", NOT_WELL)
    return WELL


@asynccontextmanager
async def _opened_workshop() -> AsyncGenerator[Workshop]:
    """Open the workshop, whose folder is one for each user of the system."""
    name = f"encore-{os.getuid()}" if hasattr(os, "getuid") else "encore"
    folder = Path(tempfile.gettempdir()) / name
    async with AsyncExitStack() as stack:
        try:
            workshop = await stack.enter_async_context(Workshop(folder))
        except OSError as error:
            raise SettingsError(
                f"Audio is worked on in {folder}, which can't be used ({error.strerror}): "
                "make it yours, or name another place with TMPDIR."
            ) from error
        yield workshop


def _seconds(number: float | None) -> dt.timedelta | None:
    return None if number is None else dt.timedelta(seconds=number)


def _ended(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201 - for who started it
    return code


if __name__ == "__main__":
    sys.exit(main())

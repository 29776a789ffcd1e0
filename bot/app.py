"""Composition root: makes everything that Encore consists of, and closes it in reverse order."""

import datetime as dt
import os
import tempfile
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bot.audio.download import PrivateServer, SafeDownloader
from bot.audio.process_pool import ProcessPool
from bot.domain.clock import Clock, utc_now
from bot.domain.models import Kind
from bot.health import Heartbeat, remove_stale_heartbeats
from bot.interactions.boards import Boards
from bot.interactions.buttons import REPLY_BUTTONS
from bot.interactions.client import Encore, Services, set_api_base
from bot.interactions.first_reply import MIN_EDIT_INTERVAL
from bot.interactions.library_buttons import LIBRARY_BUTTONS
from bot.interactions.message_buttons import MESSAGE_BUTTONS
from bot.interactions.provider_buttons import PROVIDER_BUTTONS
from bot.interactions.publisher import Publisher
from bot.interactions.session_buttons import SESSION_BUTTONS
from bot.interactions.shard_beats import ShardBeats
from bot.providers.registry import open_providers
from bot.services.acceptance import Acceptance
from bot.services.attacher import Attacher
from bot.services.clip_files import ClipFiles
from bot.services.extensions import ExtensionService
from bot.services.form_check import FormReader
from bot.services.kept_audio import KeptAudio
from bot.services.library import Library
from bot.services.links import LinkRefresher
from bot.services.media import MediaFetcher
from bot.services.poll_schedule import PollSchedule
from bot.services.reply_context import ReplyContextLoader
from bot.services.runtime import Runtime
from bot.services.session_proposals import SessionProposals
from bot.services.session_runner import SessionRunner
from bot.services.session_start import SessionRules, SessionStarter
from bot.services.session_view import SessionViewLoader
from bot.services.sessions import Sessions
from bot.services.song_files import SongFiles
from bot.services.songs import Songs
from bot.services.source_audio import SourceAudioPreparer
from bot.services.submitter import Submitter
from bot.services.tracker import Tracker
from bot.services.unsaved_handles import UnsavedHandles
from bot.services.uploaded_files import UploadedFiles
from bot.settings import Settings, SettingsError
from bot.store.acceptance import Quota
from bot.store.database import sqlite_file
from bot.store.store import Store
from cogs.extend import ExtendCog
from cogs.help import HelpCog
from cogs.library import LibraryCog
from cogs.loops import Loops, LoopsCog
from cogs.reactions import ReactionsCog
from cogs.reply_commands import ReplyCommandsCog
from cogs.sessions import SessionsCog
from cogs.songs import SongsCog


@asynccontextmanager
async def create_bot(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    min_edit_interval: dt.timedelta = MIN_EDIT_INTERVAL,
) -> AsyncGenerator[Encore]:
    """Yield Encore, ready for ``start``.

    Args:
        settings: say what to use.
        clock: the time.
        min_edit_interval: least time between two edits of one reply.

    Raises:
        StoreError: the database can't be used.
        SettingsError: the folder for audio can't be used.
    """
    set_api_base(settings.discord_api_url)
    heartbeat = Heartbeat(settings.database_url)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(Store.open(settings.database_url))
        # registered after the lock, so we never delete another instance's heartbeat
        stack.callback(heartbeat.stop)
        remove_stale_heartbeats()
        runtime = Runtime(
            store=store,
            providers=await stack.enter_async_context(open_providers(settings)),
            poll_schedule=PollSchedule(
                store, clock=clock, poll_every=_seconds(settings.poll_every)
            ),
            clock=clock,
            deadline=settings.deadline,
            kept_audio=KeptAudio(_kept_audio_folder(settings)),
        )
        pool = await stack.enter_async_context(_open_process_pool())
        links = LinkRefresher(runtime)
        downloader = _downloader(settings)
        media = MediaFetcher(downloader, pool, links, runtime.kept_audio)
        files = UploadedFiles(runtime, downloader, pool)
        services = _create_services(runtime, links, files, settings)
        bot = await stack.enter_async_context(Encore(services, min_edit_interval=min_edit_interval))
        for cog in (ExtendCog, ReplyCommandsCog, ReactionsCog, SessionsCog):
            await bot.add_cog(cog(bot))
        for cog in (HelpCog, LibraryCog, SongsCog):
            await bot.add_cog(cog())
        bot.add_dynamic_items(*REPLY_BUTTONS, *MESSAGE_BUTTONS, *PROVIDER_BUTTONS)
        bot.add_dynamic_items(*LIBRARY_BUTTONS, *SESSION_BUTTONS)
        publisher = Publisher(
            bot, store, wakeups=runtime.wakeups, clock=clock, min_edit_interval=min_edit_interval
        )
        beats = ShardBeats(bot, store, clock=clock)
        loops = Loops(
            submitter=Submitter(
                runtime,
                reconcile_timeout=settings.reconcile_timeout,
                unsaved_handles=_unsaved_handles(settings),
                sources=SourceAudioPreparer(runtime, media, pool),
            ),
            tracker=Tracker(runtime),
            attacher=_create_attacher(runtime, publisher, pool, media),
            session_runner=SessionRunner(runtime, services.songs, is_heard=beats.is_heard),
            publisher=publisher,
            boards=Boards(bot, store, services.sessions, wakeups=runtime.wakeups, clock=clock),
        )
        await bot.add_cog(
            LoopsCog(
                bot,
                store,
                loops,
                beats=beats,
                wakeups=runtime.wakeups,
                heartbeat=heartbeat,
                clock=clock,
            )
        )
        yield bot


def _state_folder(settings: Settings) -> Path | None:
    """Return the state folder: the set one, else that of the SQLite file."""
    file = sqlite_file(settings.database_url)
    return settings.state_dir or (file.parent if file else None)


def _unsaved_handles(settings: Settings) -> UnsavedHandles:
    file = sqlite_file(settings.database_url)
    return UnsavedHandles(_state_folder(settings), database=file.name if file else "encore")


def _kept_audio_folder(settings: Settings) -> Path | None:
    folder, file = _state_folder(settings), sqlite_file(settings.database_url)
    name = f"{file.name}.audio" if file else "encore.audio"
    return None if folder is None else folder / name


def _downloader(settings: Settings) -> SafeDownloader:
    return SafeDownloader(
        trusted_hosts=settings.trusted_audio_hosts,
        private_servers={
            name: PrivateServer(api.base_url or "", api.key)
            for name, api in settings.enabled.items()
            if api.serves_audio
        },
    )


def _create_services(
    runtime: Runtime, links: LinkRefresher, files: UploadedFiles, settings: Settings
) -> Services:
    forms = FormReader(runtime, default_provider=settings.provider)
    reply_contexts = ReplyContextLoader(runtime)
    quota = Quota(member=settings.member_limit, channel=settings.channel_limit)
    acceptance = Acceptance(runtime, forms, reply_contexts, quota=quota)
    sessions = Sessions(runtime, SessionViewLoader(runtime))
    session_forms = FormReader(runtime, default_provider=settings.provider, is_in_session=True)
    rules = SessionRules(
        parts=settings.session_parts,
        vote_seconds=settings.session_vote,
        limit=settings.session_limit,
    )
    return Services(
        store=runtime.store,
        forms=forms,
        reply_contexts=reply_contexts,
        acceptance=acceptance,
        extensions=ExtensionService(runtime, acceptance, links),
        songs=Songs(runtime, acceptance),
        library=Library(runtime, links),
        uploaded_files=files,
        sessions=sessions,
        session_starter=SessionStarter(runtime, session_forms, sessions, rules=rules),
        session_proposals=SessionProposals(runtime, session_forms, sessions),
    )


def _create_attacher(
    runtime: Runtime,
    publisher: Publisher,
    pool: ProcessPool,
    media: MediaFetcher,
) -> Attacher:
    clip_files = ClipFiles(runtime.store, media, pool)
    return Attacher(
        runtime.store,
        {
            Kind.PART: clip_files,
            Kind.CONCAT: clip_files,
            Kind.SPLICE: SongFiles(runtime.store, media, pool),
        },
        pool,
        attachment_limit=publisher.attachment_limit,
        wakeups=runtime.wakeups,
        clock=runtime.clock,
    )


@asynccontextmanager
async def _open_process_pool() -> AsyncGenerator[ProcessPool]:
    """Open the process pool, whose folder belongs to the user who runs Encore."""
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

"""Composition root: makes everything that Encore consists of, and closes it in reverse order."""

import datetime as dt
import os
import tempfile
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from bot.audio.download import PrivateServer, SafeDownloader
from bot.audio.process_pool import ProcessPool
from bot.domain.clock import Clock, utc_now
from bot.domain.models import Kind
from bot.health import Heartbeat, remove_stale_heartbeats
from bot.interactions.boards import Boards
from bot.interactions.budget_notices import BudgetNotices
from bot.interactions.buttons import REPLY_BUTTONS
from bot.interactions.client import Encore, Services, set_api_base
from bot.interactions.first_reply import MIN_EDIT_INTERVAL
from bot.interactions.library_buttons import LIBRARY_BUTTONS
from bot.interactions.message_buttons import MESSAGE_BUTTONS
from bot.interactions.notification_buttons import NOTIFICATION_BUTTONS
from bot.interactions.notifier import Notifier
from bot.interactions.operator_notices import OperatorNotices
from bot.interactions.privacy_buttons import PRIVACY_BUTTONS
from bot.interactions.provider_buttons import PROVIDER_BUTTONS
from bot.interactions.publisher import Publisher
from bot.interactions.session_buttons import SESSION_BUTTONS
from bot.interactions.settings_panel import SETTINGS_ITEMS
from bot.interactions.shard_beats import ShardBeats
from bot.monitoring import serve_monitoring
from bot.providers.http import RateLimiterFactory, rate_limiter
from bot.providers.registry import open_providers
from bot.services.acceptance import Acceptance
from bot.services.attacher import Attacher
from bot.services.budgets import Budgets
from bot.services.clip_files import ClipFiles
from bot.services.extensions import ExtensionService
from bot.services.form_check import FormReader
from bot.services.gauges import refresh_gauges
from bot.services.guild_settings import GuildSettingsService
from bot.services.kept_audio import KeptAudio
from bot.services.library import Library
from bot.services.links import LinkRefresher
from bot.services.media import MediaFetcher
from bot.services.operator_contact import OperatorContact
from bot.services.operator_watch import OperatorWatch
from bot.services.poll_schedule import PollSchedule
from bot.services.reply_context import ReplyContextLoader
from bot.services.retention import Retention
from bot.services.runtime import Runtime
from bot.services.session_proposals import SessionProposals
from bot.services.session_runner import SessionRunner
from bot.services.session_start import SessionRules, SessionStarter
from bot.services.session_view import SessionViewLoader
from bot.services.sessions import Sessions
from bot.services.shared_rates import shared_rate_limiter
from bot.services.song_files import SongFiles
from bot.services.songs import Songs
from bot.services.source_audio import SourceAudioPreparer
from bot.services.submitter import Submitter
from bot.services.tracker import Tracker
from bot.services.unsaved_handles import UnsavedHandles
from bot.services.uploaded_files import UploadedFiles
from bot.setting_types import ListenAddress
from bot.settings import Settings, SettingsError
from bot.store.acceptance import Quota
from bot.store.database import sqlite_file
from bot.store.listen_notify import open_notifications
from bot.store.store import Store
from cogs.extend import ExtendCog
from cogs.help import HelpCog
from cogs.library import LibraryCog
from cogs.loops import Loops, LoopsCog
from cogs.privacy import PrivacyCog
from cogs.reactions import ReactionsCog
from cogs.reply_commands import ReplyCommandsCog
from cogs.server_settings import ServerSettingsCog
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
    heartbeat = Heartbeat(settings.database_url, shards=str(settings.shards or ""))
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(Store.open(settings.database_url))
        # registered after the lock, so we never delete another instance's heartbeat
        stack.callback(heartbeat.stop)
        remove_stale_heartbeats()
        runtime = Runtime(
            store=store,
            providers=await stack.enter_async_context(
                open_providers(settings, rate_limiter=_rate_limiter(store, clock))
            ),
            poll_schedule=PollSchedule(
                store, clock=clock, poll_every=_seconds(settings.poll_every)
            ),
            clock=clock,
            deadline=settings.deadline,
            operator_contact=OperatorContact(settings.operator),
            kept_audio=KeptAudio(_kept_audio_folder(settings)),
        )
        tell_others = await stack.enter_async_context(
            open_notifications(settings.database_url, runtime.wakeups.wake)
        )
        if tell_others is not None:
            runtime.wakeups.connect(tell_others)
        pool = await stack.enter_async_context(_open_process_pool())
        links = LinkRefresher(runtime)
        downloader = _downloader(settings)
        media = MediaFetcher(downloader, pool, links, runtime.kept_audio)
        files = UploadedFiles(runtime, downloader, pool)
        services = _create_services(runtime, links, files, settings)
        bot = await stack.enter_async_context(
            Encore(
                services,
                min_edit_interval=min_edit_interval,
                shards=settings.shards,
                share=_share_of_requests(settings),
            )
        )
        for cog in (ExtendCog, ReplyCommandsCog, ReactionsCog, SessionsCog):
            await bot.add_cog(cog(bot))
        for cog in (HelpCog, LibraryCog, PrivacyCog, ServerSettingsCog, SongsCog):
            await bot.add_cog(cog())
        bot.add_dynamic_items(*REPLY_BUTTONS, *MESSAGE_BUTTONS, *PROVIDER_BUTTONS)
        bot.add_dynamic_items(*LIBRARY_BUTTONS, *NOTIFICATION_BUTTONS, *PRIVACY_BUTTONS)
        bot.add_dynamic_items(*SESSION_BUTTONS, *SETTINGS_ITEMS)
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
            session_runner=SessionRunner(
                runtime, services.songs, is_heard=beats.is_heard, is_served=beats.is_served
            ),
            publisher=publisher,
            boards=Boards(bot, store, services.sessions, wakeups=runtime.wakeups, clock=clock),
            operator_watch=_create_operator_watch(bot, runtime, settings),
            retention=Retention(store, clock=clock, keep=settings.keep),
            notifier=Notifier(bot, store, clock=clock),
            budget_notices=BudgetNotices(bot, store, clock=clock),
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
        if settings.metrics is not None:
            await stack.enter_async_context(_serve_monitoring(settings.metrics, runtime, heartbeat))
        yield bot


@asynccontextmanager
async def _serve_monitoring(
    address: ListenAddress, runtime: Runtime, heartbeat: Heartbeat
) -> AsyncGenerator[None]:
    async with AsyncExitStack() as stack:
        serving = serve_monitoring(
            *address, refresh=lambda: refresh_gauges(runtime), problem=heartbeat.problem
        )
        try:
            await stack.enter_async_context(serving)
        except OSError as error:
            raise SettingsError(
                f"ENCORE_METRICS can't be used ({error.strerror}): "
                "name a free port of this machine."
            ) from error
        yield


def _rate_limiter(store: Store, clock: Clock) -> RateLimiterFactory:
    """Return what makes rate limiters: in the store if processes share the providers' keys."""
    return partial(shared_rate_limiter, store, clock) if store.is_shared else rate_limiter


def _share_of_requests(settings: Settings) -> float:
    """Return this process's part of the requests that Discord allows the bot.

    A proxy in front of Discord divides them itself.
    """
    has_proxy = settings.discord_api_url is not None
    return 1.0 if settings.shards is None or has_proxy else settings.shards.share


def _state_folder(settings: Settings) -> Path | None:
    """Return the state folder: the set one, else that of the SQLite file."""
    file = sqlite_file(settings.database_url)
    return settings.state_dir or (file.parent if file else None)


def _create_operator_watch(bot: Encore, runtime: Runtime, settings: Settings) -> OperatorWatch:
    file = sqlite_file(settings.database_url)
    notices = OperatorNotices(bot, channel_id=settings.notices_channel)
    folder = file.absolute().parent if file else None
    return OperatorWatch(runtime, database_folder=folder, report=notices.report)


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
        operator_contact=runtime.operator_contact,
        guild_settings=GuildSettingsService(runtime, quota=quota),
        budgets=Budgets(runtime),
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
                f"The folder for audio, {folder}, can't be used ({error.strerror}): "
                "make it yours, or name another place with TMPDIR."
            ) from error
        yield pool


def _seconds(number: float | None) -> dt.timedelta | None:
    return None if number is None else dt.timedelta(seconds=number)

"""The services on a real store, with scripted providers and a clock that is moved by hand."""

import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from bot.domain.form import Form
from bot.domain.models import Clip, ClipStatus, Extension, Handle, Progress, ReplyRef, Status
from bot.services.acceptance import Acceptance
from bot.services.extensions import Actor, ExtensionService
from bot.services.form_check import FormReader
from bot.services.kept_audio import KeptAudio
from bot.services.links import LinkRefresher
from bot.services.poll_schedule import PollSchedule
from bot.services.reply_context import ReplyContextLoader
from bot.services.runtime import Runtime
from bot.services.songs import Songs
from bot.services.submitter import Submitter
from bot.services.tracker import Tracker
from bot.services.unsaved_handles import UnsavedHandles
from bot.store.acceptance import Quota
from bot.store.store import Store
from tests.support.scripted_provider import ScriptedProvider
from tests.support.scripted_sources import ScriptedSources

START = dt.datetime(2026, 5, 17, 12, 0, tzinfo=dt.UTC)
DEADLINE = dt.timedelta(minutes=15)
RECONCILE_TIMEOUT = dt.timedelta(minutes=2)
SOURCE = "5e0f3c10-aaaa-4bbb-8ccc-0123456789ab"
OTHER = "5e0f3c10-aaaa-4bbb-8ccc-0123456789cd"
ADA, BEN, GUILD = 1001, 1002, 2001
CHANNEL, ELSEWHERE = 7, 8


class ManualClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> dt.datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)


class ServiceHarness:
    """Everything between a member's form and the reply, but for Discord."""

    def __init__(
        self,
        store: Store,
        *providers: ScriptedProvider,
        clock: ManualClock | None = None,
        poll_every: float | None = None,
        deadline: dt.timedelta = DEADLINE,
        member_limit: int = 0,
        channel_limit: int = 0,
        state_dir: Path | None = None,
        kept_audio: KeptAudio | None = None,
    ) -> None:
        self.store = store
        self.clock = clock or ManualClock()
        self.providers = {provider.name: provider for provider in providers}
        every = None if poll_every is None else dt.timedelta(seconds=poll_every)
        self.poll_schedule = PollSchedule(store, clock=self.clock, poll_every=every)
        self.runtime = Runtime(
            store=store,
            providers=self.providers,
            poll_schedule=self.poll_schedule,
            clock=self.clock,
            deadline=deadline,
            kept_audio=kept_audio or KeptAudio(None),
        )
        self.wakeups, self.outage_log = self.runtime.wakeups, self.runtime.outage_log
        self.links = LinkRefresher(self.runtime)
        self.forms = FormReader(
            self.runtime, default_provider=providers[0].name if providers else "none"
        )
        self.reply_contexts = ReplyContextLoader(self.runtime)
        self.acceptance = Acceptance(
            self.runtime,
            self.forms,
            self.reply_contexts,
            quota=Quota(member=member_limit, channel=channel_limit),
        )
        self.service = ExtensionService(self.runtime, self.acceptance, self.links)
        self.songs = Songs(self.runtime, self.acceptance)
        self.sources = ScriptedSources()
        self.submitter = Submitter(
            self.runtime,
            reconcile_timeout=RECONCILE_TIMEOUT,
            unsaved_handles=UnsavedHandles(state_dir),
            sources=self.sources,
        )
        self.tracker = Tracker(self.runtime)

    async def ask(
        self,
        idempotency_key: str,
        *,
        member_id: int = ADA,
        channel_id: int = CHANNEL,
        **fields: object,
    ) -> Extension:
        """Accept an extension from second 10 of a clip nobody knows, unless told otherwise."""
        form = Form(**{"clip": SOURCE, "at": "10", **fields})
        reply = replace(reply_to(idempotency_key), channel_id=channel_id)
        ext, _, _ = await self.acceptance.accept_form(
            form, idempotency_key=idempotency_key, member_id=member_id, reply=reply
        )
        return ext

    async def retake(
        self, ext: Extension, idempotency_key: str, *, member_id: int = ADA
    ) -> tuple[Extension, bool]:
        """Ask for the same once more."""
        taken = await self.service.retake(
            ext.id,
            idempotency_key=idempotency_key,
            member_id=member_id,
            reply=reply_to(idempotency_key),
        )
        return taken.extension, taken.is_new

    async def song(
        self, clip_id: str, idempotency_key: str, *, member_id: int = ADA, channel_id: int = CHANNEL
    ) -> Extension:
        """Ask for the full song that ends with a clip."""
        reply = replace(reply_to(idempotency_key), channel_id=channel_id)
        asked = await self.songs.request(
            clip_id, idempotency_key=idempotency_key, member_id=member_id, reply=reply
        )
        return asked.extension

    async def finished(self, idempotency_key: str, **fields: object) -> Extension:
        """Accept an extension and have its provider finish it."""
        return await self.completed(await self.submitted(idempotency_key, **fields))

    async def completed(self, ext: Extension) -> Extension:
        """Let the provider finish a submitted extension."""
        ext = await self.now(ext)
        self.providers[ext.request.provider].progress[handle_of(ext)] = complete(ext)
        self.clock.advance(20)  # by then the lease of the first reply has expired
        await self.overdue(ext)
        await self.track()
        assert await self.is_at(ext, Status.COMPLETE)
        return await self.now(ext)

    async def submit(self) -> None:
        """Let the first loop run once, and finish what it started."""
        await self.submitter.run_once()
        await self.submitter.idle()

    async def track(self) -> None:
        """Let the second loop run once, and finish what it started."""
        await self.tracker.run_once()
        await self.tracker.idle()

    async def submitted(self, idempotency_key: str, **fields: object) -> Extension:
        """Accept an extension and have its provider take it."""
        ext = await self.ask(idempotency_key, **fields)
        await self.submit()
        taken = await self.now(ext)
        assert taken.status is Status.SUBMITTED, taken
        return taken

    async def overdue(self, *exts: Extension) -> None:
        """Move the clock to when the last of ``exts`` is due."""
        latest = [(await self.now(ext)).due_at for ext in exts]
        self.clock.now = max(self.clock.now, *latest)

    async def is_at(self, ext: Extension, status: Status) -> bool:
        """Return whether the store has ``ext`` in this status."""
        return (await self.now(ext)).status is status

    async def has_news(self, ext: Extension) -> bool:
        """Return whether a member could see a change since ``ext`` was read."""
        return (await self.now(ext)).revision > ext.revision

    async def now(self, ext: Extension) -> Extension:
        """Return ``ext`` as the store has it."""
        stored = await self.store.extension(ext.id)
        assert stored is not None
        return stored

    async def known(
        self, clip_id: str = SOURCE, *, provider: str = "suno", **parts: object
    ) -> None:
        """Let a source clip be known here."""
        clip = Clip(**{"id": clip_id, "status": ClipStatus.COMPLETE, "title": "Dreams", **parts})
        await self.store.remember_clip(provider, clip, now=self.clock())


async def until(
    condition: Callable[[], object | Awaitable[object]], *, within: float = 30.0
) -> None:
    """Return once ``condition`` holds; the store's threads may take a while on a busy machine.

    Raises:
        AssertionError: it did not hold within so many real seconds.
    """
    end = time.monotonic() + within
    while time.monotonic() < end:
        holds = condition()
        if (await holds) if isinstance(holds, Awaitable) else holds:
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never held")


def reply_to(idempotency_key: str) -> ReplyRef:
    """Return a reply with an id of its own for each trigger."""
    number = sum(byte << (8 * place) for place, byte in enumerate(idempotency_key.encode()[:6]))
    return ReplyRef(channel_id=CHANNEL, guild_id=GUILD, message_id=10**17 + number)


def handle_of(ext: Extension) -> Handle:
    assert ext.handle is not None
    return ext.handle


def streaming(ext: Extension) -> Progress:
    """Return that both clips of ``ext`` can be heard and are not finished."""
    return _progress(ext, ClipStatus.STREAMING)


def complete(ext: Extension, **parts: object) -> Progress:
    """Return that both clips of ``ext`` are finished."""
    return _progress(ext, ClipStatus.COMPLETE, **parts)


def queued(ext: Extension) -> Progress:
    """Return that ``ext`` is known, and nothing can be heard."""
    return _progress(ext, ClipStatus.QUEUED, audio_url=None)


def _progress(ext: Extension, status: ClipStatus, **parts: object) -> Progress:
    clips = (
        Clip(id=clip_id, status=status, audio_url=f"https://audio.example/{clip_id}.mp3")
        for clip_id in handle_of(ext).clip_ids
    )
    return Progress(clips=tuple(replace(clip, **parts) for clip in clips))


def actor(member_id: int = ADA, *, is_moderator: bool = False) -> Actor:
    return Actor(member_id=member_id, is_moderator=is_moderator)

"""The use cases of an extension: prepare, accept, cancel, check again, find. No Discord.

What is accepted is in the store before anyone is told; the loops do the rest.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.attachments import AttachmentStatus
from bot.domain.clock import Clock
from bot.domain.errors import UserError
from bot.domain.form import Form, format_style
from bot.domain.models import ClipRecord, ExtendRequest, Extension, Kind, ReplyRef, Status
from bot.domain.text import collapse_whitespace, sanitize
from bot.domain.timecode import format_continue_at
from bot.domain.transitions import cancelled, reopened
from bot.providers.base import Capabilities, Provider
from bot.services.acceptance import FIRST_REPLY_TIMEOUT, Acceptance, AcceptResult
from bot.services.form_check import FormReader, PrefilledForm, ValidatedForm
from bot.services.links import LinkRefresher
from bot.services.poll_schedule import PollSchedule
from bot.services.reply_context import ReplyContext, ReplyContextLoader
from bot.services.wakeups import Wakeups
from bot.store.acceptance import Quota
from bot.store.store import Store

# A reply whose clips are taken up again and again is edited only so often for that.
CONTINUATION_NEWS_DELAY = dt.timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The member who acts, as far as rights go."""

    member_id: int
    is_moderator: bool = False

    def may_act_for(self, ext: Extension) -> bool:
        """Whether this member may send again or cancel ``ext``."""
        return self.is_moderator or self.member_id == ext.member_id


class ExtensionService:
    """What cogs and buttons call."""

    def __init__(
        self,
        store: Store,
        providers: Mapping[str, Provider],
        *,
        default_provider: str,
        deadline: dt.timedelta,
        quota: Quota,
        wakeups: Wakeups,
        poll_schedule: PollSchedule,
        links: LinkRefresher,
        clock: Clock,
    ) -> None:
        """Make the service; ``deadline`` bounds how long an extension is tracked."""
        self._store = store
        self._providers = providers
        self._requests = FormReader(store, providers, default_provider=default_provider)
        self._deadline = deadline
        self._views = ReplyContextLoader(store, providers, poll_schedule)
        self._intake = Acceptance(store, self._views, quota=quota, wakeups=wakeups, clock=clock)
        self._wakeups = wakeups
        self._links = links
        self._clock = clock

    @property
    def capabilities(self) -> Mapping[str, Capabilities]:
        """What each enabled provider can do, by name."""
        return {name: provider.capabilities for name, provider in self._providers.items()}

    async def parse(self, form: Form) -> ValidatedForm:
        """Return ``form`` checked and completed for the modal, without asking a provider.

        Raises:
            UserError: something in it can't be done.
        """
        return await self._requests.parse(form)

    async def prefill(self, form: Form) -> PrefilledForm:
        """Return ``form`` for the modal with everything as it was typed, to be mended there.

        Raises:
            UserError: the clip or the provider can't be had.
        """
        return await self._requests.prefill(form)

    async def accept(
        self,
        form: Form,
        *,
        idempotency_key: str,
        member_id: int,
        reply: ReplyRef,
        retake_of: int | None = None,
    ) -> AcceptResult:
        """Take on an extension, or return the one that this ``trigger`` already asked for.

        A reply that answers a message is sent by the publisher, any other by whoever calls this.

        Raises:
            UserError: something in the form can't be done, or too much is in progress; nothing
                was kept.
        """
        prepared = await self._requests.validate(form)
        now, source = self._clock(), prepared.source
        return await self._intake.accept(
            Extension(
                idempotency_key=idempotency_key,
                member_id=member_id,
                request=prepared.request,
                reply=reply,
                source_title=prepared.source_title,
                source_url=source.reply_url if source else None,
                retake_of=retake_of,
                created_at=now,
                due_at=now,
                deadline_at=now + self._deadline,
            ),
            source_is_known=source is not None,
        )

    async def retake(
        self, extension_id: int, *, idempotency_key: str, member_id: int, reply: ReplyRef
    ) -> AcceptResult:
        """Ask for the same once more; as `accept`.

        Raises:
            UserError: as `accept`, or it is a full song.
        """
        ext = await self._found(extension_id)
        if ext.kind.is_song:
            raise UserError(
                "A full song has no other take.", "Take one of its parts anew, or extend the song."
            )
        return await self.accept(
            form_of(ext.request),
            idempotency_key=idempotency_key,
            member_id=member_id,
            reply=reply,
            retake_of=ext.id,
        )

    async def record_first_reply(
        self, ext: Extension, reply: ReplyRef, *, min_edit_interval: dt.timedelta
    ) -> None:
        """Store where the first reply to ``ext`` is; it isn't edited for ``min_edit_interval``."""
        await self._store.record_first_reply(
            ext,
            reply,
            lease_until=ext.created_at + FIRST_REPLY_TIMEOUT,
            publish_at=self._clock() + min_edit_interval,
        )
        await self.announce_continuation(ext)
        self._wakeups.publisher.notify()

    async def announce_continuation(self, ext: Extension) -> None:
        """Have the reply of its source say that it goes on in ``ext``, which can be linked now.

        A full song goes on from nothing.
        """
        if ext.kind.is_song:
            return
        await self._store.bump_source_revision(
            ext, publish_at=self._clock() + CONTINUATION_NEWS_DELAY
        )

    async def by_reply(self, message_id: int) -> Extension | None:
        """Return the extension that a Discord message shows."""
        return await self._store.find_by_reply(message_id)

    async def reply_context(self, ext: Extension) -> ReplyContext:
        """Return what to show beside ``ext``."""
        return await self._views.load(ext)

    async def cancel(self, extension_id: int, actor: Actor) -> None:
        """Cancel a waiting extension.

        Raises:
            UserError: it is not the member's, or not waiting any more.
        """
        ext = await self._owned(extension_id, actor, verb="cancel")
        while (new := cancelled(ext, now=self._clock())) is not ext:
            if await self._store.save(new, was=ext):
                break
            ext = await self._found(extension_id)  # the line may only have moved meanwhile
        else:
            raise UserError(
                "It is too late to cancel.",
                "The request has been sent; its reply shows what becomes of it.",
            )
        await self._store.bump_queue_positions(ext.request.provider)
        self._wakeups.publisher.notify()

    async def check_again(self, extension_id: int) -> None:
        """Ask the provider once more: for what it still owes, or for links that may be dead.

        Raises:
            UserError: there is nothing to be asked, or no news.
        """
        ext = await self._found(extension_id)
        new = reopened(ext, now=self._clock(), deadline=self._deadline)
        if new is not ext and await self._store.save(new, was=ext):
            self._wakeups.tracker.notify()
            self._wakeups.publisher.notify()
        elif new is not ext:
            raise UserError("Already checking.", "The reply shows the latest that is known.")
        elif ext.status is Status.COMPLETE and ext.kind is not Kind.SPLICE:
            await self._check_links(ext)
        else:
            raise UserError(
                "There is nothing to check.", "The reply shows the latest that is known."
            )

    async def _check_links(self, ext: Extension) -> None:
        """Have ``ext`` show its current links, and carry the audio that it could not have."""
        new = await self._links.refresh_extension(ext)
        if new is None:
            raise UserError("The provider does not tell of it right now.", "Try again in a minute.")
        carried = await self._store.audio.attachments(ext.id)
        lacks_audio = any(each.outcome is AttachmentStatus.UNAVAILABLE for each in carried)
        if lacks_audio and any(clip.is_playable for clip in new.clips):
            await self._store.audio.enqueue(ext.id, due_at=self._clock())
            self._wakeups.attacher.notify()
        elif new == ext:
            raise UserError("Nothing is new.", "The links of the reply are the current ones.")

    async def form_of(self, extension_id: int, actor: Actor) -> Form:
        """Return what was asked for in an extension, to be sent again.

        Raises:
            UserError: it is not the member's, or unknown, or a full song, which has no form.
        """
        ext = await self._owned(extension_id, actor, verb="send it again")
        if ext.kind.is_song:
            raise UserError("A full song has no form.", "Press *Try again*, or use `/song`.")
        return form_of(ext.request)

    async def keep_draft(self, form: Form, *, member_id: int) -> int:
        """Keep what a member typed, so that nothing of it is lost; return its id."""
        return await self._store.notes.keep_draft(form, member_id=member_id, now=self._clock())

    async def draft(self, draft_id: int, *, member_id: int) -> Form:
        """Return what a member typed.

        Raises:
            UserError: it is not theirs, or too old.
        """
        form = await self._store.notes.draft(draft_id, member_id=member_id)
        if form is None:
            raise UserError("That draft is gone.", "Use `/extend` to start again.")
        return form

    async def clip_id_of(self, text: str) -> str:
        """Return the id of the clip that ``text`` names: an id, a Suno link, a reply's link.

        Raises:
            UserError: it names none.
        """
        return await self._requests.clip_id_of(collapse_whitespace(sanitize(text)))

    async def known_clip(self, clip_id: str) -> ClipRecord | None:
        """Return a clip that was made or used here."""
        return await self._store.clip(clip_id)

    async def _found(self, extension_id: int) -> Extension:
        ext = await self._store.extension(extension_id)
        if ext is None:
            raise UserError("Encore does not know this reply.", "Use `/extend` to start again.")
        return ext

    async def _owned(self, extension_id: int, actor: Actor, *, verb: str) -> Extension:
        ext = await self._found(extension_id)
        if not actor.may_act_for(ext):
            raise UserError(
                f"Only <@{ext.member_id}> or a moderator can {verb}.",
                "Use `/extend` for one of your own.",
            )
        return ext


def form_of(request: ExtendRequest) -> Form:
    """Return ``request`` as the form that asks for it."""
    return Form(
        clip=request.clip_id,
        at=format_continue_at(request.continue_at),
        style=format_style(request.style),
        lyrics=request.lyrics,
        title=request.title,
        exclude=format_style(request.exclude),
        model=request.model or "",
        provider=request.provider,
    )

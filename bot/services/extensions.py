"""The use cases of an extension after it was accepted: retake, cancel, check again, edit and send.

Also drafts. Knows nothing of Discord.
"""

import datetime as dt
from dataclasses import dataclass, replace

from bot import metrics
from bot.domain.attachments import AttachmentStatus
from bot.domain.errors import UserError
from bot.domain.form import Form, format_style
from bot.domain.models import ExtendRequest, Extension, Kind, ReplyRef, Status
from bot.domain.timecode import format_continue_at
from bot.domain.transitions import cancelled, observed, reopened
from bot.services.acceptance import FIRST_REPLY_TIMEOUT, Acceptance, AcceptResult
from bot.services.links import LinkRefresher
from bot.services.runtime import Runtime
from bot.services.session_parts import require_no_session

# A clip that is continued often does not have its reply edited each time.
CONTINUATION_NEWS_DELAY = dt.timedelta(seconds=10)

SHOWS_PROGRESS = "Its reply shows how it's going."
START_OVER = "Use `/extend` to start over."
TRY_LATER = "Try again in a minute."


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The member who acts, and their rights."""

    member_id: int
    is_moderator: bool = False

    def may_act_for(self, ext: Extension) -> bool:
        """Whether this member may edit and send or cancel ``ext``."""
        return self.is_moderator or self.member_id == ext.member_id


class ExtensionService:
    """Acts on extensions that the store has."""

    def __init__(self, runtime: Runtime, acceptance: Acceptance, links: LinkRefresher) -> None:
        self._runtime = runtime
        self._store = runtime.store
        self._wakeups = runtime.wakeups
        self._clock = runtime.clock
        self._acceptance = acceptance
        self._links = links

    async def retake(
        self,
        extension_id: int,
        *,
        idempotency_key: str,
        member_id: int,
        member_name: str = "",
        reply: ReplyRef,
    ) -> AcceptResult:
        """Accept an extension with the same request as another one.

        Raises:
            UserError: as `Acceptance.accept_form`, or it is a full song.
        """
        ext = await self._required(extension_id)
        if ext.kind.is_song:
            raise UserError(
                "A full song has no other take.",
                "Make another take of one of its parts, or extend the song.",
            )
        await require_no_session(self._store, ext.id)
        return await self._acceptance.accept_form(
            _form_from(ext.request),
            idempotency_key=idempotency_key,
            member_id=member_id,
            member_name=member_name,
            reply=reply,
            retake_of=ext.id,
        )

    async def record_first_reply(
        self,
        ext: Extension,
        reply: ReplyRef,
        *,
        min_edit_interval: dt.timedelta,
        digest: str | None = None,
    ) -> None:
        """Store where the first reply to ``ext`` is; it isn't edited for ``min_edit_interval``.

        ``digest`` is of the content that it shows.
        """
        await self._store.record_first_reply(
            ext,
            reply,
            lease_until=ext.created_at + FIRST_REPLY_TIMEOUT,
            publish_at=self._clock() + min_edit_interval,
            digest=digest,
        )
        await self.announce_continuation(ext)
        self._wakeups.publisher.notify()

    async def announce_continuation(self, ext: Extension) -> None:
        """Add a link to ``ext`` to the reply of its source clip, unless ``ext`` is a full song."""
        if ext.kind.is_song:
            return
        await self._store.bump_source_revision(
            ext, publish_at=self._clock() + CONTINUATION_NEWS_DELAY
        )

    async def cancel(self, extension_id: int, actor: Actor) -> None:
        """Cancel a waiting extension.

        Raises:
            UserError: the member may not cancel it, or it has been sent, or is finished.
        """
        ext = await self._required_for(actor, extension_id, verb="cancel it")
        while (new := cancelled(ext, now=self._clock())) is not ext:
            if await self._store.save(new, was=ext):
                metrics.FINISHED.labels(new.request.provider, new.status).inc()
                break
            ext = await self._required(extension_id)  # perhaps only its queue position changed
        else:
            if ext.status.is_final:
                raise UserError("It's already finished.", "Its reply shows the result.")
            raise UserError(
                "It's too late to cancel.", f"The request has been sent. {SHOWS_PROGRESS}"
            )
        await self._store.withdraw_notification(ext.id, actor.member_id)  # who cancels knows
        await self._store.bump_queue_positions(ext.request.provider)
        self._wakeups.publisher.notify()
        self._wakeups.session_runner.notify()

    async def check_again(self, extension_id: int) -> str:
        """Ask the provider once more: for missing results, or for links that may have expired.

        Returns:
            A sentence that tells whoever asked what came of it.

        Raises:
            UserError: there is nothing to ask for, or no news.
        """
        ext = await self._required(extension_id)
        deadline = self._runtime.deadline_of(ext.request.provider)
        new = reopened(ext, now=self._clock(), deadline=deadline)
        if new is not ext:
            await self._require_news(ext, new)
            if not await self._store.save(new, was=ext):
                raise UserError("I'm already checking.", SHOWS_PROGRESS)
            self._wakeups.tracker.notify()
            self._wakeups.publisher.notify()
            return f"Checking. {SHOWS_PROGRESS}"
        if ext.status is Status.COMPLETE and ext.kind is not Kind.SPLICE:
            await self._refresh_links(ext)
            return "Checked just now: the reply shows the news in a moment."
        raise UserError("There's nothing to check.", "The reply is up to date.")

    async def _require_news(self, ext: Extension, checked: Extension) -> None:
        """Raise UserError if the provider says now what ``ext`` shows.

        So a reply does not turn to *Submitted* for a second, only to be as it was.
        """
        progress = await self._links.fetch_progress(ext)
        if progress is None:
            return
        seen = observed(checked, progress, now=self._clock())
        if (seen.status, seen.failure, seen.clips) == (ext.status, ext.failure, ext.clips):
            raise UserError("Checked just now: still no link.", TRY_LATER)

    async def _refresh_links(self, ext: Extension) -> None:
        """Show the current links of ``ext``, and fetch audio that was unavailable before."""
        new = await self._links.refresh_extension(ext)
        if new is None:
            label = self._runtime.label(ext.request.provider)
            raise UserError(f"{label} isn't answering right now.", TRY_LATER)
        attachments = await self._store.attachments(ext.id)
        lacks_audio = any(each.outcome is AttachmentStatus.UNAVAILABLE for each in attachments)
        if lacks_audio and any(clip.is_playable for clip in new.clips):
            await self._store.enqueue_audio(ext.id, due_at=self._clock())
            self._wakeups.attacher.notify()
        elif new == ext:
            raise UserError("Nothing new yet: the links are up to date.", TRY_LATER)

    async def form_of(self, extension_id: int, actor: Actor) -> Form:
        """Return the form that asks for the same as an extension.

        Raises:
            UserError: the member may not send it again, or it is unknown, a full song or a
                complete part of a session. Of a complete one everybody may.
        """
        ext = await self._required(extension_id)
        if ext.status is Status.COMPLETE:
            await require_no_session(self._store, ext.id)
        else:
            _require_may_act(actor, ext, verb="send it again")
        if ext.kind.is_song:
            raise UserError(
                "A full song has nothing to edit.", "Press *Full song*, or use `/song`."
            )
        return _form_from(ext.request)

    async def mark_reply_deleted(self, extension_id: int, actor: Actor) -> Extension:
        """Store that the reply of an extension without audio is gone: nothing more is sent.

        Returns:
            The extension as it was, for `unmark_reply_deleted`.

        Raises:
            UserError: the member may not delete it, or it shows something else.
        """
        ext = await self._required_for(actor, extension_id, verb="delete it")
        if not ext.is_without_audio:
            raise UserError(
                "Only a reply without a result can be deleted.",
                "Cancel it while it waits, or remove a finished clip with `/clip`.",
            )
        gone = replace(ext.reply, unreachable=True, final_shown=True)
        await self._store.save_reply(ext.id, gone)
        return ext

    async def unmark_reply_deleted(self, ext: Extension) -> None:
        """Store that the reply of ``ext`` is still there."""
        await self._store.save_reply(ext.id, ext.reply)

    async def keep_draft(self, form: Form, *, member_id: int) -> int:
        """Store what a member typed; return the draft's id."""
        return await self._store.keep_draft(form, member_id=member_id, now=self._clock())

    async def draft(self, draft_id: int, *, member_id: int) -> Form:
        """Return what a member typed.

        Raises:
            UserError: the draft is not theirs, or was deleted.
        """
        form = await self._store.draft(draft_id, member_id=member_id)
        if form is None:
            raise UserError("That draft is gone.", START_OVER)
        return form

    def for_provider(self, form: Form, provider: str) -> Form:
        """Return ``form`` for another provider, with everything typed that it accepts.

        Raises:
            UserError: the provider is not enabled any more.
        """
        if provider not in self._runtime.providers:
            enabled = ", ".join(self._runtime.labels(excluding=provider).values())
            raise UserError(
                f"{self._runtime.label(provider)} isn't set up here any more.",
                f"Use `/extend` and pick one of these as `provider`: {enabled}.",
            )
        capabilities = self._runtime.providers[provider].capabilities
        model = form.model if form.model in capabilities.models else ""
        length = form.length if capabilities.new_length else ""
        return replace(form, provider=provider, model=model, length=length)

    async def _required(self, extension_id: int) -> Extension:
        ext = await self._store.extension(extension_id)
        if ext is None:
            raise unknown_reply()
        return ext

    async def _required_for(self, actor: Actor, extension_id: int, *, verb: str) -> Extension:
        ext = await self._required(extension_id)
        _require_may_act(actor, ext, verb=verb)
        return ext


def _require_may_act(actor: Actor, ext: Extension, *, verb: str) -> None:
    if not actor.may_act_for(ext):
        raise UserError(
            f"Only <@{ext.member_id}> or a moderator can {verb}.",
            "Use `/extend` for one of your own.",
        )


def _form_from(request: ExtendRequest) -> Form:
    return Form(
        clip=request.clip_id,
        at=format_continue_at(request.continue_at),
        style=format_style(request.style),
        lyrics=request.lyrics,
        title=request.title,
        exclude=format_style(request.exclude),
        model=request.model or "",
        provider=request.provider,
        length="" if request.length is None else f"{request.length:g}",
    )


def unknown_reply() -> UserError:
    """Return the refusal of what is asked of a reply that the store does not have."""
    return UserError("I don't know this reply.", START_OVER)

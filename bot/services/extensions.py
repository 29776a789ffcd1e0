"""The use cases of an extension: prepare, accept, cancel, check again, find. No Discord.

What is accepted is in the store before anyone is told; the loops do the rest.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.clock import Clock
from bot.domain.errors import UserError
from bot.domain.forms import Form
from bot.domain.models import ExtendRequest, Extension, KnownClip, ReplyRef, Status
from bot.domain.style import format_style
from bot.domain.timecode import format_point
from bot.domain.transitions import can_check_again, cancelled, checking_again
from bot.providers.base import Capabilities, Provider
from bot.services.bells import Bells
from bot.services.paces import Paces
from bot.services.requests import Prepared, Requests
from bot.store.store import Store

# The first reply is sent by whoever accepts; only if it never was does the publisher send one.
FIRST_REPLY = dt.timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The member who acts, as far as rights go."""

    member_id: int
    is_moderator: bool = False

    def may_act_for(self, ext: Extension) -> bool:
        """Whether this member may send again or cancel ``ext``."""
        return self.is_moderator or self.member_id == ext.member_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a reply shows beside its extension.

    Attributes:
        label: the provider's name as members read it.
        place: the place in line of a waiting extension, 1 is next; None for others.
        usual: how long the provider usually takes; None until learned.
    """

    label: str
    place: int | None = None
    usual: dt.timedelta | None = None


class ExtensionService:
    """What cogs and buttons call."""

    def __init__(
        self,
        store: Store,
        providers: Mapping[str, Provider],
        *,
        default_provider: str,
        deadline: dt.timedelta,
        bells: Bells,
        paces: Paces,
        clock: Clock,
    ) -> None:
        """Make the service; ``deadline`` bounds how long an extension is tracked."""
        self._store = store
        self._providers = providers
        self._requests = Requests(store, providers, default_provider=default_provider)
        self._deadline = deadline
        self._bells = bells
        self._paces = paces
        self._clock = clock

    @property
    def capabilities(self) -> Mapping[str, Capabilities]:
        """What each enabled provider can do, by name."""
        return {name: provider.capabilities for name, provider in self._providers.items()}

    async def prepare(self, form: Form) -> Prepared:
        """Return ``form`` checked and completed for the modal, without asking a provider.

        Raises:
            UserError: something in it can't be done.
        """
        return await self._requests.prepare(form)

    async def accept(
        self, form: Form, *, trigger: str, member_id: int, reply: ReplyRef
    ) -> tuple[Extension, bool]:
        """Take on an extension, or return the one that this ``trigger`` already asked for.

        Returns:
            The extension, and whether it is new.

        Raises:
            UserError: something in the form can't be done; nothing was kept.
        """
        prepared = await self._requests.checked(form)
        now = self._clock()
        source = prepared.source
        ext, is_new = await self._store.accept(
            Extension(
                trigger=trigger,
                member_id=member_id,
                request=prepared.request,
                reply=reply,
                source_title=prepared.source_title,
                source_url=source.reply_url if source else None,
                created_at=now,
                due_at=now,
                deadline_at=now + self._deadline,
            ),
            publish_at=now + FIRST_REPLY,
        )
        self._bells.submitter.ring()
        return ext, is_new

    async def replied(self, ext: Extension, reply: ReplyRef, *, apart: dt.timedelta) -> None:
        """Keep where the first reply to ``ext`` stands; leave it alone for ``apart``."""
        await self._store.save_reply(ext.id, reply)
        await self._store.mark_published(ext.id, ext.revision, publish_at=self._clock() + apart)
        self._bells.publisher.ring()

    async def surroundings(self, ext: Extension) -> Surroundings:
        """Return what to show beside ``ext``."""
        provider = self._providers.get(ext.request.provider)
        usual = (await self._paces.of(ext.request.provider)).usual
        waits = ext.status is Status.WAITING
        return Surroundings(
            label=provider.capabilities.label if provider else ext.request.provider,
            place=await self._store.place_in_line(ext) if waits else None,
            usual=dt.timedelta(seconds=usual) if usual else None,
        )

    async def cancel(self, extension_id: int, asker: Asker) -> None:
        """Cancel a waiting extension.

        Raises:
            UserError: it is not the member's, or not waiting any more.
        """
        ext = await self._owned(extension_id, asker, verb="cancel")
        while (new := cancelled(ext, now=self._clock())) is not ext:
            if await self._store.save(new, was=ext):
                break
            ext = await self._found(extension_id)  # the line may only have moved meanwhile
        else:
            raise UserError(
                "It is too late to cancel.",
                "The request has been sent; its reply shows what becomes of it.",
            )
        await self._store.advance_line(ext.request.provider)
        self._bells.publisher.ring()

    async def check_again(self, extension_id: int) -> None:
        """Ask the provider once more for an extension that expired or can't be played.

        Raises:
            UserError: there is nothing to be asked.
        """
        ext = await self._found(extension_id)
        new = checking_again(ext, now=self._clock(), deadline=self._deadline)
        if new is ext or not await self._store.save(new, was=ext):
            raise UserError(
                "There is nothing to check." if not can_check_again(ext) else "Already checking.",
                "The reply shows the latest that is known.",
            )
        self._bells.tracker.ring()
        self._bells.publisher.ring()

    async def form_of(self, extension_id: int, asker: Asker) -> Form:
        """Return what was asked for in an extension, to be sent again.

        Raises:
            UserError: it is not the member's, or unknown.
        """
        return form_of((await self._owned(extension_id, asker, verb="send it again")).request)

    async def keep_draft(self, form: Form, *, member_id: int) -> int:
        """Keep what a member typed, so that nothing of it is lost; return its id."""
        return await self._store.keep_draft(form, member_id=member_id, now=self._clock())

    async def draft(self, draft_id: int, *, member_id: int) -> Form:
        """Return what a member typed.

        Raises:
            UserError: it is not theirs, or too old.
        """
        form = await self._store.draft(draft_id, member_id=member_id)
        if form is None:
            raise UserError("That draft is gone.", "Use `/extend` to start again.")
        return form

    async def suggested_clips(
        self, text: str, *, guild_id: int | None, member_id: int
    ) -> list[KnownClip]:
        """Return clips made or used here whose title, style or id has ``text`` in it."""
        return await self._store.search_clips(text, guild_id=guild_id, member_id=member_id)

    async def known_clip(self, clip_id: str) -> KnownClip | None:
        """Return a clip that was made or used here."""
        return await self._store.clip(clip_id)

    async def _found(self, extension_id: int) -> Extension:
        ext = await self._store.extension(extension_id)
        if ext is None:
            raise UserError("Encore does not know this reply.", "Use `/extend` to start again.")
        return ext

    async def _owned(self, extension_id: int, asker: Asker, *, verb: str) -> Extension:
        ext = await self._found(extension_id)
        if not asker.may_act_for(ext):
            raise UserError(
                f"Only <@{ext.member_id}> or a moderator can {verb}.",
                "Use `/extend` for one of your own.",
            )
        return ext


def form_of(request: ExtendRequest) -> Form:
    """Return ``request`` as the form that asks for it."""
    return Form(
        clip=request.clip_id,
        at=format_point(request.continue_at),
        style=format_style(request.style),
        lyrics=request.lyrics,
        title=request.title,
        exclude=format_style(request.exclude),
        model=request.model or "",
        provider=request.provider,
    )

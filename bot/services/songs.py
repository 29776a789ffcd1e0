"""The whole song in one piece: joined by its provider where that can, else by Encore. No Discord.

A full song is taken on, waited for, shown and kept like any extension (`Kind`).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.domain.clock import Clock
from bot.domain.errors import UserError
from bot.domain.lineage import LineageClip
from bot.domain.models import (
    ClipRecord,
    ClipStatus,
    ExtendRequest,
    Extension,
    Kind,
    ReplyRef,
    Status,
)
from bot.domain.text import escape_markdown, truncate
from bot.providers.base import Provider
from bot.services.acceptance import Acceptance, AcceptResult
from bot.services.poll_schedule import PollSchedule
from bot.services.reply_context import ReplyContextLoader
from bot.services.wakeups import Wakeups
from bot.store.acceptance import Quota
from bot.store.store import Store

QUOTE_LENGTH = 60  # UTF-16 units of a title that a refusal repeats


class Songs:
    """What commands and buttons call for a full song."""

    def __init__(
        self,
        store: Store,
        providers: Mapping[str, Provider],
        *,
        deadline: dt.timedelta,
        quota: Quota,
        wakeups: Wakeups,
        poll_schedule: PollSchedule,
        clock: Clock,
    ) -> None:
        """Make the service; ``deadline`` bounds how long a provider may take."""
        self._store = store
        self._providers = providers
        self._deadline = deadline
        views = ReplyContextLoader(store, providers, poll_schedule)
        self._intake = Acceptance(store, views, quota=quota, wakeups=wakeups, clock=clock)
        self._clock = clock

    async def request(
        self, clip_id: str, *, idempotency_key: str, member_id: int, reply: ReplyRef
    ) -> AcceptResult:
        """Take on the full song that ends with a clip.

        One that the channel has, or is about to have, is not made again but returned. What a
        provider did not join when it was asked to, Encore joins itself.

        Raises:
            UserError: there is nothing to join, or too much is in progress; nothing was kept.
        """
        lineage = await self._store.lineage(clip_id)
        _check(lineage)
        joiner = self._joiner(lineage)
        if joiner is not None and await self._store.is_song_refused(clip_id):
            joiner = None
        now, known = self._clock(), lineage[-1].known
        song = Extension(
            idempotency_key=idempotency_key,
            kind=Kind.SPLICE,
            member_id=member_id,
            request=ExtendRequest(provider="", clip_id=clip_id, title=known.clip.title),
            reply=reply,
            source_title=known.clip.title,
            source_url=known.reply_url,
            status=Status.SUBMITTED,
            created_at=now,
            submitted_at=now,
            due_at=now,
            deadline_at=None,
        )
        if joiner is not None:
            song = _sent_to(joiner, song, deadline_at=now + self._deadline)
        return await self._intake.accept(song, source_is_known=True)

    async def lost(self, song: Extension) -> None:
        """Take note that the reply of ``song`` was deleted, so that it can be made again."""
        await self._store.save_reply(song.id, replace(song.reply, unreachable=True))

    async def ending_clips(self, extension_id: int) -> Sequence[ClipRecord]:
        """Return the clips of a reply that a full song can end with; of a song, its own.

        Raises:
            UserError: there is none.
        """
        ext = await self._store.extension(extension_id)
        if ext is None:
            raise UserError("Encore does not know this reply.", "Use `/song` with a clip.")
        if ext.kind.is_song:
            return [(await self._store.lineage(ext.request.clip_id))[-1].known]
        made = await self._store.clips_of(extension_id)
        playable = [known for known in made if known.clip.is_playable]
        if not playable:
            raise UserError(
                "That reply has no clip that can be heard.",
                "Ask for the song as soon as it has turned green.",
            )
        return playable

    def _joiner(self, lineage: Sequence[LineageClip]) -> Provider | None:
        """Return the provider that can join all that was made, None if Encore has to."""
        makers = {
            step.extension.request.provider
            for step in lineage
            if step.extension is not None and step.extension.kind is Kind.PART
        }
        provider = self._providers.get(makers.pop()) if len(makers) == 1 else None
        return provider if provider is not None and provider.capabilities.concat else None


def _check(lineage: Sequence[LineageClip]) -> None:
    """Let pass what can be joined.

    Raises:
        UserError: it can't.
    """
    if not lineage:
        raise UserError(
            "Encore does not know that clip.",
            "Pick one from the list: a song can be joined of what was extended here.",
        )
    clip = lineage[-1].known.clip
    name = f"“{escape_markdown(truncate(clip.title, QUOTE_LENGTH))}”" if clip.title else "That clip"
    if clip.status is ClipStatus.FAILED:
        raise UserError(f"{name} was never finished.", "Pick another clip.")
    if not clip.status.is_final:
        raise UserError(f"{name} is still being made.", "Ask again as soon as it is complete.")
    if len(lineage) == 1:
        raise UserError(
            f"{name} is the whole song already.", "Extend it first; then the parts can be joined."
        )


def _sent_to(provider: Provider, song: Extension, *, deadline_at: dt.datetime) -> Extension:
    """Return ``song`` to be joined by ``provider``, as soon as it is its turn."""
    return replace(
        song,
        kind=Kind.CONCAT,
        request=replace(song.request, provider=provider.name),
        status=Status.WAITING,
        submitted_at=None,
        due_at=song.created_at,
        deadline_at=deadline_at,
    )

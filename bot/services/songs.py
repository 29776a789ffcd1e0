"""Full songs: all parts up to a clip, joined by their provider if it can, else by Encore.

A full song is accepted, tracked, shown and stored like any extension (`Kind`). Knows nothing of
Discord.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from bot.domain.errors import UserError
from bot.domain.lineage import LineageClip
from bot.domain.models import (
    ClipRecord,
    ExtendRequest,
    Extension,
    Kind,
    ReplyRef,
    Status,
)
from bot.providers.base import Provider
from bot.services.acceptance import Acceptance, AcceptResult
from bot.services.clip_naming import UNKNOWN_CLIP, no_finished_clip
from bot.services.field_checks import quoted_title, require_finished
from bot.services.runtime import Runtime


class Songs:
    """Requests full songs."""

    def __init__(self, runtime: Runtime, acceptance: Acceptance) -> None:
        self._store = runtime.store
        self._providers = runtime.providers
        self._clock = runtime.clock
        self._runtime = runtime
        self._acceptance = acceptance

    async def request(
        self,
        clip_id: str,
        *,
        idempotency_key: str,
        member_id: int,
        member_name: str = "",
        reply: ReplyRef,
        is_limited: bool = True,
    ) -> AcceptResult:
        """Accept the full song that ends with a clip, within quota unless not ``is_limited``.

        A song that the channel has already, or that is in progress there, is returned instead.
        Encore itself joins what the provider refused to join before.

        Raises:
            UserError: there is nothing to join, or a quota is exceeded; nothing was stored.
        """
        lineage = await self._store.lineage(clip_id)
        _require_joinable(lineage)
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
            source_letter=known.letter,
            part_number=1,
            member_name=member_name,
            status=Status.SUBMITTED,
            created_at=now,
            submitted_at=now,
            due_at=now,
            deadline_at=None,
        )
        if joiner is not None:
            deadline = self._runtime.deadline_of(joiner.name)
            song = _assigned_to(joiner, song, deadline_at=now + deadline)
        return await self._acceptance.accept(song, source_is_known=True, is_limited=is_limited)

    async def mark_reply_deleted(self, song: Extension) -> None:
        """Store that the reply of ``song`` was deleted, so that the song can be made again."""
        await self._store.save_reply(song.id, replace(song.reply, unreachable=True))

    async def ending_clips(self, extension_id: int) -> Sequence[ClipRecord]:
        """Return the clips with which a full song of this reply can end.

        For the reply of a full song, that is the clip with which it ended.

        Raises:
            UserError: there is none.
        """
        ext = await self._store.extension(extension_id)
        if ext is None:
            raise UserError("I don't know this reply.", "Use `/song` with a clip.")
        if ext.kind.is_song:
            return [(await self._store.lineage(ext.request.clip_id))[-1].known]
        made = await self._store.clips_of(extension_id)
        playable = [known for known in made if known.clip.is_playable]
        if not playable:
            raise no_finished_clip()
        return playable

    def _joiner(self, lineage: Sequence[LineageClip]) -> Provider | None:
        """Return the provider that can join all parts; None if Encore has to."""
        makers = {
            step.extension.request.provider
            for step in lineage
            if step.extension is not None and step.extension.kind is Kind.PART
        }
        provider = self._providers.get(makers.pop()) if len(makers) == 1 else None
        return provider if provider is not None and provider.capabilities.concat else None


def _require_joinable(lineage: Sequence[LineageClip]) -> None:
    """Raise UserError unless the lineage can be joined."""
    if not lineage:
        raise UserError(
            UNKNOWN_CLIP, "Pick one from the list: only songs extended here can be joined."
        )
    clip = lineage[-1].known.clip
    require_finished(clip)
    if len(lineage) == 1:
        raise UserError(
            f"{quoted_title(clip)} is the whole song already.",
            "Extend it first; then the parts can be joined.",
        )


def _assigned_to(provider: Provider, song: Extension, *, deadline_at: dt.datetime) -> Extension:
    """Return ``song`` as one that waits to be joined by ``provider``."""
    return replace(
        song,
        kind=Kind.CONCAT,
        request=replace(song.request, provider=provider.name),
        status=Status.WAITING,
        submitted_at=None,
        due_at=song.created_at,
        deadline_at=deadline_at,
    )

"""What a reply shows beside its extension: queue position, retake, continuations, song parts."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.attachments import Attachment
from bot.domain.failures import is_of_one_provider
from bot.domain.lineage import LineageClip, next_start
from bot.domain.models import Extension, Status
from bot.domain.transitions import is_late
from bot.services.operator_contact import UNKNOWN_OPERATOR
from bot.services.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyContext:
    """What the store and the provider know about an extension, beyond its own fields.

    Attributes:
        label: the provider's name as members read it.
        queue_position: of a waiting extension, 1 is next; None for others.
        typical_duration: how long the provider usually takes; None until learned.
        retake_of: the extension whose request this one repeats.
        continuations: the extensions that continue its clips, oldest first.
        parts: of a full song, from the root on.
        attachments: which audio the reply carries, or why not.
        is_audio_awaited: whether its audio is yet to be attached.
        song_start: the second of the song at which the new part begins; None if unknown.
        is_late: whether it takes longer than its provider usually does.
        is_free: whether the provider costs no credits.
        other_providers: name and label of each that may accept what the provider of the extension
            refused.
        operator: whom members tell what only the operator can mend.
    """

    label: str
    queue_position: int | None = None
    typical_duration: dt.timedelta | None = None
    retake_of: Extension | None = None
    continuations: tuple[Extension, ...] = ()
    parts: tuple[LineageClip, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    is_audio_awaited: bool = False
    song_start: float | None = None
    is_late: bool = False
    is_free: bool = False
    other_providers: Mapping[str, str] = field(default_factory=dict[str, str])
    operator: str = UNKNOWN_OPERATOR


class ReplyContextLoader:
    """Loads the context of replies."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._store = runtime.store

    async def load(self, ext: Extension, *, queue_position: int | None = None) -> ReplyContext:
        """Return the context of ``ext``; pass ``queue_position`` if it is known already."""
        store = self._store
        if queue_position is None and ext.status is Status.WAITING:
            queue_position = await store.queue_position(ext)
        is_complete = ext.status is Status.COMPLETE
        typical_duration = await self.typical_duration(ext.request.provider)
        return ReplyContext(
            label=self._runtime.label(ext.request.provider),
            queue_position=queue_position,
            typical_duration=typical_duration,
            retake_of=await store.extension(ext.retake_of) if ext.retake_of is not None else None,
            parts=tuple(await store.lineage(ext.request.clip_id)) if ext.kind.is_song else (),
            continuations=tuple(await store.continuations([clip.id for clip in ext.clips]))
            if ext.clips and is_complete
            else (),
            is_free=self._runtime.is_free(ext.request.provider),
            attachments=await store.attachments(ext.id) if is_complete else (),
            is_audio_awaited=is_complete and await store.is_audio_awaited(ext.id),
            song_start=await self._song_start(ext) if is_complete else None,
            is_late=is_late(ext, typical_duration, now=self._runtime.clock()),
            other_providers=await self._other_providers(ext),
            operator=self._runtime.operator_contact.operator,
        )

    async def _song_start(self, ext: Extension) -> float | None:
        """Return the second of the song at which a new part begins; None if unknown."""
        if ext.kind.is_song:
            return None
        lineage = await self._store.lineage(ext.request.clip_id)
        return next_start(lineage, ext.request.continue_at)

    async def _other_providers(self, ext: Extension) -> Mapping[str, str]:
        """Return the other enabled providers that may accept what the one of ``ext`` refused.

        A clip that was made here can be continued only by its own, and by those that take its
        audio. None for a full song.
        """
        if (
            ext.status is not Status.FAILED
            or ext.kind.is_song
            or not is_of_one_provider(ext.failure)
        ):
            return {}
        source = await self._store.clip(ext.request.clip_id)
        others = self._runtime.labels(excluding=ext.request.provider)
        if source is None or source.extension_id is None:
            return others
        providers = self._runtime.providers
        return {
            name: label
            for name, label in others.items()
            if providers[name].capabilities.wants_source_audio
        }

    async def typical_duration(self, provider: str) -> dt.timedelta | None:
        """Return how long ``provider`` usually takes; None until learned."""
        return await self._runtime.poll_schedule.typical_duration(provider)

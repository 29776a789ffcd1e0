"""What a reply shows beside its extension: its place in line, what it goes back to and on in."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.attachments import Attachment
from bot.domain.lineage import LineageClip
from bot.domain.models import Extension, Status
from bot.providers.base import Provider
from bot.services.poll_schedule import PollSchedule
from bot.store.store import Store

OWN_LABEL = "Encore"  # of a song that Encore joins itself


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyContext:
    """What the store and the provider know round an extension.

    Attributes:
        label: the provider's name as members read it.
        place: the place in line of a waiting extension, 1 is next; None for others.
        usual: how long the provider usually takes; None until learned.
        retake_of: the extension whose request this asks for again.
        continuations: the extensions that go on from its clips, oldest first.
        parts: of a full song, from the root on.
        attachments: what the reply carries, and why it does not carry the rest.
    """

    label: str
    queue_position: int | None = None
    typical_duration: dt.timedelta | None = None
    retake_of: Extension | None = None
    continuations: tuple[Extension, ...] = ()
    parts: tuple[LineageClip, ...] = ()
    attachments: tuple[Attachment, ...] = ()


class ReplyContextLoader:
    """Looks up the surroundings of extensions."""

    def __init__(
        self, store: Store, providers: Mapping[str, Provider], poll_schedule: PollSchedule
    ) -> None:
        self._store = store
        self._providers = providers
        self._poll_schedule = poll_schedule

    async def load(self, ext: Extension, *, queue_position: int | None = None) -> ReplyContext:
        """Return what to show beside ``ext``, whose ``place`` in line may be known already."""
        store, provider = self._store, self._providers.get(ext.request.provider)
        if queue_position is None and ext.status is Status.WAITING:
            queue_position = await store.queue_position(ext)
        is_complete = ext.status is Status.COMPLETE
        return ReplyContext(
            label=provider.capabilities.label if provider else ext.request.provider or OWN_LABEL,
            queue_position=queue_position,
            typical_duration=await self.typical_duration(ext.request.provider),
            retake_of=await store.extension(ext.retake_of) if ext.retake_of is not None else None,
            parts=tuple(await store.lineage(ext.request.clip_id)) if ext.kind.is_song else (),
            continuations=tuple(await store.continuations([clip.id for clip in ext.clips]))
            if ext.clips and is_complete
            else (),
            attachments=await store.attachments(ext.id) if is_complete else (),
        )

    async def typical_duration(self, provider: str) -> dt.timedelta | None:
        """Return how long ``provider`` usually takes, None until learned."""
        seconds = (await self._poll_schedule.windows(provider)).typical_duration
        return dt.timedelta(seconds=seconds) if seconds else None

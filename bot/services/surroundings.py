"""What a reply shows beside its extension: its place in line, what it goes back to and on in."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.attachments import Attachment
from bot.domain.lineage import Step
from bot.domain.models import Extension, Status
from bot.providers.base import Provider
from bot.services.paces import Paces
from bot.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the store and the provider know round an extension.

    Attributes:
        label: the provider's name as members read it.
        place: the place in line of a waiting extension, 1 is next; None for others.
        usual: how long the provider usually takes; None until learned.
        take_of: the extension whose request this asks for again.
        continuations: the extensions that go on from its clips, oldest first.
        parts: of a full song, from the root on.
        attachments: what the reply carries, and why it does not carry the rest.
    """

    label: str
    place: int | None = None
    usual: dt.timedelta | None = None
    take_of: Extension | None = None
    continuations: tuple[Extension, ...] = ()
    parts: tuple[Step, ...] = ()
    attachments: tuple[Attachment, ...] = ()


class Views:
    """Looks up the surroundings of extensions."""

    def __init__(self, store: Store, providers: Mapping[str, Provider], paces: Paces) -> None:
        self._store = store
        self._providers = providers
        self._paces = paces

    async def of(self, ext: Extension, *, place: int | None = None) -> Surroundings:
        """Return what to show beside ``ext``, whose ``place`` in line may be known already."""
        store, provider = self._store, self._providers.get(ext.request.provider)
        if place is None and ext.status is Status.WAITING:
            place = await store.place_in_line(ext)
        is_complete = ext.status is Status.COMPLETE
        return Surroundings(
            label=provider.capabilities.label if provider else ext.request.provider,
            place=place,
            usual=await self.usual(ext.request.provider),
            take_of=await store.extension(ext.take_of) if ext.take_of is not None else None,
            parts=tuple(await store.lineage(ext.request.clip_id)) if ext.kind.is_song else (),
            continuations=tuple(await store.continuations(ext))
            if ext.clips and is_complete
            else (),
            attachments=await store.audio.attachments(ext.id) if is_complete else (),
        )

    async def usual(self, provider: str) -> dt.timedelta | None:
        """Return how long ``provider`` usually takes, None until learned."""
        seconds = (await self._paces.of(provider)).usual
        return dt.timedelta(seconds=seconds) if seconds else None

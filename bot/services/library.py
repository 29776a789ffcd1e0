"""The library as a member may see it: pages, one clip with all round it, and taking one out.

Knows nothing of Discord. A clip that the member may not see is treated as one that nobody knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bot.domain.errors import UserError
from bot.domain.library import SEARCH_LENGTH, Page, Scope, Viewer, Wanted
from bot.domain.lineage import Step, cuts
from bot.domain.models import ClipStatus, Extension, KnownClip
from bot.domain.text import cleaned, one_line, utf16_length
from bot.providers.base import Provider
from bot.services.fresh_links import FreshLinks, Renewed
from bot.store.store import Store


class Ancestor(NamedTuple):
    """A clip of a lineage as a member may see it.

    Attributes:
        known: None if it isn't theirs to see.
        goes_on: whether another one follows.
        goes_on_at: the second of it at which the next one goes on; None is its end.
    """

    known: KnownClip | None
    goes_on: bool
    goes_on_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipDetails:
    """One clip, and all that a member may know round it.

    Attributes:
        known: the clip as it is now.
        extension: what made it; None for a source clip from elsewhere.
        label: its provider's name as members read it.
        is_asked: whether its provider told its current link.
        is_own: whether the member who looks made it.
        lineage: from the root to this one.
        siblings: the other clips of its extension that can be played.
        continuations: what goes on from it, oldest first.
    """

    known: KnownClip
    extension: Extension | None
    label: str
    is_asked: bool
    is_own: bool
    lineage: tuple[Ancestor, ...]
    siblings: tuple[KnownClip, ...] = ()
    continuations: tuple[Extension, ...] = ()

    @property
    def title(self) -> str:
        """What to call it; empty if nobody told."""
        return title_of(self.known, self.extension)


@dataclass(frozen=True, slots=True)
class Own:
    """A clip in the library that belongs to the member who asks."""

    known: KnownClip
    extension: Extension

    @property
    def title(self) -> str:
        """What to call it."""
        return title_of(self.known, self.extension)


class Library:
    """What the commands and the buttons of the library call."""

    def __init__(
        self, store: Store, providers: Mapping[str, Provider], fresh_links: FreshLinks
    ) -> None:
        self._store = store
        self._providers = providers
        self._fresh_links = fresh_links

    async def channels(self, guild_id: int) -> list[int]:
        """Return the channels of a guild in which anything was asked for, the latest first."""
        return await self._store.library.channels(guild_id)

    async def suggested(self, text: str, viewer: Viewer) -> list[KnownClip]:
        """Return clips made or used here that the member may see, with ``text`` in them."""
        return await self._store.search_clips(
            text,
            guild_id=viewer.guild_id,
            member_id=viewer.member_id,
            channels={viewer.channel_id, *viewer.channels},
        )

    async def page(self, viewer: Viewer, wanted: Wanted) -> Page:
        """Return the page that is wanted, or the last one if there are fewer.

        Raises:
            UserError: there is no such library, or the search is too long.
        """
        if wanted.scope is Scope.SERVER and viewer.guild_id is None:
            raise UserError(
                "There is no server here.",
                "Look through your own clips with `/library of:mine`, "
                "or use `/library of:this server` in a server.",
            )
        search = one_line(cleaned(wanted.search))
        if utf16_length(search) > SEARCH_LENGTH:
            raise UserError(
                "That is too long to search for.",
                f"Write up to {SEARCH_LENGTH} characters (an emoji counts as two or more).",
            )
        wanted = Wanted(scope=wanted.scope, search=search, number=wanted.number)
        return await self._store.library.page(viewer, wanted)

    async def details(self, clip_id: str, viewer: Viewer) -> ClipDetails:
        """Return a clip as it is now; its provider is asked, which may take seconds.

        Raises:
            UserError: it is unknown, not theirs to see, or was taken out.
        """
        known, ext = await self._seen(clip_id, viewer)
        renewed = await self._renewed(known)
        return ClipDetails(
            known=renewed.known,
            extension=ext,
            label=self._label(known.provider),
            is_asked=renewed.is_asked,
            is_own=ext is not None and ext.member_id == viewer.member_id,
            lineage=_as_seen(await self._store.lineage(clip_id), viewer),
            siblings=await self._siblings(known),
            continuations=tuple(
                each for each in await self._store.continuations_of([clip_id]) if viewer.sees(each)
            ),
        )

    async def own(self, clip_id: str, viewer: Viewer) -> Own:
        """Return a clip that the member may take out of the library.

        Raises:
            UserError: it is unknown, somebody else's, or was taken out already.
        """
        known, ext = await self._seen(clip_id, viewer)
        if ext is None:
            raise UserError(
                "That clip was not made here, so it is in no library.",
                "Use `/library` to look through your own.",
            )
        if ext.member_id != viewer.member_id:
            raise UserError(
                f"Only <@{ext.member_id}> can take it out of the library.",
                "Use `/library` to look through your own.",
            )
        return Own(known, ext)

    async def remove(self, clip_id: str, viewer: Viewer) -> Own:
        """Take a clip out of the library; return it.

        Raises:
            UserError: as `own`.
        """
        removed = await self.own(clip_id, viewer)
        if not await self._store.library.remove(clip_id, member_id=viewer.member_id):
            raise _taken_out()
        return removed

    async def _seen(self, clip_id: str, viewer: Viewer) -> tuple[KnownClip, Extension | None]:
        """Return a clip that the member may see, and what made it."""
        known = await self._store.clip(clip_id)
        ext = None
        if known is not None and known.extension_id is not None:
            ext = await self._store.extension(known.extension_id)
        if known is None or (ext is not None and not viewer.sees(ext)):
            raise UserError(
                "Encore does not know that clip.",
                "Pick one from the list, or use `/library` to look through what was made here.",
            )
        if known.is_removed:
            raise _taken_out()
        return known, ext

    async def _renewed(self, known: KnownClip) -> Renewed:
        """Return a finished clip as it is now; what is still being made is known well enough."""
        if known.clip.status is not ClipStatus.COMPLETE:
            return Renewed(known, is_asked=False)
        return await self._fresh_links.renewed(known)

    async def _siblings(self, known: KnownClip) -> tuple[KnownClip, ...]:
        if known.extension_id is None:
            return ()
        made = await self._store.library.clips_of(known.extension_id)
        return tuple(
            each
            for each in made
            if each.clip.is_playable and not each.is_removed and each.clip.id != known.clip.id
        )

    def _label(self, name: str) -> str:
        provider = self._providers.get(name)
        return provider.capabilities.label if provider else name


def title_of(known: KnownClip, ext: Extension | None) -> str:
    """Return what to call a clip that ``ext`` made; empty if nobody told."""
    return known.clip.title or (ext.title if ext else "")


def _as_seen(lineage: list[Step], viewer: Viewer) -> tuple[Ancestor, ...]:
    return tuple(
        Ancestor(
            known=step.known if step.extension is None or viewer.sees(step.extension) else None,
            goes_on=number < len(lineage),
            goes_on_at=goes_on_at,
        )
        for number, (step, goes_on_at) in enumerate(
            zip(lineage, cuts(lineage), strict=True), start=1
        )
    )


def _taken_out() -> UserError:
    return UserError(
        "That clip was taken out of the library.",
        "Its reply still has it where it was made; use `/library` to look through the others.",
    )

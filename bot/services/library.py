"""The library as a member may see it: pages, one clip with all round it, and taking one out.

Knows nothing of Discord. A clip that the member may not see is treated as one that nobody knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bot.domain.errors import UserError
from bot.domain.library import MAX_SEARCH_LENGTH, LibraryPage, LibraryQuery, Scope, Viewer
from bot.domain.lineage import LineageClip, cut_points
from bot.domain.models import ClipRecord, ClipStatus, Extension
from bot.domain.text import collapse_whitespace, sanitize, utf16_length
from bot.providers.base import Provider
from bot.services.links import LinkRefresher, RefreshedClip
from bot.store.store import Store


class LineageEntry(NamedTuple):
    """A clip of a lineage as a member may see it.

    Attributes:
        known: None if it isn't theirs to see.
        goes_on: whether another one follows.
        goes_on_at: the second of it at which the next one goes on; None is its end.
    """

    known: ClipRecord | None
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

    known: ClipRecord
    extension: Extension | None
    label: str
    is_confirmed: bool
    is_own: bool
    lineage: tuple[LineageEntry, ...]
    siblings: tuple[ClipRecord, ...] = ()
    continuations: tuple[Extension, ...] = ()

    @property
    def title(self) -> str:
        """What to call it; empty if nobody told."""
        return title_of(self.known, self.extension)


@dataclass(frozen=True, slots=True)
class OwnedClip:
    """A clip in the library that belongs to the member who asks."""

    known: ClipRecord
    extension: Extension

    @property
    def title(self) -> str:
        """What to call it."""
        return title_of(self.known, self.extension)


class Library:
    """What the commands and the buttons of the library call."""

    def __init__(
        self, store: Store, providers: Mapping[str, Provider], fresh_links: LinkRefresher
    ) -> None:
        self._store = store
        self._providers = providers
        self._fresh_links = fresh_links

    async def channels(self, guild_id: int) -> list[int]:
        """Return the channels of a guild in which anything was asked for, the latest first."""
        return await self._store.library_channels(guild_id)

    async def suggestions(self, text: str, viewer: Viewer) -> list[ClipRecord]:
        """Return clips made or used here that the member may see, with ``text`` in them."""
        return await self._store.search_clips(
            text,
            guild_id=viewer.guild_id,
            member_id=viewer.member_id,
            channels={viewer.channel_id, *viewer.channels},
        )

    async def page(self, viewer: Viewer, wanted: LibraryQuery) -> LibraryPage:
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
        search = collapse_whitespace(sanitize(wanted.search))
        if utf16_length(search) > MAX_SEARCH_LENGTH:
            raise UserError(
                "That is too long to search for.",
                f"Write up to {MAX_SEARCH_LENGTH} characters (an emoji counts as two or more).",
            )
        wanted = LibraryQuery(scope=wanted.scope, search=search, page_number=wanted.page_number)
        return await self._store.library_page(viewer, wanted)

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
            is_confirmed=renewed.is_confirmed,
            is_own=ext is not None and ext.member_id == viewer.member_id,
            lineage=_as_seen(await self._store.lineage(clip_id), viewer),
            siblings=await self._siblings(known),
            continuations=tuple(
                each for each in await self._store.continuations([clip_id]) if viewer.can_see(each)
            ),
        )

    async def owned_clip(self, clip_id: str, viewer: Viewer) -> OwnedClip:
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
        return OwnedClip(known, ext)

    async def remove(self, clip_id: str, viewer: Viewer) -> OwnedClip:
        """Take a clip out of the library; return it.

        Raises:
            UserError: as `own`.
        """
        removed = await self.owned_clip(clip_id, viewer)
        if not await self._store.remove_clip(clip_id, member_id=viewer.member_id):
            raise _taken_out()
        return removed

    async def _seen(self, clip_id: str, viewer: Viewer) -> tuple[ClipRecord, Extension | None]:
        """Return a clip that the member may see, and what made it."""
        known = await self._store.clip(clip_id)
        ext = None
        if known is not None and known.extension_id is not None:
            ext = await self._store.extension(known.extension_id)
        if known is None or (ext is not None and not viewer.can_see(ext)):
            raise UserError(
                "Encore does not know that clip.",
                "Pick one from the list, or use `/library` to look through what was made here.",
            )
        if known.is_removed:
            raise _taken_out()
        return known, ext

    async def _renewed(self, known: ClipRecord) -> RefreshedClip:
        """Return a finished clip as it is now; what is still being made is known well enough."""
        if known.clip.status is not ClipStatus.COMPLETE:
            return RefreshedClip(known, is_confirmed=False)
        return await self._fresh_links.refresh_clip(known)

    async def _siblings(self, known: ClipRecord) -> tuple[ClipRecord, ...]:
        if known.extension_id is None:
            return ()
        made = await self._store.clips_of(known.extension_id)
        return tuple(
            each
            for each in made
            if each.clip.is_playable and not each.is_removed and each.clip.id != known.clip.id
        )

    def _label(self, name: str) -> str:
        provider = self._providers.get(name)
        return provider.capabilities.label if provider else name


def title_of(known: ClipRecord, ext: Extension | None) -> str:
    """Return what to call a clip that ``ext`` made; empty if nobody told."""
    return known.clip.title or (ext.title if ext else "")


def _as_seen(lineage: list[LineageClip], viewer: Viewer) -> tuple[LineageEntry, ...]:
    return tuple(
        LineageEntry(
            known=step.known if step.extension is None or viewer.can_see(step.extension) else None,
            goes_on=number < len(lineage),
            goes_on_at=goes_on_at,
        )
        for number, (step, goes_on_at) in enumerate(
            zip(lineage, cut_points(lineage), strict=True), start=1
        )
    )


def _taken_out() -> UserError:
    return UserError(
        "That clip was taken out of the library.",
        "Its reply still has it where it was made; use `/library` to look through the others.",
    )

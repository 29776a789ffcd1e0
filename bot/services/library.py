"""The library as a member may see it: its pages, a clip's details, and removing a clip.

Knows nothing of Discord. A clip that the member may not see is treated as unknown.
"""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from bot.domain.attachments import AttachmentStatus
from bot.domain.errors import UserError
from bot.domain.library import MAX_SEARCH_LENGTH, LibraryPage, LibraryQuery, Scope, Viewer
from bot.domain.lineage import LineageClip, cut_points
from bot.domain.models import ClipRecord, ClipStatus, Extension
from bot.domain.text import collapse_whitespace, sanitize, utf16_length
from bot.services.clip_naming import UNKNOWN_CLIP
from bot.services.links import LinkRefresher, RefreshedClip
from bot.services.runtime import Runtime

BROWSE_OWN = "Use `/library` to browse your own clips."


class LineageEntry(NamedTuple):
    """A clip of a lineage as a member may see it.

    Attributes:
        known: None if the member may not see it.
        is_continued: whether another clip follows.
        continued_at: the second at which the next clip begins; None is its end.
    """

    known: ClipRecord | None
    is_continued: bool
    continued_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipDetails:
    """One clip, and what a member may know about it.

    Attributes:
        known: the clip as it is now.
        extension: the one that made it; None for a source clip from elsewhere.
        label: its provider's name as members read it.
        is_confirmed: whether its provider returned its current link.
        is_own: whether the viewer asked for it.
        lineage: from the root to this clip.
        siblings: the other playable clips of its extension.
        continuations: the extensions that continue it, oldest first.
        kept_until: how long its provider keeps its audio; None if that is unknown or over.
        is_attached: whether its reply carries the audio.
    """

    known: ClipRecord
    extension: Extension | None
    label: str
    is_confirmed: bool
    is_own: bool
    lineage: tuple[LineageEntry, ...]
    siblings: tuple[ClipRecord, ...] = ()
    continuations: tuple[Extension, ...] = ()
    kept_until: dt.datetime | None = None
    is_attached: bool = False

    @property
    def title(self) -> str:
        """The clip's title, else its extension's; empty if unknown."""
        return title_of(self.known, self.extension)


@dataclass(frozen=True, slots=True)
class OwnedClip:
    """A clip in the library that the viewer asked for."""

    known: ClipRecord
    extension: Extension

    @property
    def title(self) -> str:
        """The clip's title, else its extension's; empty if unknown."""
        return title_of(self.known, self.extension)


class Library:
    """Shows a viewer the library, and removes clips from it."""

    def __init__(self, runtime: Runtime, links: LinkRefresher) -> None:
        self._runtime = runtime
        self._store = runtime.store
        self._links = links

    async def channels(self, guild_id: int) -> list[int]:
        """Return the channels of a guild that have extensions, the most recent first."""
        return await self._store.library_channels(guild_id)

    async def suggestions(self, text: str, viewer: Viewer) -> list[ClipRecord]:
        """Return clips that the viewer may see, with ``text`` in title, style or id."""
        return await self._store.search_clips(
            text,
            guild_id=viewer.guild_id,
            member_id=viewer.member_id,
            channels={viewer.channel_id, *viewer.channels},
        )

    async def page(self, viewer: Viewer, query: LibraryQuery) -> LibraryPage:
        """Return the page that ``query`` names, or the last one if there are fewer.

        Raises:
            UserError: there is no server here, or the search is too long.
        """
        if query.scope is Scope.SERVER and viewer.guild_id is None:
            raise UserError(
                "This only works in a server.",
                "Browse your own clips with `/library show:mine`.",
            )
        search = collapse_whitespace(sanitize(query.search))
        if utf16_length(search) > MAX_SEARCH_LENGTH:
            raise UserError(
                "That's too long to search for.",
                f"Use up to {MAX_SEARCH_LENGTH} characters (an emoji counts as two or more).",
            )
        query = LibraryQuery(scope=query.scope, search=search, page_number=query.page_number)
        return await self._store.library_page(viewer, query)

    async def details(self, clip_id: str, viewer: Viewer) -> ClipDetails:
        """Return a clip as it is now; asking its provider may take seconds.

        Raises:
            UserError: it is unknown, hidden from the viewer, or removed.
        """
        known, ext = await self._visible_clip(clip_id, viewer)
        refreshed = await self._refreshed(known)
        return ClipDetails(
            known=refreshed.known,
            extension=ext,
            label=self._runtime.label(known.provider),
            is_confirmed=refreshed.is_confirmed,
            is_own=ext is not None and ext.member_id == viewer.member_id,
            lineage=_visible_lineage(await self._store.lineage(clip_id), viewer),
            siblings=await self._siblings(known),
            continuations=tuple(
                each for each in await self._store.continuations([clip_id]) if viewer.can_see(each)
            ),
            kept_until=self._kept_until(ext),
            is_attached=await self._is_attached(clip_id, ext),
        )

    def _kept_until(self, ext: Extension | None) -> dt.datetime | None:
        """Return how long the provider of ``ext`` keeps its clips, if it says so."""
        provider = self._runtime.providers.get(ext.request.provider) if ext else None
        retention = provider.capabilities.retention if provider else None
        if retention is None or ext is None or ext.finished_at is None:
            return None
        until = ext.finished_at + retention
        return until if until > self._runtime.clock() else None

    async def _is_attached(self, clip_id: str, ext: Extension | None) -> bool:
        """Return whether the reply of ``ext`` carries the audio of a clip."""
        attachments = await self._store.attachments(ext.id) if ext else ()
        return any(
            each.clip_id == clip_id and each.outcome is AttachmentStatus.ATTACHED
            for each in attachments
        )

    async def owned_clip(self, clip_id: str, viewer: Viewer) -> OwnedClip:
        """Return a clip that the viewer may remove from the library.

        Raises:
            UserError: it is unknown, somebody else's, or removed already.
        """
        known, ext = await self._visible_clip(clip_id, viewer)
        if ext is None:
            raise UserError("That clip wasn't made here, so it isn't in the library.", BROWSE_OWN)
        if ext.member_id != viewer.member_id:
            raise UserError(f"Only <@{ext.member_id}> can remove it from the library.", BROWSE_OWN)
        return OwnedClip(known, ext)

    async def remove(self, clip_id: str, viewer: Viewer) -> OwnedClip:
        """Remove a clip from the library; return it.

        Raises:
            UserError: as `owned_clip`.
        """
        removed = await self.owned_clip(clip_id, viewer)
        if not await self._store.remove_clip(clip_id, member_id=viewer.member_id):
            raise _removed_error()
        return removed

    async def _visible_clip(
        self, clip_id: str, viewer: Viewer
    ) -> tuple[ClipRecord, Extension | None]:
        """Return a clip that the viewer may see, and the extension that made it."""
        known = await self._store.clip(clip_id)
        ext = None
        if known is not None and known.extension_id is not None:
            ext = await self._store.extension(known.extension_id)
        if known is None or (ext is not None and not viewer.can_see(ext)):
            raise UserError(
                UNKNOWN_CLIP,
                "Pick one from the list, or browse the clips made here with `/library`.",
            )
        if known.is_removed:
            raise _removed_error()
        return known, ext

    async def _refreshed(self, known: ClipRecord) -> RefreshedClip:
        """Return a finished clip with its current link; any other clip is up to date already."""
        if known.clip.status is not ClipStatus.COMPLETE:
            return RefreshedClip(known, is_confirmed=False)
        return await self._links.refresh_clip(known)

    async def _siblings(self, known: ClipRecord) -> tuple[ClipRecord, ...]:
        if known.extension_id is None:
            return ()
        made = await self._store.clips_of(known.extension_id)
        return tuple(
            each
            for each in made
            if each.clip.is_playable and not each.is_removed and each.clip.id != known.clip.id
        )


def title_of(known: ClipRecord, ext: Extension | None) -> str:
    """Return the title of a clip that ``ext`` made; empty if unknown."""
    return known.clip.title or (ext.title if ext else "")


def _visible_lineage(lineage: list[LineageClip], viewer: Viewer) -> tuple[LineageEntry, ...]:
    return tuple(
        LineageEntry(
            known=step.known if step.extension is None or viewer.can_see(step.extension) else None,
            is_continued=number < len(lineage),
            continued_at=continued_at,
        )
        for number, (step, continued_at) in enumerate(
            zip(lineage, cut_points(lineage), strict=True), start=1
        )
    )


def _removed_error() -> UserError:
    return UserError(
        "That clip was removed from the library.",
        "Its reply still has it; use `/library` to browse the other clips.",
    )

"""The library of clips: which clips a member may see, a query, and a page of results."""

from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.models import ClipRecord, Extension, Kind

PAGE_SIZE = 8  # clips
MAX_LISTED = 1_000  # clips on all pages of a query: nobody turns more, and to count all takes long
MAX_SEARCH_LENGTH = 50  # UTF-16 units: a button carries the text to the next page


class Scope(StrEnum):
    """Whose clips a query is for: the member's own, those of a channel or of the whole server."""

    MINE = "mine"
    CHANNEL = "channel"
    SERVER = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A member in a channel, and what they may see from there.

    Attributes:
        channel_id: the channel in which they ask; they may see it.
        guild_id: None in direct messages.
        channels: those channels of the guild with clips that they may view.
    """

    member_id: int
    channel_id: int
    guild_id: int | None = None
    channels: frozenset[int] = field(default=frozenset(), repr=False)

    def can_see(self, ext: Extension) -> bool:
        """Return whether ``ext`` is their own, or was asked for in a channel that they may view."""
        reply = ext.reply
        if ext.member_id == self.member_id or reply.channel_id == self.channel_id:
            return True
        return (
            self.guild_id is not None
            and reply.guild_id == self.guild_id
            and reply.channel_id in self.channels
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryQuery:
    """A search in the library, and the page to show; page 1 has the newest clips."""

    scope: Scope
    search: str = ""
    page_number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryEntry:
    """A clip in the library.

    Attributes:
        title: its own, or the one of the request or of its source; empty if none is known.
        member_id: the member who asked for it.
        kind: of the extension that made it.
    """

    known: ClipRecord
    title: str
    member_id: int
    kind: Kind = Kind.PART


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryPage:
    """The clips on one page, newest first.

    Attributes:
        query: with the number of this page: the requested one, or the last if there are fewer.
        total: number of clips on all pages, `MAX_LISTED` at most.
    """

    query: LibraryQuery
    entries: tuple[LibraryEntry, ...]
    total: int

    @property
    def page_count(self) -> int:
        """The number of pages; at least one, which may be empty."""
        return page_count(self.total)


def page_count(total: int) -> int:
    """Return the number of pages that ``total`` clips fill, at least one."""
    return max(-(-total // PAGE_SIZE), 1)

"""The library: the clips that members made here, who may see which of them, and a page of them."""

from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.models import ClipRecord, Extension, Kind

PAGE_SIZE = 8  # clips
SEARCH_LENGTH = 50  # UTF-16 units: a button carries the text to the next page


class Scope(StrEnum):
    """Whose clips are looked at."""

    MINE = "mine"
    CHANNEL = "channel"
    SERVER = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A member who looks, from where they do, as far as what they may see goes.

    Attributes:
        channel_id: where they are, which is theirs to see.
        guild_id: None in direct messages.
        channels: those of the guild that they may view, as far as clips were made there.
    """

    member_id: int
    channel_id: int
    guild_id: int | None = None
    channels: frozenset[int] = field(default=frozenset(), repr=False)

    def can_see(self, ext: Extension) -> bool:
        """Whether ``ext`` is theirs, or was asked for where they may look."""
        place = ext.reply
        if ext.member_id == self.member_id or place.channel_id == self.channel_id:
            return True
        return (
            self.guild_id is not None
            and place.guild_id == self.guild_id
            and place.channel_id in self.channels
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryQuery:
    """What a member wants to look through, and which page of it; 1 is the newest."""

    scope: Scope
    search: str = ""
    page_number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryEntry:
    """A clip in the library, and what made it.

    Attributes:
        title: what to call it; empty if nobody told.
        member_id: who asked for it.
        kind: of the extension.
    """

    known: ClipRecord
    title: str
    member_id: int
    kind: Kind = Kind.PART


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryPage:
    """The clips on one page, newest first; the page that was wanted, or else the last.

    Attributes:
        total: how many clips there are on all pages.
    """

    query: LibraryQuery
    entries: tuple[LibraryEntry, ...]
    total: int

    @property
    def page_count(self) -> int:
        """How many pages there are; an empty one too is one."""
        return page_count(self.total)


def page_count(total: int) -> int:
    """Return how many pages ``total`` clips fill, at least one."""
    return max(-(-total // PAGE_SIZE), 1)

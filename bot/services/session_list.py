"""What `/session list` and `/session show` say of sessions elsewhere in the server."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.sessions.models import Session

PAGE_SIZE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEntry:
    """A session in a list.

    Attributes:
        session: it.
        round_number: of its newest round.
        part_count: of parts in the song.
        url: of its board while it runs, of its card or thread afterwards; None if all are lost.
        song_url: of the reply with the full song.
    """

    session: Session
    round_number: int
    part_count: int
    url: str | None
    song_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """A page of a server's sessions: running ones first, then the others, newest first.

    Attributes:
        entries: of this page.
        number: of this page, from 1.
        total: sessions on all pages.
        most_parts: ids of the members with most parts in songs of the server, and how many.
    """

    entries: Sequence[SessionEntry]
    number: int
    total: int
    most_parts: Sequence[tuple[int, int]] = ()

    @property
    def page_count(self) -> int:
        """How many pages there are, at least one."""
        return max(-(-self.total // PAGE_SIZE), 1)

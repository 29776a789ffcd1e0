"""Who is to be told that an extension has ended."""

import datetime as dt
from dataclasses import dataclass

from bot.domain.models import Extension

# Who has just asked for something still sees its reply; a mention would only annoy them.
QUICK_RESULT = dt.timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """The members who are to be told that an extension has ended, claimed in order to tell them.

    Attributes:
        extension: with its final status.
        requested_by: ids of the members who pressed *Tell me*, ascending.
        standing_for: ids of those who pressed *Always tell me* earlier, ascending.
        due_at: when the claim lapses; it also identifies the claim.
        failures: attempts that failed in a row.
    """

    extension: Extension
    requested_by: tuple[int, ...]
    standing_for: tuple[int, ...] = ()
    due_at: dt.datetime
    failures: int = 0

    @property
    def member_ids(self) -> tuple[int, ...]:
        """All members, ascending."""
        return tuple(sorted((*self.requested_by, *self.standing_for)))

    @property
    def told_ids(self) -> tuple[int, ...]:
        """The members who get a message, ascending.

        Of a quick result only those are told who asked for that; it was promised to them.
        """
        ext = self.extension
        is_quick = ext.finished_at is not None and ext.finished_at - ext.created_at < QUICK_RESULT
        return self.requested_by if is_quick else self.member_ids

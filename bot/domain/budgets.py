"""Budgets of a server: how many extensions may be charged in a day or a month of UTC."""

import datetime as dt
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Period(StrEnum):
    """What a budget is for: a calendar day or month, UTC."""

    DAY = "day"
    MONTH = "month"

    def start(self, now: dt.datetime) -> dt.datetime:
        """Return when the period that contains ``now`` began."""
        day = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return day if self is Period.DAY else day.replace(day=1)

    def end(self, now: dt.datetime) -> dt.datetime:
        """Return when the period that contains ``now`` ends and the next one begins."""
        start = self.start(now)
        if self is Period.DAY:
            return start + dt.timedelta(days=1)
        return self.start(start + dt.timedelta(days=31))


class Level(IntEnum):
    """How much of a budget is used when moderators are told, in percent."""

    LOW = 80
    USED_UP = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetUse:
    """How much of a budget is used.

    Attributes:
        period: the budget's.
        used: extensions of the period that were charged, or may have been or may still be.
        limit: extensions that the period may have; None is no limit.
        renews_at: when the next period begins.
        is_of_member: whether it is a member's own share, or else the whole server's.
    """

    period: Period
    used: int
    limit: int | None
    renews_at: dt.datetime
    is_of_member: bool = False

    @property
    def is_used_up(self) -> bool:
        """Whether there may be no other extension in the period."""
        return self.limit is not None and self.used >= self.limit

    @property
    def level(self) -> Level | None:
        """The level that is reached; None below all."""
        if self.limit is None:
            return None
        reached = [level for level in Level if self.used * 100 >= level * self.limit]
        return max(reached, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetNotice:
    """What moderators are to be told once of a budget.

    Attributes:
        id: of its row.
        guild_id: of the server.
        period, level: of what; moderators are told once in each period.
        used, limit: as it was.
        starts_at: when the period began.
        tried_at: when they were to be told first; None if this is the first time.
    """

    id: int
    guild_id: int
    period: Period
    level: Level
    used: int
    limit: int
    starts_at: dt.datetime
    tried_at: dt.datetime | None = None

    @property
    def renews_at(self) -> dt.datetime:
        """When the next period begins."""
        return self.period.end(self.starts_at)

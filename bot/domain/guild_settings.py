"""What the moderators of a server have set for it: who may extend where, with what, how often."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from bot.domain.form import FormDefaults


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildSettings:
    """The settings of a server, as they are after one change.

    Attributes:
        guild_id: of the server.
        channel_ids: where members may extend; empty is everywhere. The threads of a channel count
            as the channel.
        role_ids: of which members need one to extend; empty is none.
        provider, style, model: used where a member names none and the clip has none; empty is no
            default.
        member_limit, channel_limit: extensions in progress at once; None is the operator's limit,
            and so is a higher one.
        daily_budget, monthly_budget: extensions of the whole server; None is no limit.
        member_budget: extensions of one member in a day; None is no limit.
        has_sessions: whether sessions may be started.
        notices_channel_id: where moderators are told that a budget runs low; None is nowhere.
        version: number of changes; 0 is a server that has set nothing.
        changed_by: id of the member who made the last change.
        changed_at: when they did.
    """

    guild_id: int
    channel_ids: tuple[int, ...] = ()
    role_ids: tuple[int, ...] = ()
    provider: str = ""
    style: str = ""
    model: str = ""
    member_limit: int | None = None
    channel_limit: int | None = None
    daily_budget: int | None = None
    monthly_budget: int | None = None
    member_budget: int | None = None
    has_sessions: bool = True
    notices_channel_id: int | None = None
    version: int = 0
    changed_by: int | None = None
    changed_at: dt.datetime | None = None

    @property
    def form_defaults(self) -> FormDefaults:
        """What the form is filled with where neither member nor clip says anything."""
        return FormDefaults(provider=self.provider, style=self.style, model=self.model)

    @property
    def has_budgets(self) -> bool:
        """Whether any budget is set."""
        budgets = (self.daily_budget, self.monthly_budget, self.member_budget)
        return any(each is not None for each in budgets)

    def allows_channel(self, channel_ids: Collection[int]) -> bool:
        """Whether members may extend in a channel; of a thread, its channel is given too."""
        return not self.channel_ids or not set(self.channel_ids).isdisjoint(channel_ids)

    def allows_roles(self, role_ids: Collection[int]) -> bool:
        """Whether a member with these roles may extend."""
        return not self.role_ids or not set(self.role_ids).isdisjoint(role_ids)


def lower_limit(operators: int, servers: int | None) -> int:
    """Return the lower of two limits, of which 0 or None is no limit.

    A server can lower the limits of whoever runs Encore, and never raise them.
    """
    given = [limit for limit in (operators, servers) if limit]
    return min(given, default=0)

"""Budgets of the servers in a test, and whether the store and the services agree on their use."""

from collections import Counter
from dataclasses import dataclass

from bot.domain.clock import utc_now
from bot.store.store import Store
from sandbox.discord.models import Channel, Guild
from sandbox.discord.permissions import Permission
from sandbox.providers.account import COST
from tests.support.bot_processes import BotProcesses

NOBODY = 1  # an id that no member has
COUNTED = "SELECT count(*) FROM extensions WHERE charged_guild_id = :guild AND may_be_charged"
ACCEPTED = "SELECT lyrics, status, may_be_charged FROM extensions WHERE charged_guild_id = :guild"


@dataclass(repr=False)
class GuildBudget:
    """The budgets of the server that ``channel`` belongs to, in which members ask there alone."""

    processes: BotProcesses
    channel: Channel
    day: int
    month: int
    most_counted: int = 0  # of all times that it was counted

    @property
    def limit(self) -> int:
        """How many extensions there is room for."""
        return min(self.day, self.month)

    async def set(self) -> None:
        """Set them as a moderator does."""
        discord = self.processes.harness.discord
        moderator = discord.member(f"Moderator of {self.guild.name}")
        may = Permission.MANAGE_GUILD
        role = discord.state.new_role("Moderators", self.guild, permissions=may)
        discord.state.join(self.guild, moderator.user).roles.add(role.id)
        panel = (await moderator.slash("settings", channel=self.channel)).message
        assert panel is not None
        form = (await moderator.click(panel, "Budgets")).modal
        sent = await moderator.submit(form, {"day": str(self.day), "month": str(self.month)})
        assert sent.error is None

    async def count(self) -> None:
        """Count what is used now."""
        [(used,)] = await self.processes.rows(COUNTED, guild=self.guild.id)
        self.most_counted = max(self.most_counted, used)

    async def used(self) -> int:
        """Return what Encore itself says is used of both budgets."""
        async with Store.open(self.processes.url) as store:
            settings = await store.settings_of_guild(self.guild.id)
            assert (settings.daily_budget, settings.monthly_budget) == (self.day, self.month)
            uses = await store.budget_uses(settings, member_id=NOBODY, now=utc_now())
        assert uses[0].used == uses[1].used
        return uses[0].used

    @property
    def refused(self) -> int:
        """How many members were told that there is no room."""
        return sum(asked.is_over_budget for asked in self.processes.requests_in(self.channel))

    def charged(self) -> Counter[str]:
        """Return the credits that the services took for each request of this server."""
        markers = {asked.marker for asked in self.processes.requests_in(self.channel)}
        taken = Counter[str]()
        for account in self.processes.harness.providers.accounts.values():
            for each in account.submissions:
                if each.request["prompt"] in markers:
                    taken[each.request["prompt"]] += each.charged
        return taken

    async def problems(self) -> list[str]:
        """Return where the store and the services disagree, or a budget is exceeded.

        What counts is what was charged, and what may have been: it was sent and never answered.
        """
        rows = await self.processes.rows(ACCEPTED, guild=self.guild.id)
        markers = Counter(row.lyrics for row in rows)
        counted = {row.lyrics for row in rows if row.may_be_charged}
        unknown = {row.lyrics for row in rows if row.status == "unconfirmed"}
        taken, used = self.charged(), await self.used()
        charged = set(taken)
        expected = COST * (used - len(unknown - charged))
        found = {
            f"stored twice: {markers - Counter(set(markers))}": markers.total() > len(markers),
            f"charged, not counted: {charged - counted}": charged - counted,
            f"counted, not charged: {counted - charged - unknown}": counted - charged - unknown,
            f"{taken.total()} credits charged, not {expected}": taken.total() != expected,
            f"{self.most_counted} counted of {self.limit}": self.most_counted > self.limit,
            f"{self.refused} refused with room left": self.refused and len(rows) < self.limit,
        }
        return [f"{self.guild.name}: {what}" for what, is_wrong in found.items() if is_wrong]

    @property
    def guild(self) -> Guild:
        """The server."""
        assert self.channel.guild is not None
        return self.channel.guild

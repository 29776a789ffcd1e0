"""What is left to spend: the budgets of a server, a member's share, and the services' credits.

Knows nothing of Discord.
"""

import asyncio
import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.budgets import BudgetUse, Period
from bot.domain.errors import LimitError
from bot.domain.guild_settings import GuildSettings
from bot.providers.base import Credits, Provider, ProviderError
from bot.services.runtime import Runtime
from bot.store.budgets import MemberUse

log = logging.getLogger(__name__)

CREDITS_LIFETIME = dt.timedelta(minutes=1)
CREDITS_TIMEOUT = 5.0  # seconds; a member waits for the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCredits:
    """What is left at a service.

    Attributes:
        label: the service as members read it.
        credits: None if it doesn't tell, or didn't answer.
        per_extension: credits that one extension costs; None if the service doesn't say.
        has_answered: False if it was asked in vain.
    """

    label: str
    credits: Credits | None = None
    per_extension: float | None = None
    has_answered: bool = True

    @property
    def extensions_left(self) -> int | None:
        """How many extensions the credits are enough for; None if that is unknown."""
        if self.credits is None or not self.per_extension:
            return None
        return max(int(self.credits.left // self.per_extension), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a member and their server have used, and what is left.

    Attributes:
        member: what the member has used, wherever they asked for it.
        settings: of the server; None outside the servers of Encore.
        budgets: of the server: its day, its month, and the member's day.
        services: the enabled ones.
    """

    member: MemberUse
    settings: GuildSettings | None
    budgets: Sequence[BudgetUse]
    services: Sequence[ServiceCredits]


class Budgets:
    """Tells what is used and what is left.

    Args:
        runtime: has the store and the providers.
        credits_timeout: seconds that a service has to tell what is left.
    """

    def __init__(self, runtime: Runtime, *, credits_timeout: float = CREDITS_TIMEOUT) -> None:
        self._store = runtime.store
        self._clock = runtime.clock
        self._providers = runtime.providers
        self._credits_timeout = credits_timeout
        self._credits: Sequence[ServiceCredits] = ()
        self._credits_until: dt.datetime | None = None
        self._credits_lock = asyncio.Lock()

    async def uses(self, settings: GuildSettings, member_id: int) -> Sequence[BudgetUse]:
        """Return what is used of a server's day and month, and of a member's day there."""
        return await self._store.budget_uses(settings, member_id=member_id, now=self._clock())

    async def require_left(self, settings: GuildSettings, member_id: int) -> None:
        """Raise LimitError if a budget is used up, before a member writes a form in vain."""
        if settings.has_budgets:
            for use in await self.uses(settings, member_id):
                if use.is_used_up:
                    raise budget_error(use)

    async def usage(self, member_id: int, settings: GuildSettings | None) -> Usage:
        """Return what a member and their server have used; ``settings`` are the server's."""
        return Usage(
            member=await self._store.member_use(member_id, now=self._clock()),
            settings=settings,
            budgets=await self.uses(settings, member_id) if settings is not None else (),
            services=await self.credits(),
        )

    async def credits(self) -> Sequence[ServiceCredits]:
        """Return what is left at each enabled service, asked at most once in a minute."""
        async with self._credits_lock:
            now = self._clock()
            if self._credits_until is None or now >= self._credits_until:
                asked = map(self._credits_of, self._providers.values())
                self._credits = await asyncio.gather(*asked)
                self._credits_until = now + CREDITS_LIFETIME
            return self._credits

    async def _credits_of(self, provider: Provider) -> ServiceCredits:
        label, cost = provider.capabilities.label, provider.capabilities.credits_per_extension
        try:
            async with asyncio.timeout(self._credits_timeout):
                left = await provider.credits()
        except (ProviderError, TimeoutError) as error:
            log.info("%s: its credits can't be asked for (%s)", label, type(error).__name__)
            return ServiceCredits(label=label, has_answered=False)
        return ServiceCredits(label=label, credits=left, per_extension=cost)


def budget_error(use: BudgetUse) -> LimitError:
    """Return the refusal of an extension because a budget is used up."""
    whose = "Your share of this server's budget" if use.is_of_member else "This server's budget"
    when = "today" if use.period is Period.DAY else "this month"
    limit = use.limit or 0
    extensions = f"{limit:,} extension{'s' * (limit != 1)}"
    return LimitError(
        f"{whose} for {when} is used up ({use.used:,} of {extensions}).",
        f"It renews <t:{int(use.renews_at.timestamp())}:R>.",
    )

"""The loop that tells a server's moderators that a budget runs low: once in each period.

A notice is a row, stored with the extension that reached the level. It is claimed before it is
posted and settled after that. If Encore is killed in between, it looks whether the notice stands in
the channel. Two processes never hold the same claim.
"""

import datetime as dt
import logging

import discord

from bot.domain.budgets import BudgetNotice
from bot.domain.clock import Clock
from bot.interactions.client import Encore
from bot.interactions.delivery import embeds_match, is_client_error
from bot.interactions.first_reply import UNREACHABLE
from bot.store.store import Store
from bot.ui.budget_texts import notice_embed

log = logging.getLogger(__name__)

LEASE = dt.timedelta(seconds=30)
CLOCK_TOLERANCE = dt.timedelta(minutes=1)  # between Discord's clock and ours
MAX_READ = 100  # messages, of one request


class BudgetNotices:
    """Posts notices in the channels that servers have chosen for them."""

    def __init__(self, bot: Encore, store: Store, *, clock: Clock) -> None:
        self._bot = bot
        self._store = store
        self._clock = clock

    async def run_once(self) -> None:
        """Post what is due; what can't be posted now is posted when its lease lapses."""
        now = self._clock()
        for notice in await self._store.claim_notices(now=now, lease_until=now + LEASE):
            try:
                await self._post(notice)
            except discord.HTTPException as error:
                if not is_client_error(error):
                    log.warning("Notice %s could not be posted yet: %s", notice.id, error)
                    continue
                # `/settings` tells that Encore may not post there
                log.info("Notice %s can't be posted (%s)", notice.id, error.code)
            except UNREACHABLE as error:
                log.warning("Notice %s could not be posted yet: %s", notice.id, error)
                continue
            await self._store.settle_notice(notice.id)

    async def _post(self, notice: BudgetNotice) -> None:
        settings = await self._store.settings_of_guild(notice.guild_id)
        channel_id = settings.notices_channel_id
        if channel_id is None or self._clock() >= notice.renews_at:
            return  # nobody wants to know any more
        channel = self._bot.get_partial_messageable(channel_id, guild_id=notice.guild_id)
        embed = notice_embed(notice)
        if notice.tried_at is not None and await self._is_posted(channel, embed, notice.tried_at):
            return
        await self._bot.rate_limiter.acquire()
        await channel.send(embed=embed, nonce=f"budget-{notice.id}")

    async def _is_posted(
        self, channel: discord.PartialMessageable, embed: discord.Embed, since: dt.datetime
    ) -> bool:
        """Whether Encore has posted ``embed``; a channel that it can't read counts as without."""
        await self._bot.rate_limiter.acquire()
        try:
            async for message in channel.history(after=since - CLOCK_TOLERANCE, limit=MAX_READ):
                is_own = message.author == self._bot.user
                if is_own and embeds_match(message.embeds, [embed]):
                    return True
        except discord.Forbidden:
            log.info("Channel %s can't be read; a notice may come twice", channel.id)
        return False

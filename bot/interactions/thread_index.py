"""Where threads hang: Discord tells on its own only of those that nobody has archived."""

import asyncio
import logging
from collections.abc import Iterable
from typing import NamedTuple

import aiohttp
import discord
from aiolimiter import AsyncLimiter

log = logging.getLogger(__name__)

MAX_KNOWN = 10_000
MAX_LOOKUPS = 10  # at a time; a member waits
LOOKUP_TIMEOUT = 1.5  # seconds, of the three that Discord gives


class ThreadParent(NamedTuple):
    """Where a thread hangs, which never changes."""

    parent_id: int
    is_private: bool


class ThreadIndex:
    """Remembers where the threads are that had to be asked for."""

    def __init__(self, pace: AsyncLimiter) -> None:
        """Make it; ``pace`` is acquired for each request."""
        self._pace = pace
        self._known: dict[int, ThreadParent | None] = {}

    def lookup(self, guild: discord.Guild, thread_id: int) -> ThreadParent | None:
        """Return where a thread hangs, as far as it is known."""
        thread = guild.get_thread(thread_id)
        if thread is not None:
            return ThreadParent(thread.parent_id, thread.is_private())
        return self._known.get(thread_id)

    async def refresh(self, guild: discord.Guild, thread_ids: Iterable[int]) -> None:
        """Ask where these threads hang, some at a time, and only for a moment.

        What Discord does not let Encore see, or does not have any more, is not asked for again
        before the next start.
        """
        unknown = [each for each in thread_ids if each not in self._known][:MAX_LOOKUPS]
        if not unknown:
            return
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT):
                await asyncio.gather(*(self._ask(guild, thread_id) for thread_id in unknown))
        except (TimeoutError, discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("Guild %s: not all threads are known (%s)", guild.id, type(error).__name__)

    async def _ask(self, guild: discord.Guild, thread_id: int) -> None:
        await self._pace.acquire()
        place = None
        try:
            found = await guild.fetch_channel(thread_id)
            if isinstance(found, discord.Thread):
                place = ThreadParent(found.parent_id, found.is_private())
        except (discord.Forbidden, discord.NotFound, discord.InvalidData) as error:
            log.info("Guild %s: channel %s is out of reach (%s)", guild.id, thread_id, error)
        self._known[thread_id] = place
        if len(self._known) > MAX_KNOWN:
            del self._known[next(iter(self._known))]

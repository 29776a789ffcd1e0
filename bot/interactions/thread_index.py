"""The parent channels of threads; the gateway announces only threads that are not archived."""

import asyncio
import logging
from collections.abc import Iterable
from typing import NamedTuple

import aiohttp
import discord
from aiolimiter import AsyncLimiter

log = logging.getLogger(__name__)

MAX_CACHED = 10_000  # threads
MAX_LOOKUPS = 10  # at a time, because a member waits
LOOKUP_TIMEOUT = 1.5  # seconds, of the three that Discord gives


class ThreadParent(NamedTuple):
    """The channel of a thread, which never changes."""

    parent_id: int
    is_private: bool


class ThreadIndex:
    """Caches the parents of threads that had to be fetched.

    Args:
        rate_limiter: acquired once for each request.
    """

    def __init__(self, rate_limiter: AsyncLimiter) -> None:
        self._rate_limiter = rate_limiter
        self._cached: dict[int, ThreadParent | None] = {}

    def lookup(self, guild: discord.Guild, thread_id: int) -> ThreadParent | None:
        """Return the parent of a thread; None if it is unknown."""
        thread = guild.get_thread(thread_id)
        if thread is not None:
            return ThreadParent(thread.parent_id, thread.is_private())
        return self._cached.get(thread_id)

    async def refresh(self, guild: discord.Guild, thread_ids: Iterable[int]) -> None:
        """Fetch the parents of these threads, `MAX_LOOKUPS` at most, within `LOOKUP_TIMEOUT`.

        A thread that is deleted or hidden from Encore is not fetched again until the next start.
        """
        unknown = [each for each in thread_ids if each not in self._cached][:MAX_LOOKUPS]
        if not unknown:
            return
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT):
                await asyncio.gather(*(self._fetch(guild, thread_id) for thread_id in unknown))
        except (TimeoutError, discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("Guild %s: not all threads are known (%s)", guild.id, type(error).__name__)

    async def _fetch(self, guild: discord.Guild, thread_id: int) -> None:
        await self._rate_limiter.acquire()
        parent = None
        try:
            channel = await guild.fetch_channel(thread_id)
            if isinstance(channel, discord.Thread):
                parent = ThreadParent(channel.parent_id, channel.is_private())
        except (discord.Forbidden, discord.NotFound, discord.InvalidData) as error:
            log.info("Guild %s: channel %s is out of reach (%s)", guild.id, thread_id, error)
        self._cached[thread_id] = parent
        if len(self._cached) > MAX_CACHED:
            del self._cached[next(iter(self._cached))]

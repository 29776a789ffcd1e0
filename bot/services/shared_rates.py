"""Rates of requests that several processes keep together: each takes its slots in the store."""

import asyncio
import datetime as dt

from bot.domain.clock import Clock
from bot.providers.base import Unavailable
from bot.providers.http import RateLimiter, Unlimited
from bot.store.store import Store


class SharedRateLimiter:
    """Lets one request pass every ``interval``, whichever process sends it."""

    def __init__(self, store: Store, clock: Clock, name: str, interval: dt.timedelta) -> None:
        self._store = store
        self._clock = clock
        self._name = name
        self._interval = interval
        # One request of this process waits for a slot, the others for it: should they be cancelled,
        # no slots are lost.
        self._lock = asyncio.Lock()

    async def acquire(self) -> None:
        """Return when the next request may be sent.

        Raises:
            Unavailable: the store can't be reached, so nothing is sent.
        """
        async with self._lock:
            now = self._clock()
            try:
                begins = await self._store.take_slot(self._name, every=self._interval, now=now)
            except Exception as error:
                raise Unavailable("The database can't be reached.") from error
            await asyncio.sleep((begins - now).total_seconds())


def shared_rate_limiter(store: Store, clock: Clock, name: str, interval: float) -> RateLimiter:
    """Return a limiter to one request every ``interval`` seconds; 0 is no limit."""
    if interval <= 0:
        return Unlimited()
    return SharedRateLimiter(store, clock, name, dt.timedelta(seconds=interval))

"""Has the store forget what is old, once an hour."""

import datetime as dt
import logging

from bot.domain.clock import Clock
from bot.store.store import Store

log = logging.getLogger(__name__)

EVERY = dt.timedelta(hours=1)


class Retention:
    """Deletes what is older than it has to be kept."""

    def __init__(self, store: Store, *, clock: Clock, keep: dt.timedelta | None) -> None:
        """Make it; ``keep`` is how long finished requests are kept, None is for ever."""
        self._store = store
        self._clock = clock
        self._keep = keep
        self._next_at: dt.datetime | None = None

    async def run_once(self) -> None:
        """Delete what is old, unless that was done within the hour.

        Each transaction deletes a little, so that nobody waits for the writer.
        """
        now = self._clock()
        if self._next_at is not None and now < self._next_at:
            return
        while await self._store.forget(now=now, keep=self._keep):
            pass
        self._next_at = now + EVERY

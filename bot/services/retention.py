"""Has the store forget what is old, every hour."""

import datetime as dt
import logging

from bot.domain.clock import Clock
from bot.store.retention import BATCH
from bot.store.store import Store

log = logging.getLogger(__name__)

EVERY = dt.timedelta(hours=1)
MAX_BATCHES = 20  # of one run


class Retention:
    """Deletes what is older than it has to be kept."""

    def __init__(
        self, store: Store, *, clock: Clock, keep: dt.timedelta | None, batch: int = BATCH
    ) -> None:
        """Make it.

        Args:
            store: of which it deletes.
            clock: the time.
            keep: how long finished requests are kept; None is for ever.
            batch: how many are deleted in one transaction.
        """
        self._store = store
        self._clock = clock
        self._keep = keep
        self._batch = batch
        self._next_at: dt.datetime | None = None

    async def run_once(self) -> None:
        """Delete some of what is old, unless all of it was deleted within the hour.

        Each transaction deletes a little, so that nobody waits for the writer, and each run takes
        a moment, so that it does not hold up what is done beside it.
        """
        now = self._clock()
        if self._next_at is not None and now < self._next_at:
            return
        for _ in range(MAX_BATCHES):
            if not await self._store.forget(now=now, keep=self._keep, batch=self._batch):
                self._next_at = now + EVERY
                return

"""What is asked for is taken on: once for each event, within the quotas, told to the loops."""

import datetime as dt
from typing import NamedTuple

from bot.domain.clock import Clock
from bot.domain.models import Extension, Kind
from bot.services.wakeups import Wakeups
from bot.services.quotas import quota_error
from bot.services.surroundings import ReplyContext, ReplyContextLoader
from bot.store.accepting import QuotaExceeded, Quota
from bot.store.store import Store

# The first reply is sent by whoever accepts; only if it never was does the publisher send one.
FIRST_REPLY_TIMEOUT = dt.timedelta(seconds=10)
DOUBLE_CLICK_WINDOW = dt.timedelta(seconds=5)


class AcceptResult(NamedTuple):
    """An extension that was taken on, now or before, and what to show beside it."""

    extension: Extension
    is_new: bool
    context: ReplyContext


class Acceptance:
    """Takes on extensions of every kind."""

    def __init__(
        self, store: Store, views: ReplyContextLoader, *, quota: Quota, wakeups: Wakeups, clock: Clock
    ) -> None:
        self._store = store
        self._views = views
        self._quota = quota
        self._wakeups = wakeups
        self._clock = clock

    async def accept(self, ext: Extension, *, source_is_known: bool = False) -> AcceptResult:
        """Take on ``ext``, or return what was taken on for its trigger, or in its place, before.

        With ``knows_source`` the source clip is known to be remembered already.

        Raises:
            UserError: too much is in progress; nothing was kept.
        """
        now = self._clock()
        taken = await self._store.accept(
            ext,
            publish_at=now if ext.reply.reply_to_id is not None else now + FIRST_REPLY_TIMEOUT,
            quota=self._quota,
            double_since=now - DOUBLE_CLICK_WINDOW,
            source_is_known=source_is_known,
        )
        if isinstance(taken, QuotaExceeded):
            raise quota_error(taken, await self._views.typical_duration(ext.request.provider))
        if ext.kind is Kind.SPLICE:
            self._wakeups.attacher.notify()
        else:
            self._wakeups.submitter.notify()
        self._wakeups.publisher.notify()
        context = await self._views.load(taken.extension, queue_position=taken.queue_position)
        return AcceptResult(taken.extension, taken.is_new, context)

"""What is asked for is taken on: once for each event, within the quotas, told to the loops."""

import datetime as dt
from typing import NamedTuple

from bot.domain.clock import Clock
from bot.domain.models import Extension, Kind
from bot.services.bells import Bells
from bot.services.quotas import too_many
from bot.services.surroundings import Surroundings, Views
from bot.store.accepting import Full, Quota
from bot.store.store import Store

# The first reply is sent by whoever accepts; only if it never was does the publisher send one.
FIRST_REPLY = dt.timedelta(seconds=10)
DOUBLE_CLICK = dt.timedelta(seconds=5)


class Accepted(NamedTuple):
    """An extension that was taken on, now or before, and what to show beside it."""

    extension: Extension
    is_new: bool
    around: Surroundings


class Intake:
    """Takes on extensions of every kind."""

    def __init__(
        self, store: Store, views: Views, *, quota: Quota, bells: Bells, clock: Clock
    ) -> None:
        self._store = store
        self._views = views
        self._quota = quota
        self._bells = bells
        self._clock = clock

    async def take_on(self, ext: Extension, *, knows_source: bool = False) -> Accepted:
        """Take on ``ext``, or return what was taken on for its trigger, or in its place, before.

        With ``knows_source`` the source clip is known to be remembered already.

        Raises:
            UserError: too much is in progress; nothing was kept.
        """
        now = self._clock()
        taken = await self._store.take_on(
            ext,
            publish_at=now if ext.reply.answers is not None else now + FIRST_REPLY,
            quota=self._quota,
            double_since=now - DOUBLE_CLICK,
            knows_source=knows_source,
        )
        if isinstance(taken, Full):
            raise too_many(taken, await self._views.usual(ext.request.provider))
        if ext.kind is Kind.SPLICE:
            self._bells.attacher.ring()
        else:
            self._bells.submitter.ring()
        self._bells.publisher.ring()
        around = await self._views.of(taken.extension, place=taken.place)
        return Accepted(taken.extension, taken.is_new, around)

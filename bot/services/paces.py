"""How long each provider usually takes, learned from the extensions that it finished."""

import datetime as dt

from bot.domain.clock import Clock
from bot.domain.pacing import Pace, learned_pace
from bot.store.store import Store

FRESH_FOR = dt.timedelta(seconds=30)


class Paces:
    """The learned `Pace` of each provider, read from the store now and then."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._learned: dict[str, tuple[Pace, dt.datetime]] = {}

    async def of(self, provider: str) -> Pace:
        """Return the pace of ``provider``, at most `FRESH_FOR` old."""
        now = self._clock()
        known = self._learned.get(provider)
        if known is None or now - known[1] > FRESH_FOR:
            known = learned_pace(await self._store.timings(provider)), now
            self._learned[provider] = known
        return known[0]

"""Which servers' events arrive now, told by beats in the store, so that a downtime is made up for.

Each connected shard beats every few seconds. The first beat of a process, and one after a gap,
moves the clocks of the sessions of its servers by the time since the last beat, in the same
transaction: no vote ends while nobody can vote.
"""

import datetime as dt

from bot.domain.clock import Clock
from bot.interactions.client import Encore
from bot.store.store import Store

MAX_GAP = dt.timedelta(seconds=45)  # without a beat; shorter ones are not made up for


class ShardBeats:
    """The beats of this process's shards."""

    def __init__(self, bot: Encore, store: Store, *, clock: Clock) -> None:
        self._bot = bot
        self._store = store
        self._clock = clock
        self._connected: set[int] = set()
        self._last_beats: dict[int, dt.datetime] = {}

    def connected(self, shard_id: int) -> None:
        """Note that a shard receives events; they count from its next beat on."""
        self._connected.add(shard_id)

    def disconnected(self, shard_id: int) -> None:
        """Note that a shard receives no events."""
        self._connected.discard(shard_id)

    async def beat(self) -> None:
        """Beat for each connected shard."""
        running = await self._store.running_sessions()
        for shard_id in sorted(self._connected):
            now = self._clock()
            guild_ids = {each.guild_id for each in running}
            here = [each for each in guild_ids if self._shard_of(each) == shard_id]
            is_first = shard_id not in self._last_beats
            max_gap = dt.timedelta(0) if is_first else MAX_GAP
            await self._store.beat(shard_id, here, now=now, max_gap=max_gap)
            self._last_beats[shard_id] = now

    def is_heard(self, guild_id: int) -> bool:
        """Whether the events of a server have arrived until a moment ago."""
        shard_id = self._shard_of(guild_id)
        last = self._last_beats.get(shard_id)
        is_connected = shard_id in self._connected
        return is_connected and last is not None and self._clock() - last <= MAX_GAP

    def is_served(self, guild_id: int) -> bool:
        """Whether a server belongs to a shard of this process."""
        return self._bot.shard_ids is None or self._shard_of(guild_id) in self._bot.shard_ids

    def _shard_of(self, guild_id: int) -> int:
        """Return the shard of a server, as Discord's documentation of sharding tells it."""
        return (guild_id >> 22) % (self._bot.shard_count or 1)

"""Snowflakes: ids of milliseconds and a counter, so that they sort by time."""

import datetime as dt
import time
from collections.abc import Callable

EPOCH = 1_420_070_400_000
COUNTER_BITS = 22
GUILD_COUNTER = 1 << 21


def created_at(snowflake: int) -> dt.datetime:
    """Return the aware time at which ``snowflake`` was created."""
    return dt.datetime.fromtimestamp(((snowflake >> COUNTER_BITS) + EPOCH) / 1000, tz=dt.UTC)


def is_snowflake(text: str) -> bool:
    """Whether ``text`` is a valid id."""
    return text.isascii() and text.isdigit() and int(text) < 1 << 63


def shard_of(guild_id: int, shards: int) -> int:
    """Return the shard that a guild belongs to (Discord's documentation of sharding)."""
    return (guild_id >> COUNTER_BITS) % shards


class Snowflakes:
    """Generates ids, each greater than the previous one.

    ``clock`` tells the time in seconds since 1970.
    """

    def __init__(self) -> None:
        self.clock: Callable[[], float] = time.time
        self._last = 0
        self._guilds = 0

    def new(self) -> int:
        """Return a new id for the current time."""
        now = int(self.clock() * 1000) - EPOCH
        self._last = max(self._last + 1, now << COUNTER_BITS)
        return self._last

    def new_of_shard(self, shard: int, shards: int) -> int:
        """Return a new id for a guild of ``shard``, of a moment just passed."""
        now = self.new() >> COUNTER_BITS
        self._guilds += 1  # other ids of that moment begin with a counter of 0
        return ((now - (now - shard) % shards) << COUNTER_BITS) + GUILD_COUNTER + self._guilds

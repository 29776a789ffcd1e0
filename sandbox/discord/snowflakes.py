"""Ids as Discord makes them: a time in milliseconds, then a counter, so that ids order by time."""

import datetime as dt
import time

EPOCH = 1_420_070_400_000
COUNTER_BITS = 22


def created_at(snowflake: int) -> dt.datetime:
    """The aware time at which ``snowflake`` was made."""
    return dt.datetime.fromtimestamp(((snowflake >> COUNTER_BITS) + EPOCH) / 1000, tz=dt.UTC)


def is_snowflake(text: str) -> bool:
    """Whether ``text`` can be an id."""
    return text.isascii() and text.isdigit() and int(text) < 1 << 63


class Snowflakes:
    """Makes ids, each greater than the one before."""

    def __init__(self) -> None:
        self._last = 0

    def new(self) -> int:
        """A fresh id of this moment."""
        now = int(time.time() * 1000) - EPOCH
        self._last = max(self._last + 1, now << COUNTER_BITS)
        return self._last

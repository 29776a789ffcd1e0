"""The clock is an argument, so that tests can set the time."""

import datetime as dt
from collections.abc import Callable

Clock = Callable[[], dt.datetime]


def utc_now() -> dt.datetime:
    """Return the current time as an aware datetime, in UTC."""
    return dt.datetime.now(dt.UTC)

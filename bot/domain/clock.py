"""The clock as an argument: who needs the time is handed one."""

import datetime as dt
from collections.abc import Callable

Clock = Callable[[], dt.datetime]


def utc_now() -> dt.datetime:
    """Return the time now, aware."""
    return dt.datetime.now(dt.UTC)

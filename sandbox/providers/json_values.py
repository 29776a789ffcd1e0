"""JSON types, checks and formats that the providers share."""

import datetime as dt
from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]


def is_number(value: object) -> bool:
    """Whether ``value`` is a JSON number; booleans are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_text(value: object) -> bool:
    """Whether ``value`` is a JSON string that is not blank."""
    return isinstance(value, str) and bool(value.strip())


def utc_timestamp(moment: dt.datetime) -> str:
    """Return an aware UTC time in ISO 8601 with milliseconds and ``Z``."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

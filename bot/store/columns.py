"""How values of the domain lie in columns, the same on SQLite and PostgreSQL."""

import datetime as dt
import json

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TICK = dt.timedelta(microseconds=1)

# SQLite numbers rows by itself only in a column that is exactly INTEGER
RowId = BigInteger().with_variant(Integer, "sqlite")


class UtcMicroseconds(TypeDecorator[dt.datetime]):
    """An aware time as whole microseconds since the epoch, UTC.

    Whole numbers, because a conditional save compares them for equality.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> int | None:
        """Return ``value`` as SQL keeps it; a naive time is a TypeError."""
        del dialect
        return None if value is None else (value - _EPOCH) // _TICK

    def process_result_value(self, value: int | None, dialect: Dialect) -> dt.datetime | None:
        """Return the aware time, in UTC."""
        del dialect
        return None if value is None else _EPOCH + value * _TICK


class SafeText(TypeDecorator[str]):
    """Text that every database takes.

    NUL, which PostgreSQL refuses, is left out, and half a surrogate pair, which is not UTF-8,
    becomes ``?``: one odd character in a provider's title must not keep an extension from ending.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return ``value`` as SQL keeps it."""
        del dialect
        if value is None:
            return None
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


class StringList(TypeDecorator[tuple[str, ...]]):
    """Strings in order, as a JSON list."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        """Return ``value`` as SQL keeps it."""
        del dialect
        return None if value is None else json.dumps(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        """Return the strings."""
        del dialect
        return None if value is None else tuple(json.loads(value))

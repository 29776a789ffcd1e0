"""How columns keep the domain's values: each type converts to what both databases store alike."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from bot.domain import failures
from bot.domain.failures import Failure
from bot.domain.sessions.models import Count

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TICK = dt.timedelta(microseconds=1)

# SQLite numbers rows by itself only in a column that is exactly INTEGER
RowId = BigInteger().with_variant(Integer, "sqlite")

# Stored in rows: a new name for a kind needs a migration.
FAILURE_KINDS: Mapping[str, type[Failure]] = {
    "rejected": failures.Rejected,
    "unknown_clip": failures.UnknownClip,
    "out_of_credits": failures.OutOfCredits,
    "unauthorized": failures.Unauthorized,
    "wrong_address": failures.WrongAddress,
    "session_expired": failures.SessionExpired,
    "rate_limited": failures.RateLimited,
    "unavailable": failures.Unavailable,
    "unconfirmed": failures.Unconfirmed,
    "generation_failed": failures.GenerationFailed,
    "not_playable": failures.NotPlayable,
    "forgotten": failures.Forgotten,
    "source_unavailable": failures.SourceUnavailable,
    "song_too_long": failures.SongTooLong,
    "length_unknown": failures.LengthUnknown,
    "past_the_end": failures.PastTheEnd,
    "part_unavailable": failures.PartUnavailable,
    "too_large": failures.TooLarge,
    "attach_not_allowed": failures.AttachNotAllowed,
    "unexpected": failures.Unexpected,
}
_KIND_OF = {failure: kind for kind, failure in FAILURE_KINDS.items()}


def failure_to_dict(failure: Failure) -> dict[str, Any]:
    """Return the ``kind`` and the fields of ``failure``, as they are stored in JSON."""
    return {"kind": _KIND_OF[type(failure)], **asdict(failure)}


def failure_from_dict(members: dict[str, Any]) -> Failure:
    """Return the failure that `failure_to_dict` turned into ``members``."""
    fields = dict(members)
    return FAILURE_KINDS[fields.pop("kind")](**fields)


class UtcMicroseconds(TypeDecorator[dt.datetime]):
    """An aware time as whole microseconds since the epoch, UTC.

    Whole numbers, because a conditional save compares them for equality.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> int | None:
        """Return the microseconds; a naive time is a TypeError."""
        del dialect
        return None if value is None else (value - _EPOCH) // _TICK

    def process_result_value(self, value: int | None, dialect: Dialect) -> dt.datetime | None:
        """Return the aware time, in UTC."""
        del dialect
        return None if value is None else _EPOCH + value * _TICK


class SafeText(TypeDecorator[str]):
    """Text that every database accepts.

    NUL, which PostgreSQL refuses, is left out, and half a surrogate pair, which is not UTF-8,
    becomes ``?``: one odd character in a provider's title must not keep an extension from ending.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text without what a database refuses."""
        del dialect
        if value is None:
            return None
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


class EmptyAsNull(SafeText):
    """Text of which the empty string is NULL, so that no comparison in SQL ever matches it."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text, or None for an empty one."""
        return super().process_bind_param(value or None, dialect)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str:
        """Return the text, empty for NULL."""
        del dialect
        return value or ""


class EnumText(TypeDecorator[StrEnum]):
    """A member of one enumeration, as its value."""

    impl = Text
    cache_ok = True

    def __init__(self, enum: type[StrEnum]) -> None:
        super().__init__()
        self.enum = enum

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        """Return the value of the member."""
        del dialect
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """Return the member."""
        del dialect
        return None if value is None else self.enum(value)


class StringList(TypeDecorator[tuple[str, ...]]):
    """Strings in order, as a JSON list."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        """Return the JSON."""
        del dialect
        return None if value is None else json.dumps(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        """Return the strings."""
        del dialect
        return None if value is None else tuple(json.loads(value))


class IdList(TypeDecorator[tuple[int, ...]]):
    """Ids in order, never null, as a JSON list."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[int, ...] | None, dialect: Dialect) -> str:
        """Return the JSON."""
        del dialect
        return json.dumps(value or ())

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[int, ...]:
        """Return the ids."""
        del dialect
        return tuple(json.loads(value or "[]"))


class CountList(TypeDecorator[tuple[Count, ...]]):
    """Counts of votes in order, never null, as a JSON list of pairs: a choice and its votes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[Count, ...] | None, dialect: Dialect) -> str:
        """Return the JSON."""
        del dialect
        return json.dumps([(each.choice, each.votes) for each in value or ()])

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[Count, ...]:
        """Return the counts."""
        del dialect
        pairs = json.loads(value or "[]")
        return tuple(Count(choice=choice, votes=votes) for choice, votes in pairs)


class FailureJson(TypeDecorator[Failure]):
    """A failure as a JSON object: its ``kind`` and its fields."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Failure | None, dialect: Dialect) -> str | None:
        """Return the JSON."""
        del dialect
        return None if value is None else json.dumps(failure_to_dict(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Failure | None:
        """Return the failure."""
        del dialect
        return None if value is None else failure_from_dict(json.loads(value))

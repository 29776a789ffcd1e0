"""Rows from values, and values from rows: a column is named as the field that it keeps.

Fields of a `Handle` and of a `ReplyRef` have the prefixes ``handle_`` and ``reply_``.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import Field, fields
from functools import cache
from string import ascii_uppercase
from typing import Any, ClassVar, Protocol, TypeVar

from sqlalchemy import RowMapping

from bot.domain.models import Clip, ClipRecord, ExtendRequest, Extension, Handle, Kind, ReplyRef


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


D = TypeVar("D", bound=_Dataclass)

_NESTED = frozenset({"request", "reply", "handle", "clips"})
# what an extension keeps from its acceptance on, and what only publishing changes
_NOT_STATE = frozenset(
    {
        "id",
        "idempotency_key",
        "kind",
        "member_id",
        "member_name",
        "source_letter",
        "part_number",
        "song_time",
        "retake_of",
        "created_at",
        "published",
        "publish_failures",
    }
)


@cache
def columns_of(cls: type[_Dataclass], prefix: str = "") -> tuple[tuple[str, str], ...]:
    """Return the name of each field of a dataclass with the name of its column."""
    names = [field.name for field in fields(cls)]
    return tuple((name, name if name.startswith(prefix) else prefix + name) for name in names)


REPLY_COLUMNS = tuple(column for _, column in columns_of(ReplyRef, "reply_"))
_OWN = tuple(name for name, _ in columns_of(Extension) if name not in _NESTED)
_STATE = tuple(name for name in _OWN if name not in _NOT_STATE)


def accepted_row(ext: Extension, publish_at: dt.datetime) -> dict[str, object]:
    """Return the whole row of a new ``ext`` but for its id; it is published from then on."""
    own = {name: getattr(ext, name) for name in _OWN if name != "id"}
    kept = {"publish_at": publish_at, "charged_guild_id": ext.reply.home_guild_id}
    return own | state_row(ext) | reply_row(ext.reply) | kept


def state_row(ext: Extension) -> dict[str, object]:
    """Return the columns that `save` writes: progress, and the request, which may be completed."""
    return {
        **{name: getattr(ext, name) for name in _STATE},
        **row_of(ext.request),
        "handle_task_id": ext.handle and ext.handle.task_id,
        "handle_clip_ids": ext.handle and ext.handle.clip_ids,
        "may_be_charged": ext.may_be_charged,
    }


def reply_row(reply: ReplyRef) -> dict[str, object]:
    """Return the columns of a reply."""
    return row_of(reply, "reply_")


def changed_reply_row(was: ReplyRef, new: ReplyRef) -> dict[str, object]:
    """Return the columns of a reply in which ``new`` differs."""
    before = reply_row(was)
    return {name: value for name, value in reply_row(new).items() if value != before[name]}


def clip_row(provider: str, clip: Clip, *words: str) -> dict[str, object]:
    """Return the columns of ``clip`` but for its extension; it is also found by ``words``."""
    own = {name: getattr(clip, name) for name, _ in columns_of(Clip) if name != "id"}
    return {
        **own,
        "provider": provider,
        "clip_id": clip.id,
        "search_text": search_text(clip.title, clip.style, clip.id, *words),
    }


def search_text(*words: str) -> str:
    """Return the text in which a clip is found by any of ``words``."""
    return "\n".join(words).casefold()


def extension_of(row: RowMapping, clips: Iterable[Clip]) -> Extension:
    """Return the extension in ``row`` with the clips that it made."""
    has_handle = row["handle_clip_ids"] is not None
    return Extension(
        **{name: row[name] for name in _OWN},
        request=value_of(ExtendRequest, row),
        reply=value_of(ReplyRef, row, "reply_"),
        handle=value_of(Handle, row, "handle_") if has_handle else None,
        clips=tuple(clips),
    )


def clip_of(row: RowMapping) -> Clip:
    """Return the clip in ``row``."""
    return Clip(
        id=row["clip_id"],
        **{name: row[name] for name, _ in columns_of(Clip) if name != "id"},
    )


def clip_record_of(row: RowMapping) -> ClipRecord:
    """Return the clip in a row of `clips.clip_records`, with the extension that made it, if any."""
    if row["extension_id"] is None:
        return ClipRecord(clip=clip_of(row), provider=row["provider"], known_at=row["news_at"])
    reply = value_of(ReplyRef, row, "reply_")
    kind: Kind = row["kind"]
    letter = ascii_uppercase[row["position"] % len(ascii_uppercase)]
    return ClipRecord(
        clip=clip_of(row),
        provider=row["provider"],
        known_at=row["news_at"],
        letter="" if kind.is_song else letter,
        extension_id=row["extension_id"],
        reply_url=None if reply.unreachable else reply.url,
        is_removed=row["is_removed"],
        part_number=row["part_number"],
        member_name=row["member_name"],
        lyrics=row["lyrics"],
        model=row["model"],
    )


def row_of(value: _Dataclass, prefix: str = "") -> dict[str, object]:
    """Return the columns of a dataclass all of whose fields are columns."""
    return {column: getattr(value, name) for name, column in columns_of(type(value), prefix)}


def value_of(cls: type[D], row: RowMapping, prefix: str = "") -> D:
    """Return the dataclass that `row_of` turned into columns."""
    return cls(**{name: row[column] for name, column in columns_of(cls, prefix)})

"""The tables as they are after the newest migration; a test holds the two together.

Indexes are named after the question that they answer.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    false,
    not_,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeDecorator

_INSERTS: Mapping[str, Callable[[Table], Any]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


def insert(db: AsyncConnection, table: Table) -> sqlite.Insert:
    """Return an INSERT for the database behind ``db``."""
    return insert_in(db.dialect.name, table)


def insert_in(dialect: str, table: Table) -> sqlite.Insert:
    """Return an INSERT in a dialect of SQL, by its name.

    The two classes are alike in all that the store uses, so both pass as one.
    """
    return _INSERTS[dialect](table)


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


metadata = MetaData()

extensions = Table(
    "extensions",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("trigger", SafeText, nullable=False, unique=True),
    Column("member_id", BigInteger, nullable=False),
    Column("take_of", RowId, ForeignKey("extensions.id")),
    Column("created_at", UtcMicroseconds, nullable=False),
    # what was asked for
    Column("provider", SafeText, nullable=False),
    Column("clip_id", SafeText, nullable=False),
    Column("continue_at", Float),
    Column("lyrics", SafeText, nullable=False),
    Column("style", StringList, nullable=False),
    Column("title", SafeText, nullable=False),
    Column("exclude", StringList, nullable=False),
    Column("model", SafeText),
    # where it stands
    Column("source_title", SafeText, nullable=False),
    Column("source_url", SafeText),
    Column("status", SafeText, nullable=False),
    Column("reason_kind", SafeText),
    Column("reason_text", SafeText),
    Column("handle_task_id", SafeText),
    Column("handle_clip_ids", StringList),
    Column("due_at", UtcMicroseconds, nullable=False),
    Column("deadline_at", UtcMicroseconds, nullable=False),
    Column("submitted_at", UtcMicroseconds),
    Column("streaming_at", UtcMicroseconds),
    Column("finished_at", UtcMicroseconds),
    Column("failures", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    # the reply that shows it, and how far the reply is
    Column("reply_channel_id", BigInteger, nullable=False),
    Column("reply_guild_id", BigInteger),
    Column("reply_message_id", BigInteger),
    Column("reply_token", SafeText, nullable=False),
    Column("reply_token_until", UtcMicroseconds),
    Column("reply_in_channel", Boolean, nullable=False),
    Column("reply_answers", BigInteger),
    Column("reply_is_settled", Boolean, nullable=False),
    Column("reply_is_gone", Boolean, nullable=False),
    Column("published", Integer, nullable=False),
    Column("publish_failures", Integer, nullable=False),
    Column("publish_at", UtcMicroseconds, nullable=False),
    # since 0002; SQLite adds columns at the end
    Column("kind", SafeText, nullable=False, server_default="part"),
    Column("reply_attachment_limit", BigInteger),
    sqlite_autoincrement=True,
)

# Worded exactly as the condition of its index, or the index is of no use.
is_unpublished = and_(
    extensions.c.published < extensions.c.revision, not_(extensions.c.reply_is_gone)
)

Index("extensions_due", extensions.c.status, extensions.c.provider, extensions.c.due_at)
Index("extensions_in_line", extensions.c.status, extensions.c.provider, extensions.c.id)
Index(
    "extensions_unpublished",
    extensions.c.publish_at,
    sqlite_where=is_unpublished,
    postgresql_where=is_unpublished,
)
Index("extensions_by_reply", extensions.c.reply_message_id)
Index("extensions_of_guild", extensions.c.reply_guild_id)
Index("extensions_of_member", extensions.c.member_id)
Index("extensions_of_channel", extensions.c.reply_channel_id)
Index("extensions_of_source", extensions.c.clip_id)
Index("extensions_take_of", extensions.c.take_of)

# A row with an extension is a clip that it made; one without is what is known of a source clip.
# Two extensions may hear of the same clip, so each keeps its own row of it.
clips = Table(
    "clips",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("extension_id", RowId, ForeignKey("extensions.id")),
    Column("position", Integer, nullable=False),
    Column("provider", SafeText, nullable=False),
    Column("clip_id", SafeText, nullable=False),
    Column("status", SafeText, nullable=False),
    Column("title", SafeText, nullable=False),
    Column("style", SafeText, nullable=False),
    Column("audio_url", SafeText),
    Column("image_url", SafeText),
    Column("duration", Float),
    Column("error", SafeText, nullable=False),
    # of a source clip; a made one is known since its extension changed
    Column("known_at", UtcMicroseconds),
    # title, style and id, casefolded: the LIKE of SQLite folds ASCII only
    Column("search_text", SafeText, nullable=False),
    # since 0002: out of the library by its member's wish; the lineage still needs it
    Column("is_removed", Boolean, nullable=False, server_default=false()),
)

IS_SOURCE = text("extension_id IS NULL")

Index("clips_made", clips.c.extension_id, clips.c.clip_id, unique=True)
Index(
    "clips_source",
    clips.c.provider,
    clips.c.clip_id,
    unique=True,
    sqlite_where=IS_SOURCE,
    postgresql_where=IS_SOURCE,
)
Index("clips_by_id", clips.c.clip_id)

# The audio of a complete extension, to be attached to its reply, and what became of that.
audio = Table(
    "audio",
    metadata,
    Column("extension_id", RowId, ForeignKey("extensions.id"), primary_key=True),
    Column("is_wanted", Boolean, nullable=False),
    Column("due_at", UtcMicroseconds, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("attachments", SafeText, nullable=False),
    # since 0004: made, and to be shown by the next edit; the revision that they raised
    Column("uploads", SafeText),
    Column("uploads_revision", Integer),
    # bytes of one file; Discord refused larger ones
    Column("size_limit", BigInteger),
)

is_queued = audio.c.is_wanted.is_(True)

Index("audio_due", audio.c.due_at, sqlite_where=is_queued, postgresql_where=is_queued)

drafts = Table(
    "drafts",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("member_id", BigInteger, nullable=False),
    Column("form", SafeText, nullable=False),
    Column("created_at", UtcMicroseconds, nullable=False),
    # the number of a forgotten draft must not come to mean another
    sqlite_autoincrement=True,
)

Index("drafts_by_age", drafts.c.created_at)

facts = Table(
    "facts",
    metadata,
    Column("name", SafeText, primary_key=True),
    Column("value", SafeText, nullable=False),
)

"""The tables as they are after the newest migration; a test holds the two together.

Indexes are named after the query that they answer.
"""

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
    and_,
    false,
    not_,
    text,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.models import ClipStatus, Kind, Status
from bot.store.column_types import (
    EmptyAsNull,
    EnumText,
    FailureJson,
    RowId,
    SafeText,
    StringList,
    UtcMicroseconds,
)

metadata = MetaData()

extensions = Table(
    "extensions",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("idempotency_key", SafeText, nullable=False, unique=True),
    Column("kind", EnumText(Kind), nullable=False, server_default="part"),
    Column("member_id", BigInteger, nullable=False),
    Column("retake_of", RowId, ForeignKey("extensions.id")),
    Column("created_at", UtcMicroseconds, nullable=False),
    # the request; no provider for what Encore makes itself
    Column("provider", EmptyAsNull),
    Column("clip_id", SafeText, nullable=False),
    Column("continue_at", Float),
    Column("lyrics", SafeText, nullable=False),
    Column("style", StringList, nullable=False),
    Column("title", SafeText, nullable=False),
    Column("exclude", StringList, nullable=False),
    Column("model", SafeText),
    # its progress
    Column("source_title", SafeText, nullable=False),
    Column("source_url", SafeText),
    Column("status", EnumText(Status), nullable=False),
    Column("failure", FailureJson),
    Column("handle_task_id", SafeText),
    Column("handle_clip_ids", StringList),
    Column("due_at", UtcMicroseconds, nullable=False),
    Column("deadline_at", UtcMicroseconds),
    Column("submitted_at", UtcMicroseconds),
    Column("streaming_at", UtcMicroseconds),
    Column("finished_at", UtcMicroseconds),
    Column("polled_at", UtcMicroseconds),
    Column("no_audio_at", UtcMicroseconds),
    Column("failures", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    # the reply that shows it
    Column("reply_channel_id", BigInteger, nullable=False),
    Column("reply_guild_id", BigInteger),
    Column("reply_message_id", BigInteger),
    Column("reply_token", SafeText, nullable=False),
    Column("reply_token_expires_at", UtcMicroseconds),
    Column("reply_editable_by_bot", Boolean, nullable=False),
    Column("reply_attachment_limit", BigInteger),
    Column("reply_to_id", BigInteger),
    Column("reply_final_shown", Boolean, nullable=False),
    Column("reply_unreachable", Boolean, nullable=False),
    Column("reply_is_ephemeral", Boolean, nullable=False, server_default=false()),
    Column("reply_files_allowed", Boolean, nullable=False, server_default=true()),
    # the revision that the reply shows, and when it may be edited next
    Column("published", Integer, nullable=False),
    Column("publish_failures", Integer, nullable=False),
    Column("publish_at", UtcMicroseconds, nullable=False),
    # of the content that the reply shows; null if that is not certain
    Column("shown_digest", SafeText),
    sqlite_autoincrement=True,
)

# Worded exactly as the condition of its index: otherwise a query can't use the index.
is_unpublished = and_(
    extensions.c.published < extensions.c.revision, not_(extensions.c.reply_unreachable)
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
Index("extensions_retakes", extensions.c.retake_of)

# A row with an extension is a clip that the extension made; a row without one is what is known of
# a source clip. Two extensions may name the same clip, so each has its own row of it.
clips = Table(
    "clips",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("extension_id", RowId, ForeignKey("extensions.id")),
    Column("position", Integer, nullable=False),
    Column("provider", SafeText, nullable=False),
    Column("clip_id", SafeText, nullable=False),
    Column("status", EnumText(ClipStatus), nullable=False),
    Column("title", SafeText, nullable=False),
    Column("style", SafeText, nullable=False),
    Column("audio_url", SafeText),
    Column("image_url", SafeText),
    Column("duration", Float),
    Column("error", SafeText, nullable=False),
    # of a source clip; a made clip is as old as the news of its extension
    Column("known_at", UtcMicroseconds),
    # title, style and id, casefolded: the LIKE of SQLite folds ASCII only
    Column("search_text", SafeText, nullable=False),
    # removed from the library by its member; lineages still need it
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

# The audio of an extension that is to be attached to its reply, and how that ended.
audio = Table(
    "audio",
    metadata,
    Column("extension_id", RowId, ForeignKey("extensions.id"), primary_key=True),
    Column("is_queued", Boolean, nullable=False),
    Column("due_at", UtcMicroseconds, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("attachments", SafeText, nullable=False),
    # since 0004: made, and to be shown by the next edit; the revision that they raised
    Column("uploads", SafeText),
    Column("uploads_revision", Integer),
    # bytes of one file; Discord refused larger ones
    Column("size_limit", BigInteger),
)

is_queued = audio.c.is_queued.is_(True)

Index("audio_due", audio.c.due_at, sqlite_where=is_queued, postgresql_where=is_queued)

drafts = Table(
    "drafts",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("member_id", BigInteger, nullable=False),
    Column("form", SafeText, nullable=False),
    Column("created_at", UtcMicroseconds, nullable=False),
    # the id of a deleted draft must never be given to another
    sqlite_autoincrement=True,
)

Index("drafts_by_age", drafts.c.created_at)

facts = Table(
    "facts",
    metadata,
    Column("name", SafeText, primary_key=True),
    Column("value", SafeText, nullable=False),
)

_INSERTS: Mapping[str, Callable[[Table], Any]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


def insert(db: AsyncConnection, table: Table) -> sqlite.Insert:
    """Return an INSERT, which may have an ON CONFLICT clause, for the database behind ``db``."""
    return insert_in(db.dialect.name, table)


def insert_in(dialect: str, table: Table) -> sqlite.Insert:
    """Return an INSERT in the dialect of SQL of that name.

    The two classes are alike in all that the store uses, so both pass as one.
    """
    return _INSERTS[dialect](table)

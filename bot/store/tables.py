"""The tables as they are after the newest migration; a test holds the two together.

Indexes are named after the question that they answer.
"""

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
)

from bot.store.columns import UtcMicroseconds, SafeText, RowId, StringList

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

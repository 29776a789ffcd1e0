"""The tables as they are after the newest migration; a test holds the two together.

Indexes are named after the query that they answer.
"""

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    false,
    literal_column,
    not_,
    text,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.budgets import Period
from bot.domain.models import ClipStatus, Kind, Status
from bot.domain.sessions.models import (
    Ballot,
    DropReason,
    EndReason,
    PostKind,
    ProposalKind,
    ProposalStatus,
    RestReason,
    RoundStatus,
    SessionStatus,
)
from bot.store.column_types import (
    CountList,
    EmptyAsNull,
    EnumText,
    FailureJson,
    IdList,
    RowId,
    SafeText,
    StringList,
    UtcMicroseconds,
)

metadata = MetaData()


def _has(column: Column[Any], *words: StrEnum) -> ColumnElement[bool]:
    """Return a condition worded as that of a partial index: with the words, not with parameters."""
    literals = [literal_column(f"'{word.value}'", Text) for word in words]
    return column.in_(literals) if len(literals) > 1 else column == literals[0]


def _has_token(table: Table) -> ColumnElement[bool]:
    return table.c.reply_token != literal_column("''", Text)


def _partial(
    name: str, *columns: Column[Any], where: ColumnElement[bool], unique: bool = False
) -> None:
    Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


extensions = Table(
    "extensions",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("idempotency_key", SafeText, nullable=False, unique=True),
    Column("kind", EnumText(Kind), nullable=False, server_default="part"),
    Column("member_id", BigInteger, nullable=False),
    Column("member_name", SafeText, nullable=False, server_default=""),
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
    Column("length", Float),
    # its progress
    Column("source_title", SafeText, nullable=False),
    Column("source_url", SafeText),
    Column("source_letter", SafeText, nullable=False, server_default=""),
    Column("part_number", Integer, nullable=False, server_default="2"),
    Column("song_time", Float),
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
    # the processes that claimed it last, to send or track it, and to edit its reply
    Column("claimed_by", BigInteger),
    Column("edited_by", BigInteger),
    # `Extension.may_be_charged`, and the server that it is charged to
    Column("may_be_charged", Boolean, nullable=False, server_default=true()),
    Column("charged_guild_id", BigInteger),
    sqlite_autoincrement=True,
)

# Worded exactly as the condition of its index: otherwise a query can't use the index.
is_open = _has(extensions.c.status, *(status for status in Status if not status.is_final))
is_not_complete = not_(_has(extensions.c.status, Status.COMPLETE))
has_token_of_reply = _has_token(extensions)
is_unpublished = and_(
    extensions.c.published < extensions.c.revision, not_(extensions.c.reply_unreachable)
)

may_be_charged = extensions.c.may_be_charged.is_(True)

Index("extensions_due", extensions.c.status, extensions.c.provider, extensions.c.due_at)
Index("extensions_in_line", extensions.c.status, extensions.c.provider, extensions.c.id)
Index(
    "extensions_unpublished",
    extensions.c.publish_at,
    sqlite_where=is_unpublished,
    postgresql_where=is_unpublished,
)
Index("extensions_by_reply", extensions.c.reply_message_id)
# of a server, newest last, with all that says whether a member may see it
Index(
    "extensions_of_guild",
    extensions.c.reply_guild_id,
    extensions.c.id,
    extensions.c.reply_channel_id,
    extensions.c.member_id,
)
Index(
    "extensions_channels",
    extensions.c.reply_guild_id,
    extensions.c.reply_channel_id,
    extensions.c.id,
)
# few are open, however many there are of a member or in a channel
_partial("extensions_open_of_member", extensions.c.member_id, where=is_open)
_partial("extensions_open_in_channel", extensions.c.reply_channel_id, where=is_open)
Index("extensions_ended", extensions.c.finished_at)
_partial("extensions_ended_without_audio", extensions.c.finished_at, where=is_not_complete)
_partial("extensions_with_token", extensions.c.reply_token_expires_at, where=has_token_of_reply)
Index("extensions_of_member", extensions.c.member_id)
Index("extensions_of_channel", extensions.c.reply_channel_id)
Index("extensions_of_source", extensions.c.clip_id)
Index("extensions_retakes", extensions.c.retake_of)
Index(
    "extensions_charged_to_guild",
    extensions.c.charged_guild_id,
    extensions.c.created_at,
    extensions.c.member_id,
    sqlite_where=may_be_charged,
    postgresql_where=may_be_charged,
)
Index(
    "extensions_charged_to_member",
    extensions.c.member_id,
    extensions.c.created_at,
    sqlite_where=may_be_charged,
    postgresql_where=may_be_charged,
)

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
    Column("contains_source", Boolean, nullable=False, server_default=false()),
    # of a source clip; a made clip is as old as the news of its extension
    Column("known_at", UtcMicroseconds),
    # title, style, id, lyrics and member's name, casefolded: the LIKE of SQLite folds ASCII only
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
    # the process that claimed it last, where its uploads lie
    Column("claimed_by", BigInteger),
)

is_queued = audio.c.is_queued.is_(True)

Index("audio_due", audio.c.due_at, sqlite_where=is_queued, postgresql_where=is_queued)

# Members who are to be told that an extension has ended. A row is deleted once that is done.
notifications = Table(
    "notifications",
    metadata,
    Column("extension_id", RowId, ForeignKey("extensions.id"), primary_key=True),
    Column("member_id", BigInteger, primary_key=True),
    # by the member's preference; otherwise they asked for this one
    Column("is_standing", Boolean, nullable=False),
    Column("due_at", UtcMicroseconds, nullable=False),
    Column("failures", Integer, nullable=False),
)

Index("notifications_due", notifications.c.due_at)

preferences = Table(
    "preferences",
    metadata,
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    # of each extension that the member asks for
    Column("always_notify", Boolean, nullable=False),
)

# Those that share the database and live.
processes = Table(
    "processes",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("seen_at", UtcMicroseconds, nullable=False),
)

# When the next request may be sent to a service.
rate_slots = Table(
    "rate_slots",
    metadata,
    Column("name", SafeText, primary_key=True),
    Column("free_at", UtcMicroseconds, nullable=False),
)

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
Index("drafts_of_member", drafts.c.member_id)

facts = Table(
    "facts",
    metadata,
    Column("name", SafeText, primary_key=True),
    Column("value", SafeText, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("idempotency_key", SafeText, nullable=False, unique=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("card_channel_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger),
    Column("has_own_thread", Boolean, nullable=False),
    Column("host_id", BigInteger, nullable=False),
    Column("host_name", SafeText, nullable=False),
    Column("title", SafeText, nullable=False),
    Column("provider", SafeText, nullable=False),
    Column("source_clip_id", SafeText, nullable=False),
    Column("latest_clip_id", SafeText, nullable=False),
    Column("vote_seconds", Integer, nullable=False),
    Column("parts_left", Integer, nullable=False),
    Column("status", EnumText(SessionStatus), nullable=False),
    Column("end_reason", EnumText(EndReason)),
    Column("rests_since", UtcMicroseconds),
    Column("rest_reason", EnumText(RestReason)),
    Column("song_id", RowId, ForeignKey("extensions.id")),
    Column("total_members", Integer, nullable=False),
    Column("total_proposals", Integer, nullable=False),
    Column("total_votes", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcMicroseconds, nullable=False),
    Column("active_at", UtcMicroseconds, nullable=False),
    Column("finished_at", UtcMicroseconds),
    Column("due_at", UtcMicroseconds, nullable=False),
    # custom ids name sessions, so the id of one must never be given to another
    sqlite_autoincrement=True,
)

rounds = Table(
    "rounds",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("session_id", RowId, ForeignKey("sessions.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("status", EnumText(RoundStatus), nullable=False),
    Column("base_clip_id", SafeText),
    # number of a proposal
    Column("winner", Integer),
    Column("extension_id", RowId, ForeignKey("extensions.id"), unique=True),
    Column("clip_id", SafeText),
    Column("clock_started_at", UtcMicroseconds),
    Column("last_proposal_at", UtcMicroseconds),
    Column("ends_at", UtcMicroseconds),
    Column("voters", Integer, nullable=False),
    Column("tally", CountList, nullable=False),
    Column("clip_tally", CountList, nullable=False),
    Column("tie_broken", Boolean, nullable=False),
    Column("closed_by", BigInteger),
    Column("clip_closed_by", BigInteger),
    Column("drop_reason", EnumText(DropReason)),
    Column("opened_at", UtcMicroseconds, nullable=False),
    Column("ended_at", UtcMicroseconds),
    sqlite_autoincrement=True,
)

proposals = Table(
    "proposals",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("round_id", RowId, ForeignKey("rounds.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", EnumText(ProposalKind), nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("member_name", SafeText, nullable=False),
    Column("idempotency_key", SafeText, nullable=False, unique=True),
    Column("lyrics", SafeText, nullable=False),
    Column("style", StringList, nullable=False),
    Column("continue_at", Float),
    Column("for_clip_id", SafeText),
    # number of a round
    Column("listed_from", Integer),
    Column("status", EnumText(ProposalStatus), nullable=False),
    Column("removed_by", BigInteger),
    Column("created_at", UtcMicroseconds, nullable=False),
    Column("changed_at", UtcMicroseconds),
    sqlite_autoincrement=True,
)

votes = Table(
    "votes",
    metadata,
    Column("round_id", RowId, ForeignKey("rounds.id"), primary_key=True),
    Column("ballot", EnumText(Ballot), primary_key=True),
    Column("member_id", BigInteger, primary_key=True),
    Column("choice", SafeText, nullable=False),
    Column("interaction_id", BigInteger, nullable=False),
    Column("at", UtcMicroseconds, nullable=False),
)

posts = Table(
    "posts",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("session_id", RowId, ForeignKey("sessions.id"), nullable=False),
    Column("kind", EnumText(PostKind), nullable=False),
    # 0 is none: a unique index takes two NULLs for different
    Column("round_number", Integer, nullable=False),
    Column("proposal_number", Integer, nullable=False),
    # the message, as extensions keep it
    *(
        Column(column.name, column.type, nullable=column.nullable)
        for column in extensions.c
        if column.name.startswith("reply_")
    ),
    Column("revision", Integer, nullable=False),
    Column("published", Integer, nullable=False),
    Column("publish_failures", Integer, nullable=False),
    Column("publish_at", UtcMicroseconds, nullable=False),
    Column("edited_by", BigInteger),
    sqlite_autoincrement=True,
)


# The settings of a server after each change: the newest version holds, all are the history.
guild_settings = Table(
    "guild_settings",
    metadata,
    Column("guild_id", BigInteger, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("channel_ids", IdList, nullable=False),
    Column("role_ids", IdList, nullable=False),
    Column("provider", SafeText, nullable=False),
    Column("style", SafeText, nullable=False),
    Column("model", SafeText, nullable=False),
    Column("member_limit", Integer),
    Column("channel_limit", Integer),
    Column("daily_budget", Integer),
    Column("monthly_budget", Integer),
    Column("member_budget", Integer),
    Column("has_sessions", Boolean, nullable=False),
    Column("notices_channel_id", BigInteger),
    Column("changed_by", BigInteger),
    Column("changed_at", UtcMicroseconds, nullable=False),
)

# What moderators are told of a budget, once in each period.
budget_notices = Table(
    "budget_notices",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("period", EnumText(Period), nullable=False),
    Column("starts_at", UtcMicroseconds, nullable=False),
    Column("level", Integer, nullable=False),
    Column("used", Integer, nullable=False),
    Column("limit", Integer, nullable=False),
    Column("due_at", UtcMicroseconds, nullable=False),
    # the first time
    Column("claimed_at", UtcMicroseconds),
    # told, or there is nowhere to tell it
    Column("is_settled", Boolean, nullable=False),
    sqlite_autoincrement=True,
)

is_unsettled = budget_notices.c.is_settled.is_(False)

Index(
    "budget_notices_of_guild",
    budget_notices.c.guild_id,
    budget_notices.c.period,
    budget_notices.c.starts_at,
    budget_notices.c.level,
    unique=True,
)
Index(
    "budget_notices_due",
    budget_notices.c.due_at,
    sqlite_where=is_unsettled,
    postgresql_where=is_unsettled,
)


is_running = _has(sessions.c.status, SessionStatus.RUNNING)
is_without_song = and_(
    _has(sessions.c.status, SessionStatus.FINISHED), sessions.c.song_id.is_(None)
)
is_open_round = _has(rounds.c.status, RoundStatus.OPEN)
is_busy_round = _has(rounds.c.status, RoundStatus.MAKING, RoundStatus.CHOOSING)
is_failed_round = _has(rounds.c.drop_reason, DropReason.FAILED)
has_token_of_post = _has_token(posts)
is_unpublished_post = and_(posts.c.published < posts.c.revision, not_(posts.c.reply_unreachable))
_is_listed = _has(proposals.c.status, ProposalStatus.LISTED)


_partial("sessions_in_channel", sessions.c.channel_id, where=is_running, unique=True)
_partial("sessions_without_song", sessions.c.id, where=is_without_song)
Index("sessions_due", sessions.c.status, sessions.c.due_at)
Index("sessions_of_guild", sessions.c.guild_id, sessions.c.status)
Index("sessions_of_song", sessions.c.song_id)
Index("sessions_ended", sessions.c.finished_at)
Index("rounds_of_session", rounds.c.session_id, rounds.c.number, unique=True)
_partial("rounds_open", rounds.c.session_id, where=is_open_round, unique=True)
_partial("rounds_busy", rounds.c.session_id, where=is_busy_round, unique=True)
_partial("rounds_failed", rounds.c.session_id, where=is_failed_round)
Index("proposals_of_round", proposals.c.round_id, proposals.c.number, unique=True)
# one part that they wrote for each member, one *end* and one *back*
_partial(
    "proposals_of_member",
    proposals.c.round_id,
    proposals.c.member_id,
    where=and_(
        _has(proposals.c.kind, ProposalKind.PART), _is_listed, proposals.c.listed_from.is_(None)
    ),
    unique=True,
)
_partial(
    "proposals_of_kind",
    proposals.c.round_id,
    proposals.c.kind,
    where=and_(_has(proposals.c.kind, ProposalKind.END, ProposalKind.BACK), _is_listed),
    unique=True,
)
Index(
    "posts_of_session",
    posts.c.session_id,
    posts.c.kind,
    posts.c.round_number,
    posts.c.proposal_number,
    unique=True,
)
_partial("posts_unpublished", posts.c.publish_at, where=is_unpublished_post)
_partial("posts_with_token", posts.c.reply_token_expires_at, where=has_token_of_post)


def claimed_by(
    table: Table, process_ids: Collection[int] | None, column: str = "claimed_by"
) -> ColumnElement[bool]:
    """Return the condition that one of these processes claimed a row last; None stands for all."""
    return true() if process_ids is None else table.c[column].in_(process_ids)


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

"""Sessions: songs that members write together."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "sessions",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("idempotency_key", sa.Text, nullable=False, unique=True),
        sa.Column("guild_id", sa.BigInteger, nullable=False),
        sa.Column("card_channel_id", sa.BigInteger, nullable=False),
        sa.Column("channel_id", sa.BigInteger),
        sa.Column("has_own_thread", sa.Boolean, nullable=False),
        sa.Column("host_id", sa.BigInteger, nullable=False),
        sa.Column("host_name", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("source_clip_id", sa.Text, nullable=False),
        sa.Column("latest_clip_id", sa.Text, nullable=False),
        sa.Column("vote_seconds", sa.Integer, nullable=False),
        sa.Column("parts_left", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("end_reason", sa.Text),
        sa.Column("rests_since", sa.BigInteger),
        sa.Column("rest_reason", sa.Text),
        sa.Column("song_id", _ROW_ID, sa.ForeignKey("extensions.id")),
        sa.Column("total_members", sa.Integer, nullable=False),
        sa.Column("total_proposals", sa.Integer, nullable=False),
        sa.Column("total_votes", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("active_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    _index("sessions_in_channel", "sessions", "channel_id", where="status = 'running'", unique=True)
    _index(
        "sessions_without_song", "sessions", "id", where="status = 'finished' AND song_id IS NULL"
    )
    op.create_index("sessions_due", "sessions", ["status", "due_at"])
    op.create_index("sessions_of_guild", "sessions", ["guild_id", "status"])

    op.create_table(
        "rounds",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("session_id", _ROW_ID, sa.ForeignKey("sessions.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("base_clip_id", sa.Text),
        sa.Column("winner", sa.Integer),
        sa.Column("extension_id", _ROW_ID, sa.ForeignKey("extensions.id"), unique=True),
        sa.Column("clip_id", sa.Text),
        sa.Column("clock_started_at", sa.BigInteger),
        sa.Column("last_proposal_at", sa.BigInteger),
        sa.Column("ends_at", sa.BigInteger),
        sa.Column("voters", sa.Integer, nullable=False),
        sa.Column("tally", sa.Text, nullable=False),
        sa.Column("clip_tally", sa.Text, nullable=False),
        sa.Column("tie_broken", sa.Boolean, nullable=False),
        sa.Column("closed_by", sa.BigInteger),
        sa.Column("clip_closed_by", sa.BigInteger),
        sa.Column("drop_reason", sa.Text),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_index("rounds_of_session", "rounds", ["session_id", "number"], unique=True)
    _index("rounds_open", "rounds", "session_id", where="status = 'open'", unique=True)
    _index(
        "rounds_busy",
        "rounds",
        "session_id",
        where="status IN ('making', 'choosing')",
        unique=True,
    )
    _index("rounds_failed", "rounds", "session_id", where="drop_reason = 'failed'")

    op.create_table(
        "proposals",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("round_id", _ROW_ID, sa.ForeignKey("rounds.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("member_id", sa.BigInteger, nullable=False),
        sa.Column("member_name", sa.Text, nullable=False),
        sa.Column("idempotency_key", sa.Text, nullable=False, unique=True),
        sa.Column("lyrics", sa.Text, nullable=False),
        sa.Column("style", sa.Text, nullable=False),
        sa.Column("continue_at", sa.Float),
        sa.Column("for_clip_id", sa.Text),
        sa.Column("listed_from", sa.Integer),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("removed_by", sa.BigInteger),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_index("proposals_of_round", "proposals", ["round_id", "number"], unique=True)
    _index(
        "proposals_of_member",
        "proposals",
        "round_id",
        "member_id",
        where="kind = 'part' AND status = 'listed' AND listed_from IS NULL",
        unique=True,
    )
    _index(
        "proposals_of_kind",
        "proposals",
        "round_id",
        "kind",
        where="kind IN ('end', 'back') AND status = 'listed'",
        unique=True,
    )

    op.create_table(
        "votes",
        sa.Column("round_id", _ROW_ID, sa.ForeignKey("rounds.id"), primary_key=True),
        sa.Column("ballot", sa.Text, primary_key=True),
        sa.Column("member_id", sa.BigInteger, primary_key=True),
        sa.Column("choice", sa.Text, nullable=False),
        sa.Column("interaction_id", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )

    op.create_table(
        "posts",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("session_id", _ROW_ID, sa.ForeignKey("sessions.id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("round_number", sa.Integer, nullable=False),
        sa.Column("proposal_number", sa.Integer, nullable=False),
        sa.Column("reply_channel_id", sa.BigInteger, nullable=False),
        sa.Column("reply_guild_id", sa.BigInteger),
        sa.Column("reply_message_id", sa.BigInteger),
        sa.Column("reply_token", sa.Text, nullable=False),
        sa.Column("reply_token_expires_at", sa.BigInteger),
        sa.Column("reply_editable_by_bot", sa.Boolean, nullable=False),
        sa.Column("reply_attachment_limit", sa.BigInteger),
        sa.Column("reply_to_id", sa.BigInteger),
        sa.Column("reply_final_shown", sa.Boolean, nullable=False),
        sa.Column("reply_unreachable", sa.Boolean, nullable=False),
        sa.Column("reply_is_ephemeral", sa.Boolean, nullable=False),
        sa.Column("reply_files_allowed", sa.Boolean, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("published", sa.Integer, nullable=False),
        sa.Column("publish_failures", sa.Integer, nullable=False),
        sa.Column("publish_at", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "posts_of_session",
        "posts",
        ["session_id", "kind", "round_number", "proposal_number"],
        unique=True,
    )
    op.create_index(
        "posts_unpublished",
        "posts",
        ["publish_at"],
        sqlite_where=sa.text("published < revision AND reply_unreachable = 0"),
        postgresql_where=sa.text("published < revision AND NOT reply_unreachable"),
    )


def _index(name: str, table: str, *columns: str, where: str, unique: bool = False) -> None:
    """Make an index of the rows for which ``where`` holds."""
    condition = sa.text(where)
    op.create_index(
        name,
        table,
        [*columns],
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )

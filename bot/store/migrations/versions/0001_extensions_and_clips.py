"""The first tables: extensions, clips, drafts, facts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "extensions",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("trigger", sa.Text, nullable=False, unique=True),
        sa.Column("member_id", sa.BigInteger, nullable=False),
        sa.Column("take_of", _ROW_ID, sa.ForeignKey("extensions.id")),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("clip_id", sa.Text, nullable=False),
        sa.Column("continue_at", sa.Float),
        sa.Column("lyrics", sa.Text, nullable=False),
        sa.Column("style", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("exclude", sa.Text, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("source_title", sa.Text, nullable=False),
        sa.Column("source_url", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason_kind", sa.Text),
        sa.Column("reason_text", sa.Text),
        sa.Column("handle_task_id", sa.Text),
        sa.Column("handle_clip_ids", sa.Text),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("deadline_at", sa.BigInteger, nullable=False),
        sa.Column("submitted_at", sa.BigInteger),
        sa.Column("streaming_at", sa.BigInteger),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("reply_channel_id", sa.BigInteger, nullable=False),
        sa.Column("reply_guild_id", sa.BigInteger),
        sa.Column("reply_message_id", sa.BigInteger),
        sa.Column("reply_token", sa.Text, nullable=False),
        sa.Column("reply_token_until", sa.BigInteger),
        sa.Column("reply_in_channel", sa.Boolean, nullable=False),
        sa.Column("reply_answers", sa.BigInteger),
        sa.Column("reply_is_settled", sa.Boolean, nullable=False),
        sa.Column("reply_is_gone", sa.Boolean, nullable=False),
        sa.Column("published", sa.Integer, nullable=False),
        sa.Column("publish_failures", sa.Integer, nullable=False),
        sa.Column("publish_at", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("extensions_due", "extensions", ["status", "provider", "due_at"])
    op.create_index("extensions_in_line", "extensions", ["status", "provider", "id"])
    op.create_index(
        "extensions_unpublished",
        "extensions",
        ["publish_at"],
        sqlite_where=sa.text("published < revision AND reply_is_gone = 0"),
        postgresql_where=sa.text("published < revision AND NOT reply_is_gone"),
    )
    op.create_index("extensions_by_reply", "extensions", ["reply_message_id"])
    op.create_index("extensions_of_guild", "extensions", ["reply_guild_id"])
    op.create_index("extensions_of_member", "extensions", ["member_id"])
    op.create_index("extensions_of_channel", "extensions", ["reply_channel_id"])
    op.create_index("extensions_of_source", "extensions", ["clip_id"])
    op.create_index("extensions_take_of", "extensions", ["take_of"])

    op.create_table(
        "clips",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("extension_id", _ROW_ID, sa.ForeignKey("extensions.id")),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("clip_id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("style", sa.Text, nullable=False),
        sa.Column("audio_url", sa.Text),
        sa.Column("image_url", sa.Text),
        sa.Column("duration", sa.Float),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("known_at", sa.BigInteger),
        sa.Column("search_text", sa.Text, nullable=False),
    )
    op.create_index("clips_made", "clips", ["extension_id", "clip_id"], unique=True)
    op.create_index(
        "clips_source",
        "clips",
        ["provider", "clip_id"],
        unique=True,
        sqlite_where=sa.text("extension_id IS NULL"),
        postgresql_where=sa.text("extension_id IS NULL"),
    )
    op.create_index("clips_by_id", "clips", ["clip_id"])

    op.create_table(
        "drafts",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("member_id", sa.BigInteger, nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("drafts_by_age", "drafts", ["created_at"])

    op.create_table(
        "facts",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )

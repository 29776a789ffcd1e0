"""Indexes for what took longer with each extension that was ever made."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_IS_OPEN = sa.text("status IN ('waiting', 'submitting', 'submitted', 'streaming')")
_IS_NOT_COMPLETE = sa.text("status != 'complete'")
_HAS_TOKEN = sa.text("reply_token != ''")


def upgrade() -> None:
    """Add the indexes; that of a server holds all that says what a member may see."""
    op.drop_index("extensions_of_guild", "extensions")
    op.create_index(
        "extensions_of_guild",
        "extensions",
        ["reply_guild_id", "id", "reply_channel_id", "member_id"],
    )
    op.create_index(
        "extensions_channels", "extensions", ["reply_guild_id", "reply_channel_id", "id"]
    )
    op.create_index("extensions_ended", "extensions", ["finished_at"])
    op.create_index(
        "extensions_ended_without_audio",
        "extensions",
        ["finished_at"],
        sqlite_where=_IS_NOT_COMPLETE,
        postgresql_where=_IS_NOT_COMPLETE,
    )
    for name, column in (
        ("extensions_open_of_member", "member_id"),
        ("extensions_open_in_channel", "reply_channel_id"),
    ):
        op.create_index(
            name, "extensions", [column], sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN
        )
    for table in ("extensions", "posts"):
        op.create_index(
            f"{table}_with_token",
            table,
            ["reply_token_expires_at"],
            sqlite_where=_HAS_TOKEN,
            postgresql_where=_HAS_TOKEN,
        )
    op.create_index("sessions_of_song", "sessions", ["song_id"])
    op.create_index("sessions_ended", "sessions", ["finished_at"])
    op.create_index("drafts_of_member", "drafts", ["member_id"])

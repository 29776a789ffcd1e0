"""Attached audio, full songs, and clips that members took out of the library."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the table, and the columns; existing rows are parts that nobody removed."""
    op.add_column("extensions", sa.Column("kind", sa.Text, nullable=False, server_default="part"))
    op.add_column("extensions", sa.Column("reply_attachment_limit", sa.BigInteger))
    op.add_column(
        "clips", sa.Column("is_removed", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.create_table(
        "audio",
        sa.Column("extension_id", _ROW_ID, sa.ForeignKey("extensions.id"), primary_key=True),
        sa.Column("is_wanted", sa.Boolean, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("attachments", sa.Text, nullable=False),
    )
    op.create_index(
        "audio_due",
        "audio",
        ["due_at"],
        sqlite_where=sa.text("is_wanted IS 1"),
        postgresql_where=sa.text("is_wanted IS true"),
    )

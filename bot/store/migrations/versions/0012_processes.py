"""Processes that share the database: who lives, who has claimed what, and whose turn it is."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and columns; who holds the claims of now is unknown, so they end by time."""
    op.create_table(
        "processes",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "rate_slots",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("free_at", sa.BigInteger, nullable=False),
    )
    for table, column in (
        ("extensions", "claimed_by"),
        ("extensions", "edited_by"),
        ("audio", "claimed_by"),
        ("posts", "edited_by"),
    ):
        op.add_column(table, sa.Column(column, sa.BigInteger))

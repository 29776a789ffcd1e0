"""Who is to be told that an extension has ended, and who always is."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "notifications",
        sa.Column("extension_id", _ROW_ID, sa.ForeignKey("extensions.id"), primary_key=True),
        sa.Column("member_id", sa.BigInteger, primary_key=True),
        sa.Column("is_standing", sa.Boolean, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
    )
    op.create_index("notifications_due", "notifications", ["due_at"])
    op.create_table(
        "preferences",
        sa.Column("member_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("always_notify", sa.Boolean, nullable=False),
    )

"""Replies that only the member who asked sees."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; whether older replies are ephemeral is unknown."""
    column = sa.Column("reply_is_ephemeral", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("extensions", column)

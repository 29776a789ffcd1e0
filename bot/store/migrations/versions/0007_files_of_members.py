"""Replies whose interaction may not attach files, where a member brought Encore along."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; older replies attach files until Discord refuses them."""
    column = sa.Column("reply_files_allowed", sa.Boolean, nullable=False, server_default=sa.true())
    op.add_column("extensions", column)

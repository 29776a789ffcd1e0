"""Uploads that replies are about to show."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; there is nothing pending yet."""
    op.add_column("audio", sa.Column("uploads", sa.Text))
    op.add_column("audio", sa.Column("uploads_revision", sa.Integer))
    op.add_column("audio", sa.Column("size_limit", sa.BigInteger))

"""Services that are given the source's audio: their clips contain it, and parts have a length."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; no clip made so far contains its source."""
    op.add_column("extensions", sa.Column("length", sa.Float))
    op.add_column(
        "clips",
        sa.Column("contains_source", sa.Boolean, nullable=False, server_default=sa.false()),
    )

"""What replies show, so that no edit repeats it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what older replies show is unknown."""
    op.add_column("extensions", sa.Column("shown_digest", sa.Text))

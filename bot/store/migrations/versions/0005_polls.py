"""When extensions were polled, from which the poll schedule learns after a restart."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; nothing is known of the polls of earlier extensions."""
    op.add_column("extensions", sa.Column("polled_at", sa.BigInteger))
    op.add_column("extensions", sa.Column("no_audio_at", sa.BigInteger))

"""What servers set for themselves, and which server an extension is charged to."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")

_extensions = sa.table(
    "extensions",
    *(sa.column(name, sa.Text) for name in ("kind", "status", "handle_clip_ids")),
    *(sa.column(name, sa.BigInteger) for name in ("charged_guild_id", "reply_guild_id")),
    *(sa.column(name, sa.Boolean) for name in ("may_be_charged", "reply_editable_by_bot")),
)


def upgrade() -> None:
    """Add the columns and the tables; extensions of before count in this month's budgets."""
    op.add_column(
        "extensions",
        sa.Column("may_be_charged", sa.Boolean, nullable=False, server_default=sa.true()),
    )
    op.add_column("extensions", sa.Column("charged_guild_id", sa.BigInteger))
    row = _extensions.c
    op.execute(
        sa.update(_extensions)
        .where(row.reply_editable_by_bot)
        .values(charged_guild_id=row.reply_guild_id)
    )
    is_refused = sa.and_(row.status == "failed", row.handle_clip_ids.is_(None))
    is_free = sa.or_(row.kind != "part", row.status == "cancelled", is_refused)
    op.execute(sa.update(_extensions).where(is_free).values(may_be_charged=False))
    for name, columns in (
        ("extensions_charged_to_guild", ["charged_guild_id", "created_at", "member_id"]),
        ("extensions_charged_to_member", ["member_id", "created_at"]),
    ):
        op.create_index(
            name,
            "extensions",
            columns,
            sqlite_where=sa.text("may_be_charged IS 1"),
            postgresql_where=sa.text("may_be_charged IS true"),
        )
    op.create_table(
        "guild_settings",
        sa.Column("guild_id", sa.BigInteger, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("channel_ids", sa.Text, nullable=False),
        sa.Column("role_ids", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("style", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("member_limit", sa.Integer),
        sa.Column("channel_limit", sa.Integer),
        sa.Column("daily_budget", sa.Integer),
        sa.Column("monthly_budget", sa.Integer),
        sa.Column("member_budget", sa.Integer),
        sa.Column("has_sessions", sa.Boolean, nullable=False),
        sa.Column("notices_channel_id", sa.BigInteger),
        sa.Column("changed_by", sa.BigInteger),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "budget_notices",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("guild_id", sa.BigInteger, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("starts_at", sa.BigInteger, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("used", sa.Integer, nullable=False),
        sa.Column("limit", sa.Integer, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("claimed_at", sa.BigInteger),
        sa.Column("is_settled", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "budget_notices_of_guild",
        "budget_notices",
        ["guild_id", "period", "starts_at", "level"],
        unique=True,
    )
    op.create_index(
        "budget_notices_due",
        "budget_notices",
        ["due_at"],
        sqlite_where=sa.text("is_settled IS 0"),
        postgresql_where=sa.text("is_settled IS false"),
    )

"""Plain names for columns; failures as JSON; no provider and no deadline for local work."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_RENAMED = {
    "trigger": "idempotency_key",
    "take_of": "retake_of",
    "reply_token_until": "reply_token_expires_at",
    "reply_in_channel": "reply_editable_by_bot",
    "reply_answers": "reply_to_id",
    "reply_is_settled": "reply_final_shown",
    "reply_is_gone": "reply_unreachable",
}
_extensions = sa.table(
    "extensions",
    *(sa.column(name, sa.Text) for name in ("reason_kind", "reason_text", "failure")),
    sa.column("id", sa.BigInteger),
)


def upgrade() -> None:
    """Rename, convert, and make the indexes anew whose columns have changed."""
    for index in ("extensions_due", "extensions_in_line", "extensions_unpublished"):
        op.drop_index(index, "extensions")
    op.drop_index("extensions_take_of", "extensions")
    op.drop_index("audio_due", "audio")

    for old, new in _RENAMED.items():
        op.alter_column("extensions", old, new_column_name=new)
    op.alter_column("audio", "is_wanted", new_column_name="is_queued")

    op.add_column("extensions", sa.Column("failure", sa.Text))
    _convert_reasons()
    op.drop_column("extensions", "reason_kind")
    op.drop_column("extensions", "reason_text")

    # SQLite can't take NOT NULL from a column, so each is replaced by a new one.
    _make_nullable("provider", sa.Text)
    _make_nullable("deadline_at", sa.BigInteger)
    # A song that Encore joins itself had a deadline and a due time of a hundred years.
    op.execute("UPDATE extensions SET due_at = created_at WHERE kind = 'splice'")

    op.create_index("extensions_due", "extensions", ["status", "provider", "due_at"])
    op.create_index("extensions_in_line", "extensions", ["status", "provider", "id"])
    op.create_index(
        "extensions_unpublished",
        "extensions",
        ["publish_at"],
        sqlite_where=sa.text("published < revision AND reply_unreachable = 0"),
        postgresql_where=sa.text("published < revision AND NOT reply_unreachable"),
    )
    op.create_index("extensions_retakes", "extensions", ["retake_of"])
    op.create_index(
        "audio_due",
        "audio",
        ["due_at"],
        sqlite_where=sa.text("is_queued IS 1"),
        postgresql_where=sa.text("is_queued IS true"),
    )


def _make_nullable(name: str, column_type: type[sa.Text | sa.BigInteger]) -> None:
    """Make a column nullable, and NULL in the rows of songs that Encore joins itself."""
    op.add_column("extensions", sa.Column(f"{name}_or_null", column_type))
    op.execute(f"UPDATE extensions SET {name}_or_null = {name} WHERE kind <> 'splice'")  # noqa: S608 - fixed names
    op.drop_column("extensions", name)
    op.alter_column("extensions", f"{name}_or_null", new_column_name=name)


def _convert_reasons() -> None:
    rows = op.get_bind().execute(
        sa.select(_extensions.c.id, _extensions.c.reason_kind, _extensions.c.reason_text).where(
            _extensions.c.reason_kind.is_not(None)
        )
    )
    converted = [
        {"row_id": row_id, "json": json.dumps(_failure(kind, text or ""))}
        for row_id, kind, text in rows
    ]
    if converted:
        op.get_bind().execute(
            sa.update(_extensions)
            .where(_extensions.c.id == sa.bindparam("row_id"))
            .values(failure=sa.bindparam("json")),
            converted,
        )


def _failure(kind: str, text: str) -> dict[str, object]:
    """Return the failure that a kind and its text stood for."""
    first, _, rest = text.partition(" ")
    match kind:
        case "rejected" | "unconfirmed" | "generation_failed":
            return {"kind": kind, "text": text}
        case "past_the_end":
            return {"kind": kind, "length": float(text)}
        case "part_unavailable":
            return {"kind": kind, "number": int(first), "clip_id": rest}
        case "too_large":
            return {"kind": kind, "seconds": float(first), "limit_bytes": int(rest)}
        case "not_allowed":
            return {"kind": "attach_not_allowed"}
        case _:
            return {"kind": kind}

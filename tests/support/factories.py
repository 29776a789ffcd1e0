"""The values that tests of all layers begin with; each says only what matters to it."""

import datetime as dt

from bot.domain.models import ExtendRequest, Extension, ReplyRef

NOW = dt.datetime(2026, 5, 17, 12, 0, tzinfo=dt.UTC)
DEADLINE = dt.timedelta(minutes=15)


def new_extension(
    idempotency_key: str = "1", *, at: dt.datetime = NOW, **parts: object
) -> Extension:
    """Return an extension as it is accepted at ``at``; ``parts`` replace any of its fields."""
    fields: dict[str, object] = {
        "member_id": 2,
        "request": ExtendRequest(provider="suno", clip_id="source"),
        "reply": ReplyRef(channel_id=3),
        "created_at": at,
        "due_at": at,
        "deadline_at": at + DEADLINE,
    }
    return Extension(idempotency_key=idempotency_key, **(fields | parts))

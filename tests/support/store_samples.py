"""Extensions and clips for the tests of the store, and a moment at which they happen."""

import datetime as dt
from dataclasses import replace

from bot.domain.models import (
    Clip,
    ClipStatus,
    ExtendRequest,
    Extension,
    Handle,
    Kind,
    Progress,
    ReplyRef,
)
from bot.domain.transitions import observed, submitted
from bot.store.acceptance import Accepted, Quota
from bot.store.leases import ReplyEdit
from bot.store.store import Store
from tests.support.factories import new_extension

NOW = dt.datetime(2026, 5, 17, 12, 0, 0, 123456, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
MINUTE = dt.timedelta(minutes=1)
CHANNEL = 5
GUILD, MEMBER = 1_200_000_000_000_000_007, 1_200_000_000_000_000_042


def asked(
    idempotency_key: str,
    *,
    provider: str = "suno",
    clip_id: str = "source",
    guild_id: int | None = GUILD,
    channel_id: int = CHANNEL,
    message_id: int | None = None,
    **parts: object,
) -> Extension:
    """Return an extension as a member asks for it."""
    ext = new_extension(
        idempotency_key,
        at=NOW,
        member_id=MEMBER,
        request=ExtendRequest(provider=provider, clip_id=clip_id),
        reply=ReplyRef(channel_id=channel_id, guild_id=guild_id, message_id=message_id),
    )
    return replace(ext, **parts)


def heard(clip_id: str, **parts: object) -> Clip:
    """Return a finished clip that can be played."""
    clip = Clip(id=clip_id, status=ClipStatus.COMPLETE, audio_url=f"https://a.example/{clip_id}")
    return replace(clip, **parts)


async def accepted(store: Store, idempotency_key: str, **parts: object) -> Extension:
    """Return an extension that ``store`` has accepted."""
    accepted_ext, is_new, _ = await accept(store, asked(idempotency_key, **parts))
    assert is_new
    return accepted_ext


async def accept(
    store: Store, ext: Extension, *, publish_at: dt.datetime | None = None
) -> Accepted:
    """Return what ``store`` answers to ``ext`` where nothing is limited."""
    answer = await store.accept(
        ext,
        publish_at=publish_at or ext.created_at,
        quota=Quota(),
        double_since=ext.created_at,
    )
    assert isinstance(answer, Accepted)
    return answer


async def spliced(store: Store, idempotency_key: str, clip_id: str, **parts: object) -> Extension:
    """Return a song up to ``clip_id`` that Encore is to join itself."""
    return await accepted(
        store, idempotency_key, kind=Kind.SPLICE, provider="", clip_id=clip_id, **parts
    )


async def claim_next(
    store: Store, provider: str, *, now: dt.datetime, lease_until: dt.datetime
) -> Extension | None:
    """Return the next waiting extension, claimed as the submitter does it, or None."""
    while waiting := await store.next_waiting(provider, now=now):
        for claimed in await store.claim_waiting(waiting, now=now, lease_until=lease_until):
            return claimed
    return None


async def taken(
    store: Store, idempotency_key: str, *, due_at: dt.datetime = NOW, **parts: object
) -> Extension:
    """Return an extension that its provider has taken."""
    await accepted(store, idempotency_key, **parts)
    provider = str(parts.get("provider", "suno"))
    was = await claim_next(store, provider, now=NOW, lease_until=NOW + MINUTE)
    assert was is not None
    new = submitted(
        was, Handle(task_id=idempotency_key), now=NOW, due_at=due_at, deadline=15 * MINUTE
    )
    assert await store.save(new, was=was)
    return new


async def completed_extension(
    store: Store, idempotency_key: str, *clips: Clip, after: dt.timedelta = MINUTE, **parts: object
) -> Extension:
    """Return an extension that has ended with ``clips``."""
    was = await taken(store, idempotency_key, **parts)
    new = observed(was, Progress(clips=clips), now=NOW + after)
    assert await store.save(new, was=was)
    return new


async def show(store: Store, ext: Extension, *, publish_at: dt.datetime = NOW) -> Extension:
    """Store that the first reply shows ``ext``; return it."""
    await store.record_first_reply(
        ext, ext.reply, lease_until=ext.created_at, publish_at=publish_at
    )
    return ext


async def claimed_edits(
    store: Store, *, now: dt.datetime, lease_until: dt.datetime, limit: int = 200
) -> list[ReplyEdit]:
    """Return the replies that need an edit, claimed as the publisher does it."""
    found = await store.unpublished(now=now, limit=limit)
    edits = [await store.claim_edit(ext.id, now=now, lease_until=lease_until) for ext in found]
    return [edit for edit in edits if edit is not None]

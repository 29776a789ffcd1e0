"""Leases: a loop claims rows until a certain time, and no other loop or process gets them before.

A claim is committed before its work begins. Processes that claim at the same time never wait for
each other: a row that one has locked is skipped by the others.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.models import FINAL, Extension, Status
from bot.store import audio as audio_queue
from bot.store.extensions import OPEN_STATUSES, TRACKED_STATUSES, load, load_rows
from bot.store.schema import audio, extensions, is_queued, is_unpublished

_row = extensions.c

# Built once: the loops run them again and again, and to build them takes as long as to run them.
_next_due = select(func.min(_row.due_at)).where(
    _row.status.in_(OPEN_STATUSES), _row.provider.is_not(None)
)
_next_publish = select(func.min(_row.publish_at)).where(is_unpublished)


async def next_waiting(db: AsyncConnection, provider: str, *, now: dt.datetime) -> Extension | None:
    """Return the oldest waiting extension of ``provider`` that is due, without claiming it.

    It is claimed by saving it as submitting, which only one process can do.
    """
    query = (
        select(extensions)
        .where(_row.status == Status.WAITING, _row.provider == provider, _row.due_at <= now)
        .order_by(_row.id)
        .limit(1)
    )
    return next(iter(await load_rows(db, query)), None)


async def stale_submissions(db: AsyncConnection, *, now: dt.datetime) -> list[Extension]:
    """Return the submitting extensions whose lease has expired, oldest first."""
    return await load(db, _row.status == Status.SUBMITTING, _row.due_at <= now)


async def claim_due(
    db: AsyncConnection,
    provider: str,
    *,
    now: dt.datetime,
    lease_until: dt.datetime,
    limit: int = 200,
) -> list[Extension]:
    """Claim the tracked extensions of ``provider`` that are due, the longest due first.

    They are due again at ``lease_until``, as the returned values say, unless saved before.
    """
    query = (
        select(extensions)
        .where(_row.status.in_(TRACKED_STATUSES), _row.provider == provider, _row.due_at <= now)
        .order_by(_row.due_at, _row.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    due = await load_rows(db, query)
    await _set_lease(db, due, {"due_at": lease_until})
    return [replace(ext, due_at=lease_until) for ext in due]


async def next_due(db: AsyncConnection) -> dt.datetime | None:
    """Return when a provider is to be called next for an extension; it may be past."""
    return (await db.execute(_next_due)).scalar()


async def claim_unpublished(
    db: AsyncConnection, *, now: dt.datetime, lease_until: dt.datetime, limit: int = 200
) -> list[Extension]:
    """Claim the extensions whose reply shows an old revision: final ones first, then by age.

    They are returned again from ``lease_until`` on, unless marked or postponed before.
    """
    query = (
        select(extensions)
        .where(is_unpublished, _row.publish_at <= now)
        .order_by(case((_row.status.in_(FINAL), 0), else_=1), _row.publish_at, _row.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    unpublished = await load_rows(db, query)
    await _set_lease(db, unpublished, {"publish_at": lease_until})
    return unpublished


async def next_publish(db: AsyncConnection) -> dt.datetime | None:
    """Return when a reply may be edited next; it may be past."""
    return (await db.execute(_next_publish)).scalar()


async def mark_published(
    db: AsyncConnection, extension_id: int, revision: int, *, publish_at: dt.datetime
) -> None:
    """Record that the reply shows ``revision`` at least; it is not edited before ``publish_at``."""
    newest = case((_row.published < revision, revision), else_=_row.published)
    await db.execute(
        update(extensions)
        .where(_row.id == extension_id)
        .values(published=newest, publish_failures=0, publish_at=publish_at)
    )


async def postpone_publishing(
    db: AsyncConnection, extension_id: int, *, publish_at: dt.datetime
) -> None:
    """Record an edit that failed and is to be repeated at ``publish_at``."""
    await db.execute(
        update(extensions)
        .where(_row.id == extension_id)
        .values(publish_failures=_row.publish_failures + 1, publish_at=publish_at)
    )


async def claim_reply(
    db: AsyncConnection, extension_id: int, *, now: dt.datetime, lease_until: dt.datetime
) -> dt.datetime | None:
    """Claim one reply for an edit and return None; else return when it may be edited again."""
    statement = (
        update(extensions)
        .where(_row.id == extension_id, _row.publish_at <= now)
        .values(publish_at=lease_until)
    )
    if (await db.execute(statement)).rowcount:
        return None
    return (await db.execute(select(_row.publish_at).where(_row.id == extension_id))).scalar()


async def release_reply(db: AsyncConnection, extension_id: int, *, publish_at: dt.datetime) -> None:
    """Give up the claim on a reply without having edited it."""
    await db.execute(
        update(extensions).where(_row.id == extension_id).values(publish_at=publish_at)
    )


async def expire_leases(db: AsyncConnection) -> None:
    """Make everything due that a process which has ended had claimed.

    No clock is asked: claimed rows become due at a time that is certainly past.
    """
    past = func.coalesce(_row.submitted_at, _row.created_at)
    claimed = _row.status.in_((Status.SUBMITTING, *TRACKED_STATUSES))
    await db.execute(update(extensions).where(claimed).values(due_at=past))
    await audio_queue.expire_leases(db)
    has_queued_audio = _row.id.in_(select(audio.c.extension_id).where(is_queued))
    is_claimed = or_(is_unpublished, has_queued_audio)
    await db.execute(update(extensions).where(is_claimed).values(publish_at=_row.created_at))


async def _set_lease(
    db: AsyncConnection, claimed: Sequence[Extension], until: dict[str, dt.datetime]
) -> None:
    """Set the column of ``until`` in the rows of all ``claimed``."""
    if claimed:
        ids = [ext.id for ext in claimed]
        await db.execute(update(extensions).where(_row.id.in_(ids)).values(until))

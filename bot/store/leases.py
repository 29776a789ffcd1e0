"""Who works on what: rows are claimed with a lease, by one process and one loop at a time.

A claim is committed before anyone acts on it. Processes that claim together never wait for each
other: a row that one has locked is skipped by the rest.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.models import FINAL, LOCAL_PROVIDER, Extension, Status
from bot.store import audio as audio_work
from bot.store.extensions import OPEN, load
from bot.store.schema import audio, extensions, is_queued, is_unpublished

_TRACKED = tuple(status for status in Status if status.is_tracked)

_row = extensions.c

# The loops ask these again and again: to build them anew takes as long as to answer them.
_next_due = select(func.min(_row.due_at)).where(
    _row.status.in_(OPEN), _row.provider != LOCAL_PROVIDER
)
_next_publish = select(func.min(_row.publish_at)).where(is_unpublished)


async def next_waiting(db: AsyncConnection, provider: str, now: dt.datetime) -> Extension | None:
    """Return the oldest waiting extension of ``provider`` that is due; claims nothing."""
    return next(iter(await load(db, _first_waiting(provider, now))), None)


async def stale_submissions(db: AsyncConnection, now: dt.datetime) -> list[Extension]:
    """Return the submitting extensions whose claim has lapsed, oldest first."""
    question = (
        select(extensions)
        .where(_row.status == Status.SUBMITTING, _row.due_at <= now)
        .order_by(_row.id)
    )
    return await load(db, question)


async def claim_due(
    db: AsyncConnection, provider: str, *, now: dt.datetime, lease_until: dt.datetime, limit: int
) -> list[Extension]:
    """Claim the tracked extensions that are due, the longest due first."""
    question = (
        select(extensions)
        .where(_row.status.in_(_TRACKED), _row.provider == provider, _row.due_at <= now)
        .order_by(_row.due_at, _row.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    due = await load(db, question)
    await _lease(db, due, {"due_at": lease_until})
    return [replace(ext, due_at=lease_until) for ext in due]


async def claim_unpublished(
    db: AsyncConnection, *, now: dt.datetime, lease_until: dt.datetime, limit: int
) -> list[Extension]:
    """Claim the extensions whose reply shows an old revision: final ones first, then by age."""
    question = (
        select(extensions)
        .where(is_unpublished, _row.publish_at <= now)
        .order_by(case((_row.status.in_(FINAL), 0), else_=1), _row.publish_at, _row.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    unpublished = await load(db, question)
    await _lease(db, unpublished, {"publish_at": lease_until})
    return unpublished


async def mark_published(
    db: AsyncConnection, extension_id: int, revision: int, publish_at: dt.datetime
) -> None:
    """Note that the reply shows ``revision`` at least, and is left alone until ``publish_at``."""
    newest = case((_row.published < revision, revision), else_=_row.published)
    await db.execute(
        update(extensions)
        .where(_row.id == extension_id)
        .values(published=newest, publish_failures=0, publish_at=publish_at)
    )


async def postpone_publishing(
    db: AsyncConnection, extension_id: int, publish_at: dt.datetime
) -> None:
    """Note an edit that failed, to be repeated at ``publish_at``."""
    await db.execute(
        update(extensions)
        .where(_row.id == extension_id)
        .values(publish_failures=_row.publish_failures + 1, publish_at=publish_at)
    )


async def claim_reply(
    db: AsyncConnection, extension_id: int, *, now: dt.datetime, lease_until: dt.datetime
) -> dt.datetime | None:
    """Claim one reply for an edit, and return None; else when it may be edited again."""
    statement = (
        update(extensions)
        .where(_row.id == extension_id, _row.publish_at <= now)
        .values(publish_at=lease_until)
    )
    if (await db.execute(statement)).rowcount:
        return None
    return (await db.execute(select(_row.publish_at).where(_row.id == extension_id))).scalar()


async def release_reply(db: AsyncConnection, extension_id: int, publish_at: dt.datetime) -> None:
    """Give up the claim on a reply, which may be edited from ``publish_at`` on."""
    await db.execute(
        update(extensions).where(_row.id == extension_id).values(publish_at=publish_at)
    )


async def next_due(db: AsyncConnection) -> dt.datetime | None:
    """Return when the next open extension is due."""
    return (await db.execute(_next_due)).scalar()


async def next_publish(db: AsyncConnection) -> dt.datetime | None:
    """Return when the next reply may be brought up to date."""
    return (await db.execute(_next_publish)).scalar()


async def expire_leases(db: AsyncConnection) -> None:
    """Let the claims of a process that is no more lapse.

    No clock is asked: what was claimed becomes due at a time that is past for sure.
    """
    past = func.coalesce(_row.submitted_at, _row.created_at)
    claimed = _row.status.in_((Status.SUBMITTING, *_TRACKED))
    is_sent = _row.provider != LOCAL_PROVIDER
    await db.execute(update(extensions).where(claimed, is_sent).values(due_at=past))
    await audio_work.expire_leases(db)
    carries_soon = _row.id.in_(select(audio.c.extension_id).where(is_queued))
    is_claimed = or_(is_unpublished, carries_soon)
    await db.execute(update(extensions).where(is_claimed).values(publish_at=_row.created_at))


def _first_waiting(provider: str, now: dt.datetime) -> Select[Any]:
    return (
        select(extensions)
        .where(_row.status == Status.WAITING, _row.provider == provider, _row.due_at <= now)
        .order_by(_row.id)
        .limit(1)
    )


async def _lease(
    db: AsyncConnection, claimed: Sequence[Extension], until: dict[str, dt.datetime]
) -> None:
    """Set the column of ``until`` in the rows of all ``claimed``."""
    if claimed:
        ids = [ext.id for ext in claimed]
        await db.execute(update(extensions).where(_row.id.in_(ids)).values(until))

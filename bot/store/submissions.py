"""What is sent to providers: waiting extensions, those that are claimed, and those interrupted."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import replace

from sqlalchemy import func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.models import Extension, Status
from bot.domain.transitions import submitting
from bot.store.connections import process_of
from bot.store.extensions import bump_queue_positions, load, load_rows, save
from bot.store.schema import extensions, processes

_row = extensions.c


async def next_waiting(
    db: AsyncConnection,
    provider: str,
    *,
    now: dt.datetime,
    limit: int = 1,
    excluding: Collection[int] = (),
) -> list[Extension]:
    """Return waiting extensions of ``provider`` that are due, oldest first, without claiming them.

    ``excluding`` names those that the caller still works on.
    """
    query = (
        select(extensions)
        .where(
            _row.status == Status.WAITING,
            _row.provider == provider,
            _row.due_at <= now,
            _row.id.not_in(excluding),
        )
        .order_by(_row.id)
        .limit(limit)
    )
    return await load_rows(db, query)


async def claim_waiting(
    db: AsyncConnection, ready: Iterable[Extension], *, now: dt.datetime, lease_until: dt.datetime
) -> list[Extension]:
    """Turn extensions into submitting, those that still wait and are due; return them, in order.

    The place in line of all that wait behind them changes with it. Nobody else gets what this
    returns.

    Args:
        db: in a transaction that writes.
        ready: of one provider, with all that it needs; the rest of each row is kept as it is now.
        now: the time.
        lease_until: when the claims lapse.
    """
    by_id = {ext.id: ext for ext in ready}
    query = (
        select(extensions)
        .where(_row.id.in_(by_id), _row.status == Status.WAITING, _row.due_at <= now)
        .order_by(_row.id)
        .with_for_update(skip_locked=True)
    )
    claimed: list[Extension] = []
    for was in await load_rows(db, query):
        ext = by_id[was.id]
        new = replace(was, request=ext.request, source_title=ext.source_title)
        new = submitting(new, now=now, lease_until=lease_until)
        new = replace(new, failures=was.failures)  # until its provider has taken it
        await save(db, new, was=was)
        claimed.append(new)
    for provider in {ext.request.provider for ext in claimed}:
        await bump_queue_positions(db, provider)
    return claimed


async def stale_submissions(db: AsyncConnection, *, now: dt.datetime) -> list[Extension]:
    """Return the submitting extensions whose lease has expired, oldest first.

    Of several processes, the one with the smallest id gets them: two that search a provider at
    once might find the same clips for two extensions.
    """
    own = process_of(db)
    first = select(func.min(processes.c.id)).scalar_subquery()
    is_first = true() if own is None else func.coalesce(first, own) == own
    return await load(db, _row.status == Status.SUBMITTING, _row.due_at <= now, is_first)

"""Processes that share a database: each says that it lives, and what a dead one claimed is freed.

A claim carries the id of its process and keeps it when the work is done: it names who claimed the
row last. A process that has the database for itself has no id, and no row here.
"""

import datetime as dt

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.connections import notify_others, process_of
from bot.store.leases import expire_leases
from bot.store.schema import insert, processes

PROCESS_LEASE = dt.timedelta(seconds=25)  # without a beat; then a process counts as dead

PROCESS_ENDED = "process ended"  # the message that wakes all loops of other processes

_row = processes.c


async def beat_process(db: AsyncConnection, *, now: dt.datetime) -> bool:
    """Store that this process lives, and make due what processes that have died had claimed.

    A process that has been silent for so long itself judges no other: after an outage of the
    database all have to beat first. Returns whether any had died.
    """
    own = process_of(db)
    last = (await db.execute(select(_row.seen_at).where(_row.id == own))).scalar()
    beat = insert(db, processes).values(id=own, seen_at=now)
    await db.execute(beat.on_conflict_do_update(index_elements=[_row.id], set_={"seen_at": now}))
    if last is None or last < now - PROCESS_LEASE:
        return False
    is_dead = _row.seen_at < now - PROCESS_LEASE
    dead = (await db.execute(delete(processes).where(is_dead).returning(_row.id))).scalars().all()
    if dead:
        await expire_leases(db, of=dead)
    return bool(dead)


async def end_process(db: AsyncConnection) -> None:
    """Make due what this process has claimed, and tell the others: it works on nothing any more."""
    own = process_of(db)
    if own is not None:
        await db.execute(delete(processes).where(_row.id == own))
        await expire_leases(db, of=[own])
        await notify_others(db, PROCESS_ENDED)

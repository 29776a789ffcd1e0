"""Slots of rates that several processes share: each request takes the next one."""

import datetime as dt

from sqlalchemy import BigInteger, case, literal, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.column_types import UtcMicroseconds
from bot.store.schema import insert, rate_slots

_MICROSECOND = dt.timedelta(microseconds=1)
_free_at = rate_slots.c.free_at


async def take_slot(
    db: AsyncConnection, name: str, *, every: dt.timedelta, now: dt.datetime
) -> dt.datetime:
    """Take the next slot of the rate ``name``; return when it begins.

    Slots are ``every`` apart, and no two calls get the same, of whatever process.
    """
    begins = case((_free_at > now, _free_at), else_=literal(now, UtcMicroseconds))
    later = type_coerce(begins, BigInteger) + literal(every // _MICROSECOND, BigInteger)
    taken = (
        insert(db, rate_slots)
        .values(name=name, free_at=now + every)
        .on_conflict_do_update(
            index_elements=[rate_slots.c.name],
            set_={"free_at": type_coerce(later, UtcMicroseconds)},
        )
        .returning(_free_at)
    )
    free_at: dt.datetime = (await db.execute(taken)).scalar_one()
    return free_at - every

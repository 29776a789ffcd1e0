"""The clocks of sessions stand still while Encore is away: they are moved by the time it was."""

import datetime as dt
from collections.abc import Collection, Sequence

from sqlalchemy import BigInteger, Column, ColumnElement, literal, or_, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.sessions.models import Ballot, RoundStatus
from bot.domain.sessions.posts import board_key, result_key
from bot.store.drafts import fact, set_fact
from bot.store.posts import raise_posts
from bot.store.schema import is_running, rounds, sessions, votes

_MICROSECOND = dt.timedelta(microseconds=1)
_NOT_AWAY = dt.timedelta(0)

_row = rounds.c
_runs = _row.clock_started_at.is_not(None)


async def beat(
    db: AsyncConnection,
    shard: int,
    guild_ids: Collection[int],
    *,
    now: dt.datetime,
    max_gap: dt.timedelta,
) -> dt.timedelta:
    """Store that a shard is connected, and move the clocks of its servers if it was not.

    Returns:
        the time since its last beat if that is more than ``max_gap``, by which all clocks were
        moved; otherwise, and for its first beat ever, zero.
    """
    name = f"alive:{shard}"
    last = await fact(db, name)
    await set_fact(db, name, now.isoformat())
    gap = _NOT_AWAY if last is None else now - dt.datetime.fromisoformat(last)
    if gap <= max_gap:
        return _NOT_AWAY
    await shift_clocks(db, guild_ids, gap)
    return gap


async def shift_clocks(db: AsyncConnection, guild_ids: Collection[int], gap: dt.timedelta) -> None:
    """Move all times of the sessions that run in these servers, and the posts that show them.

    A session that rests has no clock; that it is idle counts only while Encore is there.
    """
    running = select(sessions.c.id, sessions.c.guild_id, sessions.c.rests_since).where(is_running)
    here = set(guild_ids)
    sessions_here = [row for row in await db.execute(running) if row.guild_id in here]
    if not sessions_here:
        return
    # first, as it waits for votes and changes in progress and keeps others out
    times = (sessions.c.due_at, sessions.c.active_at)
    await db.execute(
        update(sessions)
        .where(sessions.c.id.in_([row.id for row in sessions_here]))
        .values({time.name: _moved(time, gap) for time in times})
    )
    ids = [row.id for row in sessions_here if row.rests_since is None]
    is_current = or_(_row.status == RoundStatus.OPEN, _row.status == RoundStatus.CHOOSING)
    current = select(_row.id, _row.session_id, _row.number, _row.status).where(
        _row.session_id.in_(ids), is_current, _runs
    )
    found = (await db.execute(current)).all()
    open_ids = [row.id for row in found if row.status is RoundStatus.OPEN]
    choosing_ids = [row.id for row in found if row.status is RoundStatus.CHOOSING]
    times = (_row.clock_started_at, _row.last_proposal_at, _row.ends_at)
    await db.execute(
        update(rounds)
        .where(_row.id.in_([*open_ids, *choosing_ids]))
        .values({time.name: _moved(time, gap) for time in times})
    )
    await _move_votes(db, open_ids, Ballot.NEXT, gap)
    await _move_votes(db, choosing_ids, Ballot.CLIP, gap)
    for row in found:
        key = board_key if row.status is RoundStatus.OPEN else result_key
        await raise_posts(db, row.session_id, [key(row.number)])


async def _move_votes(
    db: AsyncConnection, round_ids: Sequence[int], ballot: Ballot, gap: dt.timedelta
) -> None:
    cast = update(votes).where(votes.c.round_id.in_(round_ids), votes.c.ballot == ballot)
    await db.execute(cast.values(at=_moved(votes.c.at, gap)))


def _moved(time: Column[dt.datetime], gap: dt.timedelta) -> ColumnElement[int]:
    """Return ``time``, which is stored in microseconds, moved by ``gap``; NULL stays NULL."""
    return type_coerce(time, BigInteger) + literal(gap // _MICROSECOND, BigInteger)

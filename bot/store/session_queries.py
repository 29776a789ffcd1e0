"""Sessions, rounds and proposals: found and listed, and which sessions are due."""

import datetime as dt
from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    exists,
    func,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.models import FINAL, Status
from bot.domain.sessions.models import (
    PostKind,
    Proposal,
    Round,
    RoundStatus,
    Session,
    SessionStatus,
)
from bot.store.clips import is_playable
from bot.store.schema import (
    clips,
    extensions,
    is_busy_round,
    is_failed_round,
    is_running,
    is_without_song,
    posts,
    proposals,
    rounds,
    sessions,
)
from bot.store.session_rows import proposal_of, round_of, session_of

_row = sessions.c
_part = extensions.c

# Built once: the runner runs them each time it wakes, or a member waits for them.
_running = select(_row.id, _row.guild_id).where(is_running).order_by(_row.id)
_running_in_channel = select(sessions).where(is_running, _row.channel_id == bindparam("channel"))
_running_in_guild = (
    select(sessions).where(is_running, _row.guild_id == bindparam("guild")).order_by(_row.id)
)
_by_extension = (
    select(sessions)
    .join(rounds, rounds.c.session_id == _row.id)
    .where(is_running, rounds.c.extension_id == bindparam("extension"))
)
_threadless = (
    select(_row.id)
    .join(posts, posts.c.session_id == _row.id)
    .where(
        is_running,
        _row.channel_id.is_(None),
        posts.c.kind == PostKind.CARD,
        posts.c.reply_message_id.is_not(None),
    )
)
_next_due = select(func.min(_row.due_at)).where(is_running)
# Each begins with few rows: rounds in the making, running sessions, sessions without their song.
# Conditions on extensions are subqueries, as SQLite would begin with all that have ended.
_has_playable_clip = exists().where(clips.c.extension_id == rounds.c.extension_id, is_playable)
_due = union_all(
    select(_row.id).where(is_running, _row.due_at <= bindparam("now")),
    select(rounds.c.session_id).where(
        is_busy_round,
        rounds.c.status == RoundStatus.MAKING,
        exists().where(_part.id == rounds.c.extension_id, _part.status.in_(FINAL)),
    ),
    select(_row.id).where(
        is_running,
        exists().where(
            is_failed_round,
            rounds.c.session_id == _row.id,
            exists().where(_part.id == rounds.c.extension_id, _part.status == Status.COMPLETE),
            _has_playable_clip,
        ),
    ),
    select(_row.id).where(is_without_song),
)


class RunningSession(NamedTuple):
    """A session that runs, and its server."""

    id: int
    guild_id: int


async def session_in_channel(db: AsyncConnection, channel_id: int | None) -> Session | None:
    """Return the session that runs in a channel."""
    row = (await db.execute(_running_in_channel, {"channel": channel_id})).mappings().first()
    return None if row is None else session_of(row)


async def session_of_extension(db: AsyncConnection, extension_id: int) -> Session | None:
    """Return the running session that the extension is a part of."""
    row = (await db.execute(_by_extension, {"extension": extension_id})).mappings().first()
    return None if row is None else session_of(row)


async def running_in_guild(db: AsyncConnection, guild_id: int) -> list[Session]:
    """Return the sessions that run in a server, oldest first."""
    found = (await db.execute(_running_in_guild, {"guild": guild_id})).mappings()
    return [session_of(row) for row in found]


async def running_sessions(db: AsyncConnection) -> list[RunningSession]:
    """Return all sessions that run, oldest first."""
    return [RunningSession(*row) for row in await db.execute(_running)]


async def threadless_sessions(db: AsyncConnection) -> list[int]:
    """Return the ids of running sessions whose card is there, and whose thread is not yet."""
    return [*(await db.execute(_threadless)).scalars()]


async def sessions_of_guild(
    db: AsyncConnection,
    guild_id: int,
    *,
    offset: int,
    limit: int,
    channels: Collection[int] | None = None,
) -> tuple[list[Session], int]:
    """Return sessions of a server: running ones, then finished ones; newest first; and their total.

    Those that ended without a part are left out. ``channels`` are those in which they were
    started; None is all.
    """
    matches = _listed(guild_id, channels)
    total = (await db.execute(select(func.count()).where(matches))).scalar_one()
    page = (
        select(sessions)
        .where(matches)
        .order_by(case((is_running, 0), else_=1), _row.finished_at.desc(), _row.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [session_of(row) for row in (await db.execute(page)).mappings()], total


async def session_channels(db: AsyncConnection, guild_id: int) -> list[int]:
    """Return the channels of a server in which sessions were started that run or are finished."""
    query = select(_row.card_channel_id).where(_listed(guild_id, None)).distinct()
    return [*(await db.execute(query)).scalars()]


async def most_parts(
    db: AsyncConnection, guild_id: int, *, limit: int = 3
) -> list[tuple[int, int]]:
    """Return who wrote most parts that are in songs of a server: member ids, and how many.

    Of members with as many, who had that many first comes first.
    """
    count = func.count()
    query = (
        select(proposals.c.member_id, count)
        .join_from(sessions, rounds, rounds.c.session_id == _row.id)
        .join(
            proposals,
            and_(proposals.c.round_id == rounds.c.id, proposals.c.number == rounds.c.winner),
        )
        .where(_row.guild_id == guild_id, rounds.c.status == RoundStatus.CHOSEN)
        .group_by(proposals.c.member_id)
        .order_by(count.desc(), func.max(rounds.c.id))
        .limit(limit)
    )
    return [(member_id, parts) for member_id, parts in await db.execute(query)]


async def round_by_id(db: AsyncConnection, round_id: int) -> tuple[int, Round] | None:
    """Return a round after the id of its session."""
    query = select(rounds).where(rounds.c.id == round_id)
    row = (await db.execute(query)).mappings().first()
    return None if row is None else (row["session_id"], round_of(row))


async def proposal_by_id(db: AsyncConnection, proposal_id: int) -> tuple[int, Proposal] | None:
    """Return a proposal after the id of its session."""
    query = (
        select(proposals, rounds.c.number.label("round_number"), rounds.c.session_id)
        .join(rounds, rounds.c.id == proposals.c.round_id)
        .where(proposals.c.id == proposal_id)
    )
    row = (await db.execute(query)).mappings().first()
    return None if row is None else (row["session_id"], proposal_of(row))


async def due_sessions(db: AsyncConnection, *, now: dt.datetime) -> list[int]:
    """Return the ids of sessions that may have something to do, in order.

    These are running ones that are due, whose part in the making has ended, or whose failed part
    is complete after all; and finished ones without their song.
    """
    return sorted(set((await db.execute(_due, {"now": now})).scalars()))


async def next_session_due(db: AsyncConnection) -> dt.datetime | None:
    """Return when the next running session is due."""
    return (await db.execute(_next_due)).scalar()


def _listed(guild_id: int, channels: Collection[int] | None) -> ColumnElement[bool]:
    statuses = (SessionStatus.RUNNING, SessionStatus.FINISHED)
    is_seen = true() if channels is None else _row.card_channel_id.in_(channels)
    return and_(_row.guild_id == guild_id, _row.status.in_(statuses), is_seen)

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
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.models import FINAL, Status
from bot.domain.sessions.models import RoundStatus, SessionStatus
from bot.store.clips import is_playable
from bot.store.schema import (
    clips,
    extensions,
    is_busy_round,
    is_failed_round,
    is_running,
    is_without_song,
    proposals,
    rounds,
    sessions,
    votes,
)

_row = sessions.c
_part = extensions.c

# Built once: the runner runs them each time it wakes, or a member waits for them.
_running = select(_row.id, _row.guild_id).where(is_running).order_by(_row.id)
_running_in_channel = select(_row.id).where(is_running, _row.channel_id == bindparam("channel"))
_running_in_guild = (
    select(_row.id).where(is_running, _row.guild_id == bindparam("guild")).order_by(_row.id)
)
_threadless = select(_row.id).where(is_running, _row.channel_id.is_(None)).order_by(_row.id)
_by_extension = (
    select(_row.id)
    .join(rounds, rounds.c.session_id == _row.id)
    .where(is_running, rounds.c.extension_id == bindparam("extension"))
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


class SessionIds(NamedTuple):
    """The ids of some sessions, and how many there are in all."""

    session_ids: list[int]
    total: int


class RoundPlace(NamedTuple):
    """Where a round is: its session and its number."""

    session_id: int
    number: int


class ProposalPlace(NamedTuple):
    """Where a proposal is: its session, the number of its round, and its own."""

    session_id: int
    round_number: int
    number: int


async def session_in_channel(db: AsyncConnection, channel_id: int | None) -> int | None:
    """Return the id of the session that runs in a channel."""
    return (await db.execute(_running_in_channel, {"channel": channel_id})).scalar()


async def session_of_extension(db: AsyncConnection, extension_id: int) -> int | None:
    """Return the id of the running session that the extension is a part of."""
    return (await db.execute(_by_extension, {"extension": extension_id})).scalar()


async def running_in_guild(db: AsyncConnection, guild_id: int) -> list[int]:
    """Return the ids of the sessions that run in a server, oldest first."""
    return [*(await db.execute(_running_in_guild, {"guild": guild_id})).scalars()]


async def threadless_sessions(db: AsyncConnection) -> list[int]:
    """Return the ids of running sessions whose thread is still to be made, oldest first."""
    return [*(await db.execute(_threadless)).scalars()]


async def running_sessions(db: AsyncConnection) -> list[RunningSession]:
    """Return all sessions that run, oldest first."""
    return [RunningSession(*row) for row in await db.execute(_running)]


async def sessions_of_guild(
    db: AsyncConnection, guild_id: int, *, channels: Collection[int], offset: int, limit: int
) -> SessionIds:
    """Return sessions started in ``channels`` of a server: running, then finished; newest first.

    Those that ended without a part are left out.
    """
    matches = and_(_is_listed_in(guild_id), _row.card_channel_id.in_(channels))
    total = (await db.execute(select(func.count()).where(matches))).scalar_one()
    page = (
        select(_row.id)
        .where(matches)
        .order_by(case((is_running, 0), else_=1), _row.finished_at.desc(), _row.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return SessionIds([*(await db.execute(page)).scalars()], total)


async def session_channels(db: AsyncConnection, guild_id: int) -> list[int]:
    """Return the channels of a server in which sessions were started that run or are finished."""
    query = select(_row.card_channel_id).where(_is_listed_in(guild_id)).distinct()
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
        .where(_is_listed_in(guild_id), rounds.c.status == RoundStatus.CHOSEN)
        .group_by(proposals.c.member_id)
        .order_by(count.desc(), func.max(rounds.c.id))
        .limit(limit)
    )
    return [(member_id, parts) for member_id, parts in await db.execute(query)]


async def round_place(db: AsyncConnection, round_id: int) -> RoundPlace | None:
    """Return where a round is; None if it is unknown."""
    query = select(rounds.c.session_id, rounds.c.number).where(rounds.c.id == round_id)
    row = (await db.execute(query)).first()
    return None if row is None else RoundPlace(*row)


async def proposal_place(db: AsyncConnection, proposal_id: int) -> ProposalPlace | None:
    """Return where a proposal is; None if it is unknown."""
    query = (
        select(rounds.c.session_id, rounds.c.number, proposals.c.number)
        .join_from(proposals, rounds, rounds.c.id == proposals.c.round_id)
        .where(proposals.c.id == proposal_id)
    )
    row = (await db.execute(query)).first()
    return None if row is None else ProposalPlace(*row)


async def due_sessions(db: AsyncConnection, *, now: dt.datetime) -> list[int]:
    """Return the ids of sessions that may have something to do, in order.

    These are running ones that are due, whose part in the making has ended, or whose failed part
    is complete after all; and finished ones without their song.
    """
    return sorted(set((await db.execute(_due, {"now": now})).scalars()))


async def voting_sessions(db: AsyncConnection) -> list[int]:
    """Return the ids of running sessions with votes in a ballot that is not over."""
    in_ballot = rounds.c.status.in_((RoundStatus.OPEN, RoundStatus.CHOOSING))
    has_votes = exists().where(votes.c.round_id == rounds.c.id)
    query = (
        select(_row.id)
        .join(rounds, rounds.c.session_id == _row.id)
        .where(is_running, in_ballot, has_votes)
        .distinct()
    )
    return [*(await db.execute(query)).scalars()]


async def next_session_due(db: AsyncConnection) -> dt.datetime | None:
    """Return when the next running session is due."""
    return (await db.execute(_next_due)).scalar()


def _is_listed_in(guild_id: int) -> ColumnElement[bool]:
    statuses = (SessionStatus.RUNNING, SessionStatus.FINISHED)
    return and_(_row.guild_id == guild_id, _row.status.in_(statuses))

"""What is kept of one member, or of one server: to hand it out, and to forget a member."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, and_, bindparam, delete, func, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.budgets import Period
from bot.store.extensions import OPEN_STATUSES
from bot.store.rows import search_text
from bot.store.schema import (
    clips,
    drafts,
    extensions,
    guild_settings,
    is_running,
    notifications,
    preferences,
    proposals,
    rounds,
    sessions,
    votes,
)

_row = extensions.c
# not data about anybody: how a reply is edited, and what a search looks through
_LEFT_OUT = frozenset({"reply_token", "search_text", "shown_digest"})

Rows = list[dict[str, Any]]
PersonalData = Mapping[str, Rows]


async def data_of_member(db: AsyncConnection, member_id: int) -> PersonalData:
    """Return all rows about a member, by table; times are ISO 8601, and keys of access left out."""
    own = _row.member_id == member_id
    return {
        "extensions": await _read(db, select(extensions).where(own).order_by(_row.id)),
        "clips": await _read(db, select(clips).join(extensions).where(own).order_by(clips.c.id)),
        "drafts": await _read(db, select(drafts).where(drafts.c.member_id == member_id)),
        "sessions_hosted": await _read(db, select(sessions).where(sessions.c.host_id == member_id)),
        "proposals": await _read(db, select(proposals).where(proposals.c.member_id == member_id)),
        "votes": await _read(db, select(votes).where(votes.c.member_id == member_id)),
        "notifications": await _read(
            db, select(notifications).where(notifications.c.member_id == member_id)
        ),
        "preferences": await _read(
            db, select(preferences).where(preferences.c.member_id == member_id)
        ),
        "settings_changed": await _read(
            db, select(guild_settings).where(guild_settings.c.changed_by == member_id)
        ),
    }


async def data_of_guild(db: AsyncConnection, guild_id: int) -> PersonalData:
    """Return all rows about a server, by table; as `data_of_member`."""
    there = _row.reply_guild_id == guild_id
    of_guild = select(sessions.c.id).where(sessions.c.guild_id == guild_id)
    held = select(rounds.c.id).where(rounds.c.session_id.in_(of_guild))
    return {
        "extensions": await _read(db, select(extensions).where(there).order_by(_row.id)),
        "clips": await _read(db, select(clips).join(extensions).where(there).order_by(clips.c.id)),
        "sessions": await _read(db, select(sessions).where(sessions.c.guild_id == guild_id)),
        "rounds": await _read(db, select(rounds).where(rounds.c.session_id.in_(of_guild))),
        "proposals": await _read(db, select(proposals).where(proposals.c.round_id.in_(held))),
        "votes": await _read(db, select(votes).where(votes.c.round_id.in_(held))),
        "settings": await _read(
            db, select(guild_settings).where(guild_settings.c.guild_id == guild_id)
        ),
    }


async def forget_member(db: AsyncConnection, member_id: int, *, now: dt.datetime) -> int:
    """Forget who made what a member made, and what they wrote; return how much is left.

    Clips stay where they are, without the member, their lyrics and their name: others go on from
    them. What is in progress, sessions that run, and what was asked for today stay as they are and
    are counted in the result: the share that a member has of a budget is counted by their id.
    """
    has_ended = and_(
        _row.member_id == member_id,
        _row.status.not_in(OPEN_STATUSES),
        _row.created_at < Period.DAY.start(now),
    )
    made = select(clips).join(extensions).where(has_ended)
    found = [
        {"of_clip": row.id, "words": search_text(row.title, row.style, row.clip_id)}
        for row in (await db.execute(made)).all()
    ]
    if found:  # without the lyrics and the name
        without = update(clips).where(clips.c.id == bindparam("of_clip"))
        await db.execute(without.values(search_text=bindparam("words")), found)
    await db.execute(
        update(extensions)
        .where(has_ended)
        .values(member_id=0, member_name="", lyrics="", reply_token="")
    )
    for table in (drafts, notifications, preferences):
        await db.execute(delete(table).where(table.c.member_id == member_id))
    over = select(sessions.c.id).where(not_(is_running))
    in_over = select(rounds.c.id).where(rounds.c.session_id.in_(over))
    await db.execute(
        update(sessions)
        .where(sessions.c.host_id == member_id, not_(is_running))
        .values(host_id=0, host_name="")
    )
    await db.execute(
        update(proposals)
        .where(proposals.c.member_id == member_id, proposals.c.round_id.in_(in_over))
        # unique in its round, and nobody's id
        .values(member_id=-proposals.c.id, member_name="", lyrics="")
    )
    for column in (rounds.c.closed_by, rounds.c.clip_closed_by):
        closed = update(rounds).where(column == member_id, rounds.c.id.in_(in_over))
        await db.execute(closed.values({column: 0}))
    removed = update(proposals).where(
        proposals.c.removed_by == member_id, proposals.c.round_id.in_(in_over)
    )
    await db.execute(removed.values(removed_by=0))
    changed = update(guild_settings).where(guild_settings.c.changed_by == member_id)
    await db.execute(changed.values(changed_by=0))
    return await _left(db, member_id)


async def _left(db: AsyncConnection, member_id: int) -> int:
    """Return in how many extensions and running sessions a member is still named."""
    named = select(func.count()).select_from(extensions).where(_row.member_id == member_id)
    wrote_in = (
        select(rounds.c.session_id)
        .join(proposals, proposals.c.round_id == rounds.c.id)
        .where(proposals.c.member_id == member_id)
    )
    running = (
        select(func.count())
        .select_from(sessions)
        .where(is_running, (sessions.c.host_id == member_id) | sessions.c.id.in_(wrote_in))
    )
    return (await db.execute(named)).scalar_one() + (await db.execute(running)).scalar_one()


async def _read(db: AsyncConnection, query: Select[Any]) -> Rows:
    rows = (await db.execute(query)).mappings()
    return [
        {name: _plain(value) for name, value in row.items() if name not in _LEFT_OUT}
        for row in rows
    ]


def _plain(value: object) -> object:
    """Return ``value`` as JSON can have it."""
    if isinstance(value, dt.datetime):
        return value.isoformat()
    try:
        json.dumps(value)
    except TypeError:
        return str(value)
    return value

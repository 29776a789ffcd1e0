"""Budgets of servers: counted from the extensions themselves, so that no counter can be wrong.

An extension counts in the day and month in which it was accepted, from then on, and no longer as
soon as it ends without having cost anything (`Extension.may_be_charged`). Each function is part of
one transaction.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.budgets import BudgetNotice, BudgetUse, Level, Period
from bot.domain.guild_settings import GuildSettings
from bot.domain.sessions.models import SESSION_KEY_PREFIX
from bot.store.schema import (
    budget_notices,
    extensions,
    guild_settings,
    insert,
    is_open,
    is_unsettled,
)
from bot.store.schema import may_be_charged as is_charged

_row, _notice = extensions.c, budget_notices.c
# What a session makes is everybody's: it counts for the server, and for no member.
_is_own = ~_row.idempotency_key.startswith(SESSION_KEY_PREFIX)

_next_notice = select(func.min(_notice.due_at)).where(is_unsettled)


class MemberUse(NamedTuple):
    """How many extensions of a member count today and this month, and are in progress now."""

    today: int
    this_month: int
    in_progress: int


async def budget_uses(
    db: AsyncConnection, settings: GuildSettings, *, member_id: int, now: dt.datetime
) -> list[BudgetUse]:
    """Return what is used in a server of its day, of its month, and of a member's day."""
    return [
        await _use(db, settings.guild_id, Period.DAY, settings.daily_budget, now),
        await _use(db, settings.guild_id, Period.MONTH, settings.monthly_budget, now),
        await _use(db, settings.guild_id, Period.DAY, settings.member_budget, now, member_id),
    ]


async def member_use(db: AsyncConnection, member_id: int, *, now: dt.datetime) -> MemberUse:
    """Return how many extensions of a member count, wherever they asked for them."""
    is_theirs = _row.member_id == member_id
    in_progress = select(func.count()).where(is_theirs, is_open)
    return MemberUse(
        today=await _count(db, is_theirs, _row.created_at >= Period.DAY.start(now)),
        this_month=await _count(db, is_theirs, _row.created_at >= Period.MONTH.start(now)),
        in_progress=(await db.execute(in_progress)).scalar_one(),
    )


async def locked_budget_uses(
    db: AsyncConnection, settings: GuildSettings, *, member_id: int | None, now: dt.datetime
) -> list[BudgetUse]:
    """Return the use of each budget that is set; it can't rise before this transaction ends.

    The first row of a server's settings is the lock of its budgets; SQLite has one writer anyway.

    Args:
        db: in a transaction that writes.
        settings: of the server.
        member_id: whose own budget counts too; None for what a session makes.
        now: the time.
    """
    if not settings.has_budgets:
        return []
    first = select(guild_settings.c.version).where(
        guild_settings.c.guild_id == settings.guild_id, guild_settings.c.version == 1
    )
    await db.execute(first.with_for_update())
    guild_id, uses = settings.guild_id, list[BudgetUse]()
    if settings.daily_budget is not None:
        uses.append(await _use(db, guild_id, Period.DAY, settings.daily_budget, now))
    if settings.monthly_budget is not None:
        uses.append(await _use(db, guild_id, Period.MONTH, settings.monthly_budget, now))
    if settings.member_budget is not None and member_id is not None:
        uses.append(await _use(db, guild_id, Period.DAY, settings.member_budget, now, member_id))
    return uses


async def note_levels(
    db: AsyncConnection, settings: GuildSettings, uses: Iterable[BudgetUse], *, now: dt.datetime
) -> None:
    """Have moderators told of each level that a server's budget has reached, once per period.

    ``uses`` are those before the extension that this transaction accepts.
    """
    if settings.notices_channel_id is None:
        return
    for use in uses:
        after = replace(use, used=use.used + 1)
        if after.is_of_member or after.level is None:
            continue
        added = insert(db, budget_notices).on_conflict_do_nothing(
            index_elements=[_notice.guild_id, _notice.period, _notice.starts_at, _notice.level]
        )
        row = {
            "guild_id": settings.guild_id,
            "period": use.period,
            "starts_at": use.period.start(now),
            "level": int(after.level),
            "used": after.used,
            "limit": after.limit,
            "due_at": now,
            "is_settled": False,
        }
        await db.execute(added, row)


async def claim_notices(
    db: AsyncConnection, *, now: dt.datetime, lease_until: dt.datetime, limit: int = 20
) -> list[BudgetNotice]:
    """Claim the notices that are due until ``lease_until``, oldest first."""
    due = (
        select(budget_notices)
        .where(is_unsettled, _notice.due_at <= now)
        .order_by(_notice.due_at, _notice.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = (await db.execute(due)).mappings().all()
    if rows:
        ids = [row["id"] for row in rows]
        first = func.coalesce(_notice.claimed_at, literal(now, _notice.claimed_at.type))
        claimed = update(budget_notices).where(_notice.id.in_(ids))
        await db.execute(claimed.values(due_at=lease_until, claimed_at=first))
    return [
        BudgetNotice(
            id=row["id"],
            guild_id=row["guild_id"],
            period=row["period"],
            level=Level(row["level"]),
            used=row["used"],
            limit=row["limit"],
            starts_at=row["starts_at"],
            tried_at=row["claimed_at"],
        )
        for row in rows
    ]


async def settle_notice(db: AsyncConnection, notice_id: int) -> None:
    """Store that moderators were told, or that there is nowhere to tell them."""
    settled = update(budget_notices).where(_notice.id == notice_id).values(is_settled=True)
    await db.execute(settled)


async def next_notice(db: AsyncConnection) -> dt.datetime | None:
    """Return when the next notice is due."""
    return (await db.execute(_next_notice)).scalar()


async def _use(
    db: AsyncConnection,
    guild_id: int,
    period: Period,
    limit: int | None,
    now: dt.datetime,
    member_id: int | None = None,
) -> BudgetUse:
    """Return the use of a server's budget, or of the share of one member in it."""
    conditions = [_row.charged_guild_id == guild_id, _row.created_at >= period.start(now)]
    if member_id is not None:
        conditions += [_row.member_id == member_id, _is_own]
    return BudgetUse(
        period=period,
        used=await _count(db, *conditions),
        limit=limit,
        renews_at=period.end(now),
        is_of_member=member_id is not None,
    )


async def _count(db: AsyncConnection, *conditions: ColumnElement[bool]) -> int:
    counted = select(func.count()).select_from(extensions).where(is_charged, *conditions)
    return (await db.execute(counted)).scalar_one()

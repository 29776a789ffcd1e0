"""Accepting an extension: is it new, and is it within quota? One transaction answers both."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.budgets import BudgetUse
from bot.domain.guild_settings import GuildSettings, lower_limit
from bot.domain.models import Extension, Kind, Status
from bot.domain.sessions.models import SESSION_KEY_PREFIX
from bot.store import audio as audio_queue
from bot.store import notifications
from bot.store.budgets import locked_budget_uses, note_levels
from bot.store.clips import save_clips, save_source
from bot.store.connections import lock_ids
from bot.store.extensions import OPEN_STATUSES, find, load, queue_position
from bot.store.guild_settings import current_settings
from bot.store.rows import accepted_row
from bot.store.schema import extensions, insert, is_open

_row = extensions.c
# What a session makes, one part at a time, takes no place in the quota of a member or channel.
_counts_for_quota = and_(is_open, ~_row.idempotency_key.startswith(SESSION_KEY_PREFIX))


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many extensions may be in progress at once; 0 is no limit."""

    member: int = 0
    channel: int = 0


class Accepted(NamedTuple):
    """The stored extension, whether it is new, and its place in line if it is; 1 is next."""

    extension: Extension
    is_new: bool
    queue_position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaExceeded:
    """Nothing was accepted, because too many extensions are in progress."""

    in_progress: tuple[Extension, ...]
    of_member: bool  # or else of the channel


async def accept(
    db: AsyncConnection,
    ext: Extension,
    *,
    publish_at: dt.datetime,
    quota: Quota | None,
    double_since: dt.datetime,
    source_is_known: bool = False,
) -> Accepted | QuotaExceeded | BudgetUse:
    """Insert ``ext`` if it is new, and within ``quota`` and the budgets of its server.

    If it is new, its member is to be told of its end if they always want to be, except of what a
    session makes: a session announces that itself.

    Otherwise return the extension that it repeats, what is in progress, or the budget that is used
    up. It repeats an extension with its idempotency key, a retake of the same extension that the
    same member asked for after ``double_since`` (a double click), or, if it is a full song, one
    that the channel has or soon has of the same clip. No two calls can both get the last place
    within a quota or a budget.

    Args:
        db: in a transaction that writes.
        ext: with the id 0.
        publish_at: when its reply may be edited first.
        quota: of the member and of the channel, which the server may have set lower; None for
            what no limit holds for.
        double_since: an older retake is not repeated but another one.
        source_is_known: whether the store has the source clip already; otherwise it is saved as
            one that was used.
    """
    await lock_ids(db, ext.member_id, ext.reply.channel_id)
    repeated = await _repeated(db, ext, double_since)
    if repeated is not None:
        return Accepted(repeated, is_new=False)
    settings = await current_settings(db, ext.reply.home_guild_id)
    uses = await _locked_uses(db, ext, settings)
    exceeded = next((use for use in uses if use.is_used_up), None)
    if quota is not None:
        exceeded = await _exceeded_quota(db, ext, _lowered(quota, settings)) or exceeded
    if exceeded is not None:
        known = await find(db, _row.idempotency_key == ext.idempotency_key)
        return exceeded if known is None else Accepted(known, is_new=False)
    accepted = await accept_unlimited(
        db, ext, publish_at=publish_at, source_is_known=source_is_known
    )
    if accepted.is_new:
        await note_levels(db, settings, uses, now=ext.created_at)
        if not ext.idempotency_key.startswith(SESSION_KEY_PREFIX):
            await notifications.request_if_always(db, accepted.extension)
    return accepted


async def accept_session_part(
    db: AsyncConnection, ext: Extension, *, publish_at: dt.datetime
) -> Extension | BudgetUse:
    """Insert the part of a session, or return the budget of its server that is used up."""
    settings = await current_settings(db, ext.reply.home_guild_id)
    uses = await _locked_uses(db, ext, settings)
    for use in uses:
        if use.is_used_up:
            return use
    accepted = await accept_unlimited(db, ext, publish_at=publish_at)
    if accepted.is_new:
        await note_levels(db, settings, uses, now=ext.created_at)
    return accepted.extension


async def accept_unlimited(
    db: AsyncConnection,
    ext: Extension,
    *,
    publish_at: dt.datetime,
    source_is_known: bool = False,
) -> Accepted:
    """Insert ``ext`` if its idempotency key is new, or return the extension that has it.

    The arguments are those of `accept`.
    """
    statement = (
        insert(db, extensions)
        .on_conflict_do_nothing(index_elements=[_row.idempotency_key])
        .returning(_row.id)
    )
    extension_id = (await db.execute(statement, accepted_row(ext, publish_at))).scalar()
    if extension_id is None:
        [known] = await load(db, _row.idempotency_key == ext.idempotency_key)
        return Accepted(known, is_new=False)
    stored = replace(ext, id=extension_id)
    await save_clips(db, stored)
    if stored.kind is Kind.SPLICE:
        await audio_queue.enqueue(db, stored.id, due_at=stored.created_at)
    elif not source_is_known:
        await save_source(db, stored)
    return Accepted(stored, is_new=True, queue_position=await queue_position(db, stored))


async def _locked_uses(
    db: AsyncConnection, ext: Extension, settings: GuildSettings
) -> list[BudgetUse]:
    """Return the use of each budget that ``ext`` is charged to, locked against others."""
    if not ext.may_be_charged:
        return []
    is_of_session = ext.idempotency_key.startswith(SESSION_KEY_PREFIX)
    member_id = None if is_of_session else ext.member_id
    return await locked_budget_uses(db, settings, member_id=member_id, now=ext.created_at)


def _lowered(quota: Quota, settings: GuildSettings) -> Quota:
    """Return the quota with the limits that a server has set lower."""
    return Quota(
        member=lower_limit(quota.member, settings.member_limit),
        channel=lower_limit(quota.channel, settings.channel_limit),
    )


async def _repeated(
    db: AsyncConnection, ext: Extension, double_since: dt.datetime
) -> Extension | None:
    """Return the full song, or the retake, that ``ext`` would repeat."""
    if ext.kind.is_song:
        # A clip has few songs and a channel many extensions, but SQLite keeps no count and would
        # search those: so the channel is no condition here.
        songs = await load(
            db,
            _row.clip_id == ext.request.clip_id,
            _row.kind != Kind.PART,
            _row.status.in_((*OPEN_STATUSES, Status.COMPLETE)),
            ~_row.reply_unreachable,
        )
        here = [song for song in songs if _can_be_found(song, ext)]
        return here[-1] if here else None
    if ext.retake_of is not None:
        latest = await find(db, _row.retake_of == ext.retake_of, _row.member_id == ext.member_id)
        return latest if latest is not None and latest.created_at > double_since else None
    return None


def _can_be_found(song: Extension, ext: Extension) -> bool:
    """Return whether who asks for ``ext`` finds the reply of ``song`` in the same channel.

    Where Encore is no member, it can't learn whether a reply was deleted once the token is dead.
    """
    reply = song.reply
    if reply.channel_id != ext.reply.channel_id:
        return False
    if reply.is_ephemeral and song.member_id != ext.member_id:
        return False
    if not song.status.is_final or (reply.editable_by_bot and not reply.is_ephemeral):
        return True
    return reply.token_expires_at is not None and ext.created_at < reply.token_expires_at


async def _exceeded_quota(
    db: AsyncConnection, ext: Extension, quota: Quota
) -> QuotaExceeded | None:
    """Return what is in progress of the member, or in the channel, if that fills the quota."""
    if not (quota.member or quota.channel):
        return None
    of_member = _row.member_id == ext.member_id
    in_channel = _row.reply_channel_id == ext.reply.channel_id
    query = select(_row.member_id, _row.reply_channel_id).where(
        _counts_for_quota, or_(of_member, in_channel)
    )
    rows = (await db.execute(query)).all()
    if 0 < quota.member <= sum(row.member_id == ext.member_id for row in rows):
        return QuotaExceeded(in_progress=await _open(db, of_member), of_member=True)
    if 0 < quota.channel <= sum(row.reply_channel_id == ext.reply.channel_id for row in rows):
        return QuotaExceeded(in_progress=await _open(db, in_channel), of_member=False)
    return None


async def _open(db: AsyncConnection, condition: ColumnElement[bool]) -> tuple[Extension, ...]:
    return tuple(await load(db, _counts_for_quota, condition))

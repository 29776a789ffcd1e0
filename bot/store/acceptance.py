"""Accepting an extension: is it new, and is there room for it? One transaction answers both."""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.models import Extension
from bot.store import extensions, lineage
from bot.store.extensions import OPEN
from bot.store.schema import extensions as table

_row = table.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many extensions may be in progress at once; 0 is no limit."""

    member: int = 0
    channel: int = 0


class Accepted(NamedTuple):
    """What is stored now, whether it is new, and its place in line if it is; 1 is next."""

    extension: Extension
    is_new: bool
    queue_position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaExceeded:
    """Nothing was accepted, because as many as may be are in progress."""

    in_progress: tuple[Extension, ...]
    of_member: bool  # or else of the channel


async def accept(
    db: AsyncConnection,
    ext: Extension,
    *,
    publish_at: dt.datetime,
    quota: Quota,
    double_since: dt.datetime,
    source_is_known: bool,
) -> Accepted | QuotaExceeded:
    """Insert ``ext`` if it is new and there is room; else return what it repeats, or why not.

    A take of the same extension by the same member since ``double_since`` is a double click, and
    a channel needs one full song of a clip.
    """
    if ext.kind.is_song:
        songs = await lineage.songs_of(db, ext.request.clip_id, ext.reply.channel_id)
        if songs:
            return Accepted(songs[0], is_new=False)
    if ext.retake_of is not None:
        latest = await lineage.latest_take(db, ext.retake_of, ext.member_id)
        if latest is not None and latest.created_at > double_since:
            return Accepted(latest, is_new=False)
    full = await _exceeded_quota(db, ext, quota)
    if full is not None:
        known = await extensions.find(db, _row.trigger == ext.idempotency_key)
        return Accepted(known, is_new=False) if known else full
    stored, is_new = await extensions.insert_new(
        db, ext, publish_at, source_is_known=source_is_known
    )
    place = await extensions.queue_position(db, stored) if is_new else None
    return Accepted(stored, is_new, place)


async def _exceeded_quota(
    db: AsyncConnection, ext: Extension, quota: Quota
) -> QuotaExceeded | None:
    """Return what is in progress of the member, or in the channel, if that is the most."""
    if not (quota.member or quota.channel):
        return None
    channel_id = ext.reply.channel_id
    whose = or_(_row.member_id == ext.member_id, _row.reply_channel_id == channel_id)
    question = select(_row.member_id, _row.reply_channel_id).where(_row.status.in_(OPEN), whose)
    both = (await db.execute(question)).all()
    if 0 < quota.member <= sum(row.member_id == ext.member_id for row in both):
        own = await lineage.in_progress(db, member_id=ext.member_id, channel_id=None)
        return QuotaExceeded(in_progress=tuple(own), of_member=True)
    if 0 < quota.channel <= sum(row.reply_channel_id == channel_id for row in both):
        here = await lineage.in_progress(db, member_id=None, channel_id=channel_id)
        return QuotaExceeded(in_progress=tuple(here), of_member=False)
    return None

"""The library: clips that extensions made here and nobody took out, a page at a time."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import ColumnElement, RowMapping, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.library import (
    PAGE_SIZE,
    LibraryEntry,
    LibraryPage,
    LibraryQuery,
    Scope,
    Viewer,
    page_count,
)
from bot.domain.models import ClipRecord, Kind
from bot.store.clips import is_playable, known_clips
from bot.store.rows import known_clip_of
from bot.store.schema import clips, extensions

_ext = extensions.c
_made = clips.join(extensions, _ext.id == clips.c.extension_id)


async def page(db: AsyncConnection, viewer: Viewer, wanted: LibraryQuery) -> LibraryPage:
    """Return the page that is wanted, or the last one if there are fewer."""
    text = wanted.search.casefold()
    there = and_(
        _within(viewer, wanted.scope),
        is_playable,
        ~clips.c.is_removed,
        clips.c.search_text.contains(text, autoescape=True),
    )
    count = select(func.count()).select_from(_made).where(there)
    total = (await db.execute(count)).scalar_one()
    wanted = replace(wanted, page_number=min(max(wanted.page_number, 1), page_count(total)))
    newest = (
        known_clips.add_columns(_ext.member_id, _ext.title.label("asked_title"), _ext.source_title)
        .where(there)
        .order_by(None)
        .order_by(_ext.id.desc(), clips.c.position, clips.c.id)
        .limit(PAGE_SIZE)
        .offset((wanted.page_number - 1) * PAGE_SIZE)
    )
    rows = (await db.execute(newest)).mappings()
    return LibraryPage(query=wanted, entries=tuple(map(_made_of, rows)), total=total)


async def channels(db: AsyncConnection, guild_id: int) -> list[int]:
    """Return the channels of a guild in which something was asked for, the latest first."""
    question = (
        select(_ext.reply_channel_id)
        .where(_ext.reply_guild_id == guild_id)
        .group_by(_ext.reply_channel_id)
        .order_by(func.max(_ext.id).desc())
    )
    return [*(await db.execute(question)).scalars()]


async def clips_of(db: AsyncConnection, extension_id: int) -> list[ClipRecord]:
    """Return the clips that an extension made, in order, with what is known of each."""
    question = (
        known_clips.where(clips.c.extension_id == extension_id)
        .order_by(None)
        .order_by(clips.c.position, clips.c.id)
    )
    return [known_clip_of(row) for row in (await db.execute(question)).mappings()]


async def remove(db: AsyncConnection, clip_id: str, member_id: int) -> bool:
    """Take out a clip that this member made; return whether it was still in."""
    own = select(_ext.id).where(_ext.member_id == member_id)
    removed = await db.execute(
        update(clips)
        .where(clips.c.clip_id == clip_id, ~clips.c.is_removed, clips.c.extension_id.in_(own))
        .values(is_removed=True)
    )
    return removed.rowcount > 0


def _made_of(row: RowMapping) -> LibraryEntry:
    return LibraryEntry(
        known=known_clip_of(row),
        title=row["title"] or row["asked_title"] or row["source_title"],
        member_id=row["member_id"],
        kind=Kind(row["kind"]),
    )


def _within(viewer: Viewer, scope: Scope) -> ColumnElement[bool]:
    if scope is Scope.MINE:
        return _ext.member_id == viewer.member_id
    if scope is Scope.CHANNEL:
        return _ext.reply_channel_id == viewer.channel_id
    return in_guild(viewer.guild_id, {viewer.channel_id, *viewer.channels}, viewer.member_id)


def in_guild(guild_id: int | None, channels: Iterable[int], member_id: int) -> ColumnElement[bool]:
    """Return which extensions of a guild a member may see: those in ``channels``, and their own."""
    may_be_seen = or_(_ext.reply_channel_id.in_(set(channels)), _ext.member_id == member_id)
    return and_(_ext.reply_guild_id == guild_id, may_be_seen)

"""The library: playable clips made by extensions and not removed by their members, in pages."""

from dataclasses import replace

from sqlalchemy import ColumnElement, RowMapping, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.library import (
    MAX_LISTED,
    PAGE_SIZE,
    LibraryEntry,
    LibraryPage,
    LibraryQuery,
    Scope,
    Viewer,
    page_count,
)
from bot.domain.models import ClipRecord
from bot.store.clips import clip_records, is_playable, is_visible
from bot.store.rows import clip_record_of
from bot.store.schema import clips, extensions

_ext = extensions.c
# Each step looks for the next channel in the index: to group all extensions would read them all.
_of_guild = _ext.reply_guild_id == bindparam("guild")
_channel = select(func.min(_ext.reply_channel_id).label("id")).where(_of_guild).cte(recursive=True)
_channel = _channel.union_all(
    select(
        select(func.min(_ext.reply_channel_id))
        .where(_of_guild, _ext.reply_channel_id > _channel.c.id)
        .scalar_subquery()
    ).where(_channel.c.id.is_not(None))
)
_latest_in_channel = (
    select(func.max(_ext.id)).where(_of_guild, _ext.reply_channel_id == _channel.c.id)
).scalar_subquery()
_channels = (
    select(_channel.c.id).where(_channel.c.id.is_not(None)).order_by(_latest_in_channel.desc())
)
_made_clips = clips.join(extensions, _ext.id == clips.c.extension_id)
_NEWEST_FIRST = (_ext.id.desc(), clips.c.position, clips.c.id)

MAX_SEARCHED = 50_000  # extensions; thrice as many as a very busy server has in a day


async def page(
    db: AsyncConnection,
    viewer: Viewer,
    query: LibraryQuery,
    *,
    listed: int = MAX_LISTED,
    searched: int = MAX_SEARCHED,
) -> LibraryPage:
    """Return the requested page, newest clips first, or the last if there are fewer.

    Args:
        db: in a transaction.
        viewer: who looks at it.
        query: what to show.
        listed: how many clips all pages have at most.
        searched: how many extensions a search looks through at most, the latest.
    """
    in_scope = _in_scope(viewer, query.scope)
    matches = [in_scope, is_playable, ~clips.c.is_removed]
    if query.search:
        first_left_out = select(_ext.id).where(in_scope).order_by(_ext.id.desc()).offset(searched)
        oldest = (await db.execute(first_left_out.limit(1))).scalar()
        matches.append(_ext.id > (oldest or 0))
        text = query.search.casefold()
        matches.append(clips.c.search_text.contains(text, autoescape=True))
    newest = select(clips.c.id).select_from(_made_clips).where(*matches).order_by(*_NEWEST_FIRST)
    ids = (await db.execute(newest.limit(listed))).scalars().all()
    number = min(max(query.page_number, 1), page_count(len(ids)))
    begin = (number - 1) * PAGE_SIZE
    of_page = (
        clip_records.add_columns(
            _ext.member_id, _ext.title.label("requested_title"), _ext.source_title
        )
        .where(clips.c.id.in_(ids[begin : begin + PAGE_SIZE]))
        .order_by(None)
        .order_by(*_NEWEST_FIRST)
    )
    rows = (await db.execute(of_page)).mappings()
    return LibraryPage(
        query=replace(query, page_number=number),
        entries=tuple(map(_entry_of, rows)),
        total=len(ids),
    )


async def channels(db: AsyncConnection, guild_id: int) -> list[int]:
    """Return the channels of a guild in which anything was asked for, the latest first."""
    return [*(await db.execute(_channels, {"guild": guild_id})).scalars()]


async def clips_of(db: AsyncConnection, extension_id: int) -> list[ClipRecord]:
    """Return the clips that an extension made, in order."""
    query = (
        clip_records.where(clips.c.extension_id == extension_id)
        .order_by(None)
        .order_by(clips.c.position, clips.c.id)
    )
    return [clip_record_of(row) for row in (await db.execute(query)).mappings()]


async def remove(db: AsyncConnection, clip_id: str, *, member_id: int) -> bool:
    """Remove a clip that this member made from the library; return whether it was in it.

    Lineages keep it, and clips that others made of it stay.
    """
    own = select(_ext.id).where(_ext.member_id == member_id)
    removed = await db.execute(
        update(clips)
        .where(clips.c.clip_id == clip_id, ~clips.c.is_removed, clips.c.extension_id.in_(own))
        .values(is_removed=True)
    )
    return removed.rowcount > 0


def _entry_of(row: RowMapping) -> LibraryEntry:
    return LibraryEntry(
        known=clip_record_of(row),
        title=row["title"] or row["requested_title"] or row["source_title"],
        member_id=row["member_id"],
        kind=row["kind"],
    )


def _in_scope(viewer: Viewer, scope: Scope) -> ColumnElement[bool]:
    if scope is Scope.MINE:
        return _ext.member_id == viewer.member_id
    if scope is Scope.CHANNEL:
        return _ext.reply_channel_id == viewer.channel_id
    return is_visible(viewer.guild_id, {viewer.channel_id, *viewer.channels}, viewer.member_id)

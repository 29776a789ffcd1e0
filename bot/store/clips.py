"""Clips: those that extensions made, and what is known of source clips."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import cache

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.models import Clip, ClipRecord, ClipStatus, Extension
from bot.store.rows import REPLY_COLUMNS, clip_of, clip_record_of, clip_row
from bot.store.schema import IS_SOURCE, clips, extensions, insert, insert_in

_ext = extensions.c
_is_made = clips.c.extension_id.is_not(None)
is_playable = and_(clips.c.status == ClipStatus.COMPLETE, clips.c.audio_url.is_not(None))
_is_searchable = or_(clips.c.extension_id.is_(None), and_(is_playable, ~clips.c.is_removed))
# columns that a save of an extension leaves alone
_KEPT = ("id", "known_at", "is_removed")
MAX_SEARCHED = 5_000  # extensions that a search for suggestions looks through
# position of a source clip behind the clips of the extension that used it
_BEHIND_MADE_CLIPS = 1_000
# Clips with the extension that made them, made ones before sources, newest first.
clip_records = (
    select(
        clips,
        *(_ext[name] for name in ("kind", "part_number", "member_name", "lyrics", "model")),
        *(_ext[name] for name in REPLY_COLUMNS),
        func.coalesce(
            clips.c.known_at,
            _ext.finished_at,
            _ext.streaming_at,
            _ext.submitted_at,
            _ext.created_at,
        ).label("news_at"),
    )
    .outerjoin(extensions, _ext.id == clips.c.extension_id)
    .order_by(_is_made.desc(), clips.c.extension_id.desc(), clips.c.known_at.desc())
)
# Built once: they are run before a modal opens and for each load of extensions, and to build them
# takes as long as to run them.
_best_record = clip_records.where(clips.c.clip_id == bindparam("clip_id")).limit(1)
_of_extensions = (
    select(clips)
    .where(clips.c.extension_id.in_(bindparam("extension_ids", expanding=True)))
    .order_by(clips.c.position, clips.c.id)
)


async def save_clips(db: AsyncConnection, ext: Extension) -> None:
    """Write the clips of ``ext``: new ones are added, none is deleted.

    A duration that was decoded since ``ext`` was read stays known.
    """
    rows = [
        {
            "extension_id": ext.id,
            "position": position,
            **clip_row(ext.request.provider, clip, ext.request.lyrics, ext.member_name),
        }
        for position, clip in enumerate(ext.clips)
    ]
    if rows:
        await db.execute(_upsert_made_clip(db.dialect.name), rows)


@cache
def _upsert_made_clip(dialect: str) -> Insert:
    """Return the statement of `save_clips`, built once: that takes longer than to run it."""
    statement = insert_in(dialect, clips)
    new = statement.excluded
    changed = {name: new[name] for name in clips.c.keys() if name not in _KEPT}  # noqa: SIM118
    changes = changed | {"duration": func.coalesce(new.duration, clips.c.duration)}
    return statement.on_conflict_do_update(
        index_elements=[clips.c.extension_id, clips.c.clip_id], set_=changes
    )


async def save_source(db: AsyncConnection, ext: Extension) -> None:
    """Add the source clip of ``ext`` as one that was used, if it is unknown."""
    provider, clip_id = ext.request.provider, ext.request.clip_id
    if await _best_row(db, provider, clip_id) is None:
        clip = Clip(id=clip_id, status=ClipStatus.COMPLETE, title=ext.source_title)
        await _upsert_source(db, provider, clip, ext.created_at)


async def remember(db: AsyncConnection, provider: str, clip: Clip, *, now: dt.datetime) -> None:
    """Save what ``provider`` told of a source clip; what it left out stays as it was known.

    A clip that an extension made is left alone.
    """
    row = await _best_row(db, provider, clip.id)
    if row is None:
        await _upsert_source(db, provider, clip, now)
    elif row["extension_id"] is None:
        merged = replace(
            clip,
            title=clip.title or row["title"],
            style=clip.style or row["style"],
            audio_url=clip.audio_url or row["audio_url"],
            image_url=clip.image_url or row["image_url"],
            duration=row["duration"] if clip.duration is None else clip.duration,
        )
        await _upsert_source(db, provider, merged, now)


async def clips_by_extension(
    db: AsyncConnection, extension_ids: Sequence[int]
) -> dict[int, list[Clip]]:
    """Return the clips that each of these extensions made, in order."""
    made: dict[int, list[Clip]] = defaultdict(list)
    if extension_ids:
        parameters = {"extension_ids": extension_ids}
        for row in (await db.execute(_of_extensions, parameters)).mappings():
            made[row["extension_id"]].append(clip_of(row))
    return made


async def find_clip(db: AsyncConnection, clip_id: str) -> ClipRecord | None:
    """Return the best that is known of a clip: as it was made, else as it was used."""
    row = (await db.execute(_best_record, {"clip_id": clip_id})).mappings().first()
    return None if row is None else clip_record_of(row)


async def search(
    db: AsyncConnection,
    text: str,
    *,
    guild_id: int | None,
    member_id: int,
    channels: Collection[int] | None = None,
    limit: int = 25,
    searched: int = MAX_SEARCHED,
) -> list[ClipRecord]:
    """Return clips in which ``text`` is found, each once, newest made or used first.

    It is looked for in title, style, id, lyrics and the name of who asked for the clip. The age
    of each, ``known_at``, is the one by which they are in order.

    Searched are the playable clips made and the source clips used by extensions in the guild or,
    without a guild, by all extensions of the member: by the latest of them, and by the member's
    own latest, so that a search takes no longer the more there are. Clips removed from the library
    are not found.

    Args:
        db: in a transaction.
        text: to be found, in upper or lower case.
        guild_id: where to search; None in direct messages.
        member_id: who searches.
        channels: those of the guild to search, besides what the member asked for; None is all.
        limit: how many to return.
        searched: how many extensions to look through at most; of the member's own a fifth of that.
    """
    own = _ext.member_id == member_id
    if guild_id is None:
        scope = own
    elif channels is None:
        scope = _ext.reply_guild_id == guild_id
    else:
        scope = is_visible(guild_id, channels, member_id)
    # what is typed is mostly found among the latest
    found = await _found(db, and_(scope, _ext.id.in_(_latest(scope, searched // 20))), text, limit)
    if len(found) < limit:
        all_searched = union(_latest(scope, searched), _latest(own, searched // 5))
        found = await _found(db, and_(scope, _ext.id.in_(all_searched)), text, limit)
    best: dict[str, ClipRecord] = {}
    if found:
        records = clip_records.where(clips.c.clip_id.in_(found), _is_searchable)
        for row in (await db.execute(records)).mappings():
            best.setdefault(row["clip_id"], clip_record_of(row))
    return [replace(best[clip_id], known_at=used_at) for clip_id, used_at in found.items()]


def _latest(scope: ColumnElement[bool], count: int) -> Select[tuple[int]]:
    """Return the query for the ids of the latest extensions in a scope."""
    latest = select(_ext.id).where(scope).order_by(_ext.id.desc()).limit(count).subquery()
    return select(latest.c.id)


async def _found(
    db: AsyncConnection, is_searched: ColumnElement[bool], text: str, limit: int
) -> dict[str, dt.datetime]:
    """Return the clips with ``text`` of some extensions, and when each was made or used last.

    The latest come first.
    """
    matches = and_(_is_searchable, clips.c.search_text.contains(text.casefold(), autoescape=True))
    made, used = (
        select(clips.c.clip_id, _ext.id, _ext.created_at, position.label("position"))
        .join_from(clips, extensions, link)
        .where(is_searched, matches)
        for link, position in (
            (clips.c.extension_id == _ext.id, clips.c.position),
            (clips.c.clip_id == _ext.clip_id, literal(_BEHIND_MADE_CLIPS)),
        )
    )
    found = union_all(made, used).subquery()
    newest = (
        select(found.c.clip_id, func.max(found.c.created_at))
        .group_by(found.c.clip_id)
        .order_by(
            func.max(found.c.created_at).desc(),
            func.max(found.c.id).desc(),
            func.min(found.c.position),
            found.c.clip_id,
        )
        .limit(limit)
    )
    return {row[0]: row[1] for row in await db.execute(newest)}


def is_visible(
    guild_id: int | None, channels: Iterable[int], member_id: int
) -> ColumnElement[bool]:
    """Return the condition: in one of ``channels`` of the guild, or the member's own."""
    may_be_seen = or_(_ext.reply_channel_id.in_(set(channels)), _ext.member_id == member_id)
    return and_(_ext.reply_guild_id == guild_id, may_be_seen)


async def unknown_clips(db: AsyncConnection, clip_ids: Sequence[str]) -> list[str]:
    """Return those of ``clip_ids`` that no extension made, in order."""
    query = select(clips.c.clip_id).where(_is_made, clips.c.clip_id.in_(clip_ids))
    made = set((await db.execute(query)).scalars())
    return [clip_id for clip_id in clip_ids if clip_id not in made]


async def _best_row(db: AsyncConnection, provider: str, clip_id: str) -> RowMapping | None:
    """Return the row of a clip of ``provider``: one that was made before one that was used."""
    query = (
        select(clips)
        .where(clips.c.provider == provider, clips.c.clip_id == clip_id)
        .order_by(_is_made.desc())
        .limit(1)
    )
    return (await db.execute(query)).mappings().first()


async def _upsert_source(db: AsyncConnection, provider: str, clip: Clip, now: dt.datetime) -> None:
    row = {"position": 0, "known_at": now, **clip_row(provider, clip)}
    statement = insert(db, clips).values(row)
    await db.execute(
        statement.on_conflict_do_update(
            index_elements=[clips.c.provider, clips.c.clip_id], index_where=IS_SOURCE, set_=row
        )
    )

"""Clips: those that extensions made, and what is known of source clips."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.models import Clip, ClipRecord, ClipStatus, Extension
from bot.store.rows import clip_of, clip_row, known_clip_of
from bot.store.schema import IS_SOURCE, clips, extensions, insert, insert_in

_is_made = clips.c.extension_id.is_not(None)
is_playable = and_(clips.c.status == ClipStatus.COMPLETE, clips.c.audio_url.is_not(None))
_is_usable = or_(clips.c.extension_id.is_(None), and_(is_playable, ~clips.c.is_removed))
# what an extension does not say of its clips
_NOT_TOLD = ("id", "known_at", "is_removed")
# the place of a source clip in the list of clips of the extension that used it
_BEHIND_ALL_MADE = 1_000
# Best knowledge first: what an extension made, the newest of it.
known_clips = (
    select(
        clips,
        extensions.c.kind,
        extensions.c.reply_channel_id,
        extensions.c.reply_guild_id,
        extensions.c.reply_message_id,
        extensions.c.reply_token,
        extensions.c.reply_token_until,
        extensions.c.reply_in_channel,
        extensions.c.reply_attachment_limit,
        extensions.c.reply_answers,
        extensions.c.reply_is_settled,
        extensions.c.reply_is_gone,
        func.coalesce(
            clips.c.known_at,
            extensions.c.finished_at,
            extensions.c.streaming_at,
            extensions.c.submitted_at,
            extensions.c.created_at,
        ).label("seen_at"),
    )
    .outerjoin(extensions, extensions.c.id == clips.c.extension_id)
    .order_by(_is_made.desc(), clips.c.extension_id.desc(), clips.c.known_at.desc())
)
# Asked before a modal opens, and for all that is loaded: to build these anew for each question
# takes as long as to answer it.
_best_known = known_clips.where(clips.c.clip_id == bindparam("clip_id")).limit(1)
_of_extensions = (
    select(clips)
    .where(clips.c.extension_id.in_(bindparam("extension_ids", expanding=True)))
    .order_by(clips.c.position, clips.c.id)
)


async def keep_clips(db: AsyncConnection, ext: Extension) -> None:
    """Write the clips of ``ext``: new ones are added, none is taken away.

    A length may have been measured since ``ext`` was read; it stays known.
    """
    rows = [
        {"extension_id": ext.id, "position": position, **clip_row(ext.request.provider, clip)}
        for position, clip in enumerate(ext.clips)
    ]
    if not rows:
        return
    await db.execute(_keeping(db.dialect.name), rows)


@cache
def _keeping(dialect: str) -> Insert:
    """Return what writes made clips; to build it for each save takes longer than to do it."""
    statement = insert_in(dialect, clips)
    new = statement.excluded
    told = {name: new[name] for name in clips.c.keys() if name not in _NOT_TOLD}  # noqa: SIM118
    changes = told | {"duration": func.coalesce(new.duration, clips.c.duration)}
    return statement.on_conflict_do_update(
        index_elements=[clips.c.extension_id, clips.c.clip_id], set_=changes
    )


async def keep_source(db: AsyncConnection, ext: Extension) -> None:
    """Remember the source clip of ``ext`` as one that was used, if it is unknown."""
    provider, clip_id = ext.request.provider, ext.request.clip_id
    if await _row_of(db, provider, clip_id) is None:
        clip = Clip(id=clip_id, status=ClipStatus.COMPLETE, title=ext.source_title)
        await _keep(db, provider, clip, ext.created_at)


async def remember(db: AsyncConnection, provider: str, clip: Clip, now: dt.datetime) -> None:
    """Write what ``provider`` told of a source clip; what it left out stays as it was known."""
    row = await _row_of(db, provider, clip.id)
    if row is None:
        await _keep(db, provider, clip, now)
    elif row["extension_id"] is None:
        merged = replace(
            clip,
            title=clip.title or row["title"],
            style=clip.style or row["style"],
            audio_url=clip.audio_url or row["audio_url"],
            image_url=clip.image_url or row["image_url"],
            duration=row["duration"] if clip.duration is None else clip.duration,
        )
        await _keep(db, provider, merged, now)


async def clips_of(db: AsyncConnection, extension_ids: Sequence[int]) -> dict[int, list[Clip]]:
    """Return the clips that each of these extensions made, in order."""
    made: dict[int, list[Clip]] = defaultdict(list)
    if extension_ids:
        asked = {"extension_ids": extension_ids}
        for row in (await db.execute(_of_extensions, asked)).mappings():
            made[row["extension_id"]].append(clip_of(row))
    return made


async def find_clip(db: AsyncConnection, clip_id: str) -> ClipRecord | None:
    """Return the best that is known of a clip."""
    row = (await db.execute(_best_known, {"clip_id": clip_id})).mappings().first()
    return None if row is None else known_clip_of(row)


async def search(
    db: AsyncConnection, text: str, within: ColumnElement[bool], limit: int
) -> list[ClipRecord]:
    """Return the clips with ``text`` that were made or used by the extensions ``within``."""
    matches = and_(_is_usable, clips.c.search_text.contains(text.casefold(), autoescape=True))
    made, used = (
        select(clips.c.clip_id, extensions.c.id.label("extension_id"), place.label("place"))
        .join_from(clips, extensions, link)
        .where(within, matches)
        for link, place in (
            (clips.c.extension_id == extensions.c.id, clips.c.position),
            (clips.c.clip_id == extensions.c.clip_id, literal(_BEHIND_ALL_MADE)),
        )
    )
    found = union_all(made, used).subquery()
    newest = (
        select(found.c.clip_id)
        .group_by(found.c.clip_id)
        .order_by(func.max(found.c.extension_id).desc(), func.min(found.c.place), found.c.clip_id)
        .limit(limit)
    )
    ids = (await db.execute(newest)).scalars().all()
    best: dict[str, ClipRecord] = {}
    usable = known_clips.where(clips.c.clip_id.in_(ids), _is_usable)
    for row in (await db.execute(usable)).mappings():
        best.setdefault(row["clip_id"], known_clip_of(row))
    return [best[clip_id] for clip_id in ids]


async def made_clips(db: AsyncConnection, clip_ids: Sequence[str]) -> set[str]:
    """Return which of ``clip_ids`` were made by an extension."""
    question = select(clips.c.clip_id).where(_is_made, clips.c.clip_id.in_(clip_ids))
    return set((await db.execute(question)).scalars())


async def _row_of(db: AsyncConnection, provider: str, clip_id: str) -> RowMapping | None:
    """Return the row of a clip of ``provider``, one that was made before one that was used."""
    question = (
        select(clips)
        .where(clips.c.provider == provider, clips.c.clip_id == clip_id)
        .order_by(_is_made.desc())
        .limit(1)
    )
    return (await db.execute(question)).mappings().first()


async def _keep(db: AsyncConnection, provider: str, clip: Clip, now: dt.datetime) -> None:
    """Write a source clip."""
    row = {"position": 0, "known_at": now, **clip_row(provider, clip)}
    statement = insert(db, clips).values(row)
    await db.execute(
        statement.on_conflict_do_update(
            index_elements=[clips.c.provider, clips.c.clip_id], index_where=IS_SOURCE, set_=row
        )
    )

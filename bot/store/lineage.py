"""Where a clip comes from: the clips before it, up to the one that nobody here made."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import case, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.lineage import LineageClip
from bot.domain.models import Extension, Kind, ReasonKind, Status
from bot.store.clips import find_clip
from bot.store.extensions import OPEN, find, load
from bot.store.schema import clips, extensions

MAX_LENGTH = 200  # clips; a song of hours

_row = extensions.c


async def lineage(db: AsyncConnection, clip_id: str) -> list[LineageClip]:
    """Return the clips from the root to this one; empty if it is unknown.

    A clip that holds a whole song already is a root.
    """
    steps: list[LineageClip] = []
    seen: set[str] = set()
    while len(steps) < MAX_LENGTH and clip_id not in seen:
        seen.add(clip_id)
        known = await find_clip(db, clip_id)
        if known is None:
            break
        ext = await _maker(db, known.extension_id)
        steps.append(LineageClip(known, ext))
        if ext is None or ext.kind.is_song:
            break
        clip_id = ext.request.clip_id
    return steps[::-1]


async def songs_of(db: AsyncConnection, clip_id: str, channel_id: int) -> list[Extension]:
    """Return the full songs up to this clip that a channel has or is about to have, newest first.

    What came to nothing, and what nobody can see any more, is left out.
    """
    # A clip has few songs and a channel many extensions, but SQLite keeps no count and would
    # look through those: so the channel is no condition here.
    question = (
        select(extensions)
        .where(
            _row.clip_id == clip_id,
            _row.kind != Kind.PART,
            _row.status.in_((*OPEN, Status.COMPLETE)),
            ~_row.reply_is_gone,
        )
        .order_by(_row.id.desc())
    )
    songs = await load(db, question)
    return [song for song in songs if song.reply.channel_id == channel_id]


async def is_song_refused(db: AsyncConnection, clip_id: str) -> bool:
    """Return whether a provider did not join the parts up to this clip when it was asked to."""
    question = (
        select(_row.id)
        .where(
            _row.clip_id == clip_id,
            _row.kind == Kind.CONCAT,
            _row.status == Status.FAILED,
            _row.reason_kind.in_((ReasonKind.REJECTED, ReasonKind.GENERATION_FAILED)),
        )
        .limit(1)
    )
    return (await db.execute(question)).first() is not None


async def _maker(db: AsyncConnection, extension_id: int | None) -> Extension | None:
    return None if extension_id is None else await find(db, _row.id == extension_id)


_row = extensions.c
_made_nothing = _row.status.in_(
    (Status.FAILED, Status.UNCONFIRMED, Status.EXPIRED, Status.CANCELLED)
)


async def in_progress(
    db: AsyncConnection, *, member_id: int | None, channel_id: int | None
) -> list[Extension]:
    """Return what is not final, of a member or in a channel, oldest first."""
    whose = or_(_row.member_id == member_id, _row.reply_channel_id == channel_id)
    question = select(extensions).where(_row.status.in_(OPEN), whose).order_by(_row.id)
    return await load(db, question)


async def continuations(db: AsyncConnection, clip_ids: Sequence[str]) -> list[Extension]:
    """Return the extensions that go on from one of these clips and have a reply, oldest first."""
    question = (
        select(extensions)
        .where(
            _row.clip_id.in_(clip_ids),
            _row.kind == Kind.PART,
            _row.reply_message_id.is_not(None),
            ~_made_nothing,
        )
        .order_by(_row.id)
    )
    return await load(db, question)


async def bump_source_revision(
    db: AsyncConnection, ext: Extension, publish_at: dt.datetime
) -> None:
    """Raise the revision of what made the source clip of ``ext``: it has a continuation.

    Its reply is edited at ``publish_at``, or when it would have been anyway. One that is not
    complete shows no continuations yet, and whoever brings it up to date must not lose to this.
    """
    maker = select(clips.c.extension_id).where(
        clips.c.clip_id == ext.request.clip_id, clips.c.extension_id.is_not(None)
    )
    later = literal(publish_at, _row.publish_at.type)
    due = case((_row.published < _row.revision, _row.publish_at), else_=later)
    await db.execute(
        update(extensions)
        .where(_row.id.in_(maker), _row.status == Status.COMPLETE)
        .values(revision=_row.revision + 1, publish_at=due)
    )


async def latest_take(db: AsyncConnection, take_of: int, member_id: int) -> Extension | None:
    """Return the newest take of an extension that this member asked for."""
    question = (
        select(extensions)
        .where(_row.take_of == take_of, _row.member_id == member_id)
        .order_by(_row.id.desc())
        .limit(1)
    )
    return next(iter(await load(db, question)), None)

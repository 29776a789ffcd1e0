"""How extensions relate: what goes on in which, and who has what in progress."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import case, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.models import Extension, Kind, Status
from bot.store.extensions import OPEN, load
from bot.store.tables import clips, extensions

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


async def bump_source_revision(db: AsyncConnection, ext: Extension, publish_at: dt.datetime) -> None:
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

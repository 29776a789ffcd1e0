"""How clips are related: the lineage before a clip, and the continuations after it."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import case, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.failures import GenerationFailed, Rejected
from bot.domain.lineage import LineageClip
from bot.domain.models import Extension, Kind, Status
from bot.store.clips import find_clip
from bot.store.extensions import by_id, load
from bot.store.schema import clips, extensions

MAX_LINEAGE = 200  # clips; a song of hours

_row = extensions.c
_UNSUCCESSFUL = (Status.FAILED, Status.UNCONFIRMED, Status.EXPIRED, Status.CANCELLED)


async def lineage(db: AsyncConnection, clip_id: str) -> list[LineageClip]:
    """Return the clips from the root to this one; empty if it is unknown.

    A full song is a root.
    """
    steps: list[LineageClip] = []
    seen: set[str] = set()
    while len(steps) < MAX_LINEAGE and clip_id not in seen:
        seen.add(clip_id)
        known = await find_clip(db, clip_id)
        if known is None:
            break
        ext = None if known.extension_id is None else await by_id(db, known.extension_id)
        steps.append(LineageClip(known, ext))
        if ext is None or ext.kind.is_song:
            break
        clip_id = ext.request.clip_id
    return steps[::-1]


async def is_song_refused(db: AsyncConnection, clip_id: str) -> bool:
    """Return whether a provider refused or failed to join the parts up to this clip."""
    # The status is no condition here: SQLite would search all that failed.
    query = select(_row.failure).where(_row.clip_id == clip_id, _row.kind == Kind.CONCAT)
    failures = (await db.execute(query)).scalars()
    return any(isinstance(failure, Rejected | GenerationFailed) for failure in failures)


async def continuations(db: AsyncConnection, clip_ids: Sequence[str]) -> list[Extension]:
    """Return the extensions of these clips that have a reply and did not fail, oldest first."""
    return await load(
        db,
        _row.clip_id.in_(clip_ids),
        _row.kind == Kind.PART,
        _row.reply_message_id.is_not(None),
        _row.status.not_in(_UNSUCCESSFUL),
    )


async def bump_source_revision(
    db: AsyncConnection, ext: Extension, *, publish_at: dt.datetime
) -> None:
    """Raise the revision of the extension that made the source clip: it has a continuation.

    Its reply is edited at ``publish_at``, or earlier if it had other news, so that several
    continuations become one edit. An extension that is not complete shows no continuations, and
    a save of it must not lose to this change.
    """
    made_source = select(clips.c.extension_id).where(
        clips.c.clip_id == ext.request.clip_id, clips.c.extension_id.is_not(None)
    )
    later = literal(publish_at, _row.publish_at.type)
    due = case((_row.published < _row.revision, _row.publish_at), else_=later)
    await db.execute(
        update(extensions)
        .where(_row.id.in_(made_source), _row.status == Status.COMPLETE)
        .values(revision=_row.revision + 1, publish_at=due)
    )

"""Where a clip comes from: the clips before it, up to the one that nobody here made."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.lineage import LineageClip
from bot.domain.models import Extension, Kind, ReasonKind, Status
from bot.store.clips import find_clip
from bot.store.extensions import OPEN, find, load
from bot.store.tables import extensions

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

"""Extensions: found, saved, counted. Each function is part of one transaction."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.models import Extension, Kind, ReplyRef, Status
from bot.domain.polling import Sighting
from bot.store import audio as audio_queue
from bot.store.clips import clips_by_extension, save_clips
from bot.store.connections import process_of
from bot.store.rows import extension_of, reply_row, state_row
from bot.store.schema import extensions

OPEN_STATUSES = tuple(status for status in Status if not status.is_final)
TRACKED_STATUSES = tuple(status for status in Status if status.is_tracked)
_NO_ID = 2**62  # larger than any

_row = extensions.c

# Built once: to build it for each save takes longer than to run it.
_save = update(extensions).where(
    _row.id == bindparam("was_id"),
    _row.status == bindparam("was_status"),
    _row.revision == bindparam("was_revision"),
    _row.failures == bindparam("was_failures"),
    _row.due_at == bindparam("was_due_at"),
)
# Built once: two loops run it each time they wake.
_providers_in_use = (
    select(_row.provider)
    .where(_row.status.in_(OPEN_STATUSES), _row.provider.is_not(None))
    .distinct()
)


async def load(db: AsyncConnection, *conditions: ColumnElement[bool]) -> list[Extension]:
    """Return the extensions for which all ``conditions`` hold, oldest first."""
    return await load_rows(db, select(extensions).where(*conditions).order_by(_row.id))


async def load_rows(db: AsyncConnection, query: Select[*tuple[object, ...]]) -> list[Extension]:
    """Return the extensions whose rows ``query`` selects, in two queries however many."""
    rows = (await db.execute(query)).mappings().all()
    made = await clips_by_extension(db, [row["id"] for row in rows])
    return [extension_of(row, made.get(row["id"], ())) for row in rows]


async def find(db: AsyncConnection, *conditions: ColumnElement[bool]) -> Extension | None:
    """Return the newest extension for which all ``conditions`` hold."""
    query = select(extensions).where(*conditions).order_by(_row.id.desc()).limit(1)
    return next(iter(await load_rows(db, query)), None)


async def by_id(db: AsyncConnection, extension_id: int) -> Extension | None:
    """Return one extension."""
    return await find(db, _row.id == extension_id)


async def by_reply(db: AsyncConnection, message_id: int) -> Extension | None:
    """Return the extension that the Discord message shows."""
    return await find(db, _row.reply_message_id == message_id)


async def save(db: AsyncConnection, new: Extension, *, was: Extension) -> bool:
    """Write the state and the clips of ``new`` if the stored row is still as it ``was``.

    Compared are status, revision, failures and due_at. False means that something else changed
    the row first, and nothing was written. A stored clip is never deleted; reply and publishing
    stay untouched, but where an extension is open again no final status counts as shown. With the
    first playable clip of a complete extension, its audio is queued.
    """
    before = {
        "was_id": was.id,
        "was_status": was.status,
        "was_revision": was.revision,
        "was_failures": was.failures,
        "was_due_at": was.due_at,
    }
    row = before | state_row(new) | {"claimed_by": process_of(db)}
    if (await db.execute(_save, row)).rowcount == 0:
        return False
    if new.clips != was.clips:
        await save_clips(db, new)
    if was.status.is_final and not new.status.is_final:
        await db.execute(
            update(extensions).where(_row.id == new.id).values(reply_final_shown=False)
        )
    if _is_playable(new) and not _is_playable(was):
        await audio_queue.enqueue(db, new.id, due_at=new.finished_at or new.due_at)
    return True


async def save_reply(db: AsyncConnection, extension_id: int, reply: ReplyRef) -> None:
    """Write where the reply is; state and publishing stay untouched."""
    await db.execute(update(extensions).where(_row.id == extension_id).values(reply_row(reply)))


async def queue_position(db: AsyncConnection, ext: Extension) -> int:
    """Return the place of ``ext`` among the waiting extensions of its provider; 1 is next."""
    before = select(func.count()).where(
        _row.status == Status.WAITING, _row.provider == ext.request.provider, _row.id < ext.id
    )
    return (await db.execute(before)).scalar_one() + 1


async def bump_queue_positions(db: AsyncConnection, provider: str, *, places: int = 10) -> None:
    """Raise the revision of the first ``places`` waiting extensions: their place in line changed.

    One that another process is changing at this moment is left out: its reply is edited anyway.
    """
    first = (
        select(_row.id)
        .where(_row.status == Status.WAITING, _row.provider == provider)
        .order_by(_row.id)
        .limit(places)
        .with_for_update(skip_locked=True)
    )
    ids: Sequence[int] = (await db.execute(first)).scalars().all()
    if ids:
        raised = update(extensions).where(_row.id.in_(ids)).values(revision=_row.revision + 1)
        await db.execute(raised)


async def sightings(
    db: AsyncConnection, provider: str, *, limit: int = 64
) -> tuple[list[Sighting], list[Sighting]]:
    """Return when the latest complete extensions of ``provider`` were seen to change, newest first.

    First when their first clip had audio, then when they were complete. Extensions that were
    polled only once, or by a version that did not store it, are left out, as are those that their
    deadline has ended.

    Of extensions that were sent together the quick ones are complete first, and would make the
    provider look quicker than it is: one accepted after one that is still tracked does not count.
    """
    oldest_tracked = (
        select(func.min(_row.id))
        .where(_row.status.in_(TRACKED_STATUSES), _row.provider == provider, _row.kind == Kind.PART)
        .scalar_subquery()
    )
    latest = (
        select(
            _row.submitted_at, _row.no_audio_at, _row.streaming_at, _row.polled_at, _row.finished_at
        )
        .where(
            _row.status == Status.COMPLETE,
            _row.provider == provider,
            _row.kind == Kind.PART,
            _row.id < func.coalesce(oldest_tracked, _NO_ID),
            _row.submitted_at.is_not(None),
            _row.streaming_at.is_not(None),
            _row.polled_at.is_not(None),
            _row.finished_at < _row.deadline_at,
        )
        .order_by(_row.id.desc())
        .limit(limit)
    )
    streaming: list[Sighting] = []
    complete: list[Sighting] = []
    for submitted_at, no_audio_at, streaming_at, polled_at, finished_at in await db.execute(latest):
        not_before = no_audio_at or submitted_at
        streaming.append(_sighting(not_before - submitted_at, streaming_at - submitted_at))
        complete.append(_sighting(polled_at - submitted_at, finished_at - submitted_at))
    return streaming, complete


async def providers_in_use(db: AsyncConnection) -> set[str]:
    """Return the providers with an extension that is not final."""
    return set((await db.execute(_providers_in_use)).scalars())


def _is_playable(ext: Extension) -> bool:
    return ext.status is Status.COMPLETE and any(clip.is_playable for clip in ext.clips)


def _sighting(not_before: dt.timedelta, seen_at: dt.timedelta) -> Sighting:
    return Sighting(not_before.total_seconds(), seen_at.total_seconds())

"""Extensions: accepted, found, saved. Each function is a part of one transaction."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Executable, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.models import FINAL, LOCAL_PROVIDER, Extension, Kind, ReplyRef, Status
from bot.domain.polling import CompletionTimes
from bot.store import audio as audio_work
from bot.store.clips import clips_of, keep_clips, keep_source
from bot.store.rows import accepted_row, extension_of, reply_row, state_row
from bot.store.schema import extensions, insert

OPEN = tuple(status for status in Status if status not in FINAL)
_TRACKED = tuple(status for status in Status if status.is_tracked)
_NO_ID = 2**62  # larger than any

_row = extensions.c

# To build this anew for each save takes longer than to do it.
_save = update(extensions).where(
    _row.id == bindparam("was_id"),
    _row.status == bindparam("was_status"),
    _row.revision == bindparam("was_revision"),
    _row.failures == bindparam("was_failures"),
    _row.due_at == bindparam("was_due_at"),
)
# asked by two loops each time they wake
_open_providers = (
    select(_row.provider).where(_row.status.in_(OPEN), _row.provider != LOCAL_PROVIDER).distinct()
)


async def insert_new(
    db: AsyncConnection, ext: Extension, publish_at: dt.datetime, *, source_is_known: bool = False
) -> tuple[Extension, bool]:
    """Insert ``ext`` unless its trigger is known; return the stored one and whether it is new."""
    statement = (
        insert(db, extensions)
        .on_conflict_do_nothing(index_elements=[_row.trigger])
        .returning(_row.id)
    )
    extension_id = (await db.execute(statement, accepted_row(ext, publish_at))).scalar()
    if extension_id is None:
        return (await load(db, select(extensions).where(_row.trigger == ext.idempotency_key)))[
            0
        ], False
    stored = replace(ext, id=extension_id)
    await keep_clips(db, stored)
    if stored.kind is Kind.SPLICE:
        await audio_work.enqueue(db, stored.id, stored.created_at)
    elif not source_is_known:
        await keep_source(db, stored)
    return stored, True


async def load(db: AsyncConnection, question: Executable) -> list[Extension]:
    """Return the extensions whose rows ``question`` selects, in two queries however many."""
    rows = (await db.execute(question)).mappings().all()
    made = await clips_of(db, [row["id"] for row in rows])
    return [extension_of(row, made.get(row["id"], ())) for row in rows]


async def find(db: AsyncConnection, condition: ColumnElement[bool]) -> Extension | None:
    """Return the newest extension for which ``condition`` holds."""
    question = select(extensions).where(condition).order_by(_row.id.desc()).limit(1)
    return next(iter(await load(db, question)), None)


async def save(db: AsyncConnection, new: Extension, was: Extension) -> bool:
    """Write the state of ``new`` if the row is still as it ``was``; return whether it won."""
    before = {
        "was_id": was.id,
        "was_status": was.status,
        "was_revision": was.revision,
        "was_failures": was.failures,
        "was_due_at": was.due_at,
    }
    if (await db.execute(_save, before | state_row(new))).rowcount == 0:
        return False
    if new.clips != was.clips:
        await keep_clips(db, new)
    if _has_something_to_hear(new) and not _has_something_to_hear(was):
        await audio_work.enqueue(db, new.id, new.finished_at or new.due_at)
    return True


async def save_reply(db: AsyncConnection, extension_id: int, reply: ReplyRef) -> None:
    """Write where the reply is."""
    await db.execute(update(extensions).where(_row.id == extension_id).values(reply_row(reply)))


async def queue_position(db: AsyncConnection, ext: Extension) -> int:
    """Return how many waiting extensions of its provider are before ``ext``, and one."""
    before = select(func.count()).where(
        _row.status == Status.WAITING, _row.provider == ext.request.provider, _row.id < ext.id
    )
    return (await db.execute(before)).scalar_one() + 1


async def bump_queue_positions(db: AsyncConnection, provider: str, places: int) -> None:
    """Raise the revision of the first waiting extensions of ``provider``.

    One that another process is changing at this moment is left out: it gets its own news.
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


async def timings(db: AsyncConnection, provider: str, limit: int) -> list[CompletionTimes]:
    """Return how long the latest complete extensions of ``provider`` took, newest first.

    Of those that were sent together the quick ones are complete first, and to judge by them alone
    would be to expect too much: what was accepted after one that is still tracked does not count.
    """
    oldest_tracked = (
        select(func.min(_row.id))
        .where(_row.status.in_(_TRACKED), _row.provider == provider, _row.kind == Kind.PART)
        .scalar_subquery()
    )
    question = (
        select(_row.submitted_at, _row.streaming_at, _row.finished_at)
        .where(
            _row.status == Status.COMPLETE,
            _row.provider == provider,
            _row.kind == Kind.PART,
            _row.id < func.coalesce(oldest_tracked, _NO_ID),
            _row.submitted_at.is_not(None),
            _row.streaming_at.is_not(None),
            _row.finished_at.is_not(None),
        )
        .order_by(_row.id.desc())
        .limit(limit)
    )
    return [
        CompletionTimes(
            to_streaming=(streaming_at - submitted_at).total_seconds(),
            to_complete=(finished_at - submitted_at).total_seconds(),
        )
        for submitted_at, streaming_at, finished_at in await db.execute(question)
    ]


async def providers_in_use(db: AsyncConnection) -> set[str]:
    """Return the providers with an extension that is not final."""
    return set((await db.execute(_open_providers)).scalars())


def _has_something_to_hear(ext: Extension) -> bool:
    return ext.status is Status.COMPLETE and any(clip.is_playable for clip in ext.clips)

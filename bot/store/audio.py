"""The queue of audio to be attached to replies: enqueued, claimed with a lease, finished."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.attachments import Attachment, AttachmentStatus, AudioWork
from bot.store.schema import audio, clips, insert, is_queued

_row = audio.c

# Built once: the loop runs it each time it wakes.
_next_due = select(func.min(_row.due_at)).where(is_queued)


async def enqueue(db: AsyncConnection, extension_id: int, *, due_at: dt.datetime) -> None:
    """Queue the audio of an extension to be attached from ``due_at`` on, or once more.

    An extension that becomes complete with a playable clip, and a splice that is accepted, are
    queued by the store, in the same transaction.
    """
    again = {"is_queued": True, "due_at": due_at, "failures": 0}
    statement = insert(db, audio).values(extension_id=extension_id, attachments="[]", **again)
    await db.execute(
        statement.on_conflict_do_update(index_elements=[_row.extension_id], set_=again)
    )


async def claim(
    db: AsyncConnection, *, now: dt.datetime, lease_until: dt.datetime, limit: int
) -> list[AudioWork]:
    """Claim the audio that is due until ``lease_until``, the longest due first."""
    query = (
        select(_row.extension_id, _row.failures)
        .where(is_queued, _row.due_at <= now)
        .order_by(_row.due_at, _row.extension_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    due = [
        AudioWork(extension_id=extension_id, due_at=lease_until, failures=failures)
        for extension_id, failures in await db.execute(query)
    ]
    if due:
        ids = [work.extension_id for work in due]
        claimed = update(audio).where(_row.extension_id.in_(ids)).values(due_at=lease_until)
        await db.execute(claimed)
    return due


async def postpone(db: AsyncConnection, work: AudioWork, *, due_at: dt.datetime) -> None:
    """Record an attempt that failed and is to be repeated at ``due_at``."""
    changes = {"failures": work.failures + 1, "due_at": due_at}
    await db.execute(update(audio).where(*_is_still_claimed(work)).values(changes))


async def finish(db: AsyncConnection, work: AudioWork, attachments: Sequence[Attachment]) -> None:
    """Record how attaching ended; a clip of unknown duration gets the one that was decoded.

    Nothing is written if the lease has expired and another worker has claimed the audio.
    """
    done = {"is_queued": False, "failures": 0, "attachments": _to_json(attachments)}
    finished = update(audio).where(*_is_still_claimed(work)).values(done)
    if (await db.execute(finished)).rowcount == 0:
        return
    for attachment in attachments:
        if attachment.duration is not None and not attachment.starts:
            await db.execute(
                update(clips)
                .where(
                    clips.c.extension_id == work.extension_id,
                    clips.c.clip_id == attachment.clip_id,
                    clips.c.duration.is_(None),
                )
                .values(duration=attachment.duration)
            )


async def attachments_of(db: AsyncConnection, extension_id: int) -> tuple[Attachment, ...]:
    """Return how attaching ended for each clip of an extension, or for its full song."""
    query = select(_row.attachments).where(_row.extension_id == extension_id)
    written = (await db.execute(query)).scalar()
    return tuple(map(_from_json, json.loads(written))) if written else ()


async def next_due(db: AsyncConnection) -> dt.datetime | None:
    """Return when the next audio is due; it may be past."""
    return (await db.execute(_next_due)).scalar()


async def expire_leases(db: AsyncConnection) -> None:
    """Make all queued audio due, as a process which has ended may have claimed it."""
    past = dt.datetime.fromtimestamp(0, tz=dt.UTC)
    await db.execute(update(audio).where(is_queued).values(due_at=past))


def _is_still_claimed(work: AudioWork) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which nobody else has claimed the audio since."""
    return is_queued, _row.extension_id == work.extension_id, _row.due_at == work.due_at


def _to_json(attachments: Sequence[Attachment]) -> str:
    return json.dumps([asdict(attachment) for attachment in attachments])


def _from_json(members: dict[str, Any]) -> Attachment:
    members |= {
        "outcome": AttachmentStatus(members["outcome"]),
        "starts": tuple(members["starts"]),
    }
    return Attachment(**members)

"""The audio that replies are to carry: wanted, claimed with a lease, done."""

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

# the loop asks this each time it wakes
_next_audio = select(func.min(_row.due_at)).where(is_queued)


async def enqueue(db: AsyncConnection, extension_id: int, due_at: dt.datetime) -> None:
    """Have the audio of an extension attached, from ``due_at`` on; also once more."""
    again = {"is_wanted": True, "due_at": due_at, "failures": 0}
    statement = insert(db, audio).values(extension_id=extension_id, attachments="[]", **again)
    await db.execute(
        statement.on_conflict_do_update(index_elements=[_row.extension_id], set_=again)
    )


async def claim(
    db: AsyncConnection, *, now: dt.datetime, lease_until: dt.datetime, limit: int
) -> list[AudioWork]:
    """Claim the audio that is due, the longest due first."""
    question = (
        select(_row.extension_id, _row.failures)
        .where(is_queued, _row.due_at <= now)
        .order_by(_row.due_at, _row.extension_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    due = [
        AudioWork(extension_id=extension_id, due_at=lease_until, failures=failures)
        for extension_id, failures in await db.execute(question)
    ]
    if due:
        ids = [work.extension_id for work in due]
        claimed = update(audio).where(_row.extension_id.in_(ids)).values(due_at=lease_until)
        await db.execute(claimed)
    return due


async def postpone(db: AsyncConnection, work: AudioWork, due_at: dt.datetime) -> None:
    """Note an attempt that failed, to be repeated at ``due_at``."""
    changes = {"failures": work.failures + 1, "due_at": due_at}
    await db.execute(update(audio).where(*_still_held(work)).values(changes))


async def finish(db: AsyncConnection, work: AudioWork, attachments: Sequence[Attachment]) -> None:
    """Note what became of it; a length that no provider told is known to the clips from now on."""
    done = {"is_wanted": False, "failures": 0, "attachments": _written(attachments)}
    if (await db.execute(update(audio).where(*_still_held(work)).values(done))).rowcount == 0:
        return
    for each in attachments:
        if each.duration is not None and not each.starts:
            await db.execute(
                update(clips)
                .where(
                    clips.c.extension_id == work.extension_id,
                    clips.c.clip_id == each.clip_id,
                    clips.c.duration.is_(None),
                )
                .values(duration=each.duration)
            )


async def attachments_of(db: AsyncConnection, extension_id: int) -> tuple[Attachment, ...]:
    """Return what the reply of an extension carries, and why it does not carry the rest."""
    question = select(_row.attachments).where(_row.extension_id == extension_id)
    written = (await db.execute(question)).scalar()
    return tuple(map(_read, json.loads(written))) if written else ()


async def next_audio(db: AsyncConnection) -> dt.datetime | None:
    """Return when the next audio is due."""
    return (await db.execute(_next_audio)).scalar()


async def expire_leases(db: AsyncConnection) -> None:
    """Let the claims of a process that is no more lapse."""
    past = dt.datetime.fromtimestamp(0, tz=dt.UTC)
    await db.execute(update(audio).where(is_queued).values(due_at=past))


def _still_held(work: AudioWork) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which the claim of ``work`` has not lapsed to someone else."""
    return is_queued, _row.extension_id == work.extension_id, _row.due_at == work.due_at


def _written(attachments: Sequence[Attachment]) -> str:
    return json.dumps([asdict(each) for each in attachments])


def _read(row: dict[str, Any]) -> Attachment:
    row |= {"outcome": AttachmentStatus(row["outcome"]), "starts": tuple(row["starts"])}
    return Attachment(**row)

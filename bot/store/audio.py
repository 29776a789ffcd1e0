"""The audio that replies are to carry: queued, claimed with a lease, pending, shown.

Queued work is claimed by an attacher, which stores what it prepared as pending uploads. An edit
shows them (`leases`), or puts the work back into the queue.
"""

import datetime as dt
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ColumnElement, exists, false, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.attachments import Attachment, AttachmentStatus, AudioWork, Upload, Uploads
from bot.store.column_types import failure_from_dict, failure_to_dict
from bot.store.connections import process_of
from bot.store.schema import audio, claimed_by, clips, extensions, insert, is_queued, processes

_row = audio.c
_NOT_PENDING: dict[str, object] = {"uploads": None, "uploads_revision": None}

# the loop asks this each time it wakes
_next_due = select(func.min(_row.due_at)).where(is_queued)


async def enqueue(db: AsyncConnection, extension_id: int, *, due_at: dt.datetime) -> None:
    """Queue the audio of an extension from ``due_at`` on, also a second time.

    Uploads that are pending are dropped: they are made anew.
    """
    again = {
        "is_queued": True,
        "due_at": due_at,
        "failures": 0,
        "size_limit": None,
        **_NOT_PENDING,
    }
    statement = insert(db, audio).values(extension_id=extension_id, attachments="[]", **again)
    await db.execute(
        statement.on_conflict_do_update(index_elements=[_row.extension_id], set_=again)
    )


async def claim(
    db: AsyncConnection,
    *,
    now: dt.datetime,
    lease_until: dt.datetime,
    limit: int,
    excluding: Collection[int] = (),
) -> list[AudioWork]:
    """Claim the audio that is due until ``lease_until``, the longest due first.

    ``excluding`` names the extensions that the caller still works on.
    """
    query = (
        select(_row.extension_id, _row.failures, _row.size_limit)
        .where(is_queued, _row.due_at <= now, _row.extension_id.not_in(excluding))
        .order_by(_row.due_at, _row.extension_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    due = [
        AudioWork(
            extension_id=extension_id,
            due_at=lease_until,
            failures=failures,
            size_limit=size_limit,
        )
        for extension_id, failures, size_limit in await db.execute(query)
    ]
    if due:
        ids = [work.extension_id for work in due]
        claimed = {"due_at": lease_until, "claimed_by": process_of(db)}
        await db.execute(update(audio).where(_row.extension_id.in_(ids)).values(claimed))
    return due


async def renew(
    db: AsyncConnection, work: AudioWork, *, lease_until: dt.datetime
) -> AudioWork | None:
    """Return the claim prolonged until ``lease_until``; None if it is lost."""
    prolonged = update(audio).where(*_is_still_claimed(work)).values(due_at=lease_until)
    if (await db.execute(prolonged)).rowcount == 0:
        return None
    return replace(work, due_at=lease_until)


async def postpone(db: AsyncConnection, work: AudioWork, *, due_at: dt.datetime) -> None:
    """Store that an attempt failed; the next one is due at ``due_at``."""
    changes = {"failures": work.failures + 1, "due_at": due_at}
    await db.execute(update(audio).where(*_is_still_claimed(work)).values(changes))


async def finish(db: AsyncConnection, work: AudioWork, uploads: Uploads) -> bool:
    """Store ``uploads`` as pending and raise the revision, so that an edit shows them.

    Returns whether the claim still held; if not, nothing is written.
    """
    is_held = update(audio).where(*_is_still_claimed(work)).values(is_queued=False)
    if (await db.execute(is_held)).rowcount == 0:
        return False
    raised = (
        update(extensions)
        .where(extensions.c.id == work.extension_id)
        .values(revision=extensions.c.revision + 1)
        .returning(extensions.c.revision)
    )
    revision = (await db.execute(raised)).scalar_one()
    pending = {"uploads": _uploads_to_json(uploads), "uploads_revision": revision}
    await db.execute(update(audio).where(_row.extension_id == work.extension_id).values(pending))
    return True


async def abandon(db: AsyncConnection, work: AudioWork) -> bool:
    """End claimed work without uploads; return whether the claim still held."""
    done = {"is_queued": False, "failures": 0}
    abandoned = update(audio).where(*_is_still_claimed(work)).values(done)
    return (await db.execute(abandoned)).rowcount > 0


async def pending_of(db: AsyncConnection, extension_id: int) -> tuple[Uploads | None, bool]:
    """Return the pending uploads of an extension, and whether its audio is still queued."""
    query = select(_row.uploads, _row.uploads_revision, _row.is_queued).where(
        _row.extension_id == extension_id
    )
    found = (await db.execute(query)).first()
    if found is None:
        return None, False
    written, revision, is_queued = found
    return (_uploads_from_json(written, revision) if written else None), is_queued


async def is_awaited(db: AsyncConnection, extension_id: int) -> bool:
    """Return whether the audio of an extension is yet to be attached."""
    uploads, is_queued = await pending_of(db, extension_id)
    return is_queued or uploads is not None


async def with_pending_uploads(db: AsyncConnection, extension_ids: Collection[int]) -> set[int]:
    """Return those of ``extension_ids`` whose uploads an edit has yet to show."""
    query = (
        select(_row.extension_id)
        .join(extensions, extensions.c.id == _row.extension_id)
        .where(
            _row.extension_id.in_(extension_ids),
            _row.uploads_revision.is_not(None),
            ~extensions.c.reply_unreachable,
        )
    )
    return set((await db.execute(query)).scalars())


async def settle(
    db: AsyncConnection, extension_id: int, uploads: Uploads, attachments: Sequence[Attachment]
) -> None:
    """Store that ``attachments`` are what the reply carries, unless ``uploads`` were dropped.

    A duration that no provider told is stored with its clip.
    """
    done = {"failures": 0, "attachments": _to_json(attachments), "size_limit": None}
    settled = (
        update(audio).where(*_still_pending(extension_id, uploads)).values(done | _NOT_PENDING)
    )
    if (await db.execute(settled)).rowcount == 0:
        return
    for each in attachments:
        if each.duration is not None and not each.starts:
            await db.execute(
                update(clips)
                .where(
                    clips.c.extension_id == extension_id,
                    clips.c.clip_id == each.clip_id,
                    clips.c.duration.is_(None),
                )
                .values(duration=each.duration)
            )


async def requeue(
    db: AsyncConnection,
    extension_id: int,
    uploads: Uploads,
    *,
    due_at: dt.datetime,
    size_limit: int | None,
    failures: int,
) -> None:
    """Drop pending ``uploads`` and queue the audio again, to be made for ``size_limit``."""
    again = {
        "is_queued": True,
        "due_at": due_at,
        "failures": _row.failures + failures,
        "size_limit": func.coalesce(size_limit, _row.size_limit),
        **_NOT_PENDING,
    }
    await db.execute(update(audio).where(*_still_pending(extension_id, uploads)).values(again))


async def attachments_of(db: AsyncConnection, extension_id: int) -> tuple[Attachment, ...]:
    """Return what the reply of an extension carries, and why it does not carry the rest."""
    query = select(_row.attachments).where(_row.extension_id == extension_id)
    written = (await db.execute(query)).scalar()
    return tuple(map(_from_json, json.loads(written))) if written else ()


async def next_due(db: AsyncConnection) -> dt.datetime | None:
    """Return when the next audio is due."""
    return (await db.execute(_next_due)).scalar()


async def expire_leases(db: AsyncConnection, *, of: Collection[int] | None = None) -> None:
    """Let the claims of processes that have ended lapse; None stands for all."""
    past = dt.datetime.fromtimestamp(0, tz=dt.UTC)
    await db.execute(update(audio).where(is_queued, claimed_by(audio, of)).values(due_at=past))


def lies_elsewhere(db: AsyncConnection, extension_id: Column[int]) -> ColumnElement[bool]:
    """Return the condition that an extension has uploads that lie at another living process."""
    own = process_of(db)
    if own is None:
        return false()
    return exists().where(
        _row.extension_id == extension_id,
        _row.uploads_revision.is_not(None),
        _row.claimed_by != own,
        _row.claimed_by.in_(select(processes.c.id)),
    )


def _is_still_claimed(work: AudioWork) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which the claim of ``work`` has not lapsed to someone else."""
    return is_queued, _row.extension_id == work.extension_id, _row.due_at == work.due_at


def _still_pending(extension_id: int, uploads: Uploads) -> tuple[ColumnElement[bool], ...]:
    return _row.extension_id == extension_id, _row.uploads_revision == uploads.revision


def _to_json(attachments: Sequence[Attachment]) -> str:
    return json.dumps([asdict(each) for each in attachments])


def _from_json(row: dict[str, Any]) -> Attachment:
    row |= {"outcome": AttachmentStatus(row["outcome"]), "starts": tuple(row["starts"])}
    return Attachment(**row)


def _uploads_to_json(uploads: Uploads) -> str:
    failure = uploads.failure and failure_to_dict(uploads.failure)
    members = asdict(uploads) | {"failure": failure}
    return json.dumps(members, default=str)  # paths are the only other type


def _uploads_from_json(written: str, revision: int) -> Uploads:
    row = json.loads(written)
    failure = row["failure"]
    return Uploads(
        attachments=tuple(map(_from_json, row["attachments"])),
        files=tuple(Upload(**file | {"path": Path(file["path"])}) for file in row["files"]),
        failure=failure and failure_from_dict(failure),
        limit=row["limit"],
        revision=revision,
    )

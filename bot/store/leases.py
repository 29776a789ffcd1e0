"""Leases: a loop claims rows until a certain time, and no other loop or process gets them before.

A claim is committed before its work begins. Processes that claim at the same time never wait for
each other: a row that one has locked is skipped by the others.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import Update, and_, case, func, literal, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.attachments import AudioWork, Uploads, with_uploads
from bot.domain.models import FINAL, Extension, Kind, ReplyRef, Status
from bot.store import audio as audio_queue
from bot.store import notifications, posts
from bot.store.connections import process_of
from bot.store.extensions import (
    OPEN_STATUSES,
    TRACKED_STATUSES,
    load,
    load_rows,
    save,
)
from bot.store.rows import changed_reply_row
from bot.store.schema import claimed_by, extensions, is_unpublished

_row = extensions.c

# Built once: the loops run them again and again, and to build them takes as long as to run them.
_next_due = select(func.min(_row.due_at)).where(
    _row.status.in_(OPEN_STATUSES), _row.provider.is_not(None)
)
_next_publish = select(func.min(_row.publish_at)).where(is_unpublished)


async def claim_due(
    db: AsyncConnection,
    provider: str,
    *,
    now: dt.datetime,
    lease_until: dt.datetime,
    limit: int = 200,
    excluding: Collection[int] = (),
    is_early: bool = False,
) -> list[Extension]:
    """Claim the tracked extensions that are due until ``lease_until``, the longest due first.

    Args:
        db: in a transaction that writes.
        provider: has them.
        now: until when they are due.
        lease_until: when the claim ends.
        limit: how many to claim at most.
        excluding: those that the caller still works on.
        is_early: whether ``now`` lies ahead. Then those are left out about which the provider could
            not be asked last time: it may want to be left alone.
    """
    is_patient = _row.failures == 0 if is_early else true()
    query = (
        select(extensions)
        .where(
            _row.status.in_(TRACKED_STATUSES),
            _row.provider == provider,
            _row.due_at <= now,
            _row.id.not_in(excluding),
            is_patient,
        )
        .order_by(_row.due_at, _row.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    due = await load_rows(db, query)
    if due:
        ids = [ext.id for ext in due]
        claimed = {"due_at": lease_until, "claimed_by": process_of(db)}
        await db.execute(update(extensions).where(_row.id.in_(ids)).values(claimed))
    return [replace(ext, due_at=lease_until) for ext in due]


async def unpublished(
    db: AsyncConnection, *, now: dt.datetime, limit: int = 200, excluding: Collection[int] = ()
) -> list[Extension]:
    """Return extensions whose reply shows an old revision and may be edited; claims none.

    Left out are those with files that lie at another process, which edits their replies.

    Final ones come first, then the longest due. ``excluding`` names those that the caller still
    works on.
    """
    query = (
        select(extensions)
        .where(
            is_unpublished,
            _row.publish_at <= now,
            _row.id.not_in(excluding),
            ~audio_queue.lies_elsewhere(db, _row.id),
        )
        .order_by(case((_row.status.in_(FINAL), 0), else_=1), _row.publish_at, _row.id)
        .limit(limit)
    )
    return await load_rows(db, query)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyEdit:
    """A reply claimed for one edit, with all that decides what it shows.

    Attributes:
        extension: as it is now.
        lease_until: when the claim lapses; it also identifies the claim.
        uploads: what the edit is to attach; None leaves the files of the reply alone.
        awaits_audio: whether its audio is still queued or being prepared.
        shown_digest: of the content that the reply shows; None if that is not certain.
    """

    extension: Extension
    lease_until: dt.datetime
    uploads: Uploads | None = None
    awaits_audio: bool = False
    shown_digest: str | None = None


async def claim_edit(
    db: AsyncConnection, extension_id: int, *, now: dt.datetime, lease_until: dt.datetime
) -> ReplyEdit | None:
    """Claim one unpublished reply for an edit; None if it needs none, or another has claimed it.

    From now until the edit is finished it is not certain what the reply shows.
    """
    is_claimable = and_(
        _row.id == extension_id,
        is_unpublished,
        _row.publish_at <= now,
        ~audio_queue.lies_elsewhere(db, _row.id),
    )
    unclaimed = select(_row.shown_digest).where(is_claimable).with_for_update(skip_locked=True)
    found = (await db.execute(unclaimed)).first()
    if found is None:
        return None
    claimed = update(extensions).where(_row.id == extension_id)
    await db.execute(
        claimed.values(publish_at=lease_until, shown_digest=None, edited_by=process_of(db))
    )
    [ext] = await load(db, _row.id == extension_id)
    uploads, awaits_audio = await audio_queue.pending_of(db, extension_id)
    return ReplyEdit(
        extension=ext,
        lease_until=lease_until,
        uploads=uploads,
        awaits_audio=awaits_audio,
        shown_digest=found.shown_digest,
    )


async def finish_edit(
    db: AsyncConnection,
    edit: ReplyEdit,
    reply: ReplyRef,
    *,
    now: dt.datetime,
    publish_at: dt.datetime,
    shown: Uploads | None,
    digest: str | None = None,
) -> None:
    """Store that ``reply`` shows the claimed revision, and is not edited before ``publish_at``.

    ``digest`` is of the content that it shows; None if that is not certain.

    Pending uploads are settled in the same transaction: the reply carries those of ``shown``, or
    none if no route to it was left. Only then does a splice end, so that no reply ever says
    complete without the song. Where the reply is, is stored even if the claim has lapsed.
    """
    ext = edit.extension
    await _save_reply(db, ext, reply)
    newest = case((_row.published < ext.revision, ext.revision), else_=_row.published)
    marked = _held(edit).values(
        published=newest, publish_failures=0, publish_at=publish_at, shown_digest=digest
    )
    if (await db.execute(marked)).rowcount == 0 or edit.uploads is None:
        return
    attachments = shown.attachments if shown else ()
    await audio_queue.settle(db, ext.id, edit.uploads, attachments)
    await _end_splice(db, ext.id, shown or edit.uploads, now)


async def release_edit(
    db: AsyncConnection,
    edit: ReplyEdit,
    reply: ReplyRef,
    *,
    publish_at: dt.datetime,
    failures: int | None = None,
) -> None:
    """Give up the claim without an edit, and store what was learned of the reply.

    ``failures`` is the number of failed edits from now on; None leaves it.
    """
    await _save_reply(db, edit.extension, reply)
    counted = {} if failures is None else {"publish_failures": failures}
    await db.execute(_held(edit).values({"publish_at": publish_at, **counted}))


async def postpone_edit(
    db: AsyncConnection, edit: ReplyEdit, *, publish_at: dt.datetime, is_counted: bool = True
) -> None:
    """Store that an edit failed; it is repeated at ``publish_at``."""
    failures = _row.publish_failures + int(is_counted)
    await db.execute(_held(edit).values(publish_failures=failures, publish_at=publish_at))


async def requeue_uploads(
    db: AsyncConnection,
    edit: ReplyEdit,
    uploads: Uploads,
    *,
    now: dt.datetime,
    due_at: dt.datetime,
    size_limit: int | None = None,
    failures: int = 0,
) -> None:
    """Drop the pending ``uploads`` of a claimed edit, give up the claim, and queue the audio again.

    If the uploads were all that was new, the reply needs no edit until they are made again.

    Args:
        db: the connection.
        edit: the claim.
        uploads: its uploads.
        now: the time.
        due_at: when to make them again.
        size_limit: bytes that one file may have; None keeps the limit that is known.
        failures: 1 if this counts as a failed attempt.
    """
    ext = edit.extension
    await audio_queue.requeue(
        db, ext.id, uploads, due_at=due_at, size_limit=size_limit, failures=failures
    )
    is_all_that_is_new = ext.revision == uploads.revision == ext.published + 1
    seen = {"published": ext.revision} if is_all_that_is_new else {}
    await db.execute(_held(edit).values({"publish_at": now, **seen}))


async def abandon_audio(
    db: AsyncConnection, work: AudioWork, uploads: Uploads, *, now: dt.datetime
) -> None:
    """End claimed audio work whose reply is unreachable; a splice ends as ``uploads`` say."""
    if await audio_queue.abandon(db, work):
        await _end_splice(db, work.extension_id, uploads, now)


async def record_first_reply(
    db: AsyncConnection,
    ext: Extension,
    reply: ReplyRef,
    *,
    lease_until: dt.datetime,
    publish_at: dt.datetime,
    digest: str | None = None,
) -> None:
    """Store that ``reply`` shows ``ext``; it is not edited before ``publish_at``.

    ``digest`` is of the content that it shows; None if that is not certain.

    An extension is accepted with its reply claimed, until ``lease_until``, for the first reply. If
    that claim has lapsed and an edit has claimed the reply, the claim of the edit stays.
    """
    await _save_reply(db, ext, reply)
    newest = case((_row.published < ext.revision, ext.revision), else_=_row.published)
    later = literal(publish_at, _row.publish_at.type)
    is_held = _row.publish_at == lease_until
    free_at = case((is_held, later), else_=_row.publish_at)
    known = case((is_held, literal(digest, _row.shown_digest.type)), else_=_row.shown_digest)
    await db.execute(
        update(extensions)
        .where(_row.id == ext.id)
        .values(published=newest, publish_failures=0, publish_at=free_at, shown_digest=known)
    )


async def next_due(db: AsyncConnection) -> dt.datetime | None:
    """Return when the next open extension is due."""
    return (await db.execute(_next_due)).scalar()


async def next_publish(db: AsyncConnection) -> dt.datetime | None:
    """Return when the next reply may be brought up to date."""
    return (await db.execute(_next_publish)).scalar()


async def expire_leases(db: AsyncConnection, *, of: Collection[int] | None = None) -> None:
    """Make everything due that processes which have ended had claimed; None stands for all.

    No clock is asked: claimed rows become due at a time that is certainly past. So does what such a
    process claimed last and had done: to look at it once too often costs little.
    """
    past = func.coalesce(_row.submitted_at, _row.created_at)
    is_claimed = _row.status.in_((Status.SUBMITTING, *TRACKED_STATUSES))
    claimed = update(extensions).where(is_claimed, claimed_by(extensions, of))
    await db.execute(claimed.values(due_at=past))
    await audio_queue.expire_leases(db, of=of)
    edited = update(extensions).where(is_unpublished, claimed_by(extensions, of, "edited_by"))
    await db.execute(edited.values(publish_at=_row.created_at))
    await posts.expire_leases(db, of=of)
    if of is None:  # of other processes' notifications the leases lapse by themselves
        await notifications.expire_leases(db)


def _held(edit: ReplyEdit) -> Update:
    """Return an update of the row of ``edit`` if its claim has not lapsed to another."""
    return update(extensions).where(
        _row.id == edit.extension.id, _row.publish_at == edit.lease_until
    )


async def _save_reply(db: AsyncConnection, ext: Extension, reply: ReplyRef) -> None:
    """Write what was learned of the reply; a press may have renewed its token meanwhile."""
    learned = changed_reply_row(ext.reply, reply)
    if learned:
        await db.execute(update(extensions).where(_row.id == ext.id).values(learned))


async def _end_splice(
    db: AsyncConnection, extension_id: int, uploads: Uploads, now: dt.datetime
) -> None:
    """Give a splice its final status; its row is locked by this transaction already."""
    [ext] = await load_rows(db, select(extensions).where(_row.id == extension_id).with_for_update())
    if ext.kind is Kind.SPLICE:
        await save(db, with_uploads(ext, uploads, now=now), was=ext)

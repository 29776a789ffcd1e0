"""Who is to be told that an extension has ended: requested, claimed with a lease, told.

All members of one extension are claimed together, once its reply shows its final status and, if it
is complete, its audio or why there is none.
"""

import datetime as dt
from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import (
    and_,
    delete,
    exists,
    literal,
    not_,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.models import FINAL, Extension
from bot.domain.notifications import Notification
from bot.store.extensions import load_rows
from bot.store.schema import audio, extensions, insert, notifications, preferences

_row, _ext = notifications.c, extensions.c
_PAST = dt.datetime.fromtimestamp(0, dt.UTC)

_awaits_audio = exists().where(
    audio.c.extension_id == _ext.id,
    or_(audio.c.is_queued, audio.c.uploads_revision.is_not(None)),
)
# Without a route to show it by, a final status is published and not shown.
_has_ended = and_(
    _ext.status.in_(FINAL),
    or_(
        _ext.reply_unreachable,
        and_(
            or_(_ext.reply_final_shown, _ext.published >= _ext.revision),
            not_(_awaits_audio),
        ),
    ),
)
# Built once: the loop asks this each time it wakes. No join: SQLite would begin it with all
# extensions that have ended.
_next_due = (
    select(_row.due_at)
    .where(exists().where(_ext.id == _row.extension_id, _has_ended))
    .order_by(_row.due_at)
    .limit(1)
)


class RequestResult(NamedTuple):
    """What came of a member's request.

    Attributes:
        extension: as it is; if its status is final, nothing was stored.
        is_new: whether the member had not asked before.
        is_always: whether the member always wants to be told.
    """

    extension: Extension
    is_new: bool
    is_always: bool


async def request(
    db: AsyncConnection, extension_id: int, member_id: int, *, now: dt.datetime
) -> RequestResult | None:
    """Store that a member is to be told when an extension has ended; None if it is unknown.

    Nothing is stored once its status is final, so that the members of a claim stay the same.
    """
    query = select(extensions).where(_ext.id == extension_id).with_for_update()
    ext = next(iter(await load_rows(db, query)), None)
    if ext is None:
        return None
    always = select(preferences.c.always_notify).where(preferences.c.member_id == member_id)
    is_always = bool((await db.execute(always)).scalar())
    if ext.status.is_final:
        return RequestResult(ext, is_new=False, is_always=is_always)
    key = (_row.extension_id == extension_id, _row.member_id == member_id)
    known = update(notifications).where(*key).values(is_standing=False)
    is_new = (await db.execute(known)).rowcount == 0
    if is_new:
        values = {"is_standing": False, "due_at": now, "failures": 0}
        new = insert(db, notifications).values(
            extension_id=extension_id, member_id=member_id, **values
        )
        await db.execute(new)
    return RequestResult(ext, is_new=is_new, is_always=is_always)


async def request_if_always(db: AsyncConnection, ext: Extension) -> None:
    """Store that the member of a new ``ext`` is to be told, if they always want to be."""
    values = select(
        literal(ext.id, _row.extension_id.type),
        preferences.c.member_id,
        true(),
        literal(ext.created_at, _row.due_at.type),
        literal(0),
    ).where(preferences.c.member_id == ext.member_id, preferences.c.always_notify)
    names = ["extension_id", "member_id", "is_standing", "due_at", "failures"]
    await db.execute(insert(db, notifications).from_select(names, values))


async def withdraw(db: AsyncConnection, extension_id: int, member_id: int) -> None:
    """Store that a member is not to be told of an extension."""
    await db.execute(
        delete(notifications).where(_row.extension_id == extension_id, _row.member_id == member_id)
    )


async def set_always_notify(db: AsyncConnection, member_id: int, *, always: bool) -> None:
    """Store whether a member is to be told of each extension that they ask for from now on.

    If not, they are not told of the earlier ones either, unless they asked for one by itself.
    """
    statement = insert(db, preferences).values(member_id=member_id, always_notify=always)
    await db.execute(
        statement.on_conflict_do_update(
            index_elements=[preferences.c.member_id], set_={"always_notify": always}
        )
    )
    if not always:
        await db.execute(delete(notifications).where(_row.member_id == member_id, _row.is_standing))


async def claim(
    db: AsyncConnection,
    *,
    now: dt.datetime,
    lease_until: dt.datetime,
    limit: int,
    excluding: Collection[int] = (),
) -> list[Notification]:
    """Claim the members to be told of extensions that have ended until ``lease_until``.

    ``excluding`` names the extensions that the caller still works on.
    """
    requested = select(_row.extension_id).where(_row.due_at <= now)
    query = (
        select(extensions)
        .where(_ext.id.in_(requested), _has_ended, _ext.id.not_in(excluding))
        .order_by(_ext.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ended = await load_rows(db, query)
    if not ended:
        return []
    claimed = (
        update(notifications)
        .where(_row.extension_id.in_([ext.id for ext in ended]), _row.due_at <= now)
        .values(due_at=lease_until)
        .returning(_row.extension_id, _row.member_id, _row.is_standing, _row.failures)
    )
    rows = sorted(tuple(row) for row in await db.execute(claimed))
    found = ((ext, [row[1:] for row in rows if row[0] == ext.id]) for ext in ended)
    return [
        Notification(
            extension=ext,
            requested_by=tuple(member for member, is_standing, _ in members if not is_standing),
            standing_for=tuple(member for member, is_standing, _ in members if is_standing),
            due_at=lease_until,
            failures=max(failures for _, _, failures in members),
        )
        for ext, members in found
        if members
    ]


async def finish(
    db: AsyncConnection, notification: Notification, member_ids: Collection[int]
) -> None:
    """Store that these members of a claim have been told, or can't be."""
    await db.execute(
        delete(notifications).where(
            _row.extension_id == notification.extension.id,
            _row.member_id.in_(member_ids),
            _row.due_at == notification.due_at,
        )
    )


async def postpone(
    db: AsyncConnection,
    notification: Notification,
    member_ids: Collection[int],
    *,
    due_at: dt.datetime,
) -> None:
    """Store that these members of a claim were not told, not even if that was stored before.

    The next attempt is due at ``due_at``.
    """
    failures = notification.failures + 1
    rows = [
        {
            "extension_id": notification.extension.id,
            "member_id": member_id,
            "is_standing": member_id in notification.standing_for,
            "due_at": due_at,
            "failures": failures,
        }
        for member_id in member_ids
    ]
    statement = insert(db, notifications).on_conflict_do_update(
        index_elements=[_row.extension_id, _row.member_id],
        set_={"due_at": due_at, "failures": failures},
        where=_row.due_at == notification.due_at,
    )
    await db.execute(statement, rows)


async def next_due(db: AsyncConnection) -> dt.datetime | None:
    """Return when members are to be told next of an extension that has ended."""
    return (await db.execute(_next_due)).scalar()


async def expire_leases(db: AsyncConnection) -> None:
    """Let the claims of a process that has ended lapse."""
    await db.execute(update(notifications).values(due_at=_PAST))

"""What is in progress of a member and in a channel, with places in line."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.library import Viewer
from bot.domain.models import Extension, Status
from bot.domain.queue import MAX_ENTRIES, Queue, QueueEntry
from bot.store.extensions import load_rows
from bot.store.schema import extensions, is_open

_row = extensions.c
_before = extensions.alias("before")
_queue_position = (
    select(func.count() + 1)
    .where(
        _before.c.status == Status.WAITING,
        _before.c.provider == _row.provider,
        _before.c.id < _row.id,
    )
    .correlate(extensions)
    .scalar_subquery()
    .label("queue_position")
)


async def queue(db: AsyncConnection, viewer: Viewer) -> Queue:
    """Return what is in progress of a member, and of others in the member's channel."""
    own = await _oldest(db, _row.member_id == viewer.member_id)
    others = await _oldest(
        db,
        and_(
            _row.reply_channel_id == viewer.channel_id,
            _row.member_id != viewer.member_id,
            ~_row.reply_is_ephemeral,
        ),
    )
    positions = await _positions(db, [*own, *others])
    return Queue(
        viewer=viewer,
        own=tuple(QueueEntry(ext, positions.get(ext.id)) for ext in own),
        others=tuple(QueueEntry(ext, positions.get(ext.id)) for ext in others),
    )


async def _oldest(db: AsyncConnection, condition: ColumnElement[bool]) -> list[Extension]:
    query = select(extensions).where(is_open, condition).order_by(_row.id).limit(MAX_ENTRIES + 1)
    return await load_rows(db, query)


async def _positions(db: AsyncConnection, exts: Sequence[Extension]) -> dict[int, int]:
    """Return the place in line of each of ``exts`` that waits, by its id."""
    waiting = [ext.id for ext in exts if ext.status is Status.WAITING]
    query = select(_row.id, _queue_position).where(_row.id.in_(waiting))
    return {row.id: row.queue_position for row in await db.execute(query)}

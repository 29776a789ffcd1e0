"""How much there is to do: extensions in progress, and the rows that each loop has to work on."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.models import Status
from bot.store.extensions import OPEN_STATUSES
from bot.store.schema import (
    audio,
    drafts,
    extensions,
    is_queued,
    is_unpublished,
    is_unpublished_post,
    posts,
)

_in_progress = (
    select(extensions.c.provider, extensions.c.status, func.count())
    .where(extensions.c.status.in_(OPEN_STATUSES))
    .group_by(extensions.c.provider, extensions.c.status)
)
_QUEUES = {
    "replies": select(func.count()).select_from(extensions).where(is_unpublished),
    "audio": select(func.count()).select_from(audio).where(is_queued),
    "boards": select(func.count()).select_from(posts).where(is_unpublished_post),
    "drafts": select(func.count()).select_from(drafts),
}


@dataclass(frozen=True, slots=True)
class Workload:
    """What there is to do at one moment.

    Attributes:
        in_progress: number of extensions that are not final, by provider and status. Those that
            Encore joins itself have no provider.
        queued: number of rows by queue: ``replies`` to be edited, ``audio`` to be attached,
            ``boards`` of sessions to be edited, and ``drafts`` that are kept.
    """

    in_progress: Mapping[tuple[str, Status], int]
    queued: Mapping[str, int]


async def workload(db: AsyncConnection) -> Workload:
    """Return what there is to do now."""
    rows = (await db.execute(_in_progress)).all()
    queued = {name: (await db.execute(query)).scalar_one() for name, query in _QUEUES.items()}
    return Workload({(row[0], row[1]): row[2] for row in rows}, queued)

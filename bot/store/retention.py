"""What is old and serves nobody any more goes, a little in each transaction.

Requests that made something to hear are the library, and stay unless the operator limits that.
"""

import datetime as dt

from sqlalchemy import ColumnElement, and_, delete, exists, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.budgets import Period
from bot.store.schema import (
    audio,
    clips,
    drafts,
    extensions,
    has_token_of_post,
    has_token_of_reply,
    is_not_complete,
    is_running,
    notifications,
    posts,
    proposals,
    rounds,
    sessions,
    votes,
)

DRAFT_LIFETIME = dt.timedelta(days=7)
EXPIRED_TOKEN_LIFETIME = dt.timedelta(hours=1)
FAILED_LIFETIME = dt.timedelta(days=90)
BATCH = 200  # extensions or sessions in one transaction

_row = extensions.c
_other = extensions.alias("other")
OWNED_BY_EXTENSION = (clips, audio, notifications)  # go with their extension
_made_clips = select(clips.c.clip_id).where(clips.c.extension_id == _row.id).correlate(extensions)
# what keeps an extension: another one that goes on from its clips or repeats it, and sessions
_is_needed = or_(
    exists().where(_other.c.clip_id.in_(_made_clips), _other.c.id != _row.id),
    exists().where(_other.c.retake_of == _row.id),
    exists().where(rounds.c.extension_id == _row.id),
    exists().where(sessions.c.song_id == _row.id),
)


async def forget(
    db: AsyncConnection, *, now: dt.datetime, keep: dt.timedelta | None, batch: int = BATCH
) -> bool:
    """Delete what is too old, up to ``batch`` extensions and sessions.

    Args:
        db: the connection.
        now: the time.
        keep: how long finished extensions and sessions are kept; None is for ever. Those without
            audio are kept for `FAILED_LIFETIME` at most, and none goes in the month in which it
            was asked for.
        batch: how many of either.

    Returns:
        Whether there may be more.
    """
    await db.execute(delete(drafts).where(drafts.c.created_at < now - DRAFT_LIFETIME))
    await _forget_tokens(db, now - EXPIRED_TOKEN_LIFETIME)
    failed_lifetime = min(FAILED_LIFETIME, keep or FAILED_LIFETIME)
    has_failed = and_(is_not_complete, _row.finished_at < now - failed_lifetime)
    # What has not ended has no end; a condition on each status would keep SQLite from the indexes.
    # Budgets count what was asked for in this month.
    of_earlier_month = _row.created_at < Period.MONTH.start(now)
    gone = await _forget_extensions(db, and_(has_failed, of_earlier_month), batch)
    if keep is None:
        return gone
    is_old = and_(_row.finished_at < now - keep, of_earlier_month)
    return any(
        (
            await _forget_sessions(db, now - keep, batch),
            await _forget_extensions(db, is_old, batch),
            gone,
        )
    )


async def _forget_tokens(db: AsyncConnection, before: dt.datetime) -> None:
    """Blank the tokens that expired or were refused; each may let its holder write a reply."""
    for table, has_token in ((extensions, has_token_of_reply), (posts, has_token_of_post)):
        expires_at = table.c.reply_token_expires_at
        has_expired = and_(has_token, or_(expires_at < before, expires_at.is_(None)))
        await db.execute(update(table).where(has_expired).values(reply_token=""))


async def _forget_extensions(db: AsyncConnection, is_old: ColumnElement[bool], batch: int) -> bool:
    """Delete extensions that nothing needs, with all that is theirs; return whether there were.

    The oldest go first, in the order of an index: in another order all that are old are read.
    """
    oldest_first = select(_row.id).where(is_old, not_(_is_needed)).order_by(_row.finished_at)
    old = oldest_first.limit(batch)
    ids = (await db.execute(old)).scalars().all()
    for table in OWNED_BY_EXTENSION:
        await db.execute(delete(table).where(table.c.extension_id.in_(ids)))
    await db.execute(delete(extensions).where(_row.id.in_(ids)))
    return bool(ids)


async def _forget_sessions(db: AsyncConnection, before: dt.datetime, batch: int) -> bool:
    """Delete sessions that are over, with all that is theirs; return whether there were any."""
    is_old = and_(not_(is_running), sessions.c.finished_at < before)
    old = select(sessions.c.id).where(is_old).order_by(sessions.c.finished_at).limit(batch)
    ids = (await db.execute(old)).scalars().all()
    of_session = select(rounds.c.id).where(rounds.c.session_id.in_(ids))
    for table in (votes, proposals):
        await db.execute(delete(table).where(table.c.round_id.in_(of_session)))
    for table in (rounds, posts):
        await db.execute(delete(table).where(table.c.session_id.in_(ids)))
    await db.execute(delete(sessions).where(sessions.c.id.in_(ids)))
    return bool(ids)

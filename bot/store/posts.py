"""Posts: the messages that sessions keep up to date, and the claims of their edits.

The rules are those of the replies of extensions (see `leases`). All posts of a session have
different keys.
"""

import datetime as dt
from collections.abc import Collection, Iterable
from functools import cache

from sqlalchemy import Case, ColumnElement, Update, case, func, select, update
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.models import ReplyRef
from bot.domain.sessions.models import Post, PostKey
from bot.domain.sessions.posts import CARD
from bot.store import session_rows
from bot.store.connections import process_of
from bot.store.rows import changed_reply_row, reply_row
from bot.store.schema import claimed_by, insert_in, is_unpublished_post, posts
from bot.store.session_rows import post_key_row, post_row

_row = posts.c
_PAST = dt.datetime.fromtimestamp(0, dt.UTC)

# Built once: it is run each time the loop wakes.
_next_post = select(func.min(_row.publish_at)).where(is_unpublished_post)


async def create_or_raise(db: AsyncConnection, new: Iterable[Post]) -> None:
    """Insert posts; of one whose key the session has already, raise the revision, nothing else."""
    rows = [post_row(post) for post in new]
    if rows:
        await db.execute(_upsert(db.dialect.name), rows)


@cache
def _upsert(dialect: str) -> Insert:
    """Return the statement of `create_or_raise`, built once: that takes longer than to run it."""
    key = [_row.session_id, _row.kind, _row.round_number, _row.proposal_number]
    return insert_in(dialect, posts).on_conflict_do_update(
        index_elements=key, set_={"revision": _row.revision + 1}
    )


async def raise_posts(db: AsyncConnection, session_id: int, keys: Iterable[PostKey]) -> None:
    """Raise the revision of those posts of a session that exist: they show something new."""
    for key in keys:
        raised = update(posts).where(*_is(session_id, key)).values(revision=_row.revision + 1)
        await db.execute(raised)


async def post_of(db: AsyncConnection, session_id: int, key: PostKey) -> Post | None:
    """Return a post by its key."""
    query = select(posts).where(*_is(session_id, key))
    row = (await db.execute(query)).mappings().first()
    return None if row is None else session_rows.post_of(row)


async def card_of(db: AsyncConnection, session_id: int) -> Post | None:
    """Return the card of a session."""
    return await post_of(db, session_id, CARD)


async def posts_of(db: AsyncConnection, session_id: int) -> list[Post]:
    """Return all posts of a session, oldest first."""
    query = select(posts).where(_row.session_id == session_id).order_by(_row.id)
    return [session_rows.post_of(row) for row in (await db.execute(query)).mappings()]


async def unpublished_posts(
    db: AsyncConnection, *, now: dt.datetime, limit: int = 200, excluding: Collection[int] = ()
) -> list[Post]:
    """Return posts that show an old revision and may be edited, longest due first; claims none.

    ``excluding`` names those that the caller still works on.
    """
    query = (
        select(posts)
        .where(is_unpublished_post, _row.publish_at <= now, _row.id.not_in(excluding))
        .order_by(_row.publish_at, _row.id)
        .limit(limit)
    )
    return [session_rows.post_of(row) for row in (await db.execute(query)).mappings()]


async def next_post(db: AsyncConnection) -> dt.datetime | None:
    """Return when the next post may be brought up to date."""
    return (await db.execute(_next_post)).scalar()


async def claim_post(
    db: AsyncConnection, post_id: int, *, now: dt.datetime, lease_until: dt.datetime
) -> Post | None:
    """Claim one unpublished post for an edit; None if it needs none or is claimed already.

    The claim is identified by when it lapses, the post's `publish_at`.
    """
    statement = (
        update(posts)
        .where(_row.id == post_id, is_unpublished_post, _row.publish_at <= now)
        .values(publish_at=lease_until, edited_by=process_of(db))
        .returning(posts)
    )
    row = (await db.execute(statement)).mappings().first()
    return None if row is None else session_rows.post_of(row)


async def finish_post(
    db: AsyncConnection, post: Post, reply: ReplyRef, *, publish_at: dt.datetime
) -> None:
    """Store that ``reply`` shows the claimed revision, and is not edited before ``publish_at``.

    Where the message is, is stored even if the claim has lapsed.
    """
    await _save_reply(db, post, reply)
    await db.execute(
        _held(post).values(published=_newest(post), publish_failures=0, publish_at=publish_at)
    )


async def release_post(
    db: AsyncConnection, post: Post, reply: ReplyRef, *, publish_at: dt.datetime
) -> None:
    """Give up the claim without an edit, and store what was learned of the message."""
    await _save_reply(db, post, reply)
    await db.execute(_held(post).values(publish_at=publish_at))


async def postpone_post(db: AsyncConnection, post: Post, *, publish_at: dt.datetime) -> None:
    """Store that an edit failed; it is repeated at ``publish_at``."""
    failures = _row.publish_failures + 1
    await db.execute(_held(post).values(publish_failures=failures, publish_at=publish_at))


async def retry_posts(db: AsyncConnection, session_id: int, *, now: dt.datetime) -> None:
    """Make the posts of a session due whose edits have failed: they may succeed now."""
    has_failed = _row.publish_failures > 0
    failed = update(posts).where(_row.session_id == session_id, is_unpublished_post, has_failed)
    await db.execute(failed.values(publish_at=now))


async def record_first_post(
    db: AsyncConnection,
    session_id: int,
    key: PostKey,
    reply: ReplyRef,
    *,
    publish_at: dt.datetime,
) -> None:
    """Store that ``reply`` shows a new post; it is not edited before ``publish_at``.

    What has changed since it was new is shown by the next edit. If an edit was faster, nothing is
    stored: the post has a message already.
    """
    first = update(posts).where(*_is(session_id, key), _row.published == 0)
    shown = {"published": 1, "publish_failures": 0, "publish_at": publish_at}
    await db.execute(first.values(shown | reply_row(reply)))


async def expire_leases(db: AsyncConnection, *, of: Collection[int] | None = None) -> None:
    """Make every post due that processes which have ended had claimed; None stands for all."""
    claimed = update(posts).where(is_unpublished_post, claimed_by(posts, of, "edited_by"))
    await db.execute(claimed.values(publish_at=_PAST))


def _is(session_id: int, key: PostKey) -> list[ColumnElement[bool]]:
    columns = [_row[name] == value for name, value in post_key_row(key).items()]
    return [_row.session_id == session_id, *columns]


def _newest(post: Post) -> Case[int]:
    """Return the later of the revision that is published and that of ``post``."""
    return case((_row.published < post.revision, post.revision), else_=_row.published)


def _held(post: Post) -> Update:
    """Return an update of the row of ``post`` if its claim has not lapsed to another."""
    return update(posts).where(_row.id == post.id, _row.publish_at == post.publish_at)


async def _save_reply(db: AsyncConnection, post: Post, reply: ReplyRef) -> None:
    """Write what was learned of the message."""
    learned = changed_reply_row(post.reply, reply)
    if learned:
        await db.execute(update(posts).where(_row.id == post.id).values(learned))

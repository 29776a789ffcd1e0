"""Posts: the messages that sessions keep up to date, and the claims of their edits.

The rules are those of the replies of extensions (see `leases`). All posts of a session have
different keys.
"""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Case, Update, bindparam, case, func, literal, select, update
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.models import ReplyRef
from bot.domain.sessions.models import Post, PostKey
from bot.store import session_rows
from bot.store.rows import changed_reply_row
from bot.store.schema import insert_in, is_unpublished_post, posts
from bot.store.session_rows import post_key_row, post_row

_row = posts.c
_PAST = dt.datetime.fromtimestamp(0, dt.UTC)

# Built once: they are run for each change, or each time the loop wakes.
_next_post = select(func.min(_row.publish_at)).where(is_unpublished_post)
_raise = (
    update(posts)
    .where(
        _row.session_id == bindparam("in_session"),
        _row.kind == bindparam("of_kind"),
        _row.round_number == bindparam("of_round"),
        _row.proposal_number == bindparam("of_proposal"),
    )
    .values(revision=_row.revision + 1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostEdit:
    """A post claimed for one edit.

    Attributes:
        post: as it is now.
        lease_until: when the claim lapses; it also identifies the claim.
    """

    post: Post
    lease_until: dt.datetime


async def create_or_raise(db: AsyncConnection, new: Iterable[tuple[Post, dt.datetime]]) -> None:
    """Insert posts, each with the time from which on it is published.

    One whose key the session has already keeps its message, and its revision is raised.
    """
    rows = [post_row(post, publish_at) for post, publish_at in new]
    if rows:
        await db.execute(_upsert(db.dialect.name), rows)


@cache
def _upsert(dialect: str) -> Insert:
    """Return the statement of `create_or_raise`, built once: that takes longer than to run it."""
    key = [_row.session_id, _row.kind, _row.round_number, _row.proposal_number]
    return insert_in(dialect, posts).on_conflict_do_update(
        index_elements=key, set_={"revision": _row.revision + 1}
    )


async def raise_posts(db: AsyncConnection, session_id: int, keys: Collection[PostKey]) -> None:
    """Raise the revision of those posts of a session that exist: they show something new."""
    parameters: list[dict[str, object]] = []
    for key in keys:
        columns = post_key_row(key)
        parameters.append(
            {
                "in_session": session_id,
                "of_kind": columns["kind"],
                "of_round": columns["round_number"],
                "of_proposal": columns["proposal_number"],
            }
        )
    if parameters:
        await db.execute(_raise, parameters)


async def post_of(db: AsyncConnection, session_id: int, key: PostKey) -> Post | None:
    """Return a post by its key."""
    columns = [_row[name] == value for name, value in post_key_row(key).items()]
    query = select(posts).where(_row.session_id == session_id, *columns)
    row = (await db.execute(query)).mappings().first()
    return None if row is None else session_rows.post_of(row)


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
) -> PostEdit | None:
    """Claim one unpublished post for an edit; None if it needs none or is claimed already."""
    statement = (
        update(posts)
        .where(_row.id == post_id, is_unpublished_post, _row.publish_at <= now)
        .values(publish_at=lease_until)
        .returning(posts)
    )
    row = (await db.execute(statement)).mappings().first()
    return (
        None if row is None else PostEdit(post=session_rows.post_of(row), lease_until=lease_until)
    )


async def finish_post(
    db: AsyncConnection, edit: PostEdit, reply: ReplyRef, *, publish_at: dt.datetime
) -> None:
    """Store that ``reply`` shows the claimed revision, and is not edited before ``publish_at``.

    Where the message is, is stored even if the claim has lapsed.
    """
    await _save_reply(db, edit.post, reply)
    await db.execute(
        _held(edit).values(published=_newest(edit.post), publish_failures=0, publish_at=publish_at)
    )


async def release_post(
    db: AsyncConnection,
    edit: PostEdit,
    reply: ReplyRef,
    *,
    publish_at: dt.datetime,
    failures: int | None = None,
) -> None:
    """Give up the claim without an edit, and store what was learned of the message.

    ``failures`` is the number of failed edits from now on; None leaves it.
    """
    await _save_reply(db, edit.post, reply)
    counted = {} if failures is None else {"publish_failures": failures}
    await db.execute(_held(edit).values({"publish_at": publish_at, **counted}))


async def postpone_post(
    db: AsyncConnection, edit: PostEdit, *, publish_at: dt.datetime, is_counted: bool = True
) -> None:
    """Store that an edit failed; it is repeated at ``publish_at``."""
    failures = _row.publish_failures + int(is_counted)
    await db.execute(_held(edit).values(publish_failures=failures, publish_at=publish_at))


async def record_first_post(
    db: AsyncConnection,
    post: Post,
    reply: ReplyRef,
    *,
    lease_until: dt.datetime,
    publish_at: dt.datetime,
) -> None:
    """Store that ``reply`` shows ``post``; it is not edited before ``publish_at``.

    A post that an interaction sends is stored with its edit claimed until ``lease_until``. If that
    claim has lapsed and an edit has claimed the post, the claim of the edit stays.
    """
    await _save_reply(db, post, reply)
    later = literal(publish_at, _row.publish_at.type)
    free_at = case((_row.publish_at == lease_until, later), else_=_row.publish_at)
    await db.execute(
        update(posts)
        .where(_row.id == post.id)
        .values(published=_newest(post), publish_failures=0, publish_at=free_at)
    )


async def expire_leases(db: AsyncConnection) -> None:
    """Make every post due that a process which has ended had claimed."""
    await db.execute(update(posts).where(is_unpublished_post).values(publish_at=_PAST))


def _newest(post: Post) -> Case[int]:
    """Return the later of the revision that is published and that of ``post``."""
    return case((_row.published < post.revision, post.revision), else_=_row.published)


def _held(edit: PostEdit) -> Update:
    """Return an update of the row of ``edit`` if its claim has not lapsed to another."""
    return update(posts).where(_row.id == edit.post.id, _row.publish_at == edit.lease_until)


async def _save_reply(db: AsyncConnection, post: Post, reply: ReplyRef) -> None:
    """Write what was learned of the message."""
    learned = changed_reply_row(post.reply, reply)
    if learned:
        await db.execute(update(posts).where(_row.id == post.id).values(learned))

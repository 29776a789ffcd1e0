"""Rows from the values of sessions, and values from rows.

As in `rows`, a column is named as the field that it keeps. Rounds are stored with the id of their
session, proposals and votes with that of their round, whose number has to be selected with them as
``round_number``.
"""

from typing import Any

from sqlalchemy import RowMapping

from bot.domain.models import ReplyRef
from bot.domain.sessions.models import Post, PostKey, Proposal, Round, Session, Totals, Vote
from bot.store.rows import columns_of, reply_row, row_of, value_of


def session_row(session: Session) -> dict[str, object]:
    """Return the columns of a session but for its id."""
    return _own(session, "id", "totals") | row_of(session.totals, "total_")


def round_row(each: Round) -> dict[str, object]:
    """Return the columns of a round but for its id and its session."""
    return _own(each, "id")


def proposal_row(proposal: Proposal) -> dict[str, object]:
    """Return the columns of a proposal but for its id and its round."""
    return _own(proposal, "id", "round_number")


def vote_row(vote: Vote) -> dict[str, object]:
    """Return the columns of a vote but for its round."""
    return _own(vote, "round_number")


def post_row(post: Post) -> dict[str, object]:
    """Return the columns of a post but for its id."""
    own = _own(post, "id", "key", "reply")
    return own | post_key_row(post.key) | reply_row(post.reply)


def post_key_row(key: PostKey) -> dict[str, object]:
    """Return the columns of the key of a post: numbers are 0 for none."""
    return {
        "kind": key.kind,
        "round_number": key.round_number or 0,
        "proposal_number": key.proposal_number or 0,
    }


def session_of(row: RowMapping, prefix: str = "") -> Session:
    """Return the session in ``row``, where its columns begin with ``prefix``."""
    totals = value_of(Totals, row, f"{prefix}total_")
    return Session(**_fields_of(Session, row, "totals", prefix=prefix), totals=totals)


def round_of(row: RowMapping) -> Round:
    """Return the round in ``row``."""
    return value_of(Round, row)


def proposal_of(row: RowMapping, prefix: str = "") -> Proposal:
    """Return the proposal in ``row``, where its columns begin with ``prefix``."""
    return value_of(Proposal, row, prefix)


def vote_of(row: RowMapping) -> Vote:
    """Return the vote in ``row``."""
    return value_of(Vote, row)


def post_of(row: RowMapping) -> Post:
    """Return the post in ``row``."""
    key = PostKey(row["kind"], row["round_number"] or None, row["proposal_number"] or None)
    return Post(
        **_fields_of(Post, row, "key", "reply"), key=key, reply=value_of(ReplyRef, row, "reply_")
    )


def _own(value: Session | Round | Proposal | Vote | Post, *excluding: str) -> dict[str, object]:
    return {
        name: getattr(value, name) for name, _ in columns_of(type(value)) if name not in excluding
    }


def _fields_of(
    cls: type[Session | Post], row: RowMapping, *excluding: str, prefix: str = ""
) -> dict[str, Any]:
    return {name: row[column] for name, column in columns_of(cls, prefix) if name not in excluding}

"""Sessions as a whole: started, loaded, changed. Each change is one transaction.

A change sees the session as it is: it locks the session's row first, and a vote shares that lock.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.budgets import BudgetUse
from bot.domain.models import Extension, ReplyRef
from bot.domain.sessions.models import (
    Change,
    DropReason,
    Post,
    PostKey,
    PostKind,
    Round,
    RoundStatus,
    Session,
    SessionState,
)
from bot.domain.sessions.posts import CARD, RECAP, changed_posts
from bot.domain.sessions.steps import resting_for_budget
from bot.store.acceptance import accept_session_part
from bot.store.clips import find_clip
from bot.store.connections import lock_ids
from bot.store.extensions import load
from bot.store.posts import create_or_raise, raise_posts, retry_posts
from bot.store.schema import extensions, insert, proposals, rounds, sessions, votes
from bot.store.session_queries import running_in_guild, session_in_channel
from bot.store.session_rows import (
    proposal_of,
    proposal_row,
    round_of,
    round_row,
    session_of,
    session_row,
    vote_of,
)
from bot.store.votes import delete_all_votes, delete_votes, session_totals, store_votes

_POSTING_ORDER = (
    PostKind.CARD,
    PostKind.RESULT,
    PostKind.PROPOSAL,
    PostKind.BOARD,
    PostKind.RECAP,
)
_ROUNDS_LOADED = 2  # the newest ones, with proposals and votes

# Built once: to build them takes longer than to run them.
_by_id = select(sessions).where(sessions.c.id == bindparam("session_id"))
_locked_by_id = _by_id.with_for_update()
_by_key = select(sessions).where(sessions.c.idempotency_key == bindparam("key"))
_rounds = (
    select(rounds).where(rounds.c.session_id == bindparam("session_id")).order_by(rounds.c.number)
)
_in_session = rounds.c.session_id == bindparam("session_id")
_is_loaded = rounds.c.number >= bindparam("since")
_proposals = (
    select(proposals, rounds.c.number.label("round_number"))
    .join(rounds, rounds.c.id == proposals.c.round_id)
    .where(_in_session, or_(_is_loaded, proposals.c.number == rounds.c.winner))
    .order_by(rounds.c.number, proposals.c.number)
)
_votes = (
    select(votes, rounds.c.number.label("round_number"))
    .join(rounds, rounds.c.id == votes.c.round_id)
    .where(_in_session, _is_loaded)
    .order_by(rounds.c.number, votes.c.ballot, votes.c.at, votes.c.member_id)
)


class Started(NamedTuple):
    """A stored session, and whether it is new."""

    state: SessionState
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningHere:
    """Nothing was started, because a session runs in the channel."""

    session_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManySessions:
    """Nothing was started, because too many sessions run in the server."""

    session_ids: tuple[int, ...]


async def start_session(
    db: AsyncConnection,
    change: Change,
    *,
    limit: int,
    now: dt.datetime,
    first_reply_until: dt.datetime,
) -> Started | RunningHere | TooManySessions:
    """Store a new session with its posts.

    Otherwise return the session that has its idempotency key, or why there may be no other. No two
    calls can both get the last place within the limit.

    Args:
        db: in a transaction that writes.
        change: the session, with the id 0.
        limit: how many sessions may run in the server; 0 is no limit.
        now: when its posts are published.
        first_reply_until: when those that the caller sends itself are published if it did not.
    """
    new = change.state.session
    await lock_ids(db, new.guild_id)
    running = await running_in_guild(db, new.guild_id)
    session_id: int | None = None
    if limit == 0 or len(running) < limit:
        statement = insert(db, sessions).on_conflict_do_nothing().returning(sessions.c.id)
        session_id = (await db.execute(statement, session_row(new))).scalar()
    if session_id is None:
        known = (await db.execute(_by_key, {"key": new.idempotency_key})).mappings().first()
        if known is not None:
            return Started(await _loaded(db, session_of(known)), is_new=False)
        here = await session_in_channel(db, new.channel_id)
        if here is not None:
            return RunningHere(session_id=here)
        return TooManySessions(session_ids=tuple(running))
    session = replace(new, id=session_id)
    state = replace(change.state, session=session)
    await _store_rows(db, SessionState(session=session, extensions={}), state)
    change = replace(change, state=state)
    await _store_posts(db, change, changed_posts(None, state), now, first_reply_until)
    return Started(await _loaded(db, session), is_new=True)


async def session_state(
    db: AsyncConnection, session_id: int, *, whole: bool = False
) -> SessionState | None:
    """Return a session with all that decides what happens next; None if it is unknown.

    ``whole`` adds the proposals and votes of all rounds. Votes of a session that is over are gone.
    """
    row = (await db.execute(_by_id, {"session_id": session_id})).mappings().first()
    return None if row is None else await _loaded(db, session_of(row), whole=whole)


async def change_session(
    db: AsyncConnection,
    session_id: int,
    decide: Callable[[SessionState], Change | None],
    *,
    now: dt.datetime,
    first_reply_until: dt.datetime,
) -> SessionState | None:
    """Store what ``decide`` makes of a session, and return it as stored.

    With it are stored the part that it requests, and what its posts have to show: a missing post
    is created, the revision of one that exists is raised. If a budget of the server is used up, no
    part is made and the session rests. A vote is moved only by a newer press. When the session is
    over, its votes are counted and deleted.

    Args:
        db: in a transaction that writes.
        session_id: of the session.
        decide: **a pure function**, as it may be called twice. It gets the session as it is, and
            returns None, or raises, to change nothing.
        now: when new posts are published and the part is shown.
        first_reply_until: when the posts that the caller sends itself are published if it did not.

    Returns:
        None if nothing was changed, or if the session is unknown.
    """
    row = (await db.execute(_locked_by_id, {"session_id": session_id})).mappings().first()
    if row is None:
        return None
    was = await _loaded(db, session_of(row))
    change = decide(was)
    if change is None:
        return None
    if change.request is not None:
        part = await accept_session_part(db, change.request, publish_at=now)
        change = (
            resting_for_budget(was, part, now)
            if isinstance(part, BudgetUse)
            else replace(change, state=_with_part(change.state, part))
        )
    new = change.state
    await _store_rows(db, was, new)
    session = replace(new.session, version=was.session.version + 1)
    if was.session.is_running and not session.is_running:
        session = replace(session, totals=await session_totals(db, session_id))
        await delete_all_votes(db, session_id)
    await db.execute(
        update(sessions).where(sessions.c.id == session_id).values(session_row(session))
    )
    await _store_posts(db, change, changed_posts(was, new), now, first_reply_until)
    if was.session.rests_since is not None and session.rests_since is None:
        await retry_posts(db, session_id, now=now)
    return await _loaded(db, session)


async def set_song(db: AsyncConnection, session_id: int, song_id: int) -> None:
    """Store which extension is the full song of a session; its card and its recap show it."""
    await db.execute(update(sessions).where(sessions.c.id == session_id).values(song_id=song_id))
    await raise_posts(db, session_id, (CARD, RECAP))


async def _loaded(db: AsyncConnection, session: Session, *, whole: bool = False) -> SessionState:
    parameters = {"session_id": session.id}
    all_rounds = tuple(map(round_of, (await db.execute(_rounds, parameters)).mappings()))
    since = 0 if whole else len(all_rounds) - _ROUNDS_LOADED + 1
    parameters = parameters | {"since": since}
    written = (await db.execute(_proposals, parameters)).mappings()
    cast = (await db.execute(_votes, parameters)).mappings()
    parts = await load(db, extensions.c.id.in_(_parts_to_load(all_rounds)))
    return SessionState(
        session=session,
        rounds=all_rounds,
        proposals=tuple(map(proposal_of, written)),
        votes=tuple(map(vote_of, cast)),
        extensions={part.id: part for part in parts},
        latest_clip=await find_clip(db, session.latest_clip_id),
    )


def _parts_to_load(all_rounds: Iterable[Round]) -> set[int]:
    """Return the ids of the parts that may still change the session.

    They are those of the busy round, of the last one that was sent, and those that failed, as
    they may be complete after all.
    """
    sent = [(each, each.extension_id) for each in all_rounds if each.extension_id is not None]
    return {part for _, part in sent[-1:]} | {
        part for each, part in sent if each.status.is_busy or each.drop_reason is DropReason.FAILED
    }


def _with_part(state: SessionState, part: Extension) -> SessionState:
    """Return the state with the part that it requested, as it was accepted."""
    with_part = tuple(
        replace(each, extension_id=part.id)
        if each.status is RoundStatus.MAKING and each.extension_id is None
        else each
        for each in state.rounds
    )
    return replace(state, rounds=with_part, extensions={**state.extensions, part.id: part})


async def _store_rows(db: AsyncConnection, was: SessionState, new: SessionState) -> None:
    """Write the rounds, proposals and votes in which ``new`` differs."""
    known = {each.number: each for each in was.rounds}
    round_ids = {each.number: each.id for each in was.rounds}
    for each in sorted(new.rounds, key=_writing_order):
        if each.number not in known:
            row = {"session_id": was.session.id, **round_row(each)}
            statement = insert(db, rounds).values(row).returning(rounds.c.id)
            round_ids[each.number] = (await db.execute(statement)).scalar_one()
        elif each != known[each.number]:
            changed = update(rounds).where(rounds.c.id == each.id).values(round_row(each))
            await db.execute(changed)
    written = {(each.round_number, each.number): each for each in was.proposals}
    for proposal in new.proposals:
        before = written.get((proposal.round_number, proposal.number))
        if before is None:
            row = {"round_id": round_ids[proposal.round_number], **proposal_row(proposal)}
            await db.execute(insert(db, proposals).values(row))
        elif proposal != before:
            changed = update(proposals).where(proposals.c.id == before.id)
            await db.execute(changed.values(proposal_row(proposal)))
    kept = {(vote.round_number, vote.ballot, vote.member_id) for vote in new.votes}
    old = (v for v in was.votes if (v.round_number, v.ballot, v.member_id) not in kept)
    await delete_votes(db, round_ids, old)
    await store_votes(db, round_ids, set(new.votes) - set(was.votes))


def _writing_order(each: Round) -> int:
    """Return the place of a round in which it meets no other that is still open or busy."""
    if each.status is RoundStatus.OPEN:
        return 2
    return 1 if each.status.is_busy else 0


async def _store_posts(
    db: AsyncConnection,
    change: Change,
    changed: Iterable[PostKey],
    now: dt.datetime,
    first_reply_until: dt.datetime,
) -> None:
    session = change.state.session
    channel_id = session.channel_id or session.card_channel_id
    usual = ReplyRef(channel_id=channel_id, guild_id=session.guild_id)
    await create_or_raise(
        db,
        [
            Post(
                session_id=session.id,
                key=key,
                reply=change.replies.get(key, usual),
                publish_at=first_reply_until if key in change.replies else now,
            )
            for key in sorted({*changed, *change.replies}, key=_posting_order)
        ],
    )


def _posting_order(key: PostKey) -> tuple[int, int, int]:
    """Return the place of a post among those that a change adds: what ends, then what begins."""
    return (_POSTING_ORDER.index(key.kind), key.round_number or 0, key.proposal_number or 0)

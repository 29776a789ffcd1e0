"""Votes of sessions: cast one at a time, without loading the session, as many come at once.

A vote is either counted or refused: it holds its session against changes until it is committed.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import RowMapping, bindparam, delete, select
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.sessions.models import (
    Ballot,
    Proposal,
    ProposalKind,
    RoundStatus,
    SessionStatus,
    Totals,
    Vote,
)
from bot.store.schema import insert_in, proposals, rounds, sessions, votes
from bot.store.session_rows import proposal_of, vote_row


@dataclass(frozen=True, slots=True, kw_only=True)
class CastVote:
    """What a vote was cast for.

    Attributes:
        session_id: of the session.
        round_number: of the round.
        proposal: what was voted for; None for a clip.
        ends_at: when the ballot ends; None while its clock does not run.
        is_counted: whether it is stored, or a newer vote of the member was; False if the ballot
            is over, or the proposal can't be voted for.
    """

    session_id: int
    round_number: int
    proposal: Proposal | None
    ends_at: dt.datetime | None
    is_counted: bool


# Built once: to build them takes longer than to run them.
_round_columns = (
    rounds.c.session_id,
    rounds.c.number.label("round_number"),
    rounds.c.status.label("round_status"),
    rounds.c.ends_at,
    sessions.c.status.label("session_status"),
)
# The locks let other votes in, but no change. The session comes first, as in a change, or each
# could wait for the other. The other rows are locked, too, because after waiting for a change
# PostgreSQL reads only locked rows anew.
_by_proposal = (
    select(proposals, *_round_columns)
    .join_from(proposals, rounds, rounds.c.id == proposals.c.round_id)
    .join(sessions, sessions.c.id == rounds.c.session_id)
    .where(proposals.c.id == bindparam("proposal"))
    .with_for_update(read=True, of=(sessions, rounds, proposals))
)
_by_round = (
    select(rounds.c.id.label("round_id"), *_round_columns)
    .join_from(rounds, sessions, sessions.c.id == rounds.c.session_id)
    .where(rounds.c.id == bindparam("round"))
    .with_for_update(read=True, of=(sessions, rounds))
)
_in_session = rounds.c.session_id == bindparam("in_session")
_proposals_of_session = (
    select(proposals.c.member_id, proposals.c.kind, proposals.c.listed_from)
    .join(rounds, rounds.c.id == proposals.c.round_id)
    .where(_in_session)
)
_votes_of_session = (
    select(votes.c.member_id).join(rounds, rounds.c.id == votes.c.round_id).where(_in_session)
)


_STATUSES: Mapping[Ballot, RoundStatus] = {
    Ballot.NEXT: RoundStatus.OPEN,
    Ballot.CLIP: RoundStatus.CHOOSING,
}
_delete = delete(votes).where(
    votes.c.round_id == bindparam("in_round"),
    votes.c.ballot == bindparam("in_ballot"),
    votes.c.member_id == bindparam("of_member"),
)


async def vote_for_proposal(
    db: AsyncConnection, proposal_id: int, *, member_id: int, interaction_id: int, now: dt.datetime
) -> CastVote | None:
    """Cast or move a member's vote in the ballot over proposals; None if there is no such one."""
    row = (await db.execute(_by_proposal, {"proposal": proposal_id})).mappings().first()
    if row is None:
        return None
    proposal = proposal_of(row)
    vote = Vote(
        round_number=proposal.round_number,
        ballot=Ballot.NEXT,
        member_id=member_id,
        choice=str(proposal.number),
        interaction_id=interaction_id,
        at=now,
    )
    return await _cast(db, row, vote, proposal)


async def vote_for_clip(
    db: AsyncConnection,
    round_id: int,
    choice: str,
    *,
    member_id: int,
    interaction_id: int,
    now: dt.datetime,
) -> CastVote | None:
    """Cast or move a member's vote in the ballot over clips; None if there is no such round.

    ``choice`` is the letter of a clip, or `NEITHER`.
    """
    row = (await db.execute(_by_round, {"round": round_id})).mappings().first()
    if row is None:
        return None
    vote = Vote(
        round_number=row["round_number"],
        ballot=Ballot.CLIP,
        member_id=member_id,
        choice=choice,
        interaction_id=interaction_id,
        at=now,
    )
    return await _cast(db, row, vote, None)


async def _cast(
    db: AsyncConnection, row: RowMapping, vote: Vote, proposal: Proposal | None
) -> CastVote:
    """Store a vote if its ballot is open, and say so."""
    is_counted = (
        row["session_status"] is SessionStatus.RUNNING
        and row["round_status"] is _STATUSES[vote.ballot]
        and (proposal is None or proposal.is_listed)
    )
    if is_counted:
        await store_votes(db, {vote.round_number: row["round_id"]}, [vote])
    return CastVote(
        session_id=row["session_id"],
        round_number=vote.round_number,
        proposal=proposal,
        ends_at=row["ends_at"],
        is_counted=is_counted,
    )


async def store_votes(
    db: AsyncConnection, round_ids: Mapping[int, int], new: Iterable[Vote]
) -> None:
    """Insert votes, or move them if the press is newer; ``round_ids`` are by number."""
    rows = [{"round_id": round_ids[vote.round_number], **vote_row(vote)} for vote in new]
    if rows:
        await db.execute(_upsert_vote(db.dialect.name), rows)


async def delete_votes(
    db: AsyncConnection, round_ids: Mapping[int, int], old: Iterable[Vote]
) -> None:
    """Delete votes; ``round_ids`` are by number."""
    keys = [
        {
            "in_round": round_ids[vote.round_number],
            "in_ballot": vote.ballot,
            "of_member": vote.member_id,
        }
        for vote in old
    ]
    if keys:
        await db.execute(_delete, keys)


async def delete_all_votes(db: AsyncConnection, session_id: int) -> None:
    """Delete the votes of a session."""
    in_session = select(rounds.c.id).where(rounds.c.session_id == session_id)
    await db.execute(delete(votes).where(votes.c.round_id.in_(in_session)))


async def session_totals(db: AsyncConnection, session_id: int) -> Totals:
    """Return how much was written and voted in a session so far; once it is over, it has them."""
    parameters = {"in_session": session_id}
    written = (await db.execute(_proposals_of_session, parameters)).all()
    voted = (await db.execute(_votes_of_session, parameters)).all()
    parts = [row for row in written if row.kind is ProposalKind.PART and row.listed_from is None]
    members = {row.member_id for row in (*written, *voted)}
    return Totals(members=len(members), proposals=len(parts), votes=len(voted))


@cache
def _upsert_vote(dialect: str) -> Insert:
    """Return the statement of `store_votes`, built once: that takes longer than to run it."""
    statement = insert_in(dialect, votes)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[votes.c.round_id, votes.c.ballot, votes.c.member_id],
        set_={name: new[name] for name in ("choice", "interaction_id", "at")},
        where=new.interaction_id > votes.c.interaction_id,
    )

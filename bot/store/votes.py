"""Votes of sessions: cast one at a time, without loading the session, as many come at once.

A vote is either counted or refused: it holds its session against changes until it is committed.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.sessions.models import (
    Ballot,
    Proposal,
    ProposalKind,
    Round,
    RoundStatus,
    Session,
    Totals,
    Vote,
)
from bot.store.schema import insert_in, proposals, rounds, sessions, votes
from bot.store.session_rows import proposal_of, round_of, session_of, vote_row


@dataclass(frozen=True, slots=True, kw_only=True)
class CastVote:
    """What a vote was cast for.

    Attributes:
        session: as it was when the vote came.
        round: likewise.
        proposal: what was voted for; None for a clip.
        is_counted: whether it is stored, or a newer vote of the member was; False if the ballot
            is over, or the proposal can't be voted for.
    """

    session: Session
    round: Round
    proposal: Proposal | None
    is_counted: bool

    @property
    def ends_at(self) -> dt.datetime | None:
        """When the vote ends; None while its clock does not run."""
        return self.round.ends_at


# Built once: to build them takes longer than to run them.
_session = sessions.c
_session_columns = [column.label(f"session_{column.name}") for column in _session]
_of_proposal = proposals.c.id == bindparam("of_proposal")
_of_round = rounds.c.id == bindparam("of_round")
_by_proposal = (
    select(
        rounds,
        *_session_columns,
        *(column.label(f"proposal_{column.name}") for column in proposals.c),
        rounds.c.number.label("proposal_round_number"),
    )
    .join_from(proposals, rounds, rounds.c.id == proposals.c.round_id)
    .join(sessions, _session.id == rounds.c.session_id)
    .where(_of_proposal)
)
_by_round = (
    select(rounds, *_session_columns)
    .join_from(rounds, sessions, _session.id == rounds.c.session_id)
    .where(_of_round)
)
# On PostgreSQL the lock comes first: a query that waits for it would see the rounds and proposals
# of before. It lets other votes in, but no change of the session.
_lock_by_proposal, _lock_by_round = (
    select(_session.id)
    .where(_session.id == session_id.scalar_subquery())
    .with_for_update(read=True)
    for session_id in (
        select(rounds.c.session_id)
        .join(proposals, proposals.c.round_id == rounds.c.id)
        .where(_of_proposal),
        select(rounds.c.session_id).where(_of_round),
    )
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


_session_by_id = select(sessions).where(_session.id == bindparam("of_session"))
_delete = delete(votes).where(
    votes.c.round_id == bindparam("in_round"),
    votes.c.ballot == bindparam("in_ballot"),
    votes.c.member_id == bindparam("of_member"),
)


async def vote_for_proposal(
    db: AsyncConnection, proposal_id: int, *, member_id: int, interaction_id: int, now: dt.datetime
) -> CastVote | None:
    """Cast or move a member's vote in the ballot over proposals; None if there is no such one."""
    parameters = {"of_proposal": proposal_id}
    await db.execute(_lock_by_proposal, parameters)
    row = (await db.execute(_by_proposal, parameters)).mappings().first()
    if row is None:
        return None
    session, each = session_of(row, "session_"), round_of(row)
    proposal = proposal_of(row, "proposal_")
    is_counted = session.is_running and each.status is RoundStatus.OPEN and proposal.is_listed
    if is_counted:
        vote = Vote(
            round_number=each.number,
            ballot=Ballot.NEXT,
            member_id=member_id,
            choice=str(proposal.number),
            interaction_id=interaction_id,
            at=now,
        )
        await store_votes(db, {each.number: each.id}, [vote])
    return CastVote(session=session, round=each, proposal=proposal, is_counted=is_counted)


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
    parameters = {"of_round": round_id}
    await db.execute(_lock_by_round, parameters)
    row = (await db.execute(_by_round, parameters)).mappings().first()
    if row is None:
        return None
    session, each = session_of(row, "session_"), round_of(row)
    is_counted = session.is_running and each.status is RoundStatus.CHOOSING
    if is_counted:
        vote = Vote(
            round_number=each.number,
            ballot=Ballot.CLIP,
            member_id=member_id,
            choice=choice,
            interaction_id=interaction_id,
            at=now,
        )
        await store_votes(db, {each.number: each.id}, [vote])
    return CastVote(session=session, round=each, proposal=None, is_counted=is_counted)


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


async def counted_totals(db: AsyncConnection, session_id: int) -> Totals:
    """Return how much was written and voted so far; a proposal listed anew was written once."""
    parameters = {"in_session": session_id}
    written = (await db.execute(_proposals_of_session, parameters)).all()
    voted = (await db.execute(_votes_of_session, parameters)).all()
    parts = [row for row in written if row.kind is ProposalKind.PART and row.listed_from is None]
    members = {row.member_id for row in (*written, *voted)}
    return Totals(members=len(members), proposals=len(parts), votes=len(voted))


async def session_totals(db: AsyncConnection, session_id: int) -> Totals:
    """Return how much was written and voted in a session: so far, or at its end."""
    row = (await db.execute(_session_by_id, {"of_session": session_id})).mappings().one()
    session = session_of(row)
    return await counted_totals(db, session_id) if session.is_running else session.totals


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

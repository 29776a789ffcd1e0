"""What members do in a session, and what happens to its thread: each returns the changed session.

An action that can't be done raises a `UserError` and changes nothing. A member who does something
wakes a session that rests. Votes have no function here: they are stored one by one, and `steps`
looks at them.
"""

import datetime as dt
from dataclasses import dataclass, replace

from bot.domain.errors import UserError
from bot.domain.models import ReplyRef
from bot.domain.sessions.clocks import ballot_of
from bot.domain.sessions.models import (
    Ballot,
    Change,
    EndReason,
    Proposal,
    ProposalKind,
    ProposalStatus,
    RestReason,
    Round,
    RoundStatus,
    SessionState,
    Vote,
)
from bot.domain.sessions.posts import proposal_key
from bot.domain.sessions.steps import (
    at_rest,
    awake,
    finished,
    next_number,
    opened,
    with_due_time,
    with_proposal,
    with_round,
    without_votes,
)

MAX_PROPOSALS = 22  # parts in a round; Discord's select has 25 options


class ProposalWantedError(UserError):
    """Others have voted for a member's proposal, so that its words stay as they are.

    Attributes:
        proposal: it; its writer may withdraw it.
    """

    def __init__(self, proposal: Proposal) -> None:
        super().__init__(
            "Others have voted for your proposal.", "Withdraw it before you write another."
        )
        self.proposal = proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A member's interaction with a session.

    Attributes:
        key: unique for what is asked; of a form, the interaction that opened it.
        interaction_id: of this press; orders a member's votes.
        may_manage: whether the member may manage messages there.
        reply: where its answer will be; None if it is no post.
    """

    member_id: int
    member_name: str
    key: str
    interaction_id: int
    at: dt.datetime
    may_manage: bool = False
    reply: ReplyRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartText:
    """What a member wrote for a part.

    Attributes:
        style: empty is the song's own.
        continue_at: seconds into the latest clip; None is its end.
    """

    lyrics: str
    style: tuple[str, ...] = ()
    continue_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A proposal by its numbers, and the change that stores it; None if it is stored already."""

    change: Change | None
    round_number: int
    number: int


def thread_made(state: SessionState, thread_id: int, now: dt.datetime) -> Change | None:
    """Open the first round in the session's thread; None if that is done already."""
    if state.session.channel_id is not None or not state.session.is_running:
        return None
    held = replace(state.session, channel_id=thread_id)
    return Change(state=with_due_time(opened(replace(state, session=held), now)))


def propose_part(state: SessionState, text: PartText, press: Press) -> Proposed:
    """Put a part on the board, or change the member's own; its writer votes for it.

    Raises:
        UserError: the session is over, no part may be made any more, the board is full, or others
            have voted for the member's proposal.
    """
    current = require_open_round(state)
    known = _known(state, press)
    if known is not None:
        return known
    if state.session.parts_left == 0:
        raise all_parts_made()
    listed = state.proposals_of(current.number)
    parts = [each for each in listed if each.kind is ProposalKind.PART and not each.listed_from]
    own = next((each for each in parts if each.member_id == press.member_id), None)
    if own is not None:
        return change_part(state, own, text, press)
    if len(parts) >= MAX_PROPOSALS:
        raise UserError(
            f"{MAX_PROPOSALS} proposals are on the board.",
            "Vote for one of them, or write for the next round.",
        )
    return _listed(state, current, _part(state, current, text, press), press)


def change_part(state: SessionState, own: Proposal, text: PartText, press: Press) -> Proposed:
    """Replace the words of a part that nobody else has voted for.

    Raises:
        UserError: the round is over, others have voted for it, or it is another member's.
    """
    current = require_open_round(state)
    require_changeable(state, own, press)
    changed = replace(
        own,
        lyrics=text.lyrics,
        style=text.style,
        continue_at=text.continue_at,
        for_clip_id=state.session.latest_clip_id,
        changed_at=press.at,
    )
    new = _voted(with_proposal(state, changed), changed, press)
    new = with_round(new, replace(current, last_proposal_at=press.at))
    change = _done(new, press)
    return Proposed(change=change, round_number=own.round_number, number=own.number)


def require_changeable(state: SessionState, own: Proposal, press: Press) -> None:
    """Raise UserError unless the member may change a proposal now, as `change_part` does."""
    current = require_open_round(state)
    if own.round_number != current.number or not own.is_listed:
        raise vote_over()
    if press.member_id != own.member_id:
        raise not_allowed(own)
    if _is_wanted_by_others(state, own):
        raise ProposalWantedError(own)


def propose_end(state: SessionState, press: Press) -> Proposed:
    """Propose that the song is finished; if somebody has, vote for that.

    Raises:
        UserError: the session is over.
    """
    return _special(state, ProposalKind.END, press)


def propose_back(state: SessionState, press: Press) -> Proposed:
    """Propose to take the last part out of the song; if somebody has, vote for that.

    Raises:
        UserError: the session is over, there is no part, or one is being made.
    """
    if not state.chosen_rounds:
        raise UserError("The song has no part yet.", "There is nothing to take back.")
    busy = state.busy_round
    if busy is not None:
        raise UserError(
            f"The part of round {busy.number} is still being made.",
            "Choose *Neither* when it is there.",
        )
    return _special(state, ProposalKind.BACK, press)


def take_off(state: SessionState, proposal: Proposal, press: Press, *, is_host: bool) -> Change:
    """Withdraw one's own proposal, or remove another's as the host or a moderator.

    Raises:
        UserError: the round is over, or the member may not.
    """
    current = require_open_round(state)
    if proposal.round_number != current.number or not proposal.is_listed:
        raise vote_over()
    if press.member_id == proposal.member_id:
        gone = replace(proposal, status=ProposalStatus.WITHDRAWN)
    elif is_host or press.may_manage:
        gone = replace(proposal, status=ProposalStatus.REMOVED, removed_by=press.member_id)
    else:
        raise not_allowed(proposal)
    new = with_proposal(state, replace(gone, changed_at=press.at))
    return _done(without_votes(new, current.number, str(proposal.number)), press)


def close(state: SessionState, number: int, press: Press) -> Change:
    """End the current ballot of a round now, as the host or a moderator, who is checked before.

    Raises:
        UserError: it is over, waits for a part, or nobody has voted.
    """
    require_running(state)
    each = state.round(number)
    ballot = ballot_of(each)
    if ballot is None:
        raise vote_over()
    if each.status is RoundStatus.OPEN and state.busy_round is not None:
        raise UserError(
            "The part before is not chosen yet.", "The vote on what comes next waits for it."
        )
    if not state.votes_of(number, ballot):
        raise UserError("Nobody has voted yet.", "There is nothing to close.")
    by = press.member_id
    closed = replace(
        each,
        closed_by=by if ballot is Ballot.NEXT else each.closed_by,
        clip_closed_by=by if ballot is Ballot.CLIP else None,
        clock_started_at=each.clock_started_at or press.at,
        ends_at=press.at,
    )
    return _done(with_round(state, closed), press)


def end_by_hand(state: SessionState, now: dt.datetime) -> Change:
    """End the session now; a part that is still being made is not in the song.

    Raises:
        UserError: it is over already.
    """
    require_running(state)
    return Change(state=finished(state, EndReason.BY_HAND, now))


def lost(state: SessionState, reason: EndReason, now: dt.datetime) -> Change | None:
    """End a session whose thread or server is gone; None if it is over already."""
    return Change(state=finished(state, reason, now)) if state.session.is_running else None


def rest(state: SessionState, reason: RestReason, now: dt.datetime) -> Change | None:
    """Stop a session's clocks until a member's next press; None if it rests or is over."""
    session = state.session
    if not session.is_running or session.rests_since is not None:
        return None
    return at_rest(state, reason, now)


def vote_over() -> UserError:
    """Return the refusal of a press that came after the count."""
    return UserError("That vote is over.", "The newest board shows what comes next.")


def not_allowed(proposal: Proposal) -> UserError:
    """Return the refusal of a press on another member's proposal."""
    return UserError(
        f"Only <@{proposal.member_id}>, the host or a moderator can do that.",
        "Vote for another proposal, or write your own.",
    )


def all_parts_made() -> UserError:
    """Return the refusal of a part when no more may be made."""
    return UserError(
        "All parts are made.", "The song is finished as soon as the last one is chosen."
    )


def require_running(state: SessionState) -> None:
    """Raise UserError if the session is over."""
    if not state.session.is_running:
        raise UserError("This session is over.", "Start another one with `/session start`.")


def require_open_round(state: SessionState) -> Round:
    """Return the round that can be written for; raise UserError if there is none."""
    require_running(state)
    if state.open_round is None:
        raise UserError("The thread is still being made.", "Try again in a moment.")
    return state.open_round


def _known(state: SessionState, press: Press) -> Proposed | None:
    """Return the proposal that this press has made before."""
    found = (each for each in state.proposals if each.idempotency_key == press.key)
    known = next(found, None)
    if known is None:
        return None
    return Proposed(change=None, round_number=known.round_number, number=known.number)


def _special(state: SessionState, kind: ProposalKind, press: Press) -> Proposed:
    current = require_open_round(state)
    known = _known(state, press)
    if known is not None:
        return known
    listed = (each for each in state.proposals_of(current.number) if each.kind is kind)
    there = next(listed, None)
    if there is not None:
        change = _done(_voted(state, there, press), press)
        return Proposed(change=change, round_number=current.number, number=there.number)
    part = _part(state, current, PartText(lyrics=""), press)
    return _listed(state, current, replace(part, kind=kind, for_clip_id=None), press)


def _part(state: SessionState, current: Round, text: PartText, press: Press) -> Proposal:
    return Proposal(
        round_number=current.number,
        number=next_number(state, current.number),
        member_id=press.member_id,
        member_name=press.member_name,
        idempotency_key=press.key,
        lyrics=text.lyrics,
        style=text.style,
        continue_at=text.continue_at,
        for_clip_id=state.session.latest_clip_id,
        created_at=press.at,
    )


def _listed(state: SessionState, current: Round, new: Proposal, press: Press) -> Proposed:
    """Return the session with a new proposal, for which its writer votes."""
    listed = _voted(with_proposal(state, new), new, press)
    listed = with_round(listed, replace(current, last_proposal_at=press.at))
    key = proposal_key(current.number, new.number)
    replies = {} if press.reply is None else {key: press.reply}
    change = replace(_done(listed, press), replies=replies)
    return Proposed(change=change, round_number=current.number, number=new.number)


def _voted(state: SessionState, proposal: Proposal, press: Press) -> SessionState:
    """Return the session with the member's vote moved to a proposal; a newer vote stays."""
    vote = Vote(
        round_number=proposal.round_number,
        ballot=Ballot.NEXT,
        member_id=press.member_id,
        choice=str(proposal.number),
        interaction_id=press.interaction_id,
        at=press.at,
    )
    cast = state.votes_of(vote.round_number, vote.ballot)
    before = next((each for each in cast if each.member_id == vote.member_id), vote)
    if before.interaction_id > vote.interaction_id:
        return state
    others = (each for each in state.votes if each is not before)
    return replace(state, votes=(*others, vote))


def _is_wanted_by_others(state: SessionState, proposal: Proposal) -> bool:
    return any(
        vote.choice == str(proposal.number) and vote.member_id != proposal.member_id
        for vote in state.votes_of(proposal.round_number, Ballot.NEXT)
    )


def _done(state: SessionState, press: Press) -> Change:
    """Return the change that a member made: the session is active, and does not rest."""
    return Change(state=with_due_time(awake(state, press.at)))

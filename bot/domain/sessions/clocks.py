"""When a ballot ends, told by four stored times: its start, the last proposal, the last vote, now.

A clock runs only while there is something to decide, and every proposal gets a minute. Nothing
here looks at the time of day, so a downtime is made up for by moving the stored times.
"""

import datetime as dt

from bot.domain.sessions.models import Ballot, Round, RoundStatus, SessionState

NEW_PROPOSAL = dt.timedelta(seconds=60)  # that a proposal can be voted for at least
EARLIEST_END = dt.timedelta(seconds=30)  # after the start, though all have voted already
LAST_VOTE = dt.timedelta(seconds=20)  # to move a vote, though all have voted
LISTENING = dt.timedelta(seconds=60)  # besides the length of the clips


def ballot_of(each: Round) -> Ballot | None:
    """Return the ballot that a round is holding; None if it holds none."""
    match each.status:
        case RoundStatus.OPEN:
            return Ballot.NEXT
        case RoundStatus.CHOOSING:
            return Ballot.CLIP
        case _:
            return None


def voting_time(state: SessionState, each: Round) -> dt.timedelta:
    """Return how long the current ballot of a round runs if nobody ends it.

    The clips of a part can be heard whole, one after the other.
    """
    usual = dt.timedelta(seconds=state.session.vote_seconds)
    part = state.part_of(each)
    if each.status is not RoundStatus.CHOOSING or part is None:
        return usual
    lengths = (part.new_length(clip) or 0 for clip in part.clips if clip.is_playable)
    return max(usual, dt.timedelta(seconds=sum(lengths)) + LISTENING)


def electorate(state: SessionState, each: Round) -> frozenset[int]:
    """Return the members whose votes end the current ballot early, once all are cast.

    For the ballot over proposals: who wrote, voted or chose in the round before; not whose part
    was listed anew in it. For the one over clips: who voted in this round.
    """
    if each.status is RoundStatus.CHOOSING:
        return _voters(state, each.number, Ballot.NEXT)
    before = each.number - 1
    writers = (
        proposal.member_id
        for proposal in state.proposals_of(before, listed=False)
        if proposal.listed_from is None
    )
    voters = (vote.member_id for vote in state.votes if vote.round_number == before)
    return frozenset((*writers, *voters))


def ends_at(state: SessionState, each: Round) -> dt.datetime | None:
    """Return when the current ballot of a round ends; None while its clock does not run."""
    started, ballot = each.clock_started_at, ballot_of(each)
    if started is None or ballot is None:
        return None
    if (each.closed_by if ballot is Ballot.NEXT else each.clip_closed_by) is not None:
        return each.ends_at
    vote = voting_time(state, each)
    full = started + vote
    early = started + EARLIEST_END
    if ballot is Ballot.NEXT and each.last_proposal_at is not None:
        full = max(full, min(each.last_proposal_at + NEW_PROPOSAL, started + 2 * vote))
        early = max(early, each.last_proposal_at + NEW_PROPOSAL)
    voters = electorate(state, each)
    if not voters or not voters <= _voters(state, each.number, ballot):
        return full
    last_vote = max(cast.at for cast in state.votes_of(each.number, ballot))
    return min(full, max(early, last_vote + LAST_VOTE))


def _voters(state: SessionState, number: int, ballot: Ballot) -> frozenset[int]:
    return frozenset(vote.member_id for vote in state.votes_of(number, ballot))

import datetime as dt
from dataclasses import replace

import pytest

from bot.domain.models import Status
from bot.domain.sessions.clocks import ballot_of, electorate, ends_at, voting_time
from bot.domain.sessions.models import Ballot, ProposalStatus, RoundStatus, SessionState, Vote
from tests.support.factories import NOW, new_extension
from tests.support.sessions import (
    ADA,
    BO,
    CY,
    DEE,
    VOTE_SECONDS,
    failed_clip,
    new_proposal,
    new_round,
    new_session,
    new_vote,
    playable_clip,
)


def at(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def second_round(voted: dict[int, float], *, proposed_at: float | None) -> SessionState:
    """Return a second round whose clock began at 0; Ada and Bo took part in the first.

    Args:
        voted: when each member voted.
        proposed_at: when the last proposal was written.
    """
    current = new_round(
        2,
        clock_started_at=NOW,
        last_proposal_at=None if proposed_at is None else at(proposed_at),
    )
    return SessionState(
        session=new_session(),
        rounds=(new_round(status=RoundStatus.CHOSEN), current),
        proposals=(new_proposal(member_id=ADA),),
        votes=(
            new_vote(BO, 1),
            *(
                new_vote(member, 1, round_number=2, at=at(seconds))
                for member, seconds in voted.items()
            ),
        ),
        extensions={},
    )


@pytest.mark.parametrize(
    ("voted", "proposed_at", "ends"),
    [
        # not all have voted: the whole time
        ({ADA: 0}, None, 180),
        ({ADA: 0}, 0, 180),
        ({ADA: 0, CY: 5, DEE: 5}, 0, 180),
        # a new proposal gets a minute, but at most twice the vote
        ({ADA: 0}, 119, 180),
        ({ADA: 0}, 121, 181),
        ({ADA: 0}, 179, 239),
        ({ADA: 0}, 299, 359),
        ({ADA: 0}, 301, 360),
        ({ADA: 0}, 3000, 360),
        # all have voted: half a minute after the start, and 20 seconds after the last vote
        ({ADA: 0, BO: 1}, None, 30),
        ({ADA: 0, BO: 10}, None, 30),
        ({ADA: 0, BO: 11}, None, 31),
        ({ADA: 0, BO: 100}, None, 120),
        ({ADA: 0, BO: 100, CY: 140}, None, 160),
        ({ADA: 0, BO: 175}, None, 180),
        # votes cast while the part before was being made
        ({ADA: -600, BO: -500}, -700, 30),
        # all have voted, but a proposal is new
        ({ADA: 0, BO: 1}, 0, 60),
        ({ADA: 0, BO: 1}, 100, 160),
        ({ADA: 0, BO: 101}, 70, 130),
        ({ADA: 0, BO: 1}, 170, 230),
        ({ADA: 0, BO: 1}, 350, 360),
    ],
)
def test_end_of_ballot_over_proposals(
    voted: dict[int, float], proposed_at: float | None, ends: float
) -> None:
    state = second_round(voted, proposed_at=proposed_at)
    assert ends_at(state, state.round(2)) == at(ends)


def test_first_round_never_ends_early() -> None:
    each = new_round(clock_started_at=NOW)
    state = SessionState(
        session=new_session(),
        rounds=(each,),
        proposals=(new_proposal(),),
        votes=(new_vote(ADA, 1),),
        extensions={},
    )
    assert ends_at(state, each) == at(VOTE_SECONDS)


@pytest.mark.parametrize(
    ("durations", "vote_seconds", "seconds"),
    [
        ((110, 100), 180, 270),
        ((110, 100), 600, 600),
        ((110,), 180, 180),
        ((110, None), 30, 170),
        ((None, None), 30, 60),
    ],
)
def test_clips_can_be_heard_before_their_ballot_ends(
    durations: tuple[float | None, ...], vote_seconds: int, seconds: float
) -> None:
    clips = [playable_clip(str(index), length) for index, length in enumerate(durations)]
    state = choosing({}, vote_seconds=vote_seconds)
    part = replace(state.extensions[5], clips=(*clips, failed_clip("no")))
    state = replace(state, extensions={5: part})
    assert voting_time(state, state.round(1)) == dt.timedelta(seconds=seconds)
    assert ends_at(state, state.round(1)) == at(seconds)


def choosing(chosen: dict[int, float], *, vote_seconds: int = 600) -> SessionState:
    """Return a ballot over clips of a round in which Ada and Bo voted; it began at 0."""
    each = new_round(
        status=RoundStatus.CHOOSING, extension_id=5, clock_started_at=NOW, last_proposal_at=at(90)
    )
    cast: list[Vote] = [new_vote(ADA, 1), new_vote(BO, 1)]
    cast += [
        new_vote(member, "A", ballot=Ballot.CLIP, at=at(seconds))
        for member, seconds in chosen.items()
    ]
    return SessionState(
        session=new_session(vote_seconds=vote_seconds),
        rounds=(each, new_round(2)),
        votes=tuple(cast),
        extensions={5: new_extension(id=5, status=Status.COMPLETE, clips=(playable_clip("a"),))},
    )


@pytest.mark.parametrize(
    ("chosen", "ends"),
    [
        ({}, 600),
        ({ADA: 5}, 600),
        ({ADA: 5, CY: 6}, 600),
        ({ADA: 5, BO: 6}, 30),
        ({ADA: 5, BO: 100}, 120),
        ({ADA: 5, BO: 100, CY: 300}, 320),
        ({ADA: 5, BO: 590}, 600),
    ],
)
def test_end_of_ballot_over_clips(chosen: dict[int, float], ends: float) -> None:
    state = choosing(chosen)
    assert ends_at(state, state.round(1)) == at(ends)


def test_clips_of_an_unknown_part_have_the_usual_time() -> None:
    state = replace(choosing({}), extensions={})
    assert voting_time(state, state.round(1)) == dt.timedelta(seconds=600)


def test_clock_that_does_not_run_has_no_end() -> None:
    state = second_round({ADA: 0}, proposed_at=0)
    stopped = replace(state.round(2), clock_started_at=None)
    assert ends_at(state, stopped) is None
    assert ends_at(state, replace(state.round(2), status=RoundStatus.MAKING)) is None


def test_ballot_closed_by_hand_ends_when_it_was_closed() -> None:
    state = second_round({ADA: 0}, proposed_at=0)
    assert ends_at(state, replace(state.round(2), closed_by=1, ends_at=at(7))) == at(7)
    choice = choosing({})
    closed = replace(choice.round(1), clip_closed_by=1, ends_at=at(8))
    assert ends_at(choice, closed) == at(8)


def test_ballot_closed_by_hand_does_not_end_the_next_one() -> None:
    state = choosing({})
    assert ends_at(state, replace(state.round(1), closed_by=1, ends_at=at(7))) == at(600)


def test_electorate_is_whoever_took_part_in_the_round_before() -> None:
    state = second_round({}, proposed_at=None)
    chose = new_vote(CY, "A", ballot=Ballot.CLIP)
    withdrawn = new_proposal(2, member_id=DEE, status=ProposalStatus.WITHDRAWN)
    state = replace(state, votes=(*state.votes, chose), proposals=(*state.proposals, withdrawn))
    assert electorate(state, state.round(2)) == {ADA, BO, CY, DEE}
    assert electorate(state, state.round(1)) == set()


def test_whoever_wrote_what_is_listed_anew_need_not_be_there() -> None:
    state = second_round({}, proposed_at=None)
    again = new_proposal(2, member_id=DEE, listed_from=0)
    state = replace(state, proposals=(*state.proposals, again))
    assert electorate(state, state.round(2)) == {ADA, BO}


@pytest.mark.parametrize(
    ("status", "ballot"),
    [
        (RoundStatus.OPEN, Ballot.NEXT),
        (RoundStatus.MAKING, None),
        (RoundStatus.CHOOSING, Ballot.CLIP),
        (RoundStatus.CHOSEN, None),
        (RoundStatus.UNDONE, None),
        (RoundStatus.DROPPED, None),
        (RoundStatus.SETTLED, None),
    ],
)
def test_ballot_of_a_round(status: RoundStatus, ballot: Ballot | None) -> None:
    assert ballot_of(new_round(status=status)) is ballot


def test_moving_the_stored_times_moves_the_end_by_the_same() -> None:
    state = second_round({ADA: 0, BO: 100}, proposed_at=70)
    current, gap = state.round(2), dt.timedelta(hours=9)
    assert current.last_proposal_at is not None
    moved = replace(
        current,
        clock_started_at=NOW + gap,
        last_proposal_at=current.last_proposal_at + gap,
    )
    votes = tuple(
        replace(vote, at=vote.at + gap) if vote.round_number == 2 else vote for vote in state.votes
    )
    before = ends_at(state, current)
    assert before is not None
    assert ends_at(replace(state, votes=votes), moved) == before + gap

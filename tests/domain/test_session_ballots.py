from dataclasses import replace

import pytest

from bot.domain.models import Status
from bot.domain.sessions.ballots import (
    clip_id_of,
    count_clips,
    count_next,
    parts_in_song,
    playable_letters,
)
from bot.domain.sessions.models import (
    NEITHER,
    Ballot,
    Count,
    Proposal,
    ProposalKind,
    ProposalStatus,
    Round,
    RoundStatus,
    SessionState,
)
from tests.support.factories import new_extension
from tests.support.sessions import (
    ADA,
    BO,
    CY,
    failed_clip,
    new_proposal,
    new_round,
    new_session,
    new_vote,
    playable_clip,
)

PART, END, BACK = ProposalKind.PART, ProposalKind.END, ProposalKind.BACK


def next_ballot(votes: str, *proposals: Proposal, rounds: tuple[Round, ...] = ()) -> SessionState:
    """Return a ballot of the last round in which member 101, 102 … voted for each word."""
    all_rounds = rounds or (new_round(),)
    number = all_rounds[-1].number
    cast = (
        new_vote(101 + index, choice, round_number=number)
        for index, choice in enumerate(votes.split())
    )
    return SessionState(
        session=new_session(),
        rounds=all_rounds,
        proposals=proposals,
        votes=tuple(cast),
        extensions={},
    )


@pytest.mark.parametrize(
    ("votes", "kinds", "winner", "is_tied"),
    [
        ("", [PART], None, False),
        ("1", [PART], 1, False),
        ("1 2 2", [PART, PART], 2, False),
        ("1 2", [PART, PART], 1, True),
        ("2 1", [PART, PART], 1, True),
        ("2 2 3 3 1", [PART, PART, PART], 2, True),
        # ending the song takes more than half
        ("2", [PART, END], 2, False),
        ("1 2", [PART, END], 1, False),
        ("1 2 2", [PART, END], 2, False),
        ("1 2 3 3", [PART, PART, END], 1, True),
        ("1 2 3 3 3", [PART, PART, END], 3, False),
        ("1 2 2 3 3 3", [PART, PART, END], 2, False),
        # so does taking a part back
        ("2", [PART, BACK], 2, False),
        ("1 2", [PART, BACK], 1, False),
        ("1 1 2 2 2", [PART, BACK], 2, False),
        # nothing wins if neither has more than half, and no part has a vote
        ("1 2", [END, BACK], None, False),
        ("1 1 2", [END, BACK], 1, False),
        ("1 2 2", [END, BACK], 2, False),
        ("2 3", [PART, END, BACK], None, False),
        ("1 2 3", [PART, END, BACK], 1, False),
    ],
)
def test_winner_of_ballot_over_proposals(
    votes: str, kinds: list[ProposalKind], winner: int | None, *, is_tied: bool
) -> None:
    proposals = [new_proposal(index + 1, kind=kind) for index, kind in enumerate(kinds)]
    outcome = count_next(next_ballot(votes, *proposals), 1)
    assert (outcome.winner and outcome.winner.number) == winner
    assert outcome.tie_broken == is_tied
    assert outcome.voters == len(votes.split())


def test_tally_names_the_most_wanted_first_then_the_earlier() -> None:
    state = next_ballot("3 3 2 1", *(new_proposal(number) for number in (1, 2, 3, 4)))
    assert count_next(state, 1).tally == (
        Count(choice="3", votes=2),
        Count(choice="1", votes=1),
        Count(choice="2", votes=1),
        Count(choice="4", votes=0),
    )


def test_proposal_that_was_taken_off_counts_for_nothing() -> None:
    state = next_ballot("1 1 2", new_proposal(1, status=ProposalStatus.WITHDRAWN), new_proposal(2))
    outcome = count_next(state, 1)
    assert outcome.winner == new_proposal(2)
    assert (outcome.voters, len(outcome.tally)) == (1, 1)


def test_tie_goes_to_the_writer_with_fewer_parts_in_the_song() -> None:
    chosen = {"status": RoundStatus.CHOSEN, "winner": 1}
    rounds = (new_round(1, **chosen), new_round(2, **chosen), new_round(3))
    state = next_ballot(
        "1 2 3",
        new_proposal(1, round_number=1, member_id=ADA),
        new_proposal(1, round_number=2, member_id=CY),
        new_proposal(1, round_number=3, member_id=ADA),
        new_proposal(2, round_number=3, member_id=BO),
        new_proposal(3, round_number=3, member_id=CY),
        rounds=rounds,
    )
    outcome = count_next(state, 3)
    assert outcome.winner is not None
    assert (outcome.winner.member_id, outcome.tie_broken) == (BO, True)


def test_part_that_was_taken_back_or_is_unknown_is_not_in_the_song() -> None:
    rounds = (
        new_round(1, status=RoundStatus.CHOSEN, winner=1),
        new_round(2, status=RoundStatus.UNDONE, winner=1),
        new_round(3, status=RoundStatus.CHOSEN, winner=9),
        new_round(4, status=RoundStatus.CHOSEN),
    )
    proposals = (new_proposal(round_number=1), new_proposal(round_number=2))
    assert parts_in_song(next_ballot("", *proposals, rounds=rounds)) == {ADA: 1}


def clip_ballot(votes: str, playable: str = "AB", made: int = 2) -> tuple[SessionState, Round]:
    """Return a ballot over clips: ``Ada:B Bo:-`` are votes, ``-`` is `NEITHER`."""
    clips = [
        playable_clip(letter) if letter in playable else failed_clip(letter)
        for letter in "ABCD"[:made]
    ]
    part = new_extension(id=5, status=Status.COMPLETE, clips=tuple(clips))
    each = new_round(status=RoundStatus.CHOOSING, winner=1, extension_id=5)
    members = {"Ada": ADA, "Bo": BO, "Cy": CY}
    cast: list[tuple[str, ...]] = [tuple(vote.split(":")) for vote in votes.split()]
    state = SessionState(
        session=new_session(),
        rounds=(each, new_round(2)),
        proposals=(new_proposal(member_id=ADA),),
        votes=tuple(
            new_vote(members[name], choice.replace("-", NEITHER), ballot=Ballot.CLIP)
            for name, choice in cast
        ),
        extensions={5: part},
    )
    return state, each


@pytest.mark.parametrize(
    ("votes", "playable", "letter"),
    [
        ("", "AB", "A"),
        ("", "B", "B"),
        ("Bo:B", "AB", "B"),
        ("Bo:A Cy:B", "AB", "A"),
        ("Cy:B Bo:A", "AB", "A"),
        ("Ada:B Cy:A", "AB", "B"),  # Ada wrote it
        ("Ada:A Cy:B", "AB", "A"),
        ("Ada:- Bo:B Cy:A", "AB", "A"),
        ("Bo:-", "AB", NEITHER),
        ("Bo:- Cy:B", "AB", "B"),
        ("Ada:- Cy:B", "AB", "B"),
        ("Ada:- Bo:- Cy:B", "AB", NEITHER),
        # a clip that can't be played can't go on
        ("Bo:A Cy:A", "B", "B"),
        ("Bo:A Cy:-", "B", NEITHER),
        ("Bo:A", "", NEITHER),
        ("", "", NEITHER),
    ],
)
def test_clip_that_goes_on(votes: str, playable: str, letter: str) -> None:
    assert count_clips(*clip_ballot(votes, playable)).letter == letter


def test_writer_breaks_only_ties_that_their_clip_is_part_of() -> None:
    state, each = clip_ballot("Ada:C", "ABCD", made=4)
    more = (
        new_vote(100 + index, letter, ballot=Ballot.CLIP) for index, letter in enumerate("AABB")
    )
    assert count_clips(replace(state, votes=(*state.votes, *more)), each).letter == "A"


def test_tally_of_clips_names_those_that_play_and_neither() -> None:
    assert count_clips(*clip_ballot("Ada:B Bo:- Cy:A", "B")).tally == (
        Count(choice="B", votes=1),
        Count(choice=NEITHER, votes=1),
    )


def test_clips_are_counted_without_the_writer_and_without_the_part() -> None:
    state, each = clip_ballot("Bo:A Cy:B")
    assert count_clips(replace(state, proposals=()), each).letter == "A"
    assert count_clips(replace(state, extensions={}), each).letter == NEITHER


def test_letters_keep_their_clips() -> None:
    state, each = clip_ballot("", "BD", made=4)
    part = state.part_of(each)
    assert part is not None
    assert playable_letters(part) == ("B", "D")
    assert clip_id_of(part, "D") == "D"

"""Counting the two ballots of a round. The same rows always have the same winner."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from bot.domain.models import Extension
from bot.domain.sessions.models import (
    NEITHER,
    Ballot,
    Count,
    Proposal,
    ProposalKind,
    Round,
    SessionState,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NextOutcome:
    """What the ballot over proposals decided.

    Attributes:
        winner: None if nothing may win: ending the song and taking a part back need more than half.
        tally: votes for each listed proposal, most first, then the earlier one.
        voters: how many voted.
        tie_broken: whether another part had as many votes as the winner.
    """

    winner: Proposal | None
    tally: tuple[Count, ...]
    voters: int
    tie_broken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipOutcome:
    """What the ballot over clips decided.

    Attributes:
        letter: of the clip that goes on; `NEITHER` if none does.
        tally: votes for each playable clip, then for `NEITHER`.
    """

    letter: str
    tally: tuple[Count, ...]


def count_next(state: SessionState, number: int) -> NextOutcome:
    """Count the ballot over the proposals of a round.

    Most votes win. A tie between parts goes to the writer with the fewest parts in the song, then
    to the earlier proposal. Nothing wins without a vote.
    """
    listed = state.proposals_of(number)
    votes = Counter(vote.choice for vote in state.votes_of(number, Ballot.NEXT))
    counted = {each.number: votes[str(each.number)] for each in listed}
    voters = sum(counted.values())
    ranked = sorted(listed, key=lambda each: (-counted[each.number], each.number))
    tally = tuple(Count(choice=str(each.number), votes=counted[each.number]) for each in ranked)
    decisive = (
        each
        for each in ranked
        if each.kind is not ProposalKind.PART and 2 * counted[each.number] > voters
    )
    winner, tie_broken = next(decisive, None), False
    if winner is None:
        winner, tie_broken = _best_part(state, ranked, counted)
    return NextOutcome(winner=winner, tally=tally, voters=voters, tie_broken=tie_broken)


def count_clips(state: SessionState, each: Round) -> ClipOutcome:
    """Count the ballot over the clips of a round.

    Without votes the first clip goes on. A tie goes to what the part's writer chose, else to the
    earlier letter; `NEITHER` needs more votes than each clip.
    """
    cast = {vote.member_id: vote.choice for vote in state.votes_of(each.number, Ballot.CLIP)}
    part = state.part_of(each)
    letters = playable_letters(part) if part is not None else ()
    votes = Counter(cast.values())
    tally = tuple(Count(choice=choice, votes=votes[choice]) for choice in (*letters, NEITHER))
    most = max((votes[letter] for letter in letters), default=0)
    if not letters or votes[NEITHER] > most:
        return ClipOutcome(letter=NEITHER, tally=tally)
    best = [letter for letter in letters if votes[letter] == most]
    proposal = state.winner_of(each)
    favourite = cast.get(proposal.member_id) if proposal is not None else None
    return ClipOutcome(letter=favourite if favourite in best else best[0], tally=tally)


def playable_letters(part: Extension) -> tuple[str, ...]:
    """Return the letters of the clips of ``part`` that can be heard."""
    return tuple(
        letter
        for letter, clip in zip(ascii_uppercase, part.clips, strict=False)
        if clip.is_playable
    )


def clip_id_of(part: Extension, letter: str) -> str:
    """Return the id of the clip of ``part`` with that letter."""
    return part.clips[ascii_uppercase.index(letter)].id


def parts_in_song(state: SessionState) -> Counter[int]:
    """Return how many parts of the song so far each member wrote."""
    winners = (state.winner_of(each) for each in state.chosen_rounds)
    return Counter(each.member_id for each in winners if each is not None)


def _best_part(
    state: SessionState, ranked: Sequence[Proposal], counted: Mapping[int, int]
) -> tuple[Proposal | None, bool]:
    """Return the part with most votes, and whether a tie was broken for it."""
    parts = [each for each in ranked if each.kind is ProposalKind.PART and counted[each.number]]
    if not parts:
        return None, False
    best = [each for each in parts if counted[each.number] == counted[parts[0].number]]
    in_song = parts_in_song(state)
    best.sort(key=lambda each: (in_song[each.member_id], each.number))
    return best[0], len(best) > 1

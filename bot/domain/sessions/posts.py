"""Which posts of a session a change concerns: those that would show something else than before."""

from collections.abc import Iterator, Mapping

from bot.domain.sessions.ballots import playable_letters
from bot.domain.sessions.models import (
    PostKey,
    PostKind,
    Proposal,
    Round,
    RoundStatus,
    SessionState,
    SessionStatus,
)

Facts = tuple[object, ...]

CARD = PostKey(PostKind.CARD)
RECAP = PostKey(PostKind.RECAP)


def board_key(number: int) -> PostKey:
    """Return the key of the board of a round."""
    return PostKey(PostKind.BOARD, number)


def result_key(number: int) -> PostKey:
    """Return the key of the result of a round."""
    return PostKey(PostKind.RESULT, number)


def proposal_key(number: int, proposal_number: int) -> PostKey:
    """Return the key of the post of a proposal."""
    return PostKey(PostKind.PROPOSAL, number, proposal_number)


def linking_posts(key: PostKey) -> tuple[PostKey, ...]:
    """Return the posts that link to another one as soon as that stands."""
    match key:
        case PostKey(PostKind.PROPOSAL, int(number)):
            return (board_key(number),)
        case PostKey(PostKind.BOARD):
            return (CARD,)
        case _:
            return ()


def changed_posts(was: SessionState | None, new: SessionState) -> frozenset[PostKey]:
    """Return the posts that show something else in ``new``, those that it adds among them.

    Nothing is in it that would look as before.
    """
    before: Mapping[PostKey, Facts] = dict(_facts(was)) if was is not None else {}
    after = dict(_facts(new))
    return frozenset(key for key in before | after if before.get(key) != after.get(key))


def _facts(state: SessionState) -> Iterator[tuple[PostKey, Facts]]:
    """Yield each post that is to stand, with all that it shows and that may change.

    The board of a round is posted when the part before is chosen; until then its proposals are
    written below the part. A board that stands without being in it changes once more: its round
    waits for a late part, or ended without a winner.
    """
    session, newest = state.session, state.open_round
    chosen = tuple(each.number for each in state.chosen_rounds)
    is_busy = state.busy_round is not None
    rounds = len(state.rounds)
    yield CARD, (session.status, session.channel_id, rounds, session.parts_left, chosen)
    if session.channel_id is None:
        return
    for each in state.rounds:
        if each.winner is not None:
            yield board_key(each.number), (each.winner, each.tally)
        elif each is newest and not is_busy:
            yield board_key(each.number), _open_board(state, each)
        if each.extension_id is not None and each.status is not RoundStatus.MAKING:
            yield result_key(each.number), _result(state, each)
    for proposal in state.proposals:
        key = proposal_key(proposal.round_number, proposal.number)
        yield key, (proposal.status, proposal.changed_at, *_words(proposal), proposal.continue_at)
    if session.status is SessionStatus.FINISHED:
        yield RECAP, ()


def _open_board(state: SessionState, each: Round) -> Facts:
    session = state.session
    listed = tuple((known.number, *_words(known)) for known in state.proposals_of(each.number))
    return (listed, each.voters, each.ends_at, session.rest_reason, session.parts_left)


def _words(proposal: Proposal) -> Facts:
    return (proposal.lyrics, proposal.style)


def _result(state: SessionState, each: Round) -> Facts:
    """Return what a result shows; one that was taken back later looks as before."""
    if each.status is not RoundStatus.CHOOSING:
        is_over = each.status is RoundStatus.SETTLED
        return (each.clip_id, each.drop_reason, each.clip_tally, is_over)
    part = state.part_of(each)
    letters = playable_letters(part) if part is not None else ()
    return (letters, each.voters, each.ends_at, state.session.rest_reason)

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.domain.errors import UserError
from bot.domain.models import ReplyRef
from bot.domain.sessions import actions
from bot.domain.sessions.actions import MAX_PROPOSALS, PartText
from bot.domain.sessions.models import (
    Ballot,
    EndReason,
    ProposalKind,
    ProposalStatus,
    RestReason,
    RoundStatus,
    SessionStatus,
)
from bot.domain.sessions.posts import proposal_key
from bot.domain.sessions.steps import IDLE
from tests.support.factories import NOW
from tests.support.sessions import ADA, BO, CY, HOST, SOURCE, StoredSession

TEXT = PartText(lyrics="[Chorus]\nRun, run", style=("piano",), continue_at=12.5)


def votes(stored: StoredSession, number: int = 1) -> dict[int, str]:
    cast = stored.whole.votes_of(number, Ballot.NEXT)
    return {vote.member_id: vote.choice for vote in cast}


def refused(action: Callable[[], object]) -> str:
    with pytest.raises(UserError) as caught:
        action()
    return caught.value.problem


def finished_session() -> StoredSession:
    stored = StoredSession()
    stored.propose(ADA)
    stored.apply(actions.end_by_hand(stored.load(), stored.now))
    return stored


# The thread


def test_first_round_is_opened_in_the_thread_once() -> None:
    stored = StoredSession(channel_id=None)
    assert "still being made" in refused(lambda: stored.propose(ADA))
    assert stored.apply(actions.thread_made(stored.load(), 300, NOW))
    assert (stored.session.channel_id, stored.statuses) == (300, [RoundStatus.OPEN])
    assert stored.session.due_at == NOW + IDLE
    assert actions.thread_made(stored.load(), 301, NOW) is None


def test_no_round_is_opened_when_the_session_is_over() -> None:
    stored = StoredSession(channel_id=None)
    stored.apply(actions.lost(stored.load(), EndReason.NO_THREAD, NOW))
    assert stored.session.status is SessionStatus.ENDED
    assert actions.thread_made(stored.load(), 300, NOW) is None
    assert actions.lost(stored.load(), EndReason.GUILD_LOST, NOW) is None


# Proposals


def test_part_is_listed_and_its_writer_votes_for_it() -> None:
    stored = StoredSession()
    stored.pass_time(5)
    press = replace(stored.press(ADA), reply=ReplyRef(channel_id=300))
    proposed = actions.propose_part(stored.load(), TEXT, press)
    assert (proposed.round_number, proposed.number) == (1, 1)
    assert proposed.change is not None
    assert proposed.change.replies == {proposal_key(1, 1): press.reply}
    stored.apply(proposed.change)
    (proposal,) = stored.whole.proposals
    assert (proposal.member_id, proposal.member_name) == (ADA, "member 11")
    assert (proposal.lyrics, proposal.style) == (TEXT.lyrics, TEXT.style)
    assert (proposal.continue_at, proposal.for_clip_id) == (12.5, SOURCE)
    assert proposal.created_at == stored.now == stored.whole.round(1).last_proposal_at
    assert stored.session.active_at == stored.now
    assert votes(stored) == {ADA: "1"}


def test_same_press_proposes_once() -> None:
    stored = StoredSession()
    press = stored.press(ADA)
    stored.apply(actions.propose_part(stored.load(), TEXT, press).change)
    again = actions.propose_part(stored.load(), TEXT, press)
    assert (again.change, again.round_number, again.number) == (None, 1, 1)
    stored.make_part(BO)
    press = stored.press(ADA)
    stored.apply(actions.propose_end(stored.load(), press).change)
    assert actions.propose_end(stored.load(), press).change is None


def test_second_part_of_a_member_replaces_their_first() -> None:
    stored = StoredSession()
    stored.propose(ADA)
    stored.pass_time(50)
    stored.propose(BO)
    stored.vote(ADA, 1, 2)
    stored.pass_time(50)
    assert stored.propose(ADA, "Something else") == 1
    first, second = stored.whole.proposals
    assert (first.lyrics, first.changed_at) == ("Something else", stored.now)
    assert second.changed_at is None
    assert votes(stored) == {ADA: "1", BO: "2"}
    assert stored.whole.round(1).last_proposal_at == stored.now


def test_part_that_others_voted_for_stays_as_it_is() -> None:
    stored = StoredSession()
    stored.propose(ADA)
    stored.vote(BO, 1, 1)
    assert "Others have voted" in refused(lambda: stored.propose(ADA))


def test_only_its_writer_changes_a_part() -> None:
    stored = StoredSession()
    stored.propose(ADA)
    mine = stored.whole.proposals[0]
    assert f"<@{ADA}>" in refused(
        lambda: actions.change_part(stored.load(), mine, TEXT, stored.press(BO, may_manage=True))
    )


def test_part_of_an_earlier_round_or_off_the_board_is_not_changed() -> None:
    stored = StoredSession()
    stored.propose(ADA)
    mine = stored.whole.proposals[0]
    press = stored.press(ADA)
    gone = replace(mine, status=ProposalStatus.WITHDRAWN)
    assert "over" in refused(lambda: actions.change_part(stored.load(), gone, TEXT, press))
    stored.end_ballot()
    assert "over" in refused(lambda: actions.change_part(stored.load(), mine, TEXT, press))


def test_board_has_room_for_so_many_parts() -> None:
    stored = StoredSession()
    for member in range(MAX_PROPOSALS):
        stored.propose(100 + member)
    assert f"{MAX_PROPOSALS} proposals" in refused(lambda: stored.propose(ADA))
    stored.propose(100)
    stored.propose_end(ADA)
    assert len(stored.whole.proposals) == MAX_PROPOSALS + 1


def test_part_that_is_listed_anew_takes_no_room_and_its_writer_can_write_another() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    stored.complete_part()
    stored.run()
    stored.choose(ADA, "")
    stored.end_ballot()
    for member in range(MAX_PROPOSALS - 1):
        stored.propose(100 + member)
    assert stored.propose(ADA, "Another") == MAX_PROPOSALS + 1
    again = stored.whole.proposals_of(2)[0]
    stored.apply(actions.change_part(stored.load(), again, TEXT, stored.press(ADA)).change)
    again = stored.whole.proposals_of(2)[0]
    assert (again.lyrics, again.listed_from) == (TEXT.lyrics, 1)
    assert votes(stored, 2)[ADA] == "1"


def test_nothing_can_be_written_when_all_parts_are_made() -> None:
    stored = StoredSession(parts_left=1)
    stored.send_part(ADA)
    assert refused(lambda: stored.propose(BO)) == "All parts are made."


def test_proposed_end_is_listed_once_and_who_presses_again_votes_for_it() -> None:
    stored = StoredSession()
    assert stored.propose_end(ADA) == stored.propose_end(BO) == 1
    (proposal,) = stored.whole.proposals
    assert (proposal.kind, proposal.for_clip_id) == (ProposalKind.END, None)
    assert votes(stored) == {ADA: "1", BO: "1"}


def test_part_is_taken_back_only_when_there_is_one_and_none_is_made() -> None:
    stored = StoredSession()
    assert refused(lambda: stored.propose_back(ADA)) == "The song has no part yet."
    stored.make_part(ADA)
    number = stored.propose_back(BO)
    proposal = stored.whole.proposal(2, number)
    assert proposal is not None
    assert proposal.kind is ProposalKind.BACK
    stored.propose(ADA)
    stored.vote(BO, 2, 2)
    stored.end_ballot()
    assert "round 2 is still" in refused(lambda: stored.propose_back(BO))


def test_replayed_press_moves_no_vote() -> None:
    stored = StoredSession()
    stored.propose_end(ADA)
    press = stored.press(BO)
    stored.apply(actions.propose_end(stored.load(), press).change)
    stored.propose(CY)
    stored.vote(BO, 1, 2)
    stored.apply(actions.propose_end(stored.load(), press).change)
    assert votes(stored) == {ADA: "1", BO: "2", CY: "2"}


# Taken off


@pytest.mark.parametrize(
    ("member", "may_manage", "is_host", "status"),
    [
        (ADA, False, False, ProposalStatus.WITHDRAWN),
        (ADA, True, True, ProposalStatus.WITHDRAWN),
        (BO, True, False, ProposalStatus.REMOVED),
        (HOST, False, True, ProposalStatus.REMOVED),
    ],
)
def test_proposal_that_is_taken_off_loses_its_votes(
    member: int, status: ProposalStatus, *, may_manage: bool, is_host: bool
) -> None:
    stored = StoredSession()
    stored.propose(ADA)
    stored.propose(BO)
    stored.vote(CY, 1, 1)
    press = stored.press(member, may_manage=may_manage)
    state = stored.load()
    stored.apply(actions.take_off(state, state.proposals[0], press, is_host=is_host))
    gone = stored.whole.proposals[0]
    assert (gone.status, gone.changed_at) == (status, stored.now)
    assert gone.removed_by == (member if status is ProposalStatus.REMOVED else None)
    assert votes(stored) == {BO: "2"}
    assert "over" in refused(lambda: actions.take_off(stored.load(), gone, press, is_host=is_host))
    assert stored.propose(ADA) == 3


def test_votes_of_other_rounds_and_ballots_stay() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    stored.propose(BO)
    stored.complete_part()
    stored.run()
    stored.choose(ADA, "B")
    mine = stored.whole.proposals_of(2)[0]
    stored.apply(actions.take_off(stored.load(), mine, stored.press(BO), is_host=False))
    assert votes(stored) == {ADA: "1"}
    assert len(stored.whole.votes_of(1, Ballot.CLIP)) == 1


def test_others_take_nothing_off() -> None:
    stored = StoredSession()
    stored.propose(ADA)
    state = stored.load()
    press = stored.press(BO)
    assert f"<@{ADA}>" in refused(
        lambda: actions.take_off(state, state.proposals[0], press, is_host=False)
    )


def test_proposal_of_an_earlier_round_is_not_taken_off() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    state, press = stored.load(), stored.press(ADA)
    assert "over" in refused(
        lambda: actions.take_off(state, state.proposals[0], press, is_host=False)
    )


# Closed by hand


def test_closed_ballot_is_counted_at_once() -> None:
    stored = StoredSession()
    stored.propose(ADA)
    stored.run()
    stored.apply(actions.close(stored.load(), 1, stored.press(HOST)))
    stored.run()
    assert stored.statuses == [RoundStatus.MAKING, RoundStatus.OPEN]
    assert stored.whole.round(1).closed_by == HOST
    stored.complete_part()
    stored.run()
    stored.pass_time(1)
    stored.choose(ADA, "B")
    stored.apply(actions.close(stored.load(), 1, stored.press(CY)))
    stored.run()
    over = stored.whole.round(1)
    assert (over.status, over.closed_by, over.clip_closed_by) == (RoundStatus.CHOSEN, HOST, CY)


def test_ballot_is_closed_before_its_clock_was_seen_to_start() -> None:
    stored = StoredSession()
    stored.propose(ADA)
    stored.apply(actions.close(stored.load(), 1, stored.press(HOST)))
    stored.run()
    assert stored.statuses == [RoundStatus.MAKING, RoundStatus.OPEN]


def test_closing_stands_only_while_there_are_votes() -> None:
    stored = StoredSession()
    stored.propose(ADA)
    stored.apply(actions.close(stored.load(), 1, stored.press(HOST)))
    mine = stored.whole.proposals[0]
    stored.apply(actions.take_off(stored.load(), mine, stored.press(ADA), is_host=False))
    stored.run()
    assert stored.whole.round(1).closed_by is None
    stored.propose(BO)
    stored.run()
    assert stored.statuses == [RoundStatus.OPEN]


def test_ballot_that_can_not_be_closed() -> None:
    stored = StoredSession()
    host = stored.press(HOST)
    assert refused(lambda: actions.close(stored.load(), 1, host)) == "Nobody has voted yet."
    stored.send_part(ADA)
    stored.propose(BO)
    assert "over" in refused(lambda: actions.close(stored.load(), 1, host))
    assert "not chosen yet" in refused(lambda: actions.close(stored.load(), 2, host))
    stored.complete_part()
    stored.run()
    assert refused(lambda: actions.close(stored.load(), 1, host)) == "Nobody has voted yet."


# Ended, resting


def test_session_is_ended_by_hand_without_the_part_in_the_making() -> None:
    stored = StoredSession()
    stored.make_part(ADA)
    latest = stored.session.latest_clip_id
    stored.send_part(BO)
    stored.apply(actions.end_by_hand(stored.load(), stored.now))
    session = stored.session
    assert (session.status, session.end_reason) == (SessionStatus.FINISHED, EndReason.BY_HAND)
    assert session.latest_clip_id == latest
    assert stored.statuses == [RoundStatus.CHOSEN, RoundStatus.SETTLED, RoundStatus.SETTLED]
    stored.complete_part()
    assert not stored.run()


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (EndReason.THREAD_DELETED, SessionStatus.FINISHED),
        (EndReason.GUILD_LOST, SessionStatus.ENDED),
    ],
)
def test_lost_session_is_finished_where_its_song_can_be_posted(
    reason: EndReason, status: SessionStatus
) -> None:
    stored = StoredSession()
    stored.make_part(ADA)
    stored.apply(actions.lost(stored.load(), reason, stored.now))
    assert (stored.session.status, stored.session.end_reason) == (status, reason)


def test_nothing_can_be_done_in_a_session_that_is_over() -> None:
    stored = finished_session()
    state, press = stored.load(), stored.press(ADA)
    mine = state.proposals[0]
    for action in (
        lambda: actions.propose_part(state, TEXT, press),
        lambda: actions.change_part(state, mine, TEXT, press),
        lambda: actions.propose_end(state, press),
        lambda: actions.take_off(state, mine, press, is_host=True),
        lambda: actions.close(state, 1, press),
        lambda: actions.end_by_hand(state, NOW),
    ):
        assert refused(action) == "This session is over."
    assert actions.rest(state, RestReason.CLOSED, NOW) is None


def test_resting_session_keeps_when_and_why_it_began_to() -> None:
    stored = StoredSession()
    stored.apply(actions.rest(stored.load(), RestReason.CLOSED, NOW))
    session = stored.session
    assert (session.rests_since, session.rest_reason) == (NOW, RestReason.CLOSED)
    later = NOW + dt.timedelta(hours=1)
    assert actions.rest(stored.load(), RestReason.FORBIDDEN, later) is None


def test_member_who_does_something_wakes_the_session() -> None:
    stored = StoredSession()
    stored.apply(actions.rest(stored.load(), RestReason.CLOSED, NOW))
    stored.propose(ADA)
    session = stored.session
    assert (session.rests_since, session.rest_reason) == (None, None)

import datetime as dt
from dataclasses import replace

import pytest

from bot.domain import failures
from bot.domain.models import Progress, Status
from bot.domain.sessions import actions
from bot.domain.sessions.actions import PartText
from bot.domain.sessions.models import (
    NEITHER,
    Ballot,
    Count,
    DropReason,
    EndReason,
    RestReason,
    RoundStatus,
    SessionStatus,
)
from bot.domain.sessions.steps import IDLE, LENGTH_WAIT, continue_at, step
from bot.domain.transitions import (
    cancelled,
    finished,
    observed,
    reopened,
    with_current_links,
)
from tests.support.factories import DEADLINE, NOW
from tests.support.sessions import (
    ADA,
    BO,
    CLIP_LENGTH,
    CY,
    HOST,
    SOURCE,
    VOTE_SECONDS,
    StoredSession,
    playable_clip,
)

OPEN, MAKING, CHOOSING = RoundStatus.OPEN, RoundStatus.MAKING, RoundStatus.CHOOSING
CHOSEN, UNDONE = RoundStatus.CHOSEN, RoundStatus.UNDONE
DROPPED, SETTLED = RoundStatus.DROPPED, RoundStatus.SETTLED


def later(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def fail(stored: StoredSession) -> None:
    """Have the provider refuse the last part, which costs nothing."""
    failure = failures.OutOfCredits()
    stored.set_part(finished(stored.part, Status.FAILED, failure, now=stored.now))
    stored.run()


def expire(stored: StoredSession) -> None:
    stored.expire_part()
    stored.run()


def withdraw_links(stored: StoredSession) -> None:
    clips = tuple(replace(clip, audio_url=None) for clip in stored.part.clips)
    stored.set_part(with_current_links(stored.part, Progress(clips=clips)))


# Clocks


def test_nothing_happens_without_a_vote() -> None:
    stored = StoredSession()
    assert not stored.run()
    stored.pass_time(IDLE.total_seconds() - 1)
    assert not stored.run()


def test_first_vote_starts_the_clock_and_says_when_it_ends() -> None:
    stored = StoredSession()
    stored.propose(ADA)
    stored.run()
    current = stored.whole.round(1)
    assert (current.voters, current.clock_started_at) == (1, NOW)
    assert current.ends_at == stored.session.due_at == later(VOTE_SECONDS)
    stored.pass_time(VOTE_SECONDS - 1)
    assert not stored.run()
    assert not stored.requests
    stored.pass_time(1)
    stored.run()
    assert stored.statuses == [MAKING, OPEN]


def test_clock_stops_when_the_last_vote_falls_away() -> None:
    stored = StoredSession()
    stored.propose(ADA)
    stored.run()
    mine = stored.whole.proposals[0]
    stored.apply(actions.take_off(stored.load(), mine, stored.press(ADA), is_host=False))
    stored.run()
    current = stored.whole.round(1)
    assert (current.voters, current.clock_started_at, current.ends_at) == (0, None, None)
    assert stored.session.due_at == NOW + IDLE


def test_vote_makes_the_session_active() -> None:
    stored = StoredSession()
    stored.propose(ADA)
    stored.run()
    stored.pass_time(50)
    stored.vote(BO, 1, 1)
    stored.run()
    assert stored.session.active_at == later(50)


def test_next_round_waits_until_the_part_is_chosen() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    stored.propose(BO)
    stored.pass_time(2 * VOTE_SECONDS)
    assert not stored.run()
    stored.complete_part()
    stored.run()
    assert stored.statuses == [CHOOSING, OPEN]
    stored.choose(ADA, "B")
    stored.end_ballot()
    assert stored.statuses == [CHOSEN, OPEN]
    current = stored.whole.round(2)
    assert (current.voters, current.clock_started_at) == (1, stored.now)


# A part is sent


def test_part_that_won_is_requested_with_its_words() -> None:
    stored = StoredSession()
    text = PartText(lyrics="[Verse]\nNeon rain", style=("half-time", "piano"), continue_at=90.5)
    stored.apply(actions.propose_part(stored.load(), text, stored.press(ADA)).change)
    stored.end_ballot()
    (part,) = stored.requests
    assert part.idempotency_key == "session:7:1"
    assert (part.member_id, part.created_at, part.due_at) == (ADA, stored.now, stored.now)
    assert part.deadline_at == stored.now + DEADLINE
    request = part.request
    assert (request.provider, request.clip_id, request.title) == ("suno", SOURCE, "Electric Dreams")
    assert (request.lyrics, request.style) == (text.lyrics, text.style)
    assert request.continue_at == text.continue_at
    assert (part.reply.channel_id, part.reply.guild_id) == (300, 100)
    sent = stored.whole.round(1)
    assert (sent.winner, sent.base_clip_id, sent.extension_id) == (1, SOURCE, part.id)
    assert sent.tally == (Count(choice="1", votes=1),)
    assert stored.session.parts_left == 11
    assert stored.statuses == [MAKING, OPEN]


def test_second_holds_only_for_the_clip_that_it_was_written_for() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    text = PartText(lyrics="Run", continue_at=60)
    stored.apply(actions.propose_part(stored.load(), text, stored.press(BO)).change)
    proposal = stored.whole.proposals[-1]
    assert continue_at(stored.whole, proposal) == 60
    stored.complete_part()
    stored.run()
    stored.choose(ADA, "A")
    stored.end_ballot()
    stored.end_ballot()
    assert stored.part.request.clip_id == stored.whole.round(1).clip_id
    assert stored.part.request.continue_at is None


def test_length_of_the_latest_clip_is_waited_for_for_a_minute() -> None:
    stored = StoredSession(needs_length=True)
    stored.is_length_known = False
    stored.propose(ADA)
    stored.end_ballot()
    assert not stored.requests
    stored.pass_time(LENGTH_WAIT.total_seconds() - 1)
    stored.run()
    assert not stored.requests
    stored.pass_time(1)
    stored.run()
    assert len(stored.requests) == 1


def test_part_is_sent_as_soon_as_the_length_is_known() -> None:
    stored = StoredSession(needs_length=True)
    stored.is_length_known = False
    stored.propose(ADA)
    stored.end_ballot()
    stored.is_length_known = True
    stored.run()
    assert len(stored.requests) == 1


def test_length_is_not_waited_for_where_a_second_is_said() -> None:
    stored = StoredSession(needs_length=True)
    stored.is_length_known = False
    text = PartText(lyrics="Run", continue_at=60)
    stored.apply(actions.propose_part(stored.load(), text, stored.press(BO)).change)
    stored.end_ballot()
    assert len(stored.requests) == 1


def test_unknown_latest_clip_is_continued_at_its_end() -> None:
    stored = StoredSession()
    stored.propose(ADA)
    stored.run()
    stored.pass_time(VOTE_SECONDS)
    state = replace(stored.load(), latest_clip=None)
    for needs_length in (False, True):
        change = step(state, stored.now, needs_length=needs_length, deadline=DEADLINE)
        assert (change is None) == needs_length
    change = step(state, stored.now, needs_length=False, deadline=DEADLINE)
    assert change is not None
    assert change.request is not None
    assert (change.request.source_title, change.request.source_url) == ("Electric Dreams", None)


# A part ends


def test_chosen_clip_is_the_latest() -> None:
    stored = StoredSession()
    stored.make_part(ADA, "B")
    over = stored.whole.round(1)
    assert stored.session.latest_clip_id == over.clip_id == stored.part.clips[1].id
    assert over.clip_tally == (
        Count(choice="A", votes=0),
        Count(choice="B", votes=1),
        Count(choice=NEITHER, votes=0),
    )
    assert over.ends_at is None


def test_latest_clip_is_not_what_was_known_of_the_one_before() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    stored.complete_part()
    stored.run()
    stored.pass_time(2 * CLIP_LENGTH + 60)
    change = stored.next_change()
    assert change is not None
    assert change.state.round(1).status is CHOSEN
    assert change.state.latest_clip is None


def test_nobody_chooses_so_the_first_clip_goes_on() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    stored.complete_part(failed=[0])
    stored.end_ballot()
    assert stored.session.latest_clip_id == stored.part.clips[1].id


def test_part_that_nobody_wanted_is_listed_anew_without_votes() -> None:
    stored = StoredSession()
    stored.send_part(ADA, "[Verse]\nNeon rain")
    stored.complete_part()
    stored.run()
    stored.choose(BO, NEITHER)
    stored.end_ballot()
    assert stored.statuses == [DROPPED, OPEN]
    assert stored.whole.round(1).drop_reason is DropReason.NEITHER
    (again,) = stored.whole.proposals_of(2)
    assert (again.lyrics, again.member_id, again.listed_from) == ("[Verse]\nNeon rain", ADA, 1)
    assert again.idempotency_key == "again:7:1"
    assert not stored.whole.votes_of(2, Ballot.NEXT)
    assert (stored.session.parts_left, stored.session.latest_clip_id) == (11, SOURCE)
    stored.pass_time(10 * VOTE_SECONDS)
    assert not stored.run()


def test_failed_part_that_cost_nothing_does_not_count() -> None:
    stored = StoredSession(parts_left=1)
    stored.send_part(ADA)
    assert stored.session.parts_left == 0
    fail(stored)
    assert stored.statuses == [DROPPED, OPEN]
    assert stored.whole.round(1).drop_reason is DropReason.FAILED
    assert stored.session.parts_left == 1
    assert [each.listed_from for each in stored.whole.proposals_of(2)] == [1]


def test_cancelled_part_does_not_count() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    stored.set_part(cancelled(stored.part, now=stored.now))
    stored.run()
    assert (stored.statuses, stored.session.parts_left) == ([DROPPED, OPEN], 12)


def test_unconfirmed_part_may_have_been_charged_and_counts() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    failure = failures.Unconfirmed()
    stored.set_part(finished(stored.part, Status.UNCONFIRMED, failure, now=stored.now))
    stored.run()
    assert (stored.statuses, stored.session.parts_left) == ([DROPPED, OPEN], 11)


def test_expired_part_counts() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    expire(stored)
    assert (stored.statuses, stored.session.parts_left) == ([DROPPED, OPEN], 11)


def test_nothing_is_sent_after_a_failure_before_somebody_votes_again() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    number = stored.propose(BO)
    fail(stored)
    assert not stored.whole.votes_of(2, Ballot.NEXT)
    stored.pass_time(10 * VOTE_SECONDS)
    assert not stored.run()
    stored.vote(CY, 2, number)
    stored.end_ballot()
    assert len(stored.requests) == 2


def test_neither_clip_keeps_the_votes_for_what_comes_next() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    stored.propose(BO)
    stored.complete_part()
    stored.run()
    stored.choose(ADA, NEITHER)
    stored.end_ballot()
    assert stored.whole.round(2).voters == 1


def test_part_without_its_proposal_is_dropped_and_nothing_listed() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    stored.whole = replace(stored.whole, proposals=())
    fail(stored)
    assert stored.statuses == [DROPPED, OPEN]
    assert not stored.whole.proposals


def test_part_that_is_not_loaded_is_waited_for() -> None:
    stored = StoredSession(vote_seconds=600)
    stored.send_part(ADA)
    stored.complete_part()
    stored.run()
    stored.pass_time(10_000)
    state = replace(stored.load(), extensions={})
    assert step(state, stored.now, needs_length=False, deadline=DEADLINE) is None


def test_choice_without_a_playable_clip_is_dropped() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    stored.complete_part()
    stored.run()
    withdraw_links(stored)
    stored.run()
    assert stored.statuses == [DROPPED, OPEN]
    assert stored.whole.round(1).drop_reason is DropReason.FAILED


def test_complete_part_without_a_playable_clip_is_dropped() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    stored.complete_part()
    withdraw_links(stored)
    assert stored.part.status is Status.COMPLETE
    stored.run()
    assert stored.statuses == [DROPPED, OPEN]


def test_choice_goes_on_while_the_other_clip_is_checked_again() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    stored.submit_part()
    first, second = stored.part.clips
    silent = replace(playable_clip(second.id), audio_url=None)
    stored.observe_part(playable_clip(first.id), silent)
    stored.run()
    assert stored.statuses == [CHOOSING, OPEN]
    stored.set_part(reopened(stored.part, now=stored.now, deadline=DEADLINE))
    assert stored.part.status is Status.STREAMING
    stored.end_ballot()
    assert stored.statuses == [CHOSEN, OPEN]
    assert stored.session.latest_clip_id == first.id


# A part comes late


def test_expired_part_that_comes_after_all_is_chosen() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    expire(stored)
    stored.propose(BO)
    stored.vote(CY, 2, 1)
    stored.run()
    assert stored.whole.round(2).voters == 2
    stored.check_again()
    stored.run()
    late, current = stored.whole.rounds
    assert stored.statuses == [CHOOSING, OPEN]
    assert (late.drop_reason, late.ended_at) == (None, None)
    assert late.ends_at is not None
    assert (current.clock_started_at, current.ends_at) == (None, None)
    assert [each.member_id for each in stored.whole.proposals_of(2)] == [BO]
    assert [vote.member_id for vote in stored.whole.votes_of(2, Ballot.NEXT)] == [BO]
    stored.end_ballot()
    assert stored.statuses == [CHOSEN, OPEN]
    stored.end_ballot()
    assert stored.statuses == [CHOSEN, MAKING, OPEN]


def test_late_part_that_nobody_wants_is_listed_once_more() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    expire(stored)
    stored.check_again()
    stored.run()
    stored.choose(BO, NEITHER)
    stored.end_ballot()
    assert stored.statuses == [DROPPED, OPEN]
    (again,) = stored.whole.proposals_of(2, listed=False)
    assert (again.number, again.listed_from, again.is_listed) == (1, 1, True)


def test_late_part_stays_out_when_another_was_sent() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    expire(stored)
    late = stored.part
    stored.propose(BO)
    stored.end_ballot()
    assert stored.statuses == [DROPPED, MAKING, OPEN]
    part = reopened(late, now=stored.now, deadline=DEADLINE)
    clips = tuple(playable_clip(clip.id) for clip in part.clips)
    stored.set_part(observed(part, Progress(clips=clips), now=stored.now))
    stored.run()
    assert stored.statuses == [DROPPED, MAKING, OPEN]
    assert stored.whole.round(1).drop_reason is DropReason.LATE


def test_late_part_stays_out_when_the_clip_that_it_continues_was_taken_back() -> None:
    stored = StoredSession()
    stored.make_part(ADA)
    stored.send_part(BO)
    expire(stored)
    stored.propose_back(CY)
    stored.end_ballot()
    assert stored.statuses == [UNDONE, DROPPED, SETTLED, OPEN]
    stored.check_again()
    stored.run()
    assert stored.statuses == [UNDONE, DROPPED, SETTLED, OPEN]
    assert stored.whole.round(2).drop_reason is DropReason.LATE
    assert stored.session.latest_clip_id == SOURCE


def test_late_part_is_not_what_was_to_be_taken_back() -> None:
    stored = StoredSession()
    stored.make_part(ADA)
    stored.send_part(BO)
    expire(stored)
    stored.propose_back(CY)
    stored.check_again()
    stored.run()
    stored.choose(BO, "A")
    stored.end_ballot()
    assert stored.statuses == [CHOSEN, CHOSEN, OPEN]
    assert not stored.whole.proposals_of(3)
    assert not stored.whole.votes_of(3, Ballot.NEXT)


def test_ballot_that_was_closed_before_a_late_part_came_ends_after_it() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    expire(stored)
    stored.propose(BO)
    stored.run()
    stored.apply(actions.close(stored.load(), 2, stored.press(HOST)))
    stored.check_again()
    stored.end_ballot()
    assert stored.statuses == [CHOSEN, OPEN]
    stored.end_ballot()
    assert stored.statuses == [CHOSEN, MAKING, OPEN]


def test_choice_that_was_closed_as_its_links_were_withdrawn_ends_once_they_are_back() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    stored.complete_part()
    stored.run()
    stored.choose(ADA, "B")
    stored.apply(actions.close(stored.load(), 1, stored.press(HOST)))
    withdraw_links(stored)
    stored.run()
    assert stored.statuses == [DROPPED, OPEN]
    stored.check_again()
    stored.end_ballot()
    assert stored.statuses == [CHOSEN, OPEN]


# Taken back, ended


def test_part_that_is_taken_back_leaves_the_song() -> None:
    stored = StoredSession()
    stored.make_part(ADA)
    first = stored.session.latest_clip_id
    stored.make_part(BO)
    stored.propose_back(CY)
    stored.end_ballot()
    assert stored.statuses == [CHOSEN, UNDONE, SETTLED, OPEN]
    assert stored.session.latest_clip_id == first
    assert (stored.session.parts_left, stored.whole.round(3).winner) == (10, 1)
    stored.propose_back(CY)
    stored.end_ballot()
    assert stored.session.latest_clip_id == SOURCE
    assert stored.statuses == [UNDONE, UNDONE, SETTLED, SETTLED, OPEN]


def test_votes_that_decide_nothing_are_given_back() -> None:
    stored = StoredSession()
    stored.make_part(ADA)
    stored.propose_end(ADA)
    stored.propose_back(BO)
    stored.end_ballot()
    current = stored.whole.round(2)
    assert stored.statuses == [CHOSEN, OPEN]
    assert (current.voters, current.clock_started_at) == (0, None)
    assert len(stored.whole.proposals_of(2)) == 2
    assert not stored.whole.votes_of(2, Ballot.NEXT)


def test_vote_to_end_finishes_the_session() -> None:
    stored = StoredSession()
    stored.make_part(ADA)
    stored.propose_end(ADA)
    stored.end_ballot()
    session = stored.session
    assert (session.status, session.end_reason) == (SessionStatus.FINISHED, EndReason.VOTED)
    assert (session.finished_at, session.due_at) == (stored.now, stored.now)
    assert stored.statuses == [CHOSEN, SETTLED]
    assert stored.whole.round(2).winner == 1
    assert stored.next_change() is None


def test_session_without_a_part_is_ended() -> None:
    stored = StoredSession()
    stored.propose_end(ADA)
    stored.end_ballot()
    assert stored.session.status is SessionStatus.ENDED


def test_session_is_finished_when_the_last_part_is_chosen() -> None:
    stored = StoredSession(parts_left=1)
    stored.make_part(ADA)
    session = stored.session
    assert (session.status, session.end_reason) == (SessionStatus.FINISHED, EndReason.ALL_PARTS)
    assert stored.statuses == [CHOSEN, SETTLED]


def test_session_that_idles_for_days_is_finished() -> None:
    stored = StoredSession()
    stored.make_part(ADA)
    stored.pass_time(IDLE.total_seconds())
    stored.run()
    session = stored.session
    assert (session.status, session.end_reason) == (SessionStatus.FINISHED, EndReason.IDLE)


def test_session_whose_thread_is_never_made_ends_too() -> None:
    stored = StoredSession(channel_id=None)
    assert not stored.run()
    stored.pass_time(IDLE.total_seconds())
    stored.run()
    session = stored.session
    assert (session.status, session.end_reason) == (SessionStatus.ENDED, EndReason.IDLE)


def test_reason_is_that_all_parts_are_made_though_it_took_days() -> None:
    stored = StoredSession(parts_left=1)
    stored.send_part(ADA)
    stored.submit_part()
    stored.pass_time(IDLE.total_seconds())
    stored.set_part(finished(stored.part, Status.EXPIRED, None, now=stored.now))
    stored.run()
    assert stored.session.end_reason is EndReason.ALL_PARTS


# Resting


def rest(stored: StoredSession, reason: RestReason = RestReason.CLOSED) -> None:
    stored.apply(actions.rest(stored.load(), reason, stored.now))
    stored.run()


def test_resting_session_sends_nothing() -> None:
    stored = StoredSession()
    stored.propose(ADA)
    stored.run()
    stored.pass_time(100)
    rest(stored)
    current = stored.whole.round(1)
    assert (current.clock_started_at, current.ends_at) == (None, None)
    stored.pass_time(VOTE_SECONDS)
    assert not stored.run()


@pytest.mark.parametrize("is_seen", [True, False])
def test_vote_wakes_a_session_and_its_clock_starts_in_full(*, is_seen: bool) -> None:
    stored = StoredSession()
    stored.propose(ADA)
    stored.run()
    stored.pass_time(VOTE_SECONDS - 1)
    stored.apply(actions.rest(stored.load(), RestReason.CLOSED, stored.now))
    if is_seen:
        stored.run()
    stored.pass_time(100_000)
    stored.vote(BO, 1, 1)
    stored.run()
    assert stored.session.rests_since is None
    assert not stored.requests
    assert stored.whole.round(1).clock_started_at == stored.now
    assert stored.session.active_at == stored.now


def test_vote_at_the_last_moment_wakes_a_session_before_it_is_idle() -> None:
    stored = StoredSession()
    stored.propose(ADA)
    stored.run()
    rest(stored)
    stored.pass_time(IDLE.total_seconds())
    stored.vote(ADA, 1, 1)
    stored.run()
    assert stored.session.is_running


def test_part_ends_while_a_session_rests_and_its_choice_waits() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    rest(stored)
    stored.complete_part()
    stored.run()
    assert stored.statuses == [CHOOSING, OPEN]
    stored.pass_time(10_000)
    assert not stored.run()
    stored.choose(BO, "B")
    stored.run()
    assert stored.whole.round(1).clock_started_at == stored.now


def test_late_part_comes_while_a_session_rests() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    expire(stored)
    rest(stored)
    stored.check_again()
    stored.run()
    assert stored.statuses == [CHOOSING, OPEN]
    assert stored.whole.round(1).clock_started_at is None


def test_resting_forgets_who_closed_the_ballot_that_it_stops() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    stored.complete_part()
    stored.run()
    first = replace(stored.whole.round(1), closed_by=HOST)
    stored.whole = replace(stored.whole, rounds=(first, *stored.whole.rounds[1:]))
    stored.choose(ADA, "A")
    stored.apply(actions.close(stored.load(), 1, stored.press(HOST)))
    rest(stored)
    over = stored.whole.round(1)
    assert (over.closed_by, over.clip_closed_by) == (HOST, None)
    stored.pass_time(1)
    stored.choose(BO, "B")
    stored.end_ballot()
    assert stored.statuses == [CHOSEN, OPEN]


def test_resting_session_ends_when_nobody_comes_back() -> None:
    stored = StoredSession()
    rest(stored)
    stored.pass_time(IDLE.total_seconds())
    stored.run()
    assert stored.session.end_reason is EndReason.IDLE
    assert stored.session.rests_since is None


# Downtime


def test_downtime_moves_all_ends() -> None:
    stored = StoredSession()
    stored.propose(ADA)
    stored.run()
    stored.pass_time(170)
    stored.shift(10 * IDLE.total_seconds())
    assert not stored.run()
    stored.pass_time(9)
    assert not stored.run()
    stored.pass_time(1)
    stored.run()
    assert stored.statuses == [MAKING, OPEN]

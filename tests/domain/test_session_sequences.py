"""Any sequence of events keeps the promises of a session."""

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.domain import failures
from bot.domain.errors import UserError
from bot.domain.models import Clip, ClipStatus, Progress, Status
from bot.domain.sessions import actions
from bot.domain.sessions.actions import PartText
from bot.domain.sessions.ballots import count_clips, count_next, playable_letters
from bot.domain.sessions.models import (
    NEITHER,
    Ballot,
    Change,
    DropReason,
    EndReason,
    PostKey,
    RestReason,
    RoundStatus,
    SessionState,
    SessionStatus,
)
from bot.domain.sessions.posts import (
    CARD,
    RECAP,
    board_key,
    changed_posts,
    proposal_key,
    result_key,
)
from bot.domain.sessions.steps import LENGTH_WAIT
from bot.domain.transitions import (
    can_check_again,
    cancelled,
    expired,
    finished,
    observed,
    postponed,
    reopened,
    with_current_links,
)
from tests.support.factories import DEADLINE
from tests.support.sessions import (
    ADA,
    BO,
    CY,
    DEE,
    HOST,
    SOURCE,
    StoredSession,
    failed_clip,
    playable_clip,
)

members = st.sampled_from([ADA, BO, CY, DEE, HOST])
numbers = st.integers(1, 6)
durations = st.sampled_from([1, 10, 29, 30, 61, 200, 400]) | st.integers(0, 500)
outages = st.sampled_from([50, 600, 100_000, 400_000])
clip_sets = st.sampled_from(["ok ok", "ok", "ok failed", "failed ok", "silent ok"])
seldom = st.sampled_from([False] * 9 + [True])


def shown(state: SessionState) -> dict[PostKey, str]:
    """Return the words of each post that is to stand, as far as they may change."""
    session, busy = state.session, state.busy_round
    chosen = len(state.chosen_rounds)
    card = f"{session.status} {len(state.rounds)} {chosen} {session.parts_left} left"
    posts = {CARD: f"{card} {session.channel_id}"}
    if session.channel_id is None:
        return posts
    if session.status is SessionStatus.FINISHED:
        posts[RECAP] = "recap"
    for each in state.rounds:
        if each.winner is not None:
            posts[board_key(each.number)] = f"{each.winner} {each.tie_broken} {each.tally}"
        elif each.status is RoundStatus.OPEN and busy is None:
            listed = [
                f"{known.number} {known.lyrics} {known.style}"
                for known in state.proposals_of(each.number)
            ]
            ballot = f"{each.voters} {each.ends_at} {session.rest_reason} {session.parts_left}"
            posts[board_key(each.number)] = f"{listed} {ballot}"
        if each.status is RoundStatus.CHOOSING:
            letters = playable_letters(state.extensions[each.extension_id or 0])
            ballot = f"{letters} {each.voters} {each.ends_at} {session.rest_reason}"
            posts[result_key(each.number)] = ballot
        elif each.extension_id is not None and each.status is not RoundStatus.MAKING:
            is_chosen = each.status in (RoundStatus.CHOSEN, RoundStatus.UNDONE)
            status = "chosen" if is_chosen else each.status
            result = f"{status} {each.clip_id} {each.clip_tally} {each.drop_reason}"
            posts[result_key(each.number)] = result
    for known in state.proposals:
        key = proposal_key(known.round_number, known.number)
        words = f"{known.lyrics} {known.style} {known.continue_at}"
        posts[key] = f"{words} {known.status} {known.changed_at}"
    return posts


class History(RuleBasedStateMachine):
    """One session, and whatever may happen to it in whatever order."""

    @initialize(
        parts=st.sampled_from([1, 2, 5, 12]), needs_length=st.booleans(), has_thread=st.booleans()
    )
    def it_starts(self, parts: int, *, needs_length: bool, has_thread: bool) -> None:
        channel_id = 300 if has_thread else None
        self.stored = StoredSession(
            needs_length=needs_length, parts_left=parts, channel_id=channel_id
        )
        if not has_thread:
            assert not self.stored.run()
            self.change(lambda state: actions.thread_made(state, 300, self.stored.now))
        self.over: SessionState | None = None

    # What members do

    def change(self, decide: Callable[[SessionState], Change | None]) -> None:
        """Store what was decided, unless it is refused."""
        was = self.stored.whole
        try:
            self.stored.apply(decide(self.stored.load()))
        except UserError:
            assert self.stored.whole is was
        else:
            self.compare(was)

    @rule(member=members, second=st.none() | st.just(40.0), key=st.sampled_from(["", "same"]))
    def someone_writes(self, member: int, second: float | None, key: str) -> None:
        text = PartText(lyrics=f"[Verse]\nby {member}", continue_at=second)
        # a press is replayed while its proposal is loaded, in the next round at the latest
        rounds = len(self.stored.whole.rounds) // 2
        press = self.stored.press(member, key=f"{key}-{rounds}-{member}" if key else "")
        self.change(lambda state: actions.propose_part(state, text, press).change)

    @rule(member=members, number=numbers)
    def someone_changes(self, member: int, number: int) -> None:
        current = self.stored.whole.open_round
        proposal = current and self.stored.whole.proposal(current.number, number)
        if proposal is not None:
            press, text = self.stored.press(member), PartText(lyrics="anew")
            self.change(lambda state: actions.change_part(state, proposal, text, press).change)

    @rule(member=members)
    def someone_wants_the_end(self, member: int) -> None:
        press = self.stored.press(member)
        self.change(lambda state: actions.propose_end(state, press).change)

    @rule(member=members)
    def someone_wants_the_last_part_back(self, member: int) -> None:
        press = self.stored.press(member)
        self.change(lambda state: actions.propose_back(state, press).change)

    @rule(member=members, number=numbers)
    def someone_takes_off(self, member: int, number: int) -> None:
        current = self.stored.whole.open_round
        proposal = current and self.stored.whole.proposal(current.number, number)
        if proposal is not None:
            press, is_host = self.stored.press(member), member == HOST
            self.change(lambda state: actions.take_off(state, proposal, press, is_host=is_host))

    @rule(member=members, number=numbers)
    def someone_votes(self, member: int, number: int) -> None:
        current = self.stored.whole.open_round
        if current is not None:
            self.stored.vote(member, current.number, number)

    @rule(chosen=st.lists(st.tuples(members, numbers), min_size=2))
    def many_vote(self, chosen: list[tuple[int, int]]) -> None:
        for member, number in chosen:
            self.someone_votes(member, number)

    @rule(member=members, letter=st.sampled_from(["A", "B", "B", NEITHER]))
    def someone_chooses(self, member: int, letter: str) -> None:
        self.stored.choose(member, letter)

    @rule(is_busy=st.booleans())
    def the_host_closes(self, *, is_busy: bool) -> None:
        current = self.stored.whole.busy_round if is_busy else self.stored.whole.open_round
        if current is not None:
            press = self.stored.press(HOST)
            self.change(lambda state: actions.close(state, current.number, press))

    @rule(does=seldom)
    def the_host_ends_it(self, *, does: bool) -> None:
        if does:
            self.change(lambda state: actions.end_by_hand(state, self.stored.now))

    @rule(reason=st.sampled_from(EndReason), does=seldom)
    def it_is_lost(self, reason: EndReason, *, does: bool) -> None:
        if does:
            self.change(lambda state: actions.lost(state, reason, self.stored.now))

    @rule(reason=st.sampled_from(RestReason))
    def it_rests(self, reason: RestReason) -> None:
        self.change(lambda state: actions.rest(state, reason, self.stored.now))

    # What becomes of parts

    def has_parts(self) -> bool:
        return bool(self.stored.whole.extensions)

    @precondition(has_parts)
    @rule()
    def it_is_submitted(self) -> None:
        if self.stored.part.status is Status.WAITING:
            self.stored.submit_part()

    @precondition(has_parts)
    @rule(which=clip_sets)
    def it_is_complete(self, which: str) -> None:
        self.it_is_submitted()
        clips = [
            self.clip(clip.id, kind)
            for clip, kind in zip(self.stored.part.clips, which.split(), strict=False)
        ]
        self.stored.observe_part(*clips)

    @precondition(has_parts)
    @rule()
    def it_streams(self) -> None:
        self.it_is_submitted()
        part = self.stored.part
        clips = [
            Clip(id=clip.id, status=ClipStatus.STREAMING, audio_url="https://audio.example/s")
            for clip in part.clips
        ]
        self.stored.observe_part(*clips, is_open=True)

    @precondition(has_parts)
    @rule()
    def it_fails_at_the_provider(self) -> None:
        self.it_is_submitted()
        progress = Progress(error="moderated")
        self.stored.set_part(observed(self.stored.part, progress, now=self.stored.now))

    @precondition(has_parts)
    @rule(status=st.sampled_from([Status.FAILED, Status.UNCONFIRMED]))
    def it_ends_before_it_is_taken(self, status: Status) -> None:
        part = self.stored.part
        if part.handle is None:
            failure = failures.OutOfCredits()
            self.stored.set_part(finished(part, status, failure, now=self.stored.now))

    @precondition(has_parts)
    @rule()
    def it_is_cancelled(self) -> None:
        self.stored.set_part(cancelled(self.stored.part, now=self.stored.now))

    @precondition(has_parts)
    @rule()
    def it_is_postponed(self) -> None:
        part = postponed(self.stored.part, failures.Unavailable(), due_at=self.stored.now)
        self.stored.set_part(part)

    @precondition(has_parts)
    @rule()
    def it_expires(self) -> None:
        self.it_is_submitted()
        self.stored.pass_time(DEADLINE.total_seconds())
        self.stored.set_part(expired(self.stored.part, now=self.stored.now))

    @precondition(has_parts)
    @rule()
    def its_links_are_withdrawn(self) -> None:
        clips = tuple(replace(clip, audio_url=None) for clip in self.stored.part.clips)
        self.stored.set_part(with_current_links(self.stored.part, Progress(clips=clips)))

    @precondition(has_parts)
    @rule(which=clip_sets, index=st.integers(0, 3), answers=st.booleans())
    def someone_checks_again(self, which: str, index: int, *, answers: bool) -> None:
        parts = sorted(self.stored.whole.extensions)
        part = self.stored.whole.extensions[parts[-1 - index % len(parts)]]
        if not can_check_again(part):
            return
        part = reopened(part, now=self.stored.now, deadline=DEADLINE)
        if answers:
            kinds = zip(part.clips, which.split(), strict=False)
            clips = tuple(self.clip(clip.id, kind) for clip, kind in kinds)
            part = observed(part, Progress(clips=clips), now=self.stored.now)
        self.stored.set_part(part)

    @staticmethod
    def clip(clip_id: str, kind: str) -> Clip:
        made = playable_clip(clip_id)
        silent = replace(made, audio_url=None)
        return {"ok": made, "failed": failed_clip(clip_id), "silent": silent}[kind]

    # A whole round

    @rule(member=members, letter=st.sampled_from("AB"))
    def a_part_is_made(self, member: int, letter: str) -> None:
        self.someone_writes(member, None, "")
        self.the_ballot_ends()
        if self.stored.whole.busy_round is not None:
            self.it_is_complete("ok ok")
            self.it_goes_on()
            self.stored.choose(member, letter)
            self.the_ballot_ends()

    @rule(member=members)
    def a_part_is_taken_back(self, member: int) -> None:
        self.someone_wants_the_last_part_back(member)
        self.the_ballot_ends()

    @rule(member=members, number=numbers)
    def a_part_fails_while_others_vote(self, member: int, number: int) -> None:
        self.someone_writes(member, None, "")
        self.the_ballot_ends()
        self.someone_writes(member, None, "")
        self.someone_votes(BO, number)
        if self.stored.whole.busy_round is not None:
            self.stored.pass_time(1)
            self.it_ends_before_it_is_taken(Status.FAILED)
            self.the_ballot_ends()

    @rule(member=members)
    def a_part_expires(self, member: int) -> None:
        self.someone_writes(member, None, "")
        self.the_ballot_ends()
        if self.stored.whole.busy_round is not None:
            self.it_expires()
            self.it_goes_on()

    @precondition(has_parts)
    @rule()
    def it_comes_late(self) -> None:
        self.someone_checks_again("ok ok", 0, answers=True)

    # Time

    @rule(seconds=durations)
    def time_passes(self, seconds: int) -> None:
        self.stored.pass_time(seconds)

    @rule()
    def the_ballot_ends(self) -> None:
        self.it_goes_on()
        current = self.stored.whole.busy_round or self.stored.whole.open_round
        if current is not None and current.ends_at is not None:
            self.stored.now = max(self.stored.now, current.ends_at)
            self.it_goes_on()

    @rule(is_known=st.booleans())
    def lengths_are_measured(self, *, is_known: bool) -> None:
        self.stored.is_length_known = is_known

    @rule(does=seldom)
    def days_pass(self, *, does: bool) -> None:
        if does:
            self.stored.pass_time(80_000)

    @rule(seconds=outages)
    def encore_is_away(self, seconds: int) -> None:
        self.it_goes_on()
        before = self.stored.whole
        left = {
            each.number: each.ends_at and each.ends_at - self.stored.now for each in before.rounds
        }
        self.stored.shift(seconds)
        assert self.stored.session.due_at - before.session.due_at in (
            dt.timedelta(seconds=seconds),
            dt.timedelta(0),
        )
        self.it_goes_on()
        assert [each.status for each in self.stored.whole.rounds] == [
            each.status for each in before.rounds
        ], "something ended while nobody could vote"
        renews_at = before.session.budget_renews_at
        if renews_at is None or self.stored.now < renews_at:
            for each in self.stored.whole.rounds:
                remaining = each.ends_at and each.ends_at - self.stored.now
                assert remaining == left[each.number]
        assert self.stored.session.is_running == before.session.is_running

    @rule()
    def it_goes_on(self) -> None:
        """Apply `step` until nothing is left, as the runner does."""
        for _ in range(12):
            was = self.stored.whole
            change = self.stored.next_change()
            if change is None:
                break
            self.check_step(was, change)
            self.stored.apply(change)
            self.compare(was)
        else:
            raise AssertionError("the session changes without end")
        self.check_due_time()

    def check_due_time(self) -> None:
        state, now = self.stored.whole, self.stored.now
        if not state.session.is_running:
            return
        current = state.open_round
        awaited = (
            current is not None
            and state.busy_round is None
            and current.ends_at is not None
            and current.ends_at <= now < current.ends_at + LENGTH_WAIT
        )
        assert state.session.due_at > now or awaited
        busy = state.busy_round
        if busy is not None and busy.status is RoundStatus.CHOOSING:
            is_resting = state.session.rests_since is not None
            assert (busy.ends_at is None) == is_resting, "a ballot over clips never ends"
        if busy is None and current is not None and state.session.rests_since is None:
            votes = state.votes_of(current.number, Ballot.NEXT)
            assert (current.ends_at is not None) == bool(votes)

    def check_step(self, was: SessionState, change: Change) -> None:
        new = change.state
        self.check_winner(was)
        if change.request is None:
            assert new.session.parts_left >= was.session.parts_left
            return
        assert was.session.rests_since is None, "something is sent while resting"
        assert was.busy_round is None
        assert new.session.parts_left == was.session.parts_left - 1 >= 0
        current = was.open_round
        assert current is not None
        assert current.extension_id is None
        votes = was.votes_of(current.number, Ballot.NEXT)
        winner = new.round(current.number).winner
        won = [vote for vote in votes if vote.choice == str(winner)]
        assert won, "something is sent that nobody voted for"
        failed = [each.ended_at for each in was.rounds if each.drop_reason is DropReason.FAILED]
        since = max((at for at in failed if at is not None), default=None)
        assert since is None or any(vote.at >= since for vote in votes)
        assert change.request.request.clip_id == was.session.latest_clip_id
        second, won_by = (
            change.request.request.continue_at,
            new.winner_of(new.round(current.number)),
        )
        assert won_by is not None
        assert second is None or won_by.for_clip_id == was.session.latest_clip_id

    def check_winner(self, was: SessionState) -> None:
        """Assert that rows in another order are counted the same."""
        mixed = random.Random(1)
        shuffled = replace(
            was,
            votes=tuple(mixed.sample(was.votes, len(was.votes))),
            proposals=tuple(mixed.sample(was.proposals, len(was.proposals))),
        )
        for each in was.rounds:
            assert count_next(was, each.number) == count_next(shuffled, each.number)
            assert count_clips(was, each) == count_clips(shuffled, each)

    # Posts

    def compare(self, was: SessionState) -> None:
        """Assert that exactly those posts are changed that show something else."""
        new = self.stored.whole
        before, after = shown(was), shown(new)
        differing = {key for key in after if before.get(key) != after[key]}
        changed = changed_posts(was, new)
        gone = {key for key in before if key not in after}
        assert changed == differing | gone
        newest = new.open_round
        if was.busy_round is not None and new.busy_round is not None and newest is not None:
            assert board_key(newest.number) not in changed, "a board is posted too early"

    # Promises

    @invariant()
    def it_has_one_open_round_while_it_runs(self) -> None:
        is_open = [each for each in self.statuses() if each is RoundStatus.OPEN]
        assert len(is_open) == self.stored.session.is_running
        assert not is_open or self.statuses()[-1] is RoundStatus.OPEN

    @invariant()
    def at_most_one_round_is_busy(self) -> None:
        busy = [each for each in self.statuses() if each.is_busy]
        assert len(busy) <= self.stored.session.is_running

    def statuses(self) -> list[RoundStatus]:
        return self.stored.statuses

    @invariant()
    def each_part_belongs_to_one_round(self) -> None:
        sent = [each.extension_id for each in self.stored.whole.rounds if each.extension_id]
        assert len(sent) == len(set(sent)) == len(self.stored.requests)

    @invariant()
    def the_song_is_a_lineage(self) -> None:
        ends_with = SOURCE
        for each in self.stored.whole.chosen_rounds:
            assert each.base_clip_id == ends_with, "a part goes on from a clip outside the song"
            assert each.clip_id is not None
            ends_with = each.clip_id
            part = self.stored.whole.part_of(each)
            assert part is not None
            assert ends_with in [clip.id for clip in part.clips]
        assert self.stored.session.latest_clip_id == ends_with

    @invariant()
    def parts_are_never_owed(self) -> None:
        assert self.stored.session.parts_left >= 0

    @invariant()
    def a_finished_session_never_moves(self) -> None:
        if self.over is None and not self.stored.session.is_running:
            self.over = self.stored.whole
        if self.over is not None:
            assert replace(self.stored.whole, extensions={}) == replace(self.over, extensions={})
            assert self.stored.next_change() is None

    @invariant()
    def what_rests_has_no_clock(self) -> None:
        if self.stored.session.rests_since is not None:
            current = [each for each in self.stored.whole.rounds if each.clock_started_at]
            assert not current


TestHistory = History.TestCase
TestHistory.settings = settings(max_examples=100, stateful_step_count=40)

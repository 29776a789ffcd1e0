"""Any sequence of events keeps the invariants of an extension."""

import datetime as dt
from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.domain import failures
from bot.domain.failures import Failure
from bot.domain.models import (
    FINAL,
    Clip,
    ClipStatus,
    Extension,
    Handle,
    Progress,
    Status,
)
from bot.domain.transitions import (
    can_check_again,
    cancelled,
    expired,
    finished,
    observed,
    poll_failed,
    postponed,
    reopened,
    submitted,
    submitting,
)
from tests.support.factories import new_extension

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DEADLINE = dt.timedelta(minutes=5)

seconds = st.integers(0, 60).map(lambda n: dt.timedelta(seconds=n))
failure_values = st.sampled_from(
    [failures.Rejected(), failures.Rejected("no"), failures.RateLimited(), failures.Unavailable()]
)
handles = st.sampled_from(
    [
        Handle(task_id="t"),
        Handle(clip_ids=("a",)),
        Handle(clip_ids=("a", "b")),
        Handle(task_id="t", clip_ids=("b", "a", "b")),
    ]
)
clips = st.builds(
    Clip,
    id=st.sampled_from("abc"),
    status=st.sampled_from(ClipStatus),
    title=st.sampled_from(["", "T", "U"]),
    audio_url=st.sampled_from([None, "https://example.com/1", "https://example.com/2"]),
    image_url=st.sampled_from([None, "https://example.com/cover"]),
    duration=st.sampled_from([None, 0.0, 60.0]),
    error=st.sampled_from(["", "moderated"]),
)
# a history that ends at once tells little
seldom = st.sampled_from([False] * 9 + [True])
answers = st.builds(
    Progress,
    clips=st.lists(clips, max_size=3, unique_by=lambda clip: clip.id).map(tuple),
    is_open=st.sampled_from([True, True, True, False]),
    error=st.sampled_from([*[None] * 8, "", "refused"]),
)


def heard(clip: Clip, ext: Extension) -> str:
    """Return the line of a clip that can be heard; where its link leads can't be seen."""
    words = "Listen" if clip.status is ClipStatus.COMPLETE else "Listen while it streams"
    return f"{clip.id}: {clip.title or ext.title} {clip.duration} {words} {clip.image_url is None}"


def shown(ext: Extension) -> list[str]:
    """Return the lines of the reply, as far as they may change while it is worked on."""
    match ext.status:
        case Status.WAITING:
            if ext.failure is None:
                return ["Waiting"]
            return ["Waiting", repr(ext.failure), f"next try {ext.due_at}"]
        case Status.SUBMITTING | Status.SUBMITTED:
            return ["Submitted"]
        case Status.STREAMING:
            return ["Streaming", *(heard(clip, ext) for clip in ext.clips if clip.audio_url)]
        case _:
            return [ext.status.value, repr(ext.failure), *map(repr, ext.clips)]


class History(RuleBasedStateMachine):
    """One extension, and whatever may happen to it in whatever order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.ext = new_extension(at=START, deadline_at=START + DEADLINE)

    def hear(self, news: Callable[[Extension], Extension]) -> None:
        """Take the news, once and once more."""
        before, after = self.ext, news(self.ext)
        if before.status.is_final:
            assert after == before, "a final status was moved"
        self.move_to(after)
        again = news(after)
        assert again.revision == after.revision, "equal news was shown twice"
        assert again.clips == after.clips
        assert again.status is after.status

    def move_to(self, after: Extension) -> None:
        before, self.ext = self.ext, after
        assert after.revision - before.revision == (shown(after) != shown(before))
        known = [clip.id for clip in before.clips]
        assert [clip.id for clip in after.clips][: len(known)] == known, "a clip was lost or moved"
        playable = {clip.id for clip in before.clips if clip.is_playable}
        assert playable <= {clip.id for clip in after.clips if clip.is_playable}
        assert after.published == before.published

    @rule(passed=seconds)
    def time_passes(self, passed: dt.timedelta) -> None:
        self.now += passed

    @rule(lease=seconds)
    def it_is_claimed(self, lease: dt.timedelta) -> None:
        self.hear(lambda ext: submitting(ext, now=self.now, lease_until=self.now + lease))

    @rule(handle=handles, wait=seconds)
    def it_is_taken(self, handle: Handle, wait: dt.timedelta) -> None:
        self.hear(
            lambda ext: submitted(
                ext, handle, now=self.now, due_at=self.now + wait, deadline=DEADLINE
            )
        )

    @rule(handle=handles)
    def it_is_sent(self, handle: Handle) -> None:
        self.it_is_claimed(DEADLINE)
        self.it_is_taken(handle, DEADLINE)

    @rule(failure=failure_values, wait=seconds)
    def it_is_postponed(self, failure: Failure, wait: dt.timedelta) -> None:
        self.hear(lambda ext: postponed(ext, failure, due_at=self.now + wait))

    @initialize(handle=st.none() | handles)
    def it_begins(self, handle: Handle | None) -> None:
        if handle is not None:
            self.it_is_sent(handle)

    @rule(does=seldom)
    def its_member_cancels(self, *, does: bool) -> None:
        if not does:
            return
        status = self.ext.status
        self.hear(lambda ext: cancelled(ext, now=self.now))
        if status is Status.WAITING:
            assert self.ext.status is Status.CANCELLED

    @rule(status=st.sampled_from(sorted(FINAL)), failure=st.none() | failure_values, does=seldom)
    def it_ends(self, status: Status, failure: Failure | None, *, does: bool) -> None:
        if not does:
            return
        self.hear(lambda ext: finished(ext, status, failure, now=self.now))
        assert self.ext.status.is_final

    @rule(answer=answers)
    def its_provider_answers(self, answer: Progress) -> None:
        before = self.ext
        self.hear(lambda ext: observed(ext, answer, now=self.now))
        if not before.status.is_tracked:
            return
        assert {clip.id for clip in answer.clips} <= {clip.id for clip in self.ext.clips}
        all_final = all(clip.status.is_final for clip in self.ext.clips)
        is_over = answer.error is not None or not answer.is_open
        assert self.ext.status.is_final == (is_over and all_final)
        if self.ext.status.is_final:
            playable = any(clip.is_playable for clip in self.ext.clips)
            assert self.ext.status is (Status.COMPLETE if playable else Status.FAILED)
            assert (self.ext.failure is None) == playable
        elif before.status is Status.STREAMING:
            assert self.ext.status is Status.STREAMING

    @rule(several=st.lists(answers, min_size=2, max_size=5))
    def its_provider_answers_often(self, several: list[Progress]) -> None:
        for answer in several:
            self.its_provider_answers(answer)

    @rule(wait=seconds)
    def its_provider_is_away(self, wait: dt.timedelta) -> None:
        self.hear(lambda ext: poll_failed(ext, due_at=self.now + wait))

    @rule()
    def its_deadline_is_looked_at(self) -> None:
        was_due = self.ext.status.is_tracked and self.now >= self.ext.deadline_at
        self.hear(lambda ext: expired(ext, now=self.now))
        if was_due:
            playable = any(clip.is_playable for clip in self.ext.clips)
            assert self.ext.status is (Status.COMPLETE if playable else Status.EXPIRED)

    @rule()
    def its_member_checks_again(self) -> None:
        offered = can_check_again(self.ext)
        before = self.ext
        self.move_to(reopened(before, now=self.now, deadline=DEADLINE))
        assert self.ext.status.is_tracked if offered else self.ext is before

    @invariant()
    def it_has_an_end_exactly_when_it_is_final(self) -> None:
        assert (self.ext.finished_at is not None) == self.ext.status.is_final

    @invariant()
    def what_is_tracked_can_be_asked_for(self) -> None:
        assert self.ext.handle is not None or not self.ext.status.is_tracked

    @invariant()
    def nothing_that_failed_can_be_heard(self) -> None:
        failed = [clip for clip in self.ext.clips if clip.status is ClipStatus.FAILED]
        assert not any(clip.audio_url for clip in failed)


TestHistory = History.TestCase
TestHistory.settings = settings(max_examples=150, stateful_step_count=20)

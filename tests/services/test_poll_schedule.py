import datetime as dt
from dataclasses import replace

import pytest

from bot.domain.models import Clip, ClipStatus, ExtendRequest, Extension, ReplyRef, Status
from bot.domain.polling import TIGHT, CompletionTimes
from bot.services.poll_schedule import CACHE_LIFETIME, PollSchedule
from bot.store.store import Store
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import START, ManualClock, ServiceHarness, complete, handle_of

CAPABILITIES = ScriptedProvider().capabilities
WAITED_ON = ScriptedProvider(long_poll=True).capabilities


class Remembered(Store):
    """A store that knows how long things took without having seen them."""

    def __init__(self) -> None:  # no database: it is only asked for timings
        self.asked = 0
        self.known: list[CompletionTimes] = []

    async def timings(self, provider: str, *, limit: int = 64) -> list[CompletionTimes]:
        del provider
        self.asked += 1
        return self.known[:limit]


def extension(status: Status = Status.SUBMITTED, *, ends_in: float = 900) -> Extension:
    return Extension(
        idempotency_key="1",
        member_id=1,
        request=ExtendRequest(provider="suno", clip_id="x"),
        reply=ReplyRef(channel_id=1),
        created_at=START,
        due_at=START,
        deadline_at=START + dt.timedelta(seconds=ends_in),
        submitted_at=START,
        status=status,
    )


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def remembered() -> Remembered:
    return Remembered()


@pytest.fixture
def poll_schedule(remembered: Remembered, clock: ManualClock) -> PollSchedule:
    return PollSchedule(remembered, clock=clock)


async def pause_of(
    poll_schedule: PollSchedule, ext: Extension, *, has_moved: bool = False
) -> float:
    return (await poll_schedule.delay(ext, CAPABILITIES, has_moved=has_moved)).total_seconds()


async def test_before_anything_was_learned_it_goes_by_a_guess(poll_schedule: PollSchedule) -> None:
    assert (await poll_schedule.windows("suno")).typical_duration is None
    assert await pause_of(poll_schedule, extension()) == 20


async def test_finished_extensions_teach_the_schedule(
    poll_schedule: PollSchedule, remembered: Remembered, clock: ManualClock
) -> None:
    remembered.known = [CompletionTimes(to_streaming=60, to_complete=200)] * 20
    assert (await poll_schedule.windows("suno")).typical_duration == 200
    assert await pause_of(poll_schedule, extension()) == pytest.approx(58.2)
    clock.advance(70)
    assert await pause_of(poll_schedule, extension(Status.STREAMING)) == 90
    clock.advance(70)
    assert await pause_of(poll_schedule, extension(Status.STREAMING)) == pytest.approx(54)


async def test_a_twin_that_can_not_be_heard_yet_is_asked_for_soon(
    poll_schedule: PollSchedule, clock: ManualClock
) -> None:
    clock.advance(30)
    first = Clip(id="a", status=ClipStatus.STREAMING, audio_url="https://a.example/a")
    for twin, seconds in [
        (Clip(id="b", status=ClipStatus.QUEUED), TIGHT),
        (Clip(id="b", status=ClipStatus.FAILED), 60),
        (replace(first, id="b"), 60),
    ]:
        ext = replace(extension(Status.STREAMING), clips=(first, twin))
        assert await pause_of(poll_schedule, ext) == seconds


async def test_learned_times_are_read_again_regularly(
    poll_schedule: PollSchedule, remembered: Remembered, clock: ManualClock
) -> None:
    for _ in range(3):
        await poll_schedule.windows("suno")
    assert remembered.asked == 1
    remembered.known = [CompletionTimes(to_streaming=60, to_complete=200)] * 20
    clock.advance(CACHE_LIFETIME.total_seconds() + 1)
    assert (await poll_schedule.windows("suno")).typical_duration == 200


async def test_each_provider_has_its_own_schedule(
    poll_schedule: PollSchedule, remembered: Remembered
) -> None:
    await poll_schedule.windows("suno")
    await poll_schedule.windows("other")
    assert remembered.asked == 2


async def test_no_pause_outlasts_the_deadline(
    poll_schedule: PollSchedule, clock: ManualClock
) -> None:
    assert await pause_of(poll_schedule, extension(ends_in=3)) == 3
    clock.advance(10)
    assert await pause_of(poll_schedule, extension(ends_in=3)) == 0


async def test_pause_without_a_deadline_is_the_learned_one(poll_schedule: PollSchedule) -> None:
    unbounded = replace(extension(), deadline_at=None)
    learned = await pause_of(poll_schedule, extension())
    assert await pause_of(poll_schedule, unbounded) == learned


async def test_long_poll_is_due_at_once_after_a_change(
    poll_schedule: PollSchedule,
) -> None:
    moved = await poll_schedule.delay(extension(), WAITED_ON, has_moved=True)
    stayed = await poll_schedule.delay(extension(), WAITED_ON, has_moved=False)
    assert moved == dt.timedelta(0) < stayed


async def test_a_fixed_interval_needs_no_learning(
    remembered: Remembered, clock: ManualClock
) -> None:
    poll_schedule = PollSchedule(remembered, clock=clock, poll_every=dt.timedelta(seconds=0.5))
    assert poll_schedule.is_fixed
    assert await poll_schedule.delay(extension(), WAITED_ON, has_moved=True) == dt.timedelta(
        seconds=0.5
    )
    assert remembered.asked == 0


async def test_age_without_submission_counts_from_creation(poll_schedule: PollSchedule) -> None:
    assert await pause_of(poll_schedule, extension(Status.WAITING)) == 20


async def test_the_store_teaches_from_what_it_saw(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    exts = [await harness.ask(str(number)) for number in range(8)]
    await harness.submit()
    exts = [await harness.now(ext) for ext in exts]
    suno.progress.update({handle_of(ext): complete(ext) for ext in exts})
    harness.clock.advance(100)
    await harness.track()
    harness.clock.advance(60)
    assert (await harness.poll_schedule.windows("suno")).typical_duration == 100

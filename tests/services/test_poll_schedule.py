import asyncio
import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.domain.models import Clip, ClipStatus, ExtendRequest, Extension, Kind, ReplyRef, Status
from bot.domain.polling import MAX_DELAY, PRIOR_RATE, REQUEST_COST, Sighting
from bot.domain.transitions import unchanged
from bot.services.poll_schedule import PollSchedule
from bot.store.store import Store
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import (
    START,
    ManualClock,
    ServiceHarness,
    complete,
    handle_of,
    streaming,
)

CAPABILITIES = ScriptedProvider().capabilities
LONG_POLLED = ScriptedProvider(long_poll=True).capabilities
EVENLY = math.sqrt(2 * REQUEST_COST / PRIOR_RATE)  # seconds between polls, nothing being known
QUEUED = Clip(id="a", status=ClipStatus.QUEUED)
AUDIBLE = Clip(id="a", status=ClipStatus.STREAMING, audio_url="https://a.example/a")
DONE = replace(AUDIBLE, status=ClipStatus.COMPLETE)
FAILED = replace(QUEUED, status=ClipStatus.FAILED)


class Remembered(Store):
    """A store that knows sightings without having had the extensions."""

    def __init__(self) -> None:  # no database: it is only asked for sightings
        self.asked = 0
        self.streaming: list[Sighting] = []
        self.complete: list[Sighting] = []

    async def sightings(
        self, provider: str, *, limit: int = 64
    ) -> tuple[list[Sighting], list[Sighting]]:
        del provider, limit
        self.asked += 1
        await asyncio.sleep(0)
        return self.streaming, self.complete


def extension(
    status: Status = Status.SUBMITTED, *clips: Clip, ends_in: float = 900, kind: Kind = Kind.PART
) -> Extension:
    return Extension(
        idempotency_key="1",
        member_id=1,
        kind=kind,
        request=ExtendRequest(provider="suno", clip_id="x"),
        reply=ReplyRef(channel_id=1),
        created_at=START,
        due_at=START,
        deadline_at=START + dt.timedelta(seconds=ends_in),
        submitted_at=START,
        status=status,
        clips=clips,
    )


def at(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


async def report(
    poll_schedule: PollSchedule,
    *polls: tuple[float, Sequence[Clip]],
    kind: Kind = Kind.PART,
    count: int = 20,
) -> None:
    """Let the schedule learn from extensions that were polled at these ages."""
    for _ in range(count):
        was = extension(kind=kind)
        for seconds, clips in polls:
            new = replace(unchanged(was, now=at(seconds)), clips=tuple(clips))
            await poll_schedule.learn(was, new, now=at(seconds))
            was = new


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def remembered() -> Remembered:
    return Remembered()


@pytest.fixture
def poll_schedule(remembered: Remembered, clock: ManualClock) -> PollSchedule:
    return PollSchedule(remembered, clock=clock)


async def delay_of(
    poll_schedule: PollSchedule, ext: Extension, *, has_moved: bool = False
) -> float:
    return (await poll_schedule.delay(ext, CAPABILITIES, has_moved=has_moved)).total_seconds()


async def typical_seconds(poll_schedule: PollSchedule, provider: str = "suno") -> float | None:
    duration = await poll_schedule.typical_duration(provider)
    return duration and duration.total_seconds()


async def test_before_anything_was_learned_it_polls_evenly(
    poll_schedule: PollSchedule, clock: ManualClock
) -> None:
    assert await typical_seconds(poll_schedule) is None
    for _ in range(3):
        assert await delay_of(poll_schedule, extension()) == pytest.approx(EVENLY)
        clock.advance(50)


async def test_remembered_extensions_teach_the_schedule(
    poll_schedule: PollSchedule, remembered: Remembered, clock: ManualClock
) -> None:
    remembered.streaming = [Sighting(55, 60)] * 20
    remembered.complete = [Sighting(195, 205)] * 20
    assert await typical_seconds(poll_schedule) == pytest.approx(200, abs=10)
    clock.advance(57)
    assert await delay_of(poll_schedule, extension()) < EVENLY
    assert await delay_of(poll_schedule, extension(Status.STREAMING, AUDIBLE)) == MAX_DELAY
    clock.advance(143)
    assert await delay_of(poll_schedule, extension(Status.STREAMING, AUDIBLE)) < EVENLY


async def test_every_poll_teaches_at_once(poll_schedule: PollSchedule, clock: ManualClock) -> None:
    await report(poll_schedule, (100, [QUEUED]), (105, [AUDIBLE]), (300, [AUDIBLE]), (305, [DONE]))
    assert await typical_seconds(poll_schedule) == pytest.approx(302, abs=20)
    clock.advance(102)
    assert await delay_of(poll_schedule, extension()) < EVENLY
    assert await delay_of(poll_schedule, extension(Status.STREAMING, AUDIBLE)) == MAX_DELAY


async def test_streaming_that_was_skipped_is_learned_as_if_it_were_as_late(
    poll_schedule: PollSchedule, clock: ManualClock
) -> None:
    await report(poll_schedule, (100, [QUEUED]), (105, [replace(DONE, audio_url=None)]))
    clock.advance(102)
    both = await delay_of(poll_schedule, extension())
    assert both == await delay_of(poll_schedule, extension(Status.STREAMING, AUDIBLE)) < EVENLY


async def test_failed_clips_teach_only_that_they_waited(poll_schedule: PollSchedule) -> None:
    polls = ((100.0, [QUEUED]), (105.0, [FAILED]), (110.0, [FAILED]))
    await report(poll_schedule, *polls)
    assert await typical_seconds(poll_schedule) is None
    await report(poll_schedule, (118, [QUEUED]), (122, [DONE]), count=10)
    quickest = await typical_seconds(poll_schedule)
    assert quickest == pytest.approx(120, abs=10)


async def test_extension_without_clips_counts_as_one_that_waits(
    poll_schedule: PollSchedule, clock: ManualClock
) -> None:
    await report(poll_schedule, (100, []), (104, [AUDIBLE]))
    clock.advance(20)
    assert await delay_of(poll_schedule, extension()) > 2 * EVENLY


async def test_interval_of_a_poll_begins_at_the_last_one_that_was_answered(
    poll_schedule: PollSchedule, clock: ManualClock
) -> None:
    await report(poll_schedule, (20, [AUDIBLE]), (140, [DONE]))
    spread_out = await typical_seconds(poll_schedule)
    assert spread_out == pytest.approx(80, abs=15)
    clock.advance(1)
    assert await delay_of(poll_schedule, extension()) < EVENLY


async def test_full_songs_teach_nothing(poll_schedule: PollSchedule) -> None:
    await report(poll_schedule, (118, [QUEUED]), (122, [DONE]), kind=Kind.CONCAT)
    assert await typical_seconds(poll_schedule) is None


async def test_clip_without_audio_is_polled_for_although_the_other_has_it(
    poll_schedule: PollSchedule, clock: ManualClock
) -> None:
    await report(poll_schedule, (28, [QUEUED]), (32, [AUDIBLE]), (300, [AUDIBLE]))
    clock.advance(30)
    for other, is_soon in [(replace(QUEUED, id="b"), True), (FAILED, False), (DONE, False)]:
        ext = extension(Status.STREAMING, AUDIBLE, replace(other, id="b"))
        assert (await delay_of(poll_schedule, ext) < EVENLY) is is_soon


async def test_provider_rate_is_respected(poll_schedule: PollSchedule) -> None:
    limited = replace(CAPABILITIES, query_every=9.0)
    delay = await poll_schedule.delay(extension(), limited, has_moved=False)
    assert delay == dt.timedelta(seconds=9)


async def test_the_store_is_read_once(poll_schedule: PollSchedule, remembered: Remembered) -> None:
    for _ in range(3):
        await poll_schedule.typical_duration("suno")
    assert remembered.asked == 1


async def test_what_is_learned_while_the_store_is_read_is_kept(
    poll_schedule: PollSchedule, remembered: Remembered
) -> None:
    reads = [asyncio.create_task(poll_schedule.typical_duration("suno")) for _ in range(2)]
    await report(poll_schedule, (118, [QUEUED]), (122, [DONE]))
    await asyncio.gather(*reads)
    assert remembered.asked > 1
    assert await typical_seconds(poll_schedule) == pytest.approx(120, abs=10)


async def test_each_provider_is_learned_by_itself(poll_schedule: PollSchedule) -> None:
    await report(poll_schedule, (118, [QUEUED]), (122, [DONE]))
    assert await typical_seconds(poll_schedule, "suno") is not None
    assert await typical_seconds(poll_schedule, "other") is None


async def test_no_delay_outlasts_the_deadline(
    poll_schedule: PollSchedule, clock: ManualClock
) -> None:
    assert await delay_of(poll_schedule, extension(ends_in=3)) == 3
    clock.advance(10)
    assert await delay_of(poll_schedule, extension(ends_in=3)) == 0


async def test_delay_without_a_deadline_is_the_learned_one(poll_schedule: PollSchedule) -> None:
    unbounded = replace(extension(), deadline_at=None)
    learned = await delay_of(poll_schedule, extension())
    assert await delay_of(poll_schedule, unbounded) == learned


async def test_long_poll_is_due_at_once_after_a_change(poll_schedule: PollSchedule) -> None:
    moved = await poll_schedule.delay(extension(), LONG_POLLED, has_moved=True)
    stayed = await poll_schedule.delay(extension(), LONG_POLLED, has_moved=False)
    assert moved == dt.timedelta(0) < stayed


async def test_a_fixed_interval_needs_no_learning(
    remembered: Remembered, clock: ManualClock
) -> None:
    poll_schedule = PollSchedule(remembered, clock=clock, poll_every=dt.timedelta(seconds=0.5))
    assert poll_schedule.is_fixed
    delay = await poll_schedule.delay(extension(), LONG_POLLED, has_moved=True)
    assert delay == dt.timedelta(seconds=0.5)
    assert remembered.asked == 0


async def test_age_without_submission_counts_from_creation(
    poll_schedule: PollSchedule, clock: ManualClock
) -> None:
    waiting = replace(extension(Status.WAITING), submitted_at=None)
    await report(poll_schedule, (118, [QUEUED]), (122, [DONE]))
    clock.advance(60)
    assert await delay_of(poll_schedule, waiting) == await delay_of(poll_schedule, extension())


async def test_the_store_teaches_a_new_process_what_was_polled(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    exts = [await harness.ask(str(number)) for number in range(8)]
    await harness.submit()
    exts = [await harness.now(ext) for ext in exts]
    for seconds, progress in [(96, streaming), (4, complete)]:
        harness.clock.advance(seconds)
        await harness.overdue(*exts)
        suno.progress.update({handle_of(ext): progress(ext) for ext in exts})
        await harness.track()
    restarted = PollSchedule(harness.store, clock=harness.clock)
    assert await typical_seconds(restarted) == pytest.approx(100, abs=10)


async def test_answer_that_was_held_back_tells_when_the_change_happened(store: Store) -> None:
    suno = ScriptedProvider(long_poll=True)
    harness = ServiceHarness(store, suno)
    exts = [await harness.submitted(str(number)) for number in range(8)]
    for seconds, progress in [(30, streaming), (90, complete)]:
        harness.clock.advance(seconds)
        suno.progress.update({handle_of(ext): progress(ext) for ext in exts})
        await harness.track()
    restarted = PollSchedule(store, clock=harness.clock)
    for poll_schedule in (harness.poll_schedule, restarted):
        assert await typical_seconds(poll_schedule) == pytest.approx(120, abs=10)

import asyncio
import datetime as dt
import logging
from collections.abc import Collection

import pytest

from bot.domain import failures
from bot.domain.failures import Failure
from bot.domain.form import TextLimits
from bot.domain.models import Clip, ClipStatus, Extension, Handle, Status
from bot.domain.transitions import finished
from bot.providers.base import (
    OutOfCredits,
    ProviderError,
    RateLimited,
    Rejected,
    SessionExpired,
    Unauthorized,
    Unavailable,
    Unconfirmed,
)
from bot.store.store import Store
from tests.support.fast_loop import run_hurried
from tests.support.hooked_store import HookedStore, raise_revision
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import ADA, OTHER, SOURCE, START, ServiceHarness, actor, until


async def test_what_waits_is_sent_once_and_keeps_its_handle(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await world.ask("1", lyrics="la la", at="10")
    await world.submit()
    await world.submit()
    taken = await world.now(ext)
    assert suno.sent == [ext.request]
    assert taken.status is Status.SUBMITTED
    assert taken.handle == Handle(clip_ids=("suno-1-a", "suno-1-b"))
    assert taken.submitted_at == START


async def test_the_oldest_is_sent_first(world: ServiceHarness, suno: ScriptedProvider) -> None:
    for idempotency_key in "123":
        await world.ask(idempotency_key, lyrics=idempotency_key)
    await world.submit()
    assert [request.lyrics for request in suno.sent] == ["1", "2", "3"]


async def test_a_row_is_submitting_in_the_store_before_its_post_leaves(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    stored = []

    async def look(_: object) -> Handle:
        stored.append((await world.now(ext)).status)
        return Handle(task_id="1")

    ext = await world.ask("1")
    suno.on_extend.then(look)
    await world.submit()
    assert stored == [Status.SUBMITTING]


async def test_the_tracker_and_the_publisher_are_told(world: ServiceHarness) -> None:
    await world.submitted("1")
    async with asyncio.timeout(1):
        await world.wakeups.tracker.wait(60)
        await world.wakeups.publisher.wait(60)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (Rejected("Too rude."), failures.Rejected("Too rude.")),
        (OutOfCredits("none"), failures.OutOfCredits()),
        (Unauthorized("key?"), failures.Unauthorized()),
        (ProviderError("odd"), failures.Unexpected()),
    ],
)
async def test_a_provider_error_ends_an_extension_with_its_failure(
    world: ServiceHarness, suno: ScriptedProvider, error: ProviderError, failure: Failure
) -> None:
    ext = await world.ask("1")
    suno.on_extend.then(error)
    await world.submit()
    await world.submit()
    ended = await world.now(ext)
    assert (ended.status, ended.failure) == (Status.FAILED, failure)
    assert len(suno.sent) == 1


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (Unavailable(), failures.Unavailable()),
        (RateLimited(), failures.RateLimited()),
    ],
)
async def test_what_never_left_is_sent_again_after_a_pause(
    world: ServiceHarness, suno: ScriptedProvider, error: ProviderError, failure: Failure
) -> None:
    ext = await world.ask("1")
    suno.on_extend.then(error)
    await world.submit()
    waiting = await world.now(ext)
    assert (waiting.status, waiting.failure) == (Status.WAITING, failure)
    assert 1 <= (waiting.due_at - START).total_seconds() <= 2
    await world.submit()
    assert len(suno.sent) == 1
    await world.overdue(ext)
    await world.submit()
    assert (await world.now(ext)).status is Status.SUBMITTED
    assert len(suno.sent) == 2


async def test_a_wait_that_the_provider_asks_for_is_kept(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await world.ask("1")
    suno.on_extend.then(RateLimited(retry_after=40))
    await world.submit()
    assert (await world.now(ext)).due_at == START + dt.timedelta(seconds=40)


async def test_a_wait_of_nothing_is_no_reason_to_ask_without_a_pause(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await world.ask("1")
    suno.on_extend.then(*(RateLimited(retry_after=0) for _ in range(5)))
    await world.submit()
    assert len(suno.sent) == 1
    assert (await world.now(ext)).due_at > START


async def test_pauses_grow_while_a_provider_stays_out_of_reach(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await world.ask("1")
    pauses = []
    for _ in range(6):
        suno.on_extend.then(Unavailable())
        await world.submit()
        pauses.append(((await world.now(ext)).due_at - world.clock()).total_seconds())
        await world.overdue(ext)
    assert [1 <= pauses[0] <= 2, 4 <= pauses[2] <= 8, 30 <= pauses[5] <= 60] == [True] * 3


async def test_it_gives_up_at_the_deadline_with_the_reason(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await world.ask("1")
    suno.on_extend.then(*(Unavailable() for _ in range(100)))
    for _ in range(50):
        await world.overdue(ext)
        await world.submit()
        if (await world.now(ext)).status.is_final:
            break
    ended = await world.now(ext)
    assert (ended.status, ended.failure) == (Status.FAILED, failures.Unavailable())
    assert ended.finished_at is not None
    assert dt.timedelta(minutes=12) < ended.finished_at - START <= dt.timedelta(minutes=15)


async def test_a_wait_beyond_the_deadline_ends_it_at_once(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await world.ask("1")
    suno.on_extend.then(RateLimited(retry_after=3600))
    await world.submit()
    ended = await world.now(ext)
    assert (ended.status, ended.failure) == (Status.FAILED, failures.RateLimited())


@pytest.mark.parametrize(
    ("error", "text"),
    [(Unconfirmed("No answer."), "No answer."), (ValueError("surprise"), ""), (OSError(), "")],
)
async def test_what_may_have_been_taken_is_never_sent_again(
    world: ServiceHarness, suno: ScriptedProvider, error: Exception, text: str
) -> None:
    ext = await world.ask("1")
    suno.on_extend.then(error)
    await world.submit()
    world.clock.advance(3600)
    await world.submit()
    ended = await world.now(ext)
    assert (ended.status, ended.failure) == (Status.UNCONFIRMED, failures.Unconfirmed(text))
    assert len(suno.sent) == 1


async def test_one_failure_never_touches_another(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    exts = [await world.ask(idempotency_key) for idempotency_key in "123"]
    suno.on_extend.then(ValueError("surprise"), Rejected("No."))
    await world.submit()
    assert [(await world.now(ext)).status for ext in exts] == [
        Status.UNCONFIRMED,
        Status.FAILED,
        Status.SUBMITTED,
    ]


async def test_one_provider_out_of_reach_never_keeps_another_waiting(store: Store) -> None:
    slow, quick = ScriptedProvider("slow"), ScriptedProvider("quick")
    world = ServiceHarness(store, slow, quick)
    slow.may_send.clear()
    stuck = await world.ask("1", provider="slow")
    ext = await world.ask("2", clip=OTHER, provider="quick")
    await world.submitter.run_once()
    await until(lambda: world.is_at(ext, Status.SUBMITTED))
    assert (await world.now(stuck)).status is Status.WAITING
    slow.may_send.set()
    await world.submitter.idle()


async def test_a_line_has_one_queue_however_often_it_is_looked_at(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    suno.may_send.clear()
    await world.ask("1")
    for _ in range(3):
        await world.submitter.run_once()
    suno.may_send.set()
    await world.submitter.idle()
    assert len(suno.sent) == 1


class Watched(Store):
    """A store that counts how often someone looked for what is next in line."""

    looks = 0

    async def next_waiting(
        self, provider: str, *, now: dt.datetime, excluding: Collection[int] = ()
    ) -> Extension | None:
        found = await super().next_waiting(provider, now=now, excluding=excluding)
        self.looks += 1
        return found


async def test_a_line_of_posts_is_bounded(url: str, suno: ScriptedProvider) -> None:
    async with Watched.open(url) as store:
        await bounded(ServiceHarness(store, suno), suno, store)


async def bounded(world: ServiceHarness, suno: ScriptedProvider, store: Watched) -> None:
    answered = asyncio.Event()
    under_way = 0

    async def hang(_: object) -> Handle:
        nonlocal under_way
        under_way += 1
        await answered.wait()
        return Handle(task_id=str(under_way))

    suno.on_extend.then(*[hang] * 12)
    for number in range(12):
        await world.ask(str(number))
    await world.submitter.run_once()
    await until(lambda: under_way == 8 and store.looks == 9)
    await world.submitter.run_once()
    await until(lambda: store.looks == 10)
    assert under_way == 8
    answered.set()
    await world.submitter.idle()
    await world.submit()
    assert len(suno.sent) == 12


async def test_sending_one_moves_the_line(world: ServiceHarness, suno: ScriptedProvider) -> None:
    first, second = await world.ask("1"), await world.ask("2")

    async def look(_: object) -> Handle:
        suno.may_send.clear()
        return Handle(task_id="1")

    suno.on_extend.then(look)
    await world.submitter.run_once()
    await until(lambda: world.is_at(first, Status.SUBMITTED))
    await until(lambda: world.has_news(second))
    assert (await world.reply_contexts.load(await world.now(second))).queue_position == 1
    suno.may_send.set()
    await world.submitter.idle()


async def test_one_cancelled_while_it_waits_for_its_turn_is_not_sent(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await world.ask("1")
    suno.may_send.clear()
    await world.submitter.run_once()
    await world.service.cancel(ext.id, actor(ADA))
    suno.may_send.set()
    await world.submitter.idle()
    assert (await world.now(ext)).status is Status.CANCELLED
    assert suno.sent == []


async def test_two_processes_on_one_store_never_send_one_extension_twice(store: Store) -> None:
    suno = ScriptedProvider()
    one = ServiceHarness(store, suno)
    other = ServiceHarness(store, suno, clock=one.clock)
    for number in range(12):
        await one.ask(str(number), lyrics=str(number))
    for _ in range(3):
        await asyncio.gather(one.submitter.run_once(), other.submitter.run_once())
        await asyncio.gather(one.submitter.idle(), other.submitter.idle())
    assert sorted(int(request.lyrics) for request in suno.sent) == [*range(12)]


async def test_a_provider_that_is_not_enabled_any_more_ends_what_waits_for_it(
    world: ServiceHarness, store: Store
) -> None:
    exts = [await world.ask("1"), await world.ask("2")]
    later = ServiceHarness(store, ScriptedProvider("other"), clock=world.clock)
    await later.submit()
    ended = [await world.now(ext) for ext in exts]
    assert {(ext.status, ext.failure) for ext in ended} == {(Status.FAILED, failures.Unavailable())}


# What the source fills in


async def test_the_end_becomes_a_second_where_the_length_is_known(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    await world.known(duration=120.0)
    ext = await world.submitted("1", at="end")
    assert suno.sent[0].continue_at == 119.99
    assert (await world.now(ext)).request.continue_at == 119.99
    assert suno.looked_up == []


async def test_the_length_is_asked_of_a_provider_that_can_tell(store: Store) -> None:
    suno = ScriptedProvider(lookup=True)
    world = ServiceHarness(store, suno)
    suno.on_clip.then(
        Clip(
            id=SOURCE,
            status=ClipStatus.COMPLETE,
            duration=60.0,
            style="folk, " + "x" * 300,
            title="🎵" * 80,
        )
    )
    ext = await world.ask("1", at="end")
    await world.submit()
    [request] = suno.sent
    assert request.continue_at == 59.99
    assert request.style == ("folk",)
    assert request.title == "🎵" * 39 + "…"
    assert (await world.now(ext)).source_title == "🎵" * 80
    known = await store.clip(SOURCE)
    assert known is not None
    assert known.clip.duration == 60


async def test_what_the_member_wrote_stands_before_what_the_source_has(store: Store) -> None:
    suno = ScriptedProvider(lookup=True)
    world = ServiceHarness(store, suno)
    suno.on_clip.then(
        Clip(id=SOURCE, status=ClipStatus.COMPLETE, duration=60.0, style="folk", title="Theirs")
    )
    await world.submitted("1", at="5", style="metal", title="Mine")
    assert (suno.sent[0].style, suno.sent[0].title) == (("metal",), "Mine")
    assert suno.sent[0].continue_at == 5


async def test_a_second_past_the_end_ends_it_unsent(store: Store) -> None:
    suno = ScriptedProvider(lookup=True)
    world = ServiceHarness(store, suno)
    suno.on_clip.then(Clip(id=SOURCE, status=ClipStatus.COMPLETE, duration=60.0))
    ext = await world.ask("1", at="90")
    await world.submit()
    ended = await world.now(ext)
    assert (ended.status, ended.failure) == (Status.FAILED, failures.PastTheEnd(60.0))
    assert suno.sent == []


async def test_an_unknown_length_ends_it_where_a_second_is_needed(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await world.ask("1", at="end")
    await world.submit()
    ended = await world.now(ext)
    assert (ended.status, ended.failure) == (Status.FAILED, failures.LengthUnknown())
    assert suno.sent == []


async def test_an_unknown_length_does_not_matter_where_the_end_can_be_asked_for(
    store: Store,
) -> None:
    suno = ScriptedProvider(needs_continue_at=False)
    await ServiceHarness(store, suno).submitted("1", at="end")
    assert suno.sent[0].continue_at is None


async def test_clip_that_its_provider_does_not_know_is_sent_at_once(store: Store) -> None:
    suno = ScriptedProvider(lookup=True, needs_continue_at=False)
    world = ServiceHarness(store, suno)
    suno.on_extend.then(Rejected("Not found."))
    ext = await world.ask("1", at="end")
    await world.submit()
    ended = await world.now(ext)
    assert (ended.status, ended.failure) == (Status.FAILED, failures.Rejected("Not found."))
    assert suno.looked_up == [SOURCE]


async def test_expired_session_ends_a_request_at_once_as_the_operators_problem(
    store: Store,
) -> None:
    suno = ScriptedProvider(lookup=True, needs_continue_at=False)
    world = ServiceHarness(store, suno)
    suno.on_clip.then(SessionExpired("Renew the cookie."))
    suno.on_extend.then(SessionExpired("Renew the cookie."))
    ext = await world.ask("1", at="end")
    await world.submit()
    ended = await world.now(ext)
    assert (ended.status, ended.failure) == (Status.FAILED, failures.SessionExpired())


async def test_style_of_the_source_is_cut_to_the_limit_of_the_chosen_model(store: Store) -> None:
    long_texts = TextLimits(lyrics=5000, style=1000, title=100)
    suno = ScriptedProvider(models=("new",), model_limits={"new": long_texts})
    world = ServiceHarness(store, suno)
    await world.known(duration=60.0, style=", ".join(f"tag {number}" for number in range(100)))
    await world.submitted("1", at="end", model="new")
    assert len(suno.sent[0].style) == 100


async def test_a_look_up_that_fails_for_now_is_repeated_before_anything_is_sent(
    store: Store,
) -> None:
    suno = ScriptedProvider(lookup=True)
    world = ServiceHarness(store, suno)
    suno.on_clip.then(
        Unavailable(), Clip(id=SOURCE, status=ClipStatus.COMPLETE, duration=60.0, title="Dreams")
    )
    ext = await world.ask("1", at="end")
    await world.submit()
    waiting = await world.now(ext)
    assert (waiting.status, waiting.failure) == (Status.WAITING, failures.Unavailable())
    assert suno.sent == []
    await world.overdue(ext)
    await world.submit()
    assert (await world.now(ext)).status is Status.SUBMITTED


async def test_a_look_up_that_is_refused_does_not_matter_where_the_second_was_given(
    store: Store,
) -> None:
    suno = ScriptedProvider(lookup=True)
    world = ServiceHarness(store, suno)
    suno.on_clip.then(Rejected("Unknown clip."))
    await world.submitted("1", at="10")
    assert suno.sent[0].continue_at == 10


async def test_a_look_up_that_breaks_never_keeps_others_waiting(store: Store) -> None:
    suno = ScriptedProvider(lookup=True)
    world = ServiceHarness(store, suno)
    suno.on_clip.then(ValueError("surprise"))
    ext = await world.ask("1", at="10")
    other = await world.ask("2", at="10", clip=OTHER)
    await world.submit()
    assert (await world.now(other)).status is Status.SUBMITTED
    assert (await world.now(ext)).status is Status.WAITING
    await world.overdue(ext)
    await world.submit()
    assert (await world.now(ext)).status is Status.SUBMITTED


class Forgetful(Store):
    """A store in which no source clip is known, whoever used it."""

    async def clip(self, clip_id: str) -> None:
        del clip_id


async def test_a_clip_that_neither_store_nor_provider_knows_is_sent_as_it_was_asked(
    url: str,
) -> None:
    async with Forgetful.open(url) as store:
        suno = ScriptedProvider(lookup=True)
        ext = await ServiceHarness(store, suno).submitted("1", at="10")
        assert suno.sent == [ext.request]


# Stopping


async def test_stopping_lets_a_post_finish_and_sends_nothing_new(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    answered = asyncio.Event()

    async def hang(_: object) -> Handle:
        suno.may_send.clear()
        await answered.wait()
        return Handle(task_id="1")

    suno.on_extend.then(hang)
    first, second = await world.ask("1"), await world.ask("2")
    await world.submitter.run_once()
    await until(lambda: suno.sent)
    stopping = asyncio.create_task(world.submitter.stop(grace=5))
    await asyncio.sleep(0)
    suno.may_send.set()
    answered.set()
    await stopping
    assert (await world.now(first)).status is Status.SUBMITTED
    assert (await world.now(second)).status is Status.WAITING
    assert len(suno.sent) == 1


async def test_what_does_not_finish_in_time_is_left_submitting(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    suno.on_extend.then(lambda _: asyncio.Event().wait())
    ext = await world.ask("1")
    await world.submitter.run_once()
    await until(lambda: suno.sent)
    await world.submitter.stop(grace=0)
    assert (await world.now(ext)).status is Status.SUBMITTING


# A store that fails


class FailingStore(Store):
    """A store that can't save a handle, and can't learn, so many times."""

    saves_fail = 0
    timings_fail = False

    async def save(self, new: Extension, *, was: Extension) -> bool:
        if self.saves_fail and new.status is not Status.SUBMITTING:
            self.saves_fail -= 1
            raise OSError("disk full")
        return await super().save(new, was=was)

    async def timings(self, provider: str, *, limit: int = 64) -> list:
        if self.timings_fail:
            raise OSError("disk full")
        return await super().timings(provider, limit=limit)


async def submitted_on(url: str, *, saves_fail: int = 0, timings_fail: bool = False) -> Extension:
    """Return an extension that was submitted on a store that fails."""
    async with FailingStore.open(url) as store:
        world = ServiceHarness(store, ScriptedProvider())
        ext = await world.ask("1")
        store.saves_fail, store.timings_fail = saves_fail, timings_fail
        world.clock.advance(60)  # what was learned when it was accepted is to be read anew
        await world.submit()
        return await world.now(ext)


@pytest.mark.parametrize("saves_fail", [4, 12])
def test_handle_survives_a_database_that_is_away(url: str, saves_fail: int) -> None:
    ext = run_hurried(submitted_on(url, saves_fail=saves_fail))
    assert ext.status is Status.SUBMITTED
    assert ext.handle == Handle(clip_ids=("suno-1-a", "suno-1-b"))


def test_handle_that_is_not_stored_when_encore_stops_is_in_the_log(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def stopped() -> Status:
        async with FailingStore.open(url) as store:
            world = ServiceHarness(store, ScriptedProvider())
            ext = await world.ask("1")
            store.saves_fail = 10**6
            await world.submitter.run_once()
            await until(lambda: caplog.records)
            await world.submitter.stop(grace=0)
            return (await world.now(ext)).status

    assert run_hurried(stopped()) is Status.SUBMITTING
    assert "suno-1-a" in caplog.text


async def test_handle_that_is_not_stored_yet_is_not_searched_for(url: str) -> None:
    async with FailingStore.open(url) as store:
        suno = ScriptedProvider(reconcile=True)
        world = ServiceHarness(store, suno)
        ext = await world.ask("1")
        store.saves_fail = 2
        await world.submitter.run_once()
        await until(lambda: store.saves_fail < 2)
        world.clock.advance(3600)  # its claim has lapsed
        await world.submitter.run_once()
        store.saves_fail = 0
        await world.submitter.idle()
        now = await world.now(ext)
        assert now.handle == Handle(clip_ids=("suno-1-a", "suno-1-b"))


def test_handle_is_stored_even_if_no_delay_can_be_read(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    ext = run_hurried(submitted_on(url, timings_fail=True))
    assert ext.status is Status.SUBMITTED
    assert "poll delay could not be read" in caplog.text


# A row that changes in the middle of a save


class WatchedHookedStore(Watched, HookedStore):
    """Counts looks, and runs a test's code round a save."""


async def test_waiting_extension_is_not_claimed_while_its_last_task_has_the_key(url: str) -> None:
    async with WatchedHookedStore.open(url) as store:
        suno = ScriptedProvider()
        world = ServiceHarness(store, suno)
        ext = await world.ask("1")

        async def look_again(_: Extension) -> None:
            world.clock.advance(60)
            looks = store.looks
            await world.submitter.run_once()
            await until(lambda: store.looks > looks)
            for _ in range(20):  # as long as a claim would take
                await world.now(ext)

        def refuse(_: object) -> Handle:
            store.after = look_again  # it may be sent again, and its task has not ended yet
            raise RateLimited(retry_after=1)

        suno.on_extend.then(refuse)
        await world.submit()
        await world.submit()
        assert (await world.now(ext)).status is Status.SUBMITTED
        assert len(suno.sent) == 2


async def test_outcome_is_applied_to_a_row_that_changed_meanwhile(url: str) -> None:
    async with HookedStore.open(url) as store:
        suno = ScriptedProvider()
        world = ServiceHarness(store, suno)
        ext = await world.ask("1")

        def take(_: object) -> Handle:
            store.before = raise_revision(store)
            return Handle(task_id="1")

        suno.on_extend.then(take)
        await world.submit()
        now = await world.now(ext)
        assert (now.status, now.handle) == (Status.SUBMITTED, Handle(task_id="1"))


async def test_outcome_of_a_row_that_another_process_settled_is_dropped(url: str) -> None:
    async with HookedStore.open(url) as store:
        suno = ScriptedProvider()
        world = ServiceHarness(store, suno)
        ext = await world.ask("1")

        async def settle(was: Extension) -> None:
            gone = finished(was, Status.UNCONFIRMED, None, now=START)
            assert await Store(store.database).save(gone, was=was)

        def take(_: object) -> Handle:
            store.before = settle
            return Handle(task_id="1")

        suno.on_extend.then(take)
        await world.submit()
        assert (await world.now(ext)).status is Status.UNCONFIRMED


async def test_an_outage_and_its_end_are_logged_once(
    world: ServiceHarness, suno: ScriptedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot.services.outage_log")
    ext = await world.ask("1")
    suno.on_extend.then(Unavailable("down"), Unavailable("down"), Unavailable("down"))
    for _ in range(5):
        await world.submit()
        await world.overdue(ext)
    said = [record.message for record in caplog.records if record.name == "bot.services.outage_log"]
    assert said == ["suno can't be asked (unavailable: down)", "suno answers again"]

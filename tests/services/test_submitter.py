import asyncio
import datetime as dt
import logging
from dataclasses import replace

import pytest

from bot.domain import failures
from bot.domain.errors import UserError
from bot.domain.failures import Failure
from bot.domain.form import TextLimits
from bot.domain.models import Clip, ClipStatus, Extension, Handle, Status
from bot.domain.transitions import finished
from bot.logs import current_extension
from bot.providers.base import (
    OutOfCredits,
    ProviderError,
    RateLimited,
    Rejected,
    SessionExpired,
    Unauthorized,
    Unavailable,
    Unconfirmed,
    UnknownClip,
    WrongAddress,
)
from bot.services.submitter import MAX_CONCURRENT
from bot.store.store import Store
from tests.support.fast_loop import run_hurried
from tests.support.hooked_store import HookedStore, raise_revision
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import ADA, OTHER, SOURCE, START, ServiceHarness, actor, until


async def test_waiting_extension_is_sent_once_and_keeps_its_handle(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.ask("1", lyrics="la la", at="10")
    await harness.submit()
    await harness.submit()
    taken = await harness.now(ext)
    assert suno.sent == [ext.request]
    assert taken.status is Status.SUBMITTED
    assert taken.handle == Handle(clip_ids=("suno-1-a", "suno-1-b"))
    assert taken.submitted_at == START


async def test_the_oldest_is_sent_first(harness: ServiceHarness, suno: ScriptedProvider) -> None:
    for idempotency_key in "123":
        await harness.ask(idempotency_key, lyrics=idempotency_key)
    await harness.submit()
    assert [request.lyrics for request in suno.sent] == ["1", "2", "3"]


async def test_a_row_is_submitting_in_the_store_before_its_post_leaves(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    stored = []

    async def record(_: object) -> Handle:
        stored.append((await harness.now(ext)).status)
        return Handle(task_id="1")

    ext = await harness.ask("1")
    suno.on_extend.then(record)
    await harness.submit()
    assert stored == [Status.SUBMITTING]


async def test_the_tracker_and_the_publisher_are_told(harness: ServiceHarness) -> None:
    await harness.submitted("1")
    async with asyncio.timeout(1):
        await harness.wakeups.tracker.wait(60)
        await harness.wakeups.publisher.wait(60)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (Rejected("Too rude."), failures.Rejected("Too rude.")),
        (OutOfCredits("none"), failures.OutOfCredits()),
        (Unauthorized("key?"), failures.Unauthorized()),
        (WrongAddress(), failures.WrongAddress()),
        (ProviderError("odd"), failures.Unexpected()),
    ],
)
async def test_a_provider_error_ends_an_extension_with_its_failure(
    harness: ServiceHarness, suno: ScriptedProvider, error: ProviderError, failure: Failure
) -> None:
    ext = await harness.ask("1")
    suno.on_extend.then(error)
    await harness.submit()
    await harness.submit()
    ended = await harness.now(ext)
    assert (ended.status, ended.failure) == (Status.FAILED, failure)
    assert len(suno.sent) == 1


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (Unavailable(), failures.Unavailable()),
        (RateLimited(), failures.RateLimited()),
    ],
)
async def test_request_that_never_left_is_sent_again_after_a_pause(
    harness: ServiceHarness, suno: ScriptedProvider, error: ProviderError, failure: Failure
) -> None:
    ext = await harness.ask("1")
    suno.on_extend.then(error)
    await harness.submit()
    waiting = await harness.now(ext)
    assert (waiting.status, waiting.failure) == (Status.WAITING, failure)
    assert 1 <= (waiting.due_at - START).total_seconds() <= 2
    await harness.submit()
    assert len(suno.sent) == 1
    await harness.overdue(ext)
    await harness.submit()
    assert (await harness.now(ext)).status is Status.SUBMITTED
    assert len(suno.sent) == 2


async def test_a_wait_that_the_provider_asks_for_is_kept(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.ask("1")
    suno.on_extend.then(RateLimited(retry_after=40))
    await harness.submit()
    assert (await harness.now(ext)).due_at == START + dt.timedelta(seconds=40)


async def test_a_wait_of_nothing_is_no_reason_to_ask_without_a_pause(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.ask("1")
    suno.on_extend.then(*(RateLimited(retry_after=0) for _ in range(5)))
    await harness.submit()
    assert len(suno.sent) == 1
    assert (await harness.now(ext)).due_at > START


async def test_pauses_grow_while_a_provider_stays_out_of_reach(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.ask("1")
    pauses = []
    for _ in range(6):
        suno.on_extend.then(Unavailable())
        await harness.submit()
        pauses.append(((await harness.now(ext)).due_at - harness.clock()).total_seconds())
        await harness.overdue(ext)
    assert [1 <= pauses[0] <= 2, 4 <= pauses[2] <= 8, 30 <= pauses[5] <= 60] == [True] * 3


async def test_unavailable_provider_fails_the_extension_at_the_deadline(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.ask("1")
    suno.on_extend.then(*(Unavailable() for _ in range(100)))
    for _ in range(50):
        await harness.overdue(ext)
        await harness.submit()
        if (await harness.now(ext)).status.is_final:
            break
    ended = await harness.now(ext)
    assert (ended.status, ended.failure) == (Status.FAILED, failures.Unavailable())
    assert ended.finished_at is not None
    assert dt.timedelta(minutes=12) < ended.finished_at - START <= dt.timedelta(minutes=15)


async def test_wait_beyond_the_deadline_fails_the_extension_at_once(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.ask("1")
    suno.on_extend.then(RateLimited(retry_after=3600))
    await harness.submit()
    ended = await harness.now(ext)
    assert (ended.status, ended.failure) == (Status.FAILED, failures.RateLimited())


@pytest.mark.parametrize(
    ("error", "text"),
    [(Unconfirmed("No answer."), "No answer."), (ValueError("surprise"), ""), (OSError(), "")],
)
async def test_unconfirmed_submission_is_never_sent_again(
    harness: ServiceHarness, suno: ScriptedProvider, error: Exception, text: str
) -> None:
    ext = await harness.ask("1")
    suno.on_extend.then(error)
    await harness.submit()
    harness.clock.advance(3600)
    await harness.submit()
    ended = await harness.now(ext)
    assert (ended.status, ended.failure) == (Status.UNCONFIRMED, failures.Unconfirmed(text))
    assert len(suno.sent) == 1


async def test_failed_submission_touches_no_other(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    exts = [await harness.ask(idempotency_key) for idempotency_key in "123"]
    suno.on_extend.then(ValueError("surprise"), Rejected("No."))
    await harness.submit()
    assert [(await harness.now(ext)).status for ext in exts] == [
        Status.UNCONFIRMED,
        Status.FAILED,
        Status.SUBMITTED,
    ]


async def test_unavailable_provider_never_delays_another(store: Store) -> None:
    slow, quick = ScriptedProvider("slow"), ScriptedProvider("quick")
    harness = ServiceHarness(store, slow, quick)
    slow.may_send.clear()
    stuck = await harness.ask("1", provider="slow")
    ext = await harness.ask("2", clip=OTHER, provider="quick")
    await harness.submitter.run_once()
    await until(lambda: harness.is_at(ext, Status.SUBMITTED))
    assert (await harness.now(stuck)).status is Status.WAITING
    slow.may_send.set()
    await harness.submitter.idle()


async def test_provider_has_one_queue_however_often_the_loop_runs(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    suno.may_send.clear()
    await harness.ask("1")
    for _ in range(3):
        await harness.submitter.run_once()
    suno.may_send.set()
    await harness.submitter.idle()
    assert len(suno.sent) == 1


class Watched(Store):
    """A store that counts how often someone looked for what is next in line."""

    lookups = 0

    async def next_waiting(self, provider: str, **options: object) -> list[Extension]:
        found = await super().next_waiting(provider, **options)
        self.lookups += 1
        return found


async def test_concurrent_posts_are_bounded(url: str, suno: ScriptedProvider) -> None:
    async with Watched.open(url) as store:
        await bounded(ServiceHarness(store, suno), suno, store)


async def bounded(harness: ServiceHarness, suno: ScriptedProvider, store: Watched) -> None:
    answered = asyncio.Event()
    running = 0

    async def hang(_: object) -> Handle:
        nonlocal running
        running += 1
        await answered.wait()
        return Handle(task_id=str(running))

    suno.on_extend.then(*[hang] * 20)
    for number in range(20):
        await harness.ask(str(number))
    await harness.submitter.run_once()
    await until(lambda: running == MAX_CONCURRENT)
    await harness.submitter.run_once()
    for _ in range(20):  # as long as a claim would take
        await harness.now(await harness.ask("late"))
    assert (running, store.lookups) == (MAX_CONCURRENT, 1)
    answered.set()
    await harness.submitter.idle()
    assert len(suno.sent) == 21


async def test_submission_moves_the_queue_positions(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    suno.capabilities = replace(suno.capabilities, submit_every=1)
    first, second = await harness.ask("1"), await harness.ask("2")

    async def record(_: object) -> Handle:
        suno.may_send.clear()
        return Handle(task_id="1")

    suno.on_extend.then(record)
    await harness.submitter.run_once()
    await until(lambda: harness.is_at(first, Status.SUBMITTED))
    await until(lambda: harness.has_news(second))
    assert (await harness.reply_contexts.load(await harness.now(second))).queue_position == 1
    suno.may_send.set()
    await harness.submitter.idle()


async def test_extension_cancelled_in_the_queue_is_not_sent(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.ask("1")
    suno.may_send.clear()
    await harness.submitter.run_once()
    await harness.service.cancel(ext.id, actor(ADA))
    suno.may_send.set()
    await harness.submitter.idle()
    assert (await harness.now(ext)).status is Status.CANCELLED
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


async def test_disabled_provider_fails_its_waiting_extensions(
    harness: ServiceHarness, store: Store
) -> None:
    exts = [await harness.ask("1"), await harness.ask("2")]
    later = ServiceHarness(store, ScriptedProvider("other"), clock=harness.clock)
    await later.submit()
    ended = [await harness.now(ext) for ext in exts]
    assert {(ext.status, ext.failure) for ext in ended} == {(Status.FAILED, failures.Unavailable())}


# What the source fills in


async def test_the_end_becomes_a_second_where_the_length_is_known(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    await harness.known(duration=120.0)
    ext = await harness.submitted("1", at="end")
    assert suno.sent[0].continue_at == 119.99
    assert (await harness.now(ext)).request.continue_at == 119.99
    assert suno.looked_up == []


async def test_the_length_is_asked_of_a_provider_that_can_tell(store: Store) -> None:
    suno = ScriptedProvider(lookup=True)
    harness = ServiceHarness(store, suno)
    suno.on_clip.then(
        Clip(
            id=SOURCE,
            status=ClipStatus.COMPLETE,
            duration=60.0,
            style="folk, " + "x" * 300,
            title="🎵" * 80,
        )
    )
    ext = await harness.ask("1", at="end")
    await harness.submit()
    [request] = suno.sent
    assert request.continue_at == 59.99
    assert request.style == ("folk",)
    assert request.title == "🎵" * 39 + "…"
    assert (await harness.now(ext)).source_title == "🎵" * 80
    known = await store.clip(SOURCE)
    assert known is not None
    assert known.clip.duration == 60


async def test_members_title_and_style_win_over_the_sources(store: Store) -> None:
    suno = ScriptedProvider(lookup=True)
    harness = ServiceHarness(store, suno)
    suno.on_clip.then(
        Clip(id=SOURCE, status=ClipStatus.COMPLETE, duration=60.0, style="folk", title="Theirs")
    )
    await harness.submitted("1", at="5", style="metal", title="Mine")
    assert (suno.sent[0].style, suno.sent[0].title) == (("metal",), "Mine")
    assert suno.sent[0].continue_at == 5


async def test_continue_at_past_the_end_fails_before_submission(store: Store) -> None:
    suno = ScriptedProvider(lookup=True)
    harness = ServiceHarness(store, suno)
    suno.on_clip.then(Clip(id=SOURCE, status=ClipStatus.COMPLETE, duration=60.0))
    ext = await harness.ask("1", at="90")
    await harness.submit()
    ended = await harness.now(ext)
    assert (ended.status, ended.failure) == (Status.FAILED, failures.PastTheEnd(60.0))
    assert suno.sent == []


async def test_unknown_length_fails_where_provider_needs_a_second(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.ask("1", at="end")
    await harness.submit()
    ended = await harness.now(ext)
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
    harness = ServiceHarness(store, suno)
    suno.on_extend.then(Rejected("Not found."))
    ext = await harness.ask("1", at="end")
    await harness.submit()
    ended = await harness.now(ext)
    assert (ended.status, ended.failure) == (Status.FAILED, failures.Rejected("Not found."))
    assert suno.looked_up == [SOURCE]


async def test_expired_session_ends_a_request_at_once_as_the_operators_problem(
    store: Store,
) -> None:
    suno = ScriptedProvider(lookup=True, needs_continue_at=False)
    harness = ServiceHarness(store, suno)
    suno.on_clip.then(SessionExpired("Renew the cookie."))
    suno.on_extend.then(SessionExpired("Renew the cookie."))
    ext = await harness.ask("1", at="end")
    await harness.submit()
    ended = await harness.now(ext)
    assert (ended.status, ended.failure) == (Status.FAILED, failures.SessionExpired())


async def test_style_of_the_source_is_cut_to_the_limit_of_the_chosen_model(store: Store) -> None:
    long_texts = TextLimits(lyrics=5000, style=1000, title=100)
    suno = ScriptedProvider(models=("new",), model_limits={"new": long_texts})
    harness = ServiceHarness(store, suno)
    await harness.known(duration=60.0, style=", ".join(f"tag {number}" for number in range(100)))
    await harness.submitted("1", at="end", model="new")
    assert len(suno.sent[0].style) == 100


async def test_failed_lookup_is_repeated_before_anything_is_sent(
    store: Store,
) -> None:
    suno = ScriptedProvider(lookup=True)
    harness = ServiceHarness(store, suno)
    suno.on_clip.then(
        Unavailable(), Clip(id=SOURCE, status=ClipStatus.COMPLETE, duration=60.0, title="Dreams")
    )
    ext = await harness.ask("1", at="end")
    await harness.submit()
    waiting = await harness.now(ext)
    assert (waiting.status, waiting.failure) == (Status.WAITING, failures.Unavailable())
    assert suno.sent == []
    await harness.overdue(ext)
    await harness.submit()
    assert (await harness.now(ext)).status is Status.SUBMITTED


async def test_refused_lookup_does_not_matter_if_the_second_was_given(
    store: Store,
) -> None:
    suno = ScriptedProvider(lookup=True)
    harness = ServiceHarness(store, suno)
    suno.on_clip.then(Rejected("Unknown clip."))
    await harness.submitted("1", at="10")
    assert suno.sent[0].continue_at == 10


async def test_broken_lookup_never_keeps_others_waiting(store: Store) -> None:
    suno = ScriptedProvider(lookup=True)
    harness = ServiceHarness(store, suno)

    def refuse_source(clip_id: str) -> None:
        if clip_id == SOURCE:
            raise ValueError("surprise")

    suno.on_clip.then(refuse_source, refuse_source)
    ext = await harness.ask("1", at="10")
    other = await harness.ask("2", at="10", clip=OTHER)
    await harness.submit()
    assert (await harness.now(other)).status is Status.SUBMITTED
    assert (await harness.now(ext)).status is Status.WAITING
    await harness.overdue(ext)
    await harness.submit()
    assert (await harness.now(ext)).status is Status.SUBMITTED


class Forgetful(Store):
    """A store in which no source clip is known, whoever used it."""

    async def clip(self, clip_id: str) -> None:
        del clip_id


async def test_unknown_clip_is_sent_as_asked(
    url: str,
) -> None:
    async with Forgetful.open(url) as store:
        suno = ScriptedProvider(lookup=True)
        ext = await ServiceHarness(store, suno).submitted("1", at="10")
        assert suno.sent == [ext.request]


async def test_what_is_logged_while_a_request_is_sent_names_its_extension(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    named: list[int | None] = []

    def note(_: object) -> Handle:
        named.append(current_extension.get())
        return Handle(task_id=f"{len(named)}")

    suno.on_extend.then(note, note)
    exts = [await harness.ask("1"), await harness.ask("2")]
    await harness.submit()
    assert sorted(named) == [ext.id for ext in exts]


# Stopping


async def test_stopping_lets_a_post_finish_and_sends_nothing_new(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    answered = asyncio.Event()
    suno.capabilities = replace(suno.capabilities, submit_every=1)

    async def hang(_: object) -> Handle:
        suno.may_send.clear()
        await answered.wait()
        return Handle(task_id="1")

    suno.on_extend.then(hang)
    first, second = await harness.ask("1"), await harness.ask("2")
    await harness.submitter.run_once()
    await until(lambda: suno.slots_wanted == 2)
    stopping = asyncio.create_task(harness.submitter.stop(grace=5))
    await asyncio.sleep(0)
    suno.may_send.set()
    answered.set()
    await stopping
    assert (await harness.now(first)).status is Status.SUBMITTED
    assert (await harness.now(second)).status is Status.WAITING
    assert len(suno.sent) == 1


async def test_submission_that_outlives_the_stop_stays_submitting(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    suno.on_extend.then(lambda _: asyncio.Event().wait())
    ext = await harness.ask("1")
    await harness.submitter.run_once()
    await until(lambda: suno.sent)
    await harness.submitter.stop(grace=0)
    assert (await harness.now(ext)).status is Status.SUBMITTING


# A store that fails


class FailingStore(Store):
    """A store that can't save a handle, and can't learn, so many times."""

    saves_fail = 0
    sightings_fail = False

    async def save(self, new: Extension, *, was: Extension) -> bool:
        if self.saves_fail and new.status is not Status.SUBMITTING:
            self.saves_fail -= 1
            raise OSError("disk full")
        return await super().save(new, was=was)

    async def sightings(self, provider: str, *, limit: int = 64) -> tuple[list, list]:
        if self.sightings_fail:
            raise OSError("disk full")
        return await super().sightings(provider, limit=limit)


async def submitted_on(url: str, *, saves_fail: int = 0, sightings_fail: bool = False) -> Extension:
    """Return an extension that was submitted on a store that fails."""
    async with FailingStore.open(url) as store:
        harness = ServiceHarness(store, ScriptedProvider())
        ext = await harness.ask("1")
        store.saves_fail, store.sightings_fail = saves_fail, sightings_fail
        harness = ServiceHarness(store, ScriptedProvider())  # started anew, it has learned nothing
        await harness.submit()
        return await harness.now(ext)


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
            harness = ServiceHarness(store, ScriptedProvider())
            ext = await harness.ask("1")
            store.saves_fail = 10**6
            await harness.submitter.run_once()
            await until(lambda: caplog.records)
            await harness.submitter.stop(grace=0)
            return (await harness.now(ext)).status

    assert run_hurried(stopped()) is Status.SUBMITTING
    assert "suno-1-a" in caplog.text


async def test_handle_that_is_not_stored_yet_is_not_searched_for(url: str) -> None:
    async with FailingStore.open(url) as store:
        suno = ScriptedProvider(reconcile=True)
        harness = ServiceHarness(store, suno)
        ext = await harness.ask("1")
        store.saves_fail = 2
        await harness.submitter.run_once()
        await until(lambda: store.saves_fail < 2)
        harness.clock.advance(3600)  # its claim has lapsed
        await harness.submitter.run_once()
        store.saves_fail = 0
        await harness.submitter.idle()
        now = await harness.now(ext)
        assert now.handle == Handle(clip_ids=("suno-1-a", "suno-1-b"))


def test_handle_is_stored_even_if_no_delay_can_be_read(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    ext = run_hurried(submitted_on(url, sightings_fail=True))
    assert ext.status is Status.SUBMITTED
    assert "poll delay could not be read" in caplog.text


# A row that changes in the middle of a save


class WatchedHookedStore(Watched, HookedStore):
    """Counts looks, and runs a test's code round a save."""


async def test_waiting_extension_is_not_claimed_while_its_last_task_has_the_key(url: str) -> None:
    async with WatchedHookedStore.open(url) as store:
        suno = ScriptedProvider()
        harness = ServiceHarness(store, suno)
        ext = await harness.ask("1")

        async def find_source_again(_: Extension) -> None:
            harness.clock.advance(60)
            lookups = store.lookups
            await harness.submitter.run_once()
            await until(lambda: store.lookups > lookups)
            for _ in range(20):  # as long as a claim would take
                await harness.now(ext)

        def refuse(_: object) -> Handle:
            store.after = find_source_again  # it may be sent again, and its task has not ended yet
            raise RateLimited(retry_after=1)

        suno.on_extend.then(refuse)
        await harness.submit()
        await harness.submit()
        assert (await harness.now(ext)).status is Status.SUBMITTED
        assert len(suno.sent) == 2


async def test_outcome_is_applied_to_a_row_that_changed_meanwhile(url: str) -> None:
    async with HookedStore.open(url) as store:
        suno = ScriptedProvider()
        harness = ServiceHarness(store, suno)
        ext = await harness.ask("1")

        def accepted(_: object) -> Handle:
            store.before = raise_revision(store)
            return Handle(task_id="1")

        suno.on_extend.then(accepted)
        await harness.submit()
        now = await harness.now(ext)
        assert (now.status, now.handle) == (Status.SUBMITTED, Handle(task_id="1"))


@pytest.mark.parametrize(
    ("settled", "kept"),
    [(Status.FAILED, Status.FAILED), (Status.UNCONFIRMED, Status.SUBMITTED)],
)
async def test_handle_of_a_row_that_another_process_settled_counts_if_it_was_given_up(
    url: str, settled: Status, kept: Status
) -> None:
    async with HookedStore.open(url) as store:
        suno = ScriptedProvider()
        harness = ServiceHarness(store, suno)
        ext = await harness.ask("1")

        async def settle(was: Extension) -> None:
            gone = finished(was, settled, None, now=START)
            assert await Store(store.database).save(gone, was=was)

        def accepted(_: object) -> Handle:
            store.before = settle
            return Handle(task_id="1")

        suno.on_extend.then(accepted)
        await harness.submit()
        assert (await harness.now(ext)).status is kept


async def test_an_outage_and_its_end_are_logged_once(
    harness: ServiceHarness, suno: ScriptedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot.services.outage_log")
    ext = await harness.ask("1")
    suno.on_extend.then(Unavailable("down"), Unavailable("down"), Unavailable("down"))
    for _ in range(5):
        await harness.submit()
        await harness.overdue(ext)
    said = [record.message for record in caplog.records if record.name == "bot.services.outage_log"]
    assert said == ["suno can't be asked (unavailable: down)", "suno answers again"]


# A clip that the provider does not know


async def test_unknown_clip_whose_end_is_wanted_is_not_sent(store: Store) -> None:
    suno = ScriptedProvider(lookup=True)
    suno.on_clip.then(UnknownClip())
    harness = ServiceHarness(store, suno)
    ext = await harness.ask("1", at="end")
    await harness.submit()
    ended = await harness.now(ext)
    assert (ended.status, ended.failure) == (Status.FAILED, failures.UnknownClip())
    assert suno.sent == []


async def test_unknown_clip_with_a_second_is_decided_by_its_submission(store: Store) -> None:
    suno = ScriptedProvider(lookup=True)
    harness = ServiceHarness(store, suno)
    suno.on_clip.then(UnknownClip(), UnknownClip())
    suno.on_extend.then(UnknownClip("Clip not found"))
    refused = await harness.ask("1", at="10")
    await harness.submit()
    assert (await harness.now(refused)).failure == failures.UnknownClip()
    taken = await harness.ask("2", at="10")
    await harness.submit()
    assert (await harness.now(taken)).status is Status.SUBMITTED


async def unknown_at_suno(harness: ServiceHarness, suno: ScriptedProvider) -> Extension:
    """Return an extension whose clip its provider does not know."""
    suno.on_extend.then(UnknownClip())
    ext = await harness.ask("1", model="v1", lyrics="la", style="folk", title="Home")
    await harness.submit()
    return await harness.now(ext)


async def test_unknown_clip_leads_to_all_other_providers(store: Store) -> None:
    suno = ScriptedProvider(models=("v1",))
    other = ScriptedProvider("other", label="Other", models=("v2",))
    harness = ServiceHarness(store, suno, other)
    ext = await unknown_at_suno(harness, suno)
    assert (await harness.reply_contexts.load(ext)).other_providers == {"other": "Other"}
    form = await harness.service.form_of(ext.id, actor(ADA))
    moved = harness.service.for_provider(form, "other")
    assert moved == replace(form, provider="other", model="")
    assert harness.service.for_provider(form, "suno") == form
    assert (moved.lyrics, moved.style, moved.title, moved.at) == ("la", "folk", "Home", form.at)
    with pytest.raises(UserError, match="gone isn't set up here any more") as refused:
        harness.service.for_provider(form, "gone")
    remedy = "Use `/extend` and pick one of these as `provider`: Suno Test, Other."
    assert refused.value.remedy == remedy


async def test_clip_made_here_leads_to_no_other_provider(store: Store) -> None:
    suno = ScriptedProvider()
    harness = ServiceHarness(store, suno, ScriptedProvider("other"))
    made = await harness.finished("made")
    suno.on_extend.then(UnknownClip())
    ext = await harness.ask("1", clip=made.reply.url)
    await harness.submit()
    ext = await harness.now(ext)
    assert ext.failure == failures.UnknownClip()
    assert (await harness.reply_contexts.load(ext)).other_providers == {}

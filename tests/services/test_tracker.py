import asyncio
import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from bot.domain import failures
from bot.domain.models import (
    Clip,
    ClipStatus,
    ExtendRequest,
    Extension,
    Handle,
    Progress,
    Status,
)
from bot.domain.transitions import expired
from bot.providers.base import RateLimited, Unauthorized, Unavailable
from bot.store.store import Store
from tests.support.fast_loop import run_hurried
from tests.support.hooked_store import HookedStore, raise_revision
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import (
    OTHER,
    SOURCE,
    START,
    ServiceHarness,
    complete,
    handle_of,
    queued,
    reply_to,
    streaming,
    until,
)
from tests.support.store_samples import accept

DEADLINE = dt.timedelta(minutes=15)


async def taken(
    harness: ServiceHarness, *triggers: str, provider: str = "suno", clips: int = 2
) -> list[Extension]:
    """Return extensions that ``provider`` has taken and that are due at once."""
    exts, now = [], harness.clock()
    for idempotency_key in triggers:
        clip_ids = tuple(f"{idempotency_key}-{letter}" for letter in "abcdef"[:clips])
        ext = Extension(
            idempotency_key=idempotency_key,
            member_id=1,
            request=ExtendRequest(provider=provider, clip_id=SOURCE),
            reply=reply_to(idempotency_key),
            created_at=now,
            submitted_at=now,
            due_at=now,
            deadline_at=now + DEADLINE,
            status=Status.SUBMITTED,
            handle=Handle(clip_ids=clip_ids),
            clips=tuple(Clip(id=clip_id, status=ClipStatus.SUBMITTED) for clip_id in clip_ids),
        )
        exts.append((await accept(harness.store, ext)).extension)
    return exts


async def test_news_is_kept_and_told(harness: ServiceHarness, suno: ScriptedProvider) -> None:
    [ext] = await taken(harness, "1")
    suno.progress[handle_of(ext)] = streaming(ext)
    await harness.track()
    heard = await harness.now(ext)
    assert heard.status is Status.STREAMING
    assert heard.revision > ext.revision
    assert heard.due_at > harness.clock()
    async with asyncio.timeout(1):
        await harness.wakeups.publisher.wait(60)
        await harness.wakeups.tracker.wait(60)


async def test_extension_is_fetched_until_it_is_final(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    [ext] = await taken(harness, "1")
    for progress in (queued(ext), streaming(ext), complete(ext), complete(ext)):
        suno.progress[handle_of(ext)] = progress
        await harness.overdue(ext)
        await harness.track()
    final = await harness.now(ext)
    assert final.status is Status.COMPLETE
    assert [clip.status for clip in final.clips] == [ClipStatus.COMPLETE] * 2
    assert len(suno.asked) == 3


async def test_extension_is_not_fetched_before_it_is_due(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    [ext] = await taken(harness, "1")
    await harness.track()
    await harness.track()
    assert len(suno.asked) == 1
    await harness.overdue(ext)
    await harness.track()
    assert len(suno.asked) == 2


async def test_no_news_is_nothing_to_show(harness: ServiceHarness, suno: ScriptedProvider) -> None:
    [ext] = await taken(harness, "1")
    suno.progress[handle_of(ext)] = queued(ext)
    await harness.track()
    assert (await harness.now(ext)).revision == ext.revision


async def test_a_handle_that_the_answer_leaves_out_is_pending(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    missing, named = await taken(harness, "1", "2", clips=1)
    suno.capabilities = replace(suno.capabilities, batch=2)
    suno.progress[handle_of(named)] = complete(named)
    await harness.track()
    assert (await harness.now(missing)).status is Status.SUBMITTED
    assert (await harness.now(missing)).due_at > harness.clock()
    assert (await harness.now(named)).status is Status.COMPLETE


async def test_a_generation_that_failed_ends_with_the_providers_words(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    [ext] = await taken(harness, "1")
    suno.progress[handle_of(ext)] = Progress(error="Too rude.")
    await harness.track()
    failed = await harness.now(ext)
    assert failed.status is Status.FAILED
    assert failed.failure == failures.GenerationFailed("Too rude.")


@pytest.mark.parametrize(("batch", "clips"), [(1, 1), (2, 1), (2, 2), (6, 2), (5, 2), (4, 6)])
async def test_a_batch_never_names_more_than_the_api_takes(
    store: Store, batch: int, clips: int
) -> None:
    suno = ScriptedProvider(batch=batch)
    harness = ServiceHarness(store, suno)
    exts = await taken(harness, *"123456789", clips=clips)
    while len(suno.asked) < len(exts) and len({h for asked in suno.asked for h in asked}) < 9:
        await harness.track()
    sizes = [sum(len(handle.clip_ids) for handle in asked) for asked in suno.asked]
    assert all(size <= max(batch, clips) for size in sizes)
    assert sorted(handle.clip_ids for asked in suno.asked for handle in asked) == sorted(
        handle_of(ext).clip_ids for ext in exts
    )
    assert len(suno.asked) == -(-len(exts) // max(batch // clips, 1))


@pytest.mark.parametrize(
    ("batch", "ahead", "asked"),
    [
        (6, 5.0, 3),  # those that are due first
        (6, 20.0, 1),  # too far ahead
        (2, 5.0, 1),  # there is no room
        (5, 5.0, 2),  # for one more there is
    ],
)
async def test_what_is_due_soon_fills_up_a_request(
    store: Store, batch: int, ahead: float, asked: int
) -> None:
    suno = ScriptedProvider(batch=batch)
    harness = ServiceHarness(store, suno)
    exts = [await harness.now(ext) for ext in await taken(harness, *"12345")]
    for number, ext in enumerate(exts):
        due_at = harness.clock() + dt.timedelta(seconds=ahead + number if number else 0)
        assert await store.save(replace(ext, due_at=due_at), was=ext)
    await harness.track()
    assert [len(each) for each in suno.asked] == [asked]
    named = [handle for each in suno.asked for handle in each]
    assert named == [handle_of(ext) for ext in exts[:asked]]


async def test_request_is_not_filled_up_with_what_could_not_be_asked_last_time(
    store: Store,
) -> None:
    suno = ScriptedProvider(batch=6)
    harness = ServiceHarness(store, suno)
    first, second = [await harness.now(ext) for ext in await taken(harness, *"12")]
    later = harness.clock() + dt.timedelta(seconds=5)
    assert await store.save(replace(first, due_at=harness.clock()), was=first)
    assert await store.save(replace(second, due_at=later, failures=1), was=second)
    await harness.track()
    assert suno.asked == [(handle_of(first),)]


async def test_nothing_is_asked_ahead_where_nothing_is_due(store: Store) -> None:
    suno = ScriptedProvider(batch=6)
    harness = ServiceHarness(store, suno)
    [ext] = [await harness.now(ext) for ext in await taken(harness, "1")]
    later = harness.clock() + dt.timedelta(seconds=5)
    assert await store.save(replace(ext, due_at=later), was=ext)
    await harness.track()
    assert suno.asked == []


async def test_a_task_counts_as_one(store: Store) -> None:
    suno = ScriptedProvider(batch=3)
    suno.on_extend.then(*(Handle(task_id=str(number)) for number in range(3)))
    harness = ServiceHarness(store, suno)
    exts = [await harness.ask(idempotency_key) for idempotency_key in "123"]
    await harness.submit()
    await harness.overdue(*exts)
    await harness.track()
    assert [len(asked) for asked in suno.asked] == [3]


@pytest.mark.parametrize("error", [Unavailable(), Unauthorized(), ValueError("surprise")])
async def test_a_batch_that_fails_touches_no_other(store: Store, error: Exception) -> None:
    suno = ScriptedProvider(batch=2)
    harness = ServiceHarness(store, suno)
    exts = await taken(harness, "1", "2")
    suno.progress.update({handle_of(ext): complete(ext) for ext in exts})
    suno.on_fetch.then(error)
    await harness.track()
    assert [(await harness.now(ext)).status for ext in exts] == [
        Status.SUBMITTED,
        Status.COMPLETE,
    ]
    postponed = await harness.now(exts[0])
    assert 1 <= (postponed.due_at - harness.clock()).total_seconds() <= 2
    assert postponed.revision == exts[0].revision


async def test_pauses_grow_while_a_provider_stays_out_of_reach(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    [ext] = await taken(harness, "1")
    pauses = []
    for _ in range(6):
        suno.on_fetch.then(Unavailable())
        await harness.track()
        pauses.append(((await harness.now(ext)).due_at - harness.clock()).total_seconds())
        await harness.overdue(ext)
    assert [1 <= pauses[0] <= 2, 4 <= pauses[2] <= 8, 30 <= pauses[5] <= 60] == [True] * 3


async def test_a_wait_that_the_provider_asks_for_is_kept(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    [ext] = await taken(harness, "1")
    suno.on_fetch.then(RateLimited(retry_after=33))
    await harness.track()
    assert (await harness.now(ext)).due_at == START + dt.timedelta(seconds=33)


@pytest.mark.parametrize("wait", [None, 0])
async def test_too_many_questions_without_a_wait_back_off(
    harness: ServiceHarness, suno: ScriptedProvider, wait: float | None
) -> None:
    [ext] = await taken(harness, "1")
    suno.on_fetch.then(RateLimited(retry_after=wait))
    await harness.track()
    assert 1 <= ((await harness.now(ext)).due_at - START).total_seconds() <= 2


async def test_an_outage_and_its_end_are_logged_once(
    harness: ServiceHarness, suno: ScriptedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot.services.outage_log")
    [ext] = await taken(harness, "1")
    suno.on_fetch.then(Unavailable("down"), Unavailable("down"), Unavailable("down"))
    for _ in range(5):
        await harness.track()
        await harness.overdue(ext)
    said = [record.message for record in caplog.records if record.name == "bot.services.outage_log"]
    assert said == ["suno can't be asked (unavailable: down)", "suno answers again"]


# The deadline


async def test_extension_expires_at_the_deadline(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    [ext] = await taken(harness, "1")
    suno.progress[handle_of(ext)] = queued(ext)
    for _ in range(300):
        await harness.overdue(ext)
        if harness.clock() >= START + DEADLINE:
            break
        await harness.track()
    assert (await harness.now(ext)).status is Status.SUBMITTED
    await harness.track()
    assert harness.clock() == START + DEADLINE
    assert (await harness.now(ext)).status is Status.EXPIRED


async def test_a_playable_twin_is_kept_at_the_deadline(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    [ext] = await taken(harness, "1")
    good, _ = complete(ext).clips
    _, late = streaming(ext).clips
    suno.progress[handle_of(ext)] = Progress(clips=(good, late))
    harness.clock.advance(901)
    await harness.track()
    kept = await harness.now(ext)
    assert kept.status is Status.COMPLETE
    assert [clip.is_playable for clip in kept.clips] == [True, False]


async def test_news_at_the_last_moment_counts(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    [ext] = await taken(harness, "1")
    suno.progress[handle_of(ext)] = complete(ext)
    harness.clock.advance(2000)
    await harness.track()
    assert (await harness.now(ext)).status is Status.COMPLETE


@pytest.mark.parametrize("error", [Unavailable(), ValueError("surprise")])
async def test_extension_expires_although_provider_does_not_answer(
    harness: ServiceHarness, suno: ScriptedProvider, error: Exception
) -> None:
    [ext] = await taken(harness, "1")
    suno.on_fetch.then(error)
    harness.clock.advance(901)
    await harness.track()
    assert (await harness.now(ext)).status is Status.EXPIRED


async def test_extension_at_a_disabled_provider_expires_at_the_deadline(
    harness: ServiceHarness, store: Store
) -> None:
    [ext] = await taken(harness, "1")
    later = ServiceHarness(store, ScriptedProvider("other"), clock=harness.clock)
    await later.track()
    assert (await harness.now(ext)).status is Status.SUBMITTED
    await harness.overdue(ext)
    await later.track()
    harness.clock.advance(900)
    await later.track()
    assert (await harness.now(ext)).status is Status.EXPIRED


# Waiting at the provider


async def test_long_poll_fetches_extensions_one_by_one(store: Store) -> None:
    suno = ScriptedProvider(long_poll=True, batch=6)
    harness = ServiceHarness(store, suno)
    exts = await taken(harness, "1", "2")
    suno.progress[handle_of(exts[1])] = streaming(exts[1])
    await harness.track()
    assert suno.asked == [(handle_of(ext),) for ext in exts]
    assert suno.waited == [Status.SUBMITTED] * 2


async def test_long_poll_goes_on_at_once_after_a_change(store: Store) -> None:
    suno = ScriptedProvider(long_poll=True)
    harness = ServiceHarness(store, suno)
    [ext] = await taken(harness, "1")
    suno.progress[handle_of(ext)] = streaming(ext)
    await harness.track()
    assert (await harness.now(ext)).due_at == harness.clock()
    suno.progress[handle_of(ext)] = complete(ext)
    await harness.track()
    assert suno.waited == [Status.SUBMITTED, Status.STREAMING]
    assert (await harness.now(ext)).status is Status.COMPLETE


async def test_a_wait_without_news_is_followed_by_a_pause(store: Store) -> None:
    suno = ScriptedProvider(long_poll=True)
    harness = ServiceHarness(store, suno)
    [ext] = await taken(harness, "1")
    suno.progress[handle_of(ext)] = queued(ext)
    await harness.track()
    assert (await harness.now(ext)).due_at > harness.clock()


async def test_submitted_extension_is_long_polled_at_once(store: Store) -> None:
    harness = ServiceHarness(store, ScriptedProvider(long_poll=True))
    ext = await harness.submitted("1")
    assert ext.due_at == harness.clock()


async def test_a_fixed_interval_replaces_waiting_and_learning(store: Store) -> None:
    suno = ScriptedProvider(long_poll=True, batch=2)
    harness = ServiceHarness(store, suno, poll_every=0.5)
    [ext] = await taken(harness, "1")
    for progress in (queued(ext), streaming(ext)):
        suno.progress[handle_of(ext)] = progress
        await harness.track()
        assert (await harness.now(ext)).due_at == harness.clock() + dt.timedelta(seconds=0.5)
        await harness.overdue(ext)
    assert suno.waited == [None, None]


async def test_where_everyone_is_waited_on_the_rest_is_asked_in_batches(store: Store) -> None:
    suno = ScriptedProvider(long_poll=True, batch=6)
    harness = ServiceHarness(store, suno)
    exts = await taken(harness, *(f"{number:02}" for number in range(60)), clips=1)
    await harness.track()
    assert suno.waited.count(Status.SUBMITTED) == 48
    assert [len(asked) for asked in suno.asked if len(asked) > 1] == [6, 6]
    assert {handle for asked in suno.asked for handle in asked} == {handle_of(ext) for ext in exts}


# Bounds


class Slow(ScriptedProvider):
    """Answers no question before it is told to, and counts how many it is asked at once."""

    def __init__(self, **abilities: object) -> None:
        super().__init__(**abilities)
        self.answered = asyncio.Event()
        self.at_once = self.most = 0

    async def fetch(
        self, handles: Sequence[Handle], *, newer_than: Status | None = None
    ) -> Mapping[Handle, Progress]:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self.answered.wait()
        self.at_once -= 1
        return await super().fetch(handles, newer_than=newer_than)


@pytest.mark.parametrize(("batch", "clips"), [(2, 2), (4, 4)])
async def test_questions_at_once_are_bounded_and_everyone_gets_an_answer(
    store: Store, batch: int, clips: int
) -> None:
    suno = Slow(batch=batch)
    harness = ServiceHarness(store, suno)
    exts = await taken(harness, *(f"{number:02}" for number in range(40)), clips=clips)
    suno.progress.update({handle_of(ext): complete(ext) for ext in exts})
    for _ in range(3):
        await harness.tracker.run_once()
        await until(lambda: suno.at_once > 0)
    suno.answered.set()
    await harness.tracker.idle()
    assert suno.most <= 16
    for _ in range(3):
        await harness.track()
    assert {(await harness.now(ext)).status for ext in exts} == {Status.COMPLETE}
    assert len(suno.asked) == len(exts)


async def test_a_question_that_outlives_its_claim_is_not_asked_beside_itself(
    store: Store,
) -> None:
    suno = Slow()
    harness = ServiceHarness(store, suno)
    [ext] = await taken(harness, "1")
    suno.progress[handle_of(ext)] = complete(ext)
    for _ in range(2):
        await harness.tracker.run_once()
        await until(lambda: suno.at_once)
        harness.clock.advance(300)
    suno.answered.set()
    await harness.tracker.idle()
    assert suno.most == 1
    assert (suno.at_once, len(suno.asked)) == (0, 1)
    harness.clock.advance(300)
    await harness.track()
    assert (await harness.now(ext)).status is Status.COMPLETE


async def test_stopping_leaves_every_row_where_it_stands(store: Store) -> None:
    suno = Slow()
    harness = ServiceHarness(store, suno)
    [ext] = await taken(harness, "1")
    await harness.tracker.run_once()
    await until(lambda: suno.at_once)
    await harness.tracker.stop()
    assert (await harness.now(ext)).status is Status.SUBMITTED


class FailingOnce(Store):
    """A store that fails to save the first news of an extension."""

    fails = False

    async def save(self, new: Extension, *, was: Extension) -> bool:
        if self.fails:
            self.fails = False
            raise OSError("disk full")
        return await super().save(new, was=was)


async def test_a_store_that_fails_once_does_not_lose_the_news(url: str) -> None:
    async with FailingOnce.open(url) as store:
        suno = ScriptedProvider()
        harness = ServiceHarness(store, suno)
        [ext] = await taken(harness, "1")
        suno.progress[handle_of(ext)] = complete(ext)
        store.fails = True
        await harness.track()
        assert (await harness.now(ext)).status is Status.SUBMITTED
        await harness.overdue(ext)
        await harness.track()
        assert (await harness.now(ext)).status is Status.COMPLETE


async def test_providers_are_tracked_side_by_side(store: Store) -> None:
    suno, other = ScriptedProvider(), ScriptedProvider("other")
    harness = ServiceHarness(store, suno, other)
    [here] = await taken(harness, "1")
    [there] = await taken(harness, "2", provider="other")
    suno.on_fetch.then(Unavailable())
    other.progress[handle_of(there)] = complete(there)
    await harness.track()
    assert (await harness.now(here)).status is Status.SUBMITTED
    assert (await harness.now(there)).status is Status.COMPLETE


async def test_waiting_extension_is_not_fetched(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    await harness.ask("1", clip=OTHER)
    await harness.track()
    assert suno.asked == []


# What happens while a task ends


async def test_nothing_is_claimed_while_its_last_task_still_has_the_key(url: str) -> None:
    async with HookedStore.open(url) as store:
        suno = ScriptedProvider(long_poll=True)
        harness = ServiceHarness(store, suno)
        [ext] = await taken(harness, "1")
        suno.progress[handle_of(ext)] = streaming(ext)

        async def find_source_again(_: Extension) -> None:
            await harness.tracker.run_once()

        store.after = find_source_again  # it is due again at once, and its task has not ended yet
        await harness.track()
        suno.progress[handle_of(ext)] = complete(ext)
        await harness.track()
        assert (await harness.now(ext)).status is Status.COMPLETE


async def test_row_that_changed_meanwhile_is_saved_as_it_is_now(url: str) -> None:
    async with HookedStore.open(url) as store:
        suno = ScriptedProvider()
        harness = ServiceHarness(store, suno)
        [ext] = await taken(harness, "1")
        suno.progress[handle_of(ext)] = complete(ext)
        store.before = raise_revision(store)
        await harness.track()
        now = await harness.now(ext)
        assert now.status is Status.COMPLETE
        assert now.revision == ext.revision + 2


async def test_row_that_ended_meanwhile_is_left_alone(url: str) -> None:
    async with HookedStore.open(url) as store:
        suno = ScriptedProvider()
        harness = ServiceHarness(store, suno)
        [ext] = await taken(harness, "1")
        suno.progress[handle_of(ext)] = complete(ext)

        async def end(was: Extension) -> None:
            await Store(store.database).save(expired(was, now=was.deadline_at), was=was)

        store.before = end
        await harness.track()
        assert (await harness.now(ext)).status is Status.EXPIRED


async def with_request_that_hangs(url: str) -> Extension:
    """Return an extension after its provider did not answer."""
    async with Store.open(url) as store:
        suno = ScriptedProvider()
        harness = ServiceHarness(store, suno)
        [ext] = await taken(harness, "1")
        suno.on_fetch.then(lambda _: asyncio.Event().wait())
        await harness.track()
        return await harness.now(ext)


def test_request_that_hangs_is_given_up_before_its_claim_lapses(url: str) -> None:
    ext = run_hurried(with_request_that_hangs(url))
    assert ext.failures == 1
    assert ext.due_at < START + dt.timedelta(seconds=5)


async def test_long_wait_that_a_provider_asks_for_ends_at_the_deadline(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    [ext] = await taken(harness, "1")
    suno.on_fetch.then(RateLimited(retry_after=86400.0))
    await harness.track()
    assert (await harness.now(ext)).due_at == ext.deadline_at


async def test_others_have_their_turn_between_requests_that_are_due_together(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    turns, turns_at_request = 0, list[int]()

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def note_turns(_: object) -> Mapping[Handle, Progress]:
        turns_at_request.append(turns)
        return {}

    await taken(harness, "1", "2", "3", "4")
    suno.on_fetch.then(*[note_turns] * 4)
    counting = asyncio.create_task(count_turns())
    await harness.track()
    counting.cancel()
    assert len({*turns_at_request}) == 4

"""A submission that was interrupted: killed, hung or answered by nobody."""

import asyncio
import datetime as dt
from collections.abc import Sequence

import pytest

from bot.domain import failures
from bot.domain.models import Extension, Handle, Status
from bot.domain.transitions import submitting
from bot.providers.base import Unavailable, Unconfirmed
from bot.store.store import Store
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import OTHER, START, ManualClock, ServiceHarness, until


async def killed(url: str, *triggers: str, clock: ManualClock | None = None) -> list[Extension]:
    """Return extensions that were being sent when their process was killed."""
    async with Store.open(url) as store:
        suno = ScriptedProvider()
        harness = ServiceHarness(store, suno, clock=clock)
        suno.on_extend.then(*[lambda _: asyncio.Event().wait()] * len(triggers))
        exts = [await harness.ask(idempotency_key, lyrics="la") for idempotency_key in triggers]
        await harness.submitter.run_once()
        await until(lambda: len(suno.sent) == len(triggers))
        await harness.submitter.stop(grace=0)
        exts = [await harness.now(ext) for ext in exts]
        assert {ext.status for ext in exts} == {Status.SUBMITTING}
        return exts


async def test_submission_interrupted_by_a_kill_is_unconfirmed_and_not_sent_again(url: str) -> None:
    [ext] = await killed(url, "1")
    async with Store.open(url) as store:
        suno = ScriptedProvider()
        harness = ServiceHarness(store, suno)
        await harness.submit()
        ended = await harness.now(ext)
        assert ended.status is Status.UNCONFIRMED
        assert ended.failure is not None
        assert isinstance(ended.failure, failures.Unconfirmed)
        assert suno.sent == []


async def test_submission_to_a_disabled_provider_is_unconfirmed(url: str) -> None:
    [ext] = await killed(url, "1")
    async with Store.open(url) as store:
        harness = ServiceHarness(store, ScriptedProvider("other"))
        await harness.submit()
        assert (await harness.now(ext)).status is Status.UNCONFIRMED


async def test_lease_of_another_process_is_respected_until_it_expires(store: Store) -> None:
    suno = ScriptedProvider(submit_timeout=60)
    one, other = ServiceHarness(store, suno), ServiceHarness(store, ScriptedProvider())
    suno.on_extend.then(lambda _: asyncio.Event().wait())
    ext = await one.ask("1")
    await one.submitter.run_once()
    await until(lambda: suno.sent)
    other.clock.advance(179)
    await other.submit()
    assert (await one.now(ext)).status is Status.SUBMITTING
    other.clock.advance(2)
    await other.submit()
    assert (await one.now(ext)).status is Status.UNCONFIRMED
    await one.submitter.stop(grace=0)


async def test_interrupted_submission_is_found_in_recent_clips(url: str) -> None:
    [ext] = await killed(url, "1")
    async with Store.open(url) as store:
        suno = ScriptedProvider(reconcile=True)
        suno.on_recent.then(("new-a", "new-b", "later"))
        harness = ServiceHarness(store, suno)
        await harness.submit()
        found = await harness.now(ext)
        assert found.status is Status.SUBMITTED
        assert found.handle == Handle(clip_ids=("new-a", "new-b"))
        assert found.submitted_at == START
        assert suno.sent == []


async def test_search_begins_at_the_moment_of_submission(url: str) -> None:
    [ext] = await killed(url, "1")
    asked = []

    def listed(request: object, since: dt.datetime) -> Sequence[str]:
        asked.append((request, since))
        return ()

    async with Store.open(url) as store:
        suno = ScriptedProvider(reconcile=True)
        suno.on_recent.then(listed)
        harness = ServiceHarness(store, suno)
        harness.clock.advance(60)
        await harness.submit()
        assert asked == [(ext.request, START)]


async def test_clips_of_other_extensions_are_not_taken_for_its_own(url: str) -> None:
    [ext] = await killed(url, "1")
    async with Store.open(url) as store:
        suno = ScriptedProvider(reconcile=True)
        harness = ServiceHarness(store, suno)
        suno.on_recent.then(())
        other = await harness.submitted("2", clip=OTHER)
        assert other.handle is not None
        suno.on_recent.then((*other.handle.clip_ids, "new-a", "new-b"))
        harness.clock.advance(10)
        await harness.submit()
        assert (await harness.now(ext)).handle == Handle(clip_ids=("new-a", "new-b"))


async def test_two_that_are_looked_for_at_once_never_share_their_clips(url: str) -> None:
    first, second = await killed(url, "1", "2")
    async with Store.open(url) as store:
        suno = ScriptedProvider(reconcile=True)
        suno.on_recent.then(*[("1-a", "1-b", "2-a", "2-b")] * 2)
        harness = ServiceHarness(store, suno)
        await harness.submit()
        assert (await harness.now(first)).handle == Handle(clip_ids=("1-a", "1-b"))
        assert (await harness.now(second)).handle == Handle(clip_ids=("2-a", "2-b"))


@pytest.mark.parametrize(
    ("trouble", "is_searched"),
    [((), True), (Unavailable(), False), (ValueError("surprise"), False)],
)
async def test_search_ends_at_the_reconcile_timeout(
    url: str, trouble: object, *, is_searched: bool
) -> None:
    [ext] = await killed(url, "1")
    async with Store.open(url) as store:
        suno = ScriptedProvider(reconcile=True)
        suno.on_recent.then(*[trouble] * 100)
        harness = ServiceHarness(store, suno)
        rounds = 0
        while (await harness.now(ext)).status is Status.SUBMITTING and rounds < 100:
            await harness.overdue(ext)
            await harness.submit()
            rounds += 1
            if rounds == 1:
                searched = await harness.now(ext)
                assert searched.failure == failures.Unconfirmed()
                assert searched.revision == ext.revision + 1
        ended = await harness.now(ext)
        assert ended.status is Status.UNCONFIRMED
        assert ended.failure == failures.Unconfirmed(is_searched=is_searched)
        assert harness.clock() - START == dt.timedelta(minutes=2)
        assert suno.sent == []


async def test_interrupted_submission_is_found_late_within_the_timeout(url: str) -> None:
    [ext] = await killed(url, "1")
    async with Store.open(url) as store:
        suno = ScriptedProvider(reconcile=True)
        suno.on_recent.then((), Unavailable(), ("new-a",))
        harness = ServiceHarness(store, suno)
        for _ in range(3):
            await harness.overdue(ext)
            await harness.submit()
        assert (await harness.now(ext)).handle == Handle(clip_ids=("new-a",))


@pytest.mark.parametrize("error", [Unconfirmed(), ValueError("surprise")])
async def test_unconfirmed_submission_is_searched_for_at_once(
    store: Store, error: Exception
) -> None:
    suno = ScriptedProvider(reconcile=True)
    suno.on_extend.then(error)
    suno.on_recent.then(("new-a", "new-b"))
    harness = ServiceHarness(store, suno)
    ext = await harness.ask("1")
    await harness.submit()
    assert (await harness.now(ext)).status is Status.SUBMITTED
    assert len(suno.sent) == 1


async def test_words_of_the_provider_outlive_the_search(store: Store) -> None:
    suno = ScriptedProvider(reconcile=True)
    suno.on_extend.then(Unconfirmed("Bad Gateway"))
    suno.on_recent.then(*[()] * 100)
    harness = ServiceHarness(store, suno)
    ext = await harness.ask("1")
    await harness.submit()
    while (await harness.now(ext)).status is Status.SUBMITTING:
        await harness.overdue(ext)
        await harness.submit()
    lost = failures.Unconfirmed("Bad Gateway", is_searched=True)
    assert (await harness.now(ext)).failure == lost


async def test_however_many_were_interrupted_all_are_settled(harness: ServiceHarness) -> None:
    exts = [await harness.ask(str(number)) for number in range(10)]
    for ext in exts:
        claimed = submitting(ext, now=START, lease_until=START)
        assert await harness.store.save(claimed, was=ext)
    for _ in range(2):
        await harness.submit()
    assert {(await harness.now(ext)).status for ext in exts} == {Status.UNCONFIRMED}


async def test_reconciliation_of_one_extension_runs_once_at_a_time(url: str) -> None:
    [ext] = await killed(url, "1")
    listed = asyncio.Event()
    asked = 0

    async def hang(*_: object) -> Sequence[str]:
        nonlocal asked
        asked += 1
        await listed.wait()
        return ("new-a",)

    async with Store.open(url) as store:
        suno = ScriptedProvider(reconcile=True)
        suno.on_recent.then(hang, hang)
        harness = ServiceHarness(store, suno)
        await harness.submitter.run_once()
        await until(lambda: asked)
        await harness.submitter.run_once()
        listed.set()
        await harness.submitter.idle()
        assert asked == 1
        assert (await harness.now(ext)).status is Status.SUBMITTED

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
        world = ServiceHarness(store, suno, clock=clock)
        suno.on_extend.then(*[lambda _: asyncio.Event().wait()] * len(triggers))
        exts = [await world.ask(idempotency_key, lyrics="la") for idempotency_key in triggers]
        await world.submitter.run_once()
        await until(lambda: len(suno.sent) == len(triggers))
        await world.submitter.stop(grace=0)
        exts = [await world.now(ext) for ext in exts]
        assert {ext.status for ext in exts} == {Status.SUBMITTING}
        return exts


async def test_after_a_kill_it_is_unconfirmed_and_not_sent_again(url: str) -> None:
    [ext] = await killed(url, "1")
    async with Store.open(url) as store:
        suno = ScriptedProvider()
        world = ServiceHarness(store, suno)
        await world.submit()
        ended = await world.now(ext)
        assert ended.status is Status.UNCONFIRMED
        assert ended.failure is not None
        assert isinstance(ended.failure, failures.Unconfirmed)
        assert suno.sent == []


async def test_a_provider_that_is_gone_leaves_it_unconfirmed(url: str) -> None:
    [ext] = await killed(url, "1")
    async with Store.open(url) as store:
        world = ServiceHarness(store, ScriptedProvider("other"))
        await world.submit()
        assert (await world.now(ext)).status is Status.UNCONFIRMED


async def test_a_claim_of_another_process_is_left_alone_until_it_lapses(store: Store) -> None:
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


async def test_it_is_found_again_where_recent_clips_are_listed(url: str) -> None:
    [ext] = await killed(url, "1")
    async with Store.open(url) as store:
        suno = ScriptedProvider(reconcile=True)
        suno.on_recent.then(("new-a", "new-b", "later"))
        world = ServiceHarness(store, suno)
        await world.submit()
        found = await world.now(ext)
        assert found.status is Status.SUBMITTED
        assert found.handle == Handle(clip_ids=("new-a", "new-b"))
        assert found.submitted_at == START
        assert suno.sent == []


async def test_it_is_looked_for_from_the_moment_it_was_sent(url: str) -> None:
    [ext] = await killed(url, "1")
    asked = []

    def listed(request: object, since: dt.datetime) -> Sequence[str]:
        asked.append((request, since))
        return ()

    async with Store.open(url) as store:
        suno = ScriptedProvider(reconcile=True)
        suno.on_recent.then(listed)
        world = ServiceHarness(store, suno)
        world.clock.advance(60)
        await world.submit()
        assert asked == [(ext.request, START)]


async def test_clips_of_other_extensions_are_not_taken_for_its_own(url: str) -> None:
    [ext] = await killed(url, "1")
    async with Store.open(url) as store:
        suno = ScriptedProvider(reconcile=True)
        world = ServiceHarness(store, suno)
        suno.on_recent.then(())
        other = await world.submitted("2", clip=OTHER)
        assert other.handle is not None
        suno.on_recent.then((*other.handle.clip_ids, "new-a", "new-b"))
        world.clock.advance(10)
        await world.submit()
        assert (await world.now(ext)).handle == Handle(clip_ids=("new-a", "new-b"))


async def test_two_that_are_looked_for_at_once_never_share_their_clips(url: str) -> None:
    first, second = await killed(url, "1", "2")
    async with Store.open(url) as store:
        suno = ScriptedProvider(reconcile=True)
        suno.on_recent.then(*[("1-a", "1-b", "2-a", "2-b")] * 2)
        world = ServiceHarness(store, suno)
        await world.submit()
        assert (await world.now(first)).handle == Handle(clip_ids=("1-a", "1-b"))
        assert (await world.now(second)).handle == Handle(clip_ids=("2-a", "2-b"))


@pytest.mark.parametrize("trouble", [(), Unavailable(), ValueError("surprise")])
async def test_it_is_looked_for_until_the_window_passes(url: str, trouble: object) -> None:
    [ext] = await killed(url, "1")
    async with Store.open(url) as store:
        suno = ScriptedProvider(reconcile=True)
        suno.on_recent.then(*[trouble] * 100)
        world = ServiceHarness(store, suno)
        rounds = 0
        while (await world.now(ext)).status is Status.SUBMITTING and rounds < 100:
            await world.overdue(ext)
            await world.submit()
            rounds += 1
        assert (await world.now(ext)).status is Status.UNCONFIRMED
        assert world.clock() - START == dt.timedelta(minutes=2)
        assert suno.sent == []


async def test_it_is_found_late_within_the_window(url: str) -> None:
    [ext] = await killed(url, "1")
    async with Store.open(url) as store:
        suno = ScriptedProvider(reconcile=True)
        suno.on_recent.then((), Unavailable(), ("new-a",))
        world = ServiceHarness(store, suno)
        for _ in range(3):
            await world.overdue(ext)
            await world.submit()
        assert (await world.now(ext)).handle == Handle(clip_ids=("new-a",))


@pytest.mark.parametrize("error", [Unconfirmed(), ValueError("surprise")])
async def test_one_that_nobody_confirmed_is_looked_for_at_once(
    store: Store, error: Exception
) -> None:
    suno = ScriptedProvider(reconcile=True)
    suno.on_extend.then(error)
    suno.on_recent.then(("new-a", "new-b"))
    world = ServiceHarness(store, suno)
    ext = await world.ask("1")
    await world.submit()
    assert (await world.now(ext)).status is Status.SUBMITTED
    assert len(suno.sent) == 1


async def test_however_many_were_interrupted_all_are_settled(world: ServiceHarness) -> None:
    exts = [await world.ask(str(number)) for number in range(10)]
    for ext in exts:
        claimed = submitting(ext, now=START, lease_until=START)
        assert await world.store.save(claimed, was=ext)
    for _ in range(2):
        await world.submit()
    assert {(await world.now(ext)).status for ext in exts} == {Status.UNCONFIRMED}


async def test_one_that_is_being_settled_is_not_settled_twice(url: str) -> None:
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
        world = ServiceHarness(store, suno)
        await world.submitter.run_once()
        await until(lambda: asked)
        await world.submitter.run_once()
        listed.set()
        await world.submitter.idle()
        assert asked == 1
        assert (await world.now(ext)).status is Status.SUBMITTED

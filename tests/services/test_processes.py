"""The loops of two processes on one database: each piece of work is done once, by either."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.domain.models import Handle, Status
from bot.store.processes import PROCESS_LEASE
from bot.store.store import Store
from tests.support.processes import open_processes
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import ServiceHarness, complete, handle_of, until

LEASE = PROCESS_LEASE.total_seconds()


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
async def both(url: str, suno: ScriptedProvider) -> AsyncIterator[list[ServiceHarness]]:
    async with Store.open(url):  # migrates it
        pass
    async with open_processes(url) as stores:
        first = ServiceHarness(stores[0], suno)
        made = [first, ServiceHarness(stores[1], suno, clock=first.clock)]
        for each in made:
            await each.store.beat_process(now=first.clock())
        yield made


async def test_work_of_two_processes_is_done_once(
    both: list[ServiceHarness], suno: ScriptedProvider
) -> None:
    exts = [await both[n % 2].ask(f"{n}", lyrics=f"{n}") for n in range(20)]
    await asyncio.gather(*(each.submit() for each in both))
    assert sorted(int(request.lyrics) for request in suno.sent) == [*range(20)]
    for ext in exts:
        suno.progress[handle_of(await both[0].now(ext))] = complete(await both[0].now(ext))
    await both[0].overdue(*exts)
    await asyncio.gather(*(each.track() for each in both))
    assert {(await both[0].now(ext)).status for ext in exts} == {Status.COMPLETE}
    assert len(suno.asked) == len({handle for asked in suno.asked for handle in asked})


async def test_what_a_dead_process_was_asking_is_asked_by_another(
    both: list[ServiceHarness], suno: ScriptedProvider
) -> None:
    dead, living = both
    ext = await dead.submitted("1")
    never = asyncio.Event()
    suno.on_fetch.then(lambda _: never.wait())
    await dead.overdue(ext)
    await dead.tracker.run_once()
    await until(lambda: suno.asked)
    suno.progress[handle_of(await living.now(ext))] = complete(await living.now(ext))
    await dead.store.beat_process(now=dead.clock())
    dead.clock.advance(LEASE - 1)
    assert not await living.store.beat_process(now=living.clock())
    await living.track()
    assert len(suno.asked) == 1
    dead.clock.advance(2)
    assert await living.store.beat_process(now=living.clock())
    await living.track()
    assert await living.is_at(ext, Status.COMPLETE)
    await dead.tracker.stop()


async def test_submission_of_a_dead_process_is_never_sent_again(
    both: list[ServiceHarness], suno: ScriptedProvider
) -> None:
    dead, living = both
    ext = await dead.ask("1")
    answered = asyncio.Event()

    async def hang(_: object) -> Handle:
        await answered.wait()
        return Handle(task_id="late")

    suno.on_extend.then(hang)
    await dead.submitter.run_once()
    await until(lambda: suno.sent)
    await living.submit()
    for seconds in (LEASE / 2, LEASE / 2 + 1):
        dead.clock.advance(seconds)
        await living.store.beat_process(now=living.clock())
    await living.submit()
    assert await living.is_at(ext, Status.UNCONFIRMED)
    # it was not dead, only silent: what it paid for counts
    answered.set()
    await dead.submitter.idle()
    now = await living.now(ext)
    assert (now.status, now.handle) == (Status.SUBMITTED, Handle(task_id="late"))
    assert len(suno.sent) == 1

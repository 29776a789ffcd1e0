import asyncio
from dataclasses import fields

import pytest

from bot.services.wakeups import Wakeup, Wakeups
from bot.store.processes import PROCESS_ENDED


async def test_wakeup_wakes_its_waiter() -> None:
    wakeup = Wakeup()
    waiting = asyncio.create_task(wakeup.wait(3600))
    await asyncio.sleep(0)
    assert not waiting.done()
    wakeup.notify()
    async with asyncio.timeout(1):
        await waiting


async def test_earlier_notification_wakes_at_once_and_only_once() -> None:
    wakeup = Wakeup()
    wakeup.notify()
    wakeup.notify()
    async with asyncio.timeout(1):
        await wakeup.wait(3600)
    waiting = asyncio.create_task(wakeup.wait(3600))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    wakeup.notify()
    await waiting


async def test_waiter_returns_after_the_tick() -> None:
    async with asyncio.timeout(1) as most:
        await Wakeup().wait(0.001)
        await Wakeup().wait(-5)
    assert not most.expired()


async def test_each_loop_has_its_own_wakeup() -> None:
    wakeups = Wakeups()
    wakeups.tracker.notify()
    waiting = asyncio.create_task(wakeups.submitter.wait(3600))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    wakeups.submitter.notify()
    await waiting


async def test_other_processes_are_told_of_what_they_may_have_to_do() -> None:
    told: list[str] = []
    wakeups = Wakeups()
    wakeups.connect(told.append)
    for each in (wakeups.submitter, wakeups.tracker, wakeups.publisher, wakeups.session_runner):
        each.notify()
    wakeups.submitter.wake()
    assert told == ["submitter", "session_runner"]


@pytest.mark.parametrize(
    ("message", "woken"),
    [
        ("submitter", {"submitter"}),
        ("of a newer version", set[str]()),
        (PROCESS_ENDED, {each.name for each in fields(Wakeups)}),
    ],
)
async def test_message_of_another_process_wakes_the_loop_that_it_names(
    message: str, woken: set[str]
) -> None:
    told: list[str] = []
    wakeups = Wakeups()
    wakeups.connect(told.append)
    wakeups.wake(message)
    names = [each.name for each in fields(Wakeups)]
    assert {name for name in names if await is_woken(getattr(wakeups, name))} == woken
    assert told == []


async def is_woken(wakeup: Wakeup) -> bool:
    waiting = asyncio.create_task(wakeup.wait(3600))
    for _ in range(10):
        await asyncio.sleep(0)
    is_done = waiting.done()
    waiting.cancel()
    return is_done


async def test_all_loops_can_be_woken() -> None:
    wakeups = Wakeups()
    wakeups.wake_all()
    assert all([await is_woken(getattr(wakeups, each.name)) for each in fields(Wakeups)])

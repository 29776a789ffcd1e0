import asyncio

from bot.services.wakeups import Wakeup, Wakeups


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

import asyncio

from bot.services.bells import Bell, Bells


async def test_a_bell_wakes_who_waits() -> None:
    bell = Bell()
    waiting = asyncio.create_task(bell.wait(3600))
    await asyncio.sleep(0)
    assert not waiting.done()
    bell.ring()
    async with asyncio.timeout(1):
        await waiting


async def test_a_bell_that_rang_before_wakes_at_once_and_only_once() -> None:
    bell = Bell()
    bell.ring()
    bell.ring()
    async with asyncio.timeout(1):
        await bell.wait(3600)
    waiting = asyncio.create_task(bell.wait(3600))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    bell.ring()
    await waiting


async def test_nobody_waits_longer_than_the_tick() -> None:
    async with asyncio.timeout(1) as most:
        await Bell().wait(0.001)
        await Bell().wait(-5)
    assert not most.expired()


async def test_each_loop_has_a_bell_of_its_own() -> None:
    bells = Bells()
    bells.tracker.ring()
    waiting = asyncio.create_task(bells.submitter.wait(3600))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    bells.submitter.ring()
    await waiting

"""Rates that several processes keep together."""

import asyncio
import datetime as dt
import time

import pytest

from bot.domain.clock import utc_now
from bot.providers.base import Unavailable
from bot.services.shared_rates import shared_rate_limiter
from bot.store.store import Store
from tests.support.processes import open_processes

EVERY = 0.05  # seconds


async def test_requests_of_two_processes_are_spaced_together(store: Store, url: str) -> None:
    del store  # has migrated it
    sent: list[float] = []
    async with open_processes(url) as stores:
        limiters = [shared_rate_limiter(each, utc_now, "suno:submit", EVERY) for each in stores]

        async def send(number: int) -> None:
            await limiters[number % 2].acquire()
            sent.append(time.monotonic())

        began = time.monotonic()
        await asyncio.gather(*(send(number) for number in range(8)))
    late = [at - began for at in sorted(sent)]
    assert all(at >= number * EVERY - 0.01 for number, at in enumerate(late))


async def test_request_that_is_cancelled_takes_one_slot_at_most(store: Store) -> None:
    now = utc_now()
    limiter = shared_rate_limiter(store, lambda: now, "suno:submit", 60)
    await limiter.acquire()
    tasks = [asyncio.create_task(limiter.acquire()) for _ in range(20)]
    await asyncio.wait(tasks, timeout=0.1)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    minute = dt.timedelta(seconds=60)
    assert await store.take_slot("suno:submit", every=minute, now=now) == now + 2 * minute


async def test_interval_of_zero_asks_no_store(store: Store) -> None:
    await shared_rate_limiter(store, utc_now, "suno:query", 0).acquire()
    now = utc_now()
    assert await store.take_slot("suno:query", every=dt.timedelta(seconds=1), now=now) == now


class BrokenStore(Store):
    """A store whose database can't be reached."""

    async def take_slot(self, *_: object, **__: object) -> dt.datetime:
        raise ConnectionRefusedError


async def test_nothing_is_sent_while_the_store_is_out_of_reach(store: Store) -> None:
    limiter = shared_rate_limiter(BrokenStore(store.database), utc_now, "suno:submit", 1)
    with pytest.raises(Unavailable):
        await limiter.acquire()

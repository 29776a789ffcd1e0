import asyncio
import logging

import pytest

from bot.services.task_pool import TaskPool


async def test_places_are_taken_while_work_is_under_way() -> None:
    workers, done = TaskPool(limit=2), asyncio.Event()

    async def work() -> None:
        await done.wait()

    workers.start("a", work())
    assert (workers.free, workers.has("a"), workers.has("b")) == (1, True, False)
    done.set()
    await workers.idle()
    assert (workers.free, workers.has("a")) == (2, False)


async def test_work_under_one_key_runs_only_once_at_a_time() -> None:
    workers, ran = TaskPool(limit=4), []

    async def work(name: str) -> None:
        await asyncio.sleep(0)
        ran.append(name)

    workers.start("key", work("first"))
    workers.start("key", work("second"))
    await workers.idle()
    workers.start("key", work("third"))
    await workers.idle()
    assert ran == ["first", "third"]


async def test_what_one_raises_is_logged_and_touches_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    workers, ran = TaskPool(limit=2), []

    async def fail() -> None:
        raise ValueError("surprise")

    async def work() -> None:
        await asyncio.sleep(0)
        ran.append("good")

    workers.start("bad", fail())
    workers.start("good", work())
    await workers.idle()
    assert ran == ["good"]
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert "bad" in record.message
    assert record.exc_info is not None


async def test_stopping_waits_for_what_finishes_in_time() -> None:
    workers, finished = TaskPool(limit=1), []

    async def work() -> None:
        await asyncio.sleep(0)
        finished.append(True)

    workers.start("a", work())
    await workers.stop(grace=5)
    assert finished == [True]


async def test_stopping_cancels_what_does_not(caplog: pytest.LogCaptureFixture) -> None:
    workers = TaskPool(limit=1)
    workers.start("a", asyncio.Event().wait())
    await workers.stop(grace=0)
    assert (workers.free, caplog.records) == (1, [])


async def test_stopping_with_nothing_under_way_returns_at_once() -> None:
    await TaskPool(limit=1).stop(grace=0)

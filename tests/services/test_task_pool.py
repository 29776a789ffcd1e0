import asyncio
import logging

import pytest

from bot.services.task_pool import TaskPool


async def test_running_tasks_take_places_and_keys() -> None:
    pool, done = TaskPool[str](limit=2), asyncio.Event()

    async def work() -> None:
        await done.wait()

    pool.start("a", work())
    assert (pool.free, pool.keys) == (1, {"a"})
    done.set()
    await pool.idle()
    assert (pool.free, pool.keys) == (2, frozenset())


async def test_task_is_never_dropped_silently() -> None:
    pool, ran = TaskPool[str](limit=4), []

    async def work(name: str) -> None:
        await asyncio.sleep(0)
        ran.append(name)

    pool.start("key", work("first"))
    with pytest.raises(KeyError, match="'key' is running"):
        pool.start("key", work("second"))
    await pool.idle()
    pool.start("key", work("third"))
    await pool.idle()
    assert ran == ["first", "third"]


async def test_key_is_taken_until_the_callbacks_of_its_task_have_run() -> None:
    pool, committed = TaskPool[str](limit=4), asyncio.Event()

    async def work() -> None:
        committed.set()

    async def claim_next() -> frozenset[str]:
        await committed.wait()
        return pool.keys

    claiming = asyncio.create_task(claim_next())
    await asyncio.sleep(0)
    pool.start("key", work())
    # whoever claims after the last thing that the task did has to leave out its key
    assert await claiming == {"key"}
    await pool.idle()


async def test_failure_is_logged_and_touches_no_other_task(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pool, ran = TaskPool[str](limit=2), []

    async def fail() -> None:
        raise ValueError("surprise")

    async def work() -> None:
        await asyncio.sleep(0)
        ran.append("good")

    pool.start("bad", fail())
    pool.start("good", work())
    await pool.idle()
    assert ran == ["good"]
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert "bad" in record.message
    assert record.exc_info is not None


async def test_stop_waits_for_tasks_that_finish_in_time() -> None:
    pool, finished = TaskPool[str](limit=1), []

    async def work() -> None:
        await asyncio.sleep(0)
        finished.append(True)

    pool.start("a", work())
    await pool.stop(grace=5)
    assert finished == [True]


async def test_stop_cancels_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    pool = TaskPool[str](limit=1)
    pool.start("a", asyncio.Event().wait())
    await pool.stop(grace=0)
    assert (pool.free, caplog.records) == (1, [])


async def test_stop_returns_at_once_if_no_task_runs() -> None:
    await TaskPool[str](limit=1).stop(grace=0)


async def test_room_is_there_as_soon_as_a_task_ends() -> None:
    pool, ends = TaskPool[int](limit=2), [asyncio.Event(), asyncio.Event()]
    for number, end in enumerate(ends):
        pool.start(number, _wait(end))
    waiting = asyncio.create_task(pool.wait_for_room())
    await asyncio.wait([waiting], timeout=0.01)
    assert not waiting.done()
    ends[1].set()
    async with asyncio.timeout(5):
        await waiting
    assert pool.free == 1
    await pool.wait_for_room()
    ends[0].set()
    await pool.idle()


async def _wait(end: asyncio.Event) -> None:
    await end.wait()

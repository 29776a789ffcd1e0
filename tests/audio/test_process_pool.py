import asyncio
import contextlib
import itertools
import os
from pathlib import Path

import psutil
import pytest

from bot.audio.errors import TransientMediaError, UnusableMediaError
from bot.audio.process_pool import ProcessPool
from tests.support import worker_calls
from tests.support.audio_samples import file_names, wait_for_file


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


async def test_calls_run_in_other_processes(tmp_path: Path) -> None:
    before = children()
    base = tmp_path / "scratch"
    async with ProcessPool(base, workers=2) as pool:
        answers = await asyncio.gather(*(pool.run(worker_calls.double, n) for n in range(20)))
        assert answers == [2 * n for n in range(20)]
        processes = {await pool.run(worker_calls.process_id) for _ in range(3)}
        assert os.getpid() not in processes
        assert await pool.run(worker_calls.print_directly, text="x" * 9999) == "x" * 9999
        assert len(children() - before) == 2
        assert all(psutil.Process(pid).nice() >= 10 for pid in children() - before)
    assert children() == before
    assert not base.exists()


async def test_errors_of_calls_keep_their_kind(tmp_path: Path) -> None:
    async with ProcessPool(tmp_path, workers=1) as pool:
        with pytest.raises(UnusableMediaError, match="no"):
            await pool.run(worker_calls.raise_unusable)
        with pytest.raises(TransientMediaError, match="later") as caught:
            await pool.run(worker_calls.raise_transient)
        assert "worker_calls" in caught.value.__notes__[0]
        with pytest.raises(RuntimeError, match="odd"):
            await pool.run(worker_calls.raise_unpicklable)


async def test_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    async with ProcessPool(tmp_path, workers=1) as pool:
        with pytest.raises(TransientMediaError):
            await pool.run(worker_calls.die)
        assert await pool.run(worker_calls.double, 2) == 4


async def test_idle_worker_that_was_killed_is_replaced(tmp_path: Path) -> None:
    async with ProcessPool(tmp_path, workers=1) as pool:
        process = psutil.Process(await pool.run(worker_calls.process_id))
        process.kill()
        with contextlib.suppress(TransientMediaError):  # by the first call at the latest
            await pool.run(worker_calls.double, 1)
        assert await pool.run(worker_calls.double, 2) == 4


async def test_call_that_takes_too_long_is_killed_for_good(tmp_path: Path) -> None:
    before = children()
    async with ProcessPool(tmp_path, workers=1, call_timeout=0.2) as pool:
        with pytest.raises(UnusableMediaError), pool.temporary_folder() as folder:
            await pool.run(worker_calls.hang, folder / "started")
        assert file_names(folder.parent) == []
        assert children() == before


async def test_cancelled_call_is_killed_and_its_folder_removed(tmp_path: Path) -> None:
    before = children()
    started: Path | None = None

    async def piece() -> None:
        nonlocal started
        with pool.temporary_folder() as folder:
            started = folder / "started"
            await pool.run(worker_calls.hang, started)

    async with ProcessPool(tmp_path, workers=1) as pool:
        task = asyncio.create_task(piece())
        await asyncio.sleep(0)
        assert started
        await wait_for_file(started)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not started.parent.exists()
        assert children() == before
        assert await pool.run(worker_calls.double, 2) == 4


async def test_leaving_the_pool_kills_running_calls(tmp_path: Path) -> None:
    before = children()
    async with ProcessPool(tmp_path, workers=1) as pool:
        with pool.temporary_folder() as folder:
            task = asyncio.create_task(pool.run(worker_calls.hang, folder / "started"))
            await wait_for_file(folder / "started")
        waiting = asyncio.create_task(pool.run(worker_calls.double, 1))
        await asyncio.sleep(0)
    for late in (task, waiting):
        with pytest.raises(TransientMediaError):
            await late
    assert children() == before


async def test_no_more_calls_run_at_once_than_there_are_workers(tmp_path: Path) -> None:
    async with ProcessPool(tmp_path, workers=1) as pool:
        spans = sorted(
            await asyncio.gather(*(pool.run(worker_calls.busy_span, 0.02) for _ in range(3)))
        )
        assert all(one[1] <= two[0] for one, two in itertools.pairwise(spans))


async def test_call_may_have_its_own_time_limit(tmp_path: Path) -> None:
    async with ProcessPool(tmp_path, workers=1) as pool:
        with pytest.raises(UnusableMediaError):
            await pool.run_within(0.2, worker_calls.hang, tmp_path / "started")
        assert await pool.run(worker_calls.double, 2) == 4


async def test_call_that_allocates_too_much_is_final(tmp_path: Path) -> None:
    async with ProcessPool(tmp_path, workers=1) as pool:
        with pytest.raises(UnusableMediaError, match="memory"):
            await pool.run(worker_calls.allocate, 2 << 30)
        assert await pool.run(worker_calls.allocate, 9) == 9


async def test_temporary_folder_needs_an_entered_pool(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        ProcessPool(tmp_path).temporary_folder()

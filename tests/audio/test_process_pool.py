import asyncio
import contextlib
import itertools
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from bot.audio.errors import TransientMediaError, UnusableMediaError
from bot.audio.process_pool import ProcessPool
from bot.audio.process_worker import LENGTH_PREFIX
from tests.support import audio_samples as work


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


async def test_work_is_done_elsewhere_and_answered(tmp_path: Path) -> None:
    before = children()
    async with ProcessPool(tmp_path, workers=2) as shop:
        answers = await asyncio.gather(*(shop.run(work.doubled, n) for n in range(20)))
        assert answers == [2 * n for n in range(20)]
        processes = {await shop.run(work.process_id) for _ in range(3)}
        assert os.getpid() not in processes
        assert await shop.run(work.printing, text="x" * 9999) == "x" * 9999
        assert len(children() - before) == 2
        assert all(psutil.Process(pid).nice() >= 10 for pid in children() - before)
    assert children() == before
    assert work.left_in(tmp_path) == ["start.lock"]


async def test_errors_come_back_with_their_kind(tmp_path: Path) -> None:
    async with ProcessPool(tmp_path, workers=1) as shop:
        with pytest.raises(UnusableMediaError, match="no"):
            await shop.run(work.refusing)
        with pytest.raises(TransientMediaError, match="later") as caught:
            await shop.run(work.failing)
        assert "audio_samples" in caught.value.__notes__[0]
        with pytest.raises(RuntimeError, match="odd"):
            await shop.run(work.failing_oddly)


async def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    async with ProcessPool(tmp_path, workers=1) as shop:
        with pytest.raises(TransientMediaError):
            await shop.run(work.dying)
        assert await shop.run(work.doubled, 2) == 4


async def test_an_idle_worker_that_was_killed_is_noticed(tmp_path: Path) -> None:
    async with ProcessPool(tmp_path, workers=1) as shop:
        process = psutil.Process(await shop.run(work.process_id))
        process.kill()
        with contextlib.suppress(TransientMediaError):  # by the first call at the latest
            await shop.run(work.doubled, 1)
        assert await shop.run(work.doubled, 2) == 4


async def test_work_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    before = children()
    async with ProcessPool(tmp_path, workers=1, seconds=0.2) as shop:
        with pytest.raises(TransientMediaError), shop.temporary_folder() as folder:
            await shop.run(work.hanging, folder / "begun")
        assert work.left_in(folder.parent) == []
        assert children() == before


async def test_cancelled_work_is_ended_and_its_folder_removed(tmp_path: Path) -> None:
    before = children()
    begun: Path | None = None

    async def piece() -> None:
        nonlocal begun
        with shop.temporary_folder() as folder:
            begun = folder / "begun"
            await shop.run(work.hanging, begun)

    async with ProcessPool(tmp_path, workers=1) as shop:
        task = asyncio.create_task(piece())
        await asyncio.sleep(0)
        assert begun
        await work.appeared(begun)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not begun.parent.exists()
        assert children() == before
        assert await shop.run(work.doubled, 2) == 4


async def test_leaving_ends_what_still_runs(tmp_path: Path) -> None:
    before = children()
    async with ProcessPool(tmp_path, workers=1) as shop:
        with shop.temporary_folder() as folder:
            task = asyncio.create_task(shop.run(work.hanging, folder / "begun"))
            await work.appeared(folder / "begun")
        waiting = asyncio.create_task(shop.run(work.doubled, 1))
        await asyncio.sleep(0)
    for late in (task, waiting):
        with pytest.raises(TransientMediaError):
            await late
    assert children() == before


async def test_no_more_runs_at_once_than_there_are_workers(tmp_path: Path) -> None:
    async with ProcessPool(tmp_path, workers=1) as shop:
        spans = sorted(await asyncio.gather(*(shop.run(work.span, 0.02) for _ in range(3))))
        assert all(one[1] <= two[0] for one, two in itertools.pairwise(spans))


async def test_what_a_killed_process_left_is_removed_and_a_living_ones_kept(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys, pathlib; from bot.audio.process_pool import ProcessPool\n"
        "async def main():\n"
        "    async with ProcessPool(pathlib.Path(sys.argv[1])) as shop:\n"
        "        with shop.temporary_folder() as folder:\n"
        "            (folder / 'half.mp3').write_text('x'); print(folder, flush=True)\n"
        "            await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, tmp_path, stdout=subprocess.PIPE
    )
    assert process.stdout
    left = Path((await process.stdout.readline()).decode().strip())
    assert work.left_in(left) == ["half.mp3"]
    async with ProcessPool(tmp_path):
        assert work.left_in(left) == ["half.mp3"]
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    living = tmp_path / "work-living"
    living.mkdir()
    with FileLock(living.with_suffix(".lock")):
        async with ProcessPool(tmp_path):
            assert left.parent.name not in work.left_in(tmp_path)
            assert living.name in work.left_in(tmp_path)


async def test_a_worker_whose_parent_is_gone_ends_without_a_word() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.audio.process_worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=(answers := os.pipe())[1],
        stderr=asyncio.subprocess.PIPE,
    )
    for end in answers:  # nobody reads what it answers
        os.close(end)
    call = pickle.dumps((5, abs, (-1,), {}))
    _, said = await process.communicate(LENGTH_PREFIX.pack(len(call)) + call)
    assert (process.returncode, said) == (0, b"")

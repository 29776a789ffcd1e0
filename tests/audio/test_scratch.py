import asyncio
import signal
import subprocess
import sys
from pathlib import Path

from filelock import FileLock

from bot.audio.scratch import Scratch
from tests.support.audio_samples import file_names

PROGRAM = """
import pathlib, sys, time
from bot.audio.scratch import Scratch
with Scratch.claim(pathlib.Path(sys.argv[1])).folder() as folder:
    (folder / "half.mp3").write_text("x")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_folder_is_removed_with_its_files(tmp_path: Path) -> None:
    base = tmp_path / "scratch"
    scratch = Scratch.claim(base)
    with scratch.folder() as folder:
        (folder / "a.mp3").write_text("x")
    assert not folder.exists()
    assert folder.parent.exists()
    scratch.remove()
    assert not base.exists()


def test_base_folder_stays_while_another_process_uses_it(tmp_path: Path) -> None:
    base = tmp_path / "scratch"
    first, second = Scratch.claim(base), Scratch.claim(base)
    first.remove()
    with second.folder() as folder:
        assert folder.exists()
    second.remove()
    assert not base.exists()


async def test_processes_that_start_and_end_at_once_leave_nothing(tmp_path: Path) -> None:
    base = tmp_path / "scratch"

    def claim_and_remove() -> None:
        for _ in range(25):
            scratch = Scratch.claim(base)
            with scratch.folder() as folder:
                (folder / "a.mp3").write_text("x")
            scratch.remove()

    await asyncio.gather(*(asyncio.to_thread(claim_and_remove) for _ in range(4)))
    assert not base.exists()


async def test_folder_of_a_killed_process_is_removed_and_of_a_living_one_kept(
    tmp_path: Path,
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, tmp_path, stdout=subprocess.PIPE
    )
    assert process.stdout
    folder = Path((await process.stdout.readline()).decode().strip())
    Scratch.claim(tmp_path).remove()
    assert file_names(folder) == ["half.mp3"]
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    living = tmp_path / "work-living"
    living.mkdir()
    with FileLock(living.with_suffix(".lock")):
        scratch = Scratch.claim(tmp_path)
        assert folder.parent.name not in file_names(tmp_path)
        assert living.name in file_names(tmp_path)
        scratch.remove()

"""Where heavy audio work is done: few worker processes of low priority, and folders for files.

Processes and not threads: decoding and encoding hold the interpreter often enough to delay the
event loop, which has three seconds to answer Discord (figures: bench/audio.py).
"""

import asyncio
import contextlib
import os
import pickle
import shutil
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from typing import Final, ParamSpec, Self, TypeVar

from filelock import FileLock, Timeout

from bot.audio.errors import TransientMediaError
from bot.audio.process_worker import LENGTH_PREFIX

P = ParamSpec("P")
T = TypeVar("T")

_MAX_WORKERS: Final = min(os.cpu_count() or 1, 4)
_CALL_TIMEOUT: Final = 300.0
_MAX_CALLS: Final = 200  # after which a worker is replaced, should a library lose memory


class ProcessPool:
    """A bounded pool of workers, started when first needed.

    As a context: on entering, what an earlier process left behind is removed; on leaving, work
    that still runs is ended, and no process or file remains.
    """

    def __init__(
        self, folder: Path, *, workers: int = _MAX_WORKERS, seconds: float = _CALL_TIMEOUT
    ) -> None:
        """Make a workshop.

        Args:
            folder: for temporary files; several processes may share it.
            workers: how many calls run at once.
            seconds: how long one call may take.
        """
        self._base = folder
        self._seconds = seconds
        self._workers = workers
        self._is_open = False
        self._turn = asyncio.Semaphore(workers)
        self._idle: list[_WorkerProcess] = []
        self._busy: set[_WorkerProcess] = set()
        self._own: Path | None = None
        self._lock: FileLock | None = None

    async def __aenter__(self) -> Self:
        self._own, self._lock = await asyncio.to_thread(_claim_folder, self._base)
        self._is_open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_open = False
        for worker in self._busy:
            worker.kill()
        # whoever waits for one of those ends it
        for _turn in range(self._workers):
            await self._turn.acquire()
        for worker in self._idle:
            await worker.stop()
        self._idle.clear()
        if self._own is not None and self._lock is not None:
            _remove_folder(self._own, self._lock)

    @contextlib.contextmanager
    def temporary_folder(self) -> Generator[Path, None, None]:
        """Yield an empty folder for one piece of work; it is removed with all in it."""
        path = Path(tempfile.mkdtemp(dir=self._own))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    async def run(self, func: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what ``func(*args, **kwargs)`` returns in a worker, or raise what it raises.

        ``func`` is found by its name there, arguments and result are pickled. A call that is
        cancelled is ended.

        Raises:
            Failed: it took too long, its process died, or the workshop was closed.
        """
        call = pickle.dumps((self._seconds, func, args, kwargs))
        async with self._turn, self._worker() as worker:
            try:
                async with asyncio.timeout(self._seconds):
                    result, error = pickle.loads(await worker.answer(call))  # noqa: S301
            except TimeoutError as late:
                raise TransientMediaError("the audio work took too long") from late
            except (asyncio.IncompleteReadError, OSError) as lost:
                raise TransientMediaError("the audio work was ended from outside") from lost
        if error is not None:
            raise error
        return result

    @contextlib.asynccontextmanager
    async def _worker(self) -> AsyncGenerator["_WorkerProcess", None]:
        """Yield a free worker; one that did not answer is ended."""
        if not self._is_open:
            raise TransientMediaError("the workshop is closed")
        worker = self._idle.pop() if self._idle else await _WorkerProcess.start()
        self._busy.add(worker)
        try:
            yield worker
        finally:
            if worker.is_ready:
                self._idle.append(worker)
            else:
                await worker.stop()
            self._busy.discard(worker)


class _WorkerProcess:
    """One process; ready for the next call when it has answered the last."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._calls = 0
        self._answered = True

    @classmethod
    async def start(cls) -> Self:
        # it finds modules where this process does
        paths = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot.audio.process_worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths},
        )
        return cls(process)

    @property
    def is_ready(self) -> bool:
        return self._answered and self._calls < _MAX_CALLS and self._process.returncode is None

    async def answer(self, call: bytes) -> bytes:
        calls, answers = self._process.stdin, self._process.stdout
        if calls is None or answers is None:
            raise BrokenPipeError
        self._calls += 1
        self._answered = False
        calls.write(LENGTH_PREFIX.pack(len(call)) + call)
        await calls.drain()
        (length,) = LENGTH_PREFIX.unpack(await answers.readexactly(LENGTH_PREFIX.size))
        answer = await answers.readexactly(length)
        self._answered = True
        return answer

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def stop(self) -> None:
        """End the process at once; it holds nothing worth keeping."""
        self.kill()
        # reads what is left, so that the pipes are closed too
        await self._process.communicate()


def _claim_folder(base: Path) -> tuple[Path, FileLock]:
    """Return a folder of our own under ``base``, locked, after those of dead processes are gone."""
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    # only one process at a time looks who is dead and makes itself known
    with FileLock(base / "start.lock"):
        for path in base.glob("work-*.lock"):
            lock = FileLock(path)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            _remove_folder(path.with_suffix(""), lock)
        own = Path(tempfile.mkdtemp(prefix="work-", dir=base))
        lock = FileLock(own.with_suffix(".lock"))
        lock.acquire()
        return own, lock


def _remove_folder(folder: Path, lock: FileLock) -> None:
    """Remove a locked folder and its lock."""
    shutil.rmtree(folder, ignore_errors=True)
    lock.release()
    Path(lock.lock_file).unlink(missing_ok=True)

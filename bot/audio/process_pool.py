"""Run heavy audio work in a few worker processes of low priority.

Processes and not threads: decoding and encoding hold the interpreter long enough to delay the
event loop, which has three seconds to answer Discord (figures: bench/audio.py).

By hand, because the libraries each lack something that is needed here. `concurrent.futures` can't
stop a call that runs. `anyio.to_process` imports the main module in each worker, and with it all
of the bot. `pebble.ProcessPool` starts all workers at the first call and polls ten times a second
for as long as it lives; priority, limits and the end of an orphan would remain to be written.
"""

import asyncio
import contextlib
import os
import pickle
import sys
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Final, ParamSpec, Self, TypeVar

from bot.audio.errors import TransientMediaError, UnusableMediaError
from bot.audio.process_worker import LENGTH_PREFIX
from bot.audio.scratch import Scratch

P = ParamSpec("P")
T = TypeVar("T")

_MAX_WORKERS: Final = min(os.cpu_count() or 1, 4)
_CALL_TIMEOUT: Final = 300.0  # seconds
_MAX_CALLS: Final = 200  # after which a worker is replaced, in case a library leaks memory


class ProcessPool:
    """A bounded pool of worker processes, started when first needed, and their scratch folder.

    Entering the context removes what an earlier process left behind. Leaving it ends the calls
    that still run; no process and no file remains.
    """

    def __init__(
        self, folder: Path, *, workers: int = _MAX_WORKERS, call_timeout: float = _CALL_TIMEOUT
    ) -> None:
        """Make a pool.

        Args:
            folder: for temporary files; several processes may share it.
            workers: how many calls run at once.
            call_timeout: seconds that one call may take.
        """
        self._base = folder
        self._call_timeout = call_timeout
        self._workers = workers
        self._is_open = False
        self._slots = asyncio.Semaphore(workers)
        self._idle: list[_WorkerProcess] = []
        self._busy: set[_WorkerProcess] = set()
        self._scratch: Scratch | None = None

    async def __aenter__(self) -> Self:
        self._scratch = await asyncio.to_thread(Scratch.claim, self._base)
        self._is_open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_open = False
        for worker in self._busy:
            worker.kill()
        # each call that was waiting for one of them ends now
        for _slot in range(self._workers):
            await self._slots.acquire()
        for worker in self._idle:
            await worker.stop()
        self._idle.clear()
        if self._scratch is not None:
            self._scratch.remove()

    def temporary_folder(self) -> contextlib.AbstractContextManager[Path]:
        """Return a context of an empty folder, which is removed with everything in it."""
        if self._scratch is None:
            raise RuntimeError("the pool was not entered")
        return self._scratch.folder()

    async def run(self, func: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what ``func(*args, **kwargs)`` returns in a worker, or raise what it raises.

        ``func`` is imported there by its name; arguments and result are pickled. If this is
        cancelled, the call is killed.

        Raises:
            UnusableMediaError: it took too long, as it would again.
            TransientMediaError: the worker process died, or the pool was closed.
        """
        return await self.run_within(self._call_timeout, func, *args, **kwargs)

    async def run_within(
        self, seconds: float, func: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do as `run`, within ``seconds``; waiting for a free worker is not counted."""
        call = pickle.dumps((seconds, func, args, kwargs))
        async with self._slots, self._worker() as worker:
            try:
                async with asyncio.timeout(seconds):
                    result, error = pickle.loads(await worker.respond(call))  # noqa: S301
            except TimeoutError as late:
                raise UnusableMediaError("the audio work took too long") from late
            except (asyncio.IncompleteReadError, OSError) as lost:
                raise TransientMediaError("the worker process died") from lost
        if error is not None:
            raise error
        return result

    @contextlib.asynccontextmanager
    async def _worker(self) -> AsyncGenerator["_WorkerProcess", None]:
        """Yield an idle worker; afterwards it is idle again, or killed if it did not respond."""
        if not self._is_open:
            raise TransientMediaError("the process pool is closed")
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
    """One process; ready for the next call when it has responded to the last."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._calls = 0
        self._has_responded = True

    @classmethod
    async def start(cls) -> Self:
        # the worker finds modules where this process does
        paths = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot.audio.process_worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # NumPy's threads would cost a stack for each core, and the workers fill the cores
            env={**os.environ, "PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"},
        )
        return cls(process)

    @property
    def is_ready(self) -> bool:
        return self._has_responded and self._calls < _MAX_CALLS and self._process.returncode is None

    async def respond(self, call: bytes) -> bytes:
        calls, responses = self._process.stdin, self._process.stdout
        if calls is None or responses is None:
            raise BrokenPipeError
        self._calls += 1
        self._has_responded = False
        calls.write(LENGTH_PREFIX.pack(len(call)) + call)
        await calls.drain()
        (length,) = LENGTH_PREFIX.unpack(await responses.readexactly(LENGTH_PREFIX.size))
        response = await responses.readexactly(length)
        self._has_responded = True
        return response

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def stop(self) -> None:
        """Kill the process; it holds nothing worth keeping."""
        self.kill()
        # reads what is left, so that the pipes are closed too
        await self._process.communicate()

"""Temporary folders of running processes, and removal of those that killed processes left."""

import contextlib
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

START_LOCK = "start.lock"


class Scratch:
    """One process's folder for temporary files, locked for as long as the process lives.

    Several processes may share the base folder; each has its own folder in it.
    """

    def __init__(self, path: Path, lock: FileLock) -> None:
        self._path = path
        self._lock = lock

    @classmethod
    def claim(cls, base: Path) -> Self:
        """Return a new folder in ``base``, after the folders of dead processes are removed."""
        with _start_lock(base):
            for lock_file in base.glob("work-*.lock"):
                lock = FileLock(lock_file)
                try:
                    lock.acquire(timeout=0)
                except Timeout:
                    continue
                _remove(lock_file.with_suffix(""), lock)
            path = Path(tempfile.mkdtemp(prefix="work-", dir=base))
            lock = FileLock(path.with_suffix(".lock"))
            lock.acquire()
            return cls(path, lock)

    @contextlib.contextmanager
    def folder(self) -> Generator[Path, None, None]:
        """Yield an empty folder; leaving the context removes it with everything in it."""
        path = Path(tempfile.mkdtemp(dir=self._path))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def remove(self) -> None:
        """Remove the folder and its lock, and the base folder if no other process uses it."""
        base = self._path.parent
        with _start_lock(base):
            _remove(self._path, self._lock)
            if [path.name for path in base.iterdir()] == [START_LOCK]:
                # Whoever waits for this lock notices that its file is gone, and makes another.
                with contextlib.suppress(OSError):  # Windows keeps a file that is open
                    (base / START_LOCK).unlink()
                    base.rmdir()


def _remove(path: Path, lock: FileLock) -> None:
    """Remove a folder and its lock, which this process holds."""
    shutil.rmtree(path, ignore_errors=True)
    lock.release()
    Path(lock.lock_file).unlink(missing_ok=True)


@contextlib.contextmanager
def _start_lock(base: Path) -> Generator[None, None, None]:
    """Let one process at a time in, so that none removes a folder that another is about to lock.

    ``base`` is made where it is missing.
    """
    while True:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(base / START_LOCK)
        with contextlib.suppress(FileNotFoundError):  # a process that ends has just removed it
            lock.acquire()
            break
    try:
        yield
    finally:
        lock.release()

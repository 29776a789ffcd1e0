"""Audio that nobody else keeps: files that members uploaded, and clips of services without links.

They are files in a folder that outlives the process, named by their clips. When they take too much
room, those that were used longest ago are removed.
"""

import asyncio
import logging
import os
import shutil
import tempfile
import time
from pathlib import Path

log = logging.getLogger(__name__)

MAX_BYTES = 4 << 30  # of all files together
_SUFFIX = ".audio"
_UNFINISHED = ".part"
_LONGEST_WRITE = 3600.0  # seconds


class KeptAudio:
    """The files in one folder."""

    def __init__(self, folder: Path | None, *, max_bytes: int = MAX_BYTES) -> None:
        """Name the folder.

        Args:
            folder: where they are, made when needed; None if there is no such place, so that
                nothing is kept.
            max_bytes: of all files together.
        """
        self._folder = folder
        self._max_bytes = max_bytes

    @property
    def is_possible(self) -> bool:
        """Whether there is a place for files."""
        return self._folder is not None

    def has(self, clip_id: str) -> bool:
        """Return whether the audio of a clip is kept."""
        path = self._path(clip_id)
        return path is not None and path.is_file()

    async def keep(self, clip_id: str, audio: Path) -> bool:
        """Keep a copy of ``audio``; return whether that was possible, or log why not."""
        path = self._path(clip_id)
        if path is None:
            return False
        try:
            await asyncio.to_thread(self._write, audio, path)
        except OSError as error:
            log.error("Clip %s: its audio can't be kept (%s)", clip_id, error.strerror)  # noqa: TRY400 - the reason is all
            return False
        return True

    async def copy(self, clip_id: str, into: Path) -> bool:
        """Copy the audio of a clip to the file ``into``; return whether it is kept."""
        path = self._path(clip_id)
        if path is None:
            return False
        try:
            await asyncio.to_thread(_copy_used, path, into)
        except OSError:
            return False
        return True

    def _path(self, clip_id: str) -> Path | None:
        return None if self._folder is None else self._folder / f"{clip_id}{_SUFFIX}"

    def _write(self, audio: Path, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for unfinished in path.parent.glob(f"*{_UNFINISHED}"):  # of a process that was killed
            if time.time() - unfinished.stat().st_mtime > _LONGEST_WRITE:
                unfinished.unlink(missing_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, suffix=_UNFINISHED, delete=False
        ) as partial:
            pass
        shutil.copyfile(audio, partial.name)
        Path(partial.name).replace(path)
        self._make_room(path)

    def _make_room(self, newest: Path) -> None:
        files = [(path, path.stat()) for path in newest.parent.glob(f"*{_SUFFIX}")]
        total = sum(stat.st_size for _, stat in files)
        others = [(path, stat) for path, stat in files if path != newest]
        for path, stat in sorted(others, key=lambda file: file[1].st_mtime):
            if total <= self._max_bytes:
                return
            path.unlink(missing_ok=True)
            total -= stat.st_size


def _copy_used(path: Path, into: Path) -> None:
    shutil.copyfile(path, into)
    os.utime(path)  # it is the last to be removed

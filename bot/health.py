"""Whether Encore is alive: a file that the running bot touches and `python -m bot health` reads."""

import contextlib
import hashlib
import os
import tempfile
import time
from pathlib import Path

MAX_AGE = 60.0  # seconds


class Heartbeat:
    """The heartbeat file of the bot that runs on one database, and serves some of its shards."""

    def __init__(self, database_url: str, *, shards: str = "") -> None:
        scheme, _, path = database_url.partition(":///")
        # two bots may name different files by the same relative path
        database = f"{scheme}:///{Path(path).absolute()}" if path else database_url
        name = hashlib.sha256(f"{database}{shards and '#'}{shards}".encode()).hexdigest()[:16]
        self._path = Path(tempfile.gettempdir()) / f"encore-{name}.heartbeat"

    def beat(self) -> None:
        """Record that Encore is connected and its loops run.

        Raises:
            OSError: the file is a link, or another user's: anybody may write into that folder.
        """
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        file = os.open(self._path, flags, 0o600)
        try:
            os.utime(self._path)
        finally:
            os.close(file)

    def problem(self) -> str | None:
        """Return a sentence that says why Encore is not alive, or None if it is.

        It is alive if the last beat is less than `MAX_AGE` seconds old, and this user's.
        """
        try:
            found = self._path.lstat()
        except FileNotFoundError:
            return f"Encore isn't running, or isn't connected to Discord yet: no {self._path}."
        if hasattr(os, "getuid") and os.getuid() not in (0, found.st_uid):
            return f"The heartbeat file {self._path} belongs to another user."
        age = time.time() - found.st_mtime
        if age >= MAX_AGE:
            return f"No heartbeat for {age:.0f} seconds: Encore may hang, or have been killed."
        return None

    def stop(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)


def remove_stale_heartbeats() -> None:
    """Remove this user's heartbeat files of bots that were killed, of whatever database.

    One that lives and is only late makes its file anew with its next beat.
    """
    for path in Path(tempfile.gettempdir()).glob("encore-*.heartbeat"):
        with contextlib.suppress(OSError):  # another process removed it, or it is another user's
            found = path.lstat()
            is_ours = not hasattr(os, "getuid") or os.getuid() == found.st_uid
            if is_ours and time.time() - found.st_mtime >= MAX_AGE:
                path.unlink()

"""Whether Encore is alive: a file that the running bot touches and `python -m bot health` reads."""

import hashlib
import tempfile
import time
from pathlib import Path

MAX_AGE = 60.0  # seconds


class Heartbeat:
    """The heartbeat file of the bot that runs on one database."""

    def __init__(self, database_url: str) -> None:
        name = hashlib.sha256(database_url.encode()).hexdigest()[:16]
        self._path = Path(tempfile.gettempdir()) / f"encore-{name}.heartbeat"

    def beat(self) -> None:
        """Record that Encore is connected and its loops run."""
        self._path.touch()

    def is_fresh(self) -> bool:
        """Whether the last beat is less than `MAX_AGE` seconds old."""
        try:
            return time.time() - self._path.stat().st_mtime < MAX_AGE
        except FileNotFoundError:
            return False

    def stop(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)

"""A sign of life that another process can see: a file that is touched while all is well."""

import hashlib
import tempfile
import time
from pathlib import Path

MAX_AGE = 60.0  # seconds


class Heartbeat:
    """Of the Encore that runs on one database."""

    def __init__(self, database_url: str) -> None:
        name = hashlib.sha256(database_url.encode()).hexdigest()[:16]
        self._path = Path(tempfile.gettempdir()) / f"encore-{name}.heartbeat"

    def beat(self) -> None:
        """Show that Encore is connected and its loops run."""
        self._path.touch()

    def is_fresh(self) -> bool:
        """Whether there was a beat within the last `FRESH_FOR` seconds."""
        try:
            return time.time() - self._path.stat().st_mtime < MAX_AGE
        except FileNotFoundError:
            return False

    def stop(self) -> None:
        """Leave no sign behind."""
        self._path.unlink(missing_ok=True)

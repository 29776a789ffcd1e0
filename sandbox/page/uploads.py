"""Files that the page uploaded for a modal, an option or a message."""

import collections
import secrets

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.models import Upload

MAX_FILES = 50
MAX_BYTES = 32 * 1024 * 1024


class Uploads:
    """Keeps the latest files in memory, by a random name."""

    def __init__(self) -> None:
        self._files: collections.OrderedDict[str, Upload] = collections.OrderedDict()

    def add(self, upload: Upload) -> str:
        """Store a file and return its name."""
        name = secrets.token_urlsafe(12)
        self._files[name] = upload
        while len(self._files) > MAX_FILES:
            self._files.popitem(last=False)
        return name

    def get(self, name: object) -> Upload:
        """Return the file with that name.

        Raises:
            NotPossibleError: the file has been dropped.
        """
        found = self._files.get(name) if isinstance(name, str) else None
        if found is None:
            raise NotPossibleError("The file is gone; choose it again")
        return found

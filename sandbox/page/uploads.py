"""Files on their way from the page into a modal, an option or a message."""

import collections
import secrets

from sandbox.discord.command_options import NotPossibleError
from sandbox.discord.models import Upload

MAX_FILES = 50
MAX_BYTES = 32 * 1024 * 1024


class Uploads:
    """Keeps the latest files by a name that it gives them."""

    def __init__(self) -> None:
        self._files: collections.OrderedDict[str, Upload] = collections.OrderedDict()

    def add(self, upload: Upload) -> str:
        """Keep a file, and return under which name."""
        name = secrets.token_urlsafe(12)
        self._files[name] = upload
        while len(self._files) > MAX_FILES:
            self._files.popitem(last=False)
        return name

    def get(self, name: object) -> Upload:
        """The file of that name.

        Raises:
            NotPossibleError: it is not here any more.
        """
        found = self._files.get(name) if isinstance(name, str) else None
        if found is None:
            raise NotPossibleError("The file is gone; choose it again")
        return found

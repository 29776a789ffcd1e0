"""Files on their way from the page into a modal, an option or a message."""

import collections
import secrets

from sandbox.discord.command_options import NotPossibleError
from sandbox.discord.models import Upload

MOST = 50
LARGEST = 32 * 1024 * 1024


class Uploads:
    """Keeps the latest files by a name that it gives them."""

    def __init__(self) -> None:
        self._kept: collections.OrderedDict[str, Upload] = collections.OrderedDict()

    def keep(self, upload: Upload) -> str:
        """Keep a file, and return under which name."""
        name = secrets.token_urlsafe(12)
        self._kept[name] = upload
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return name

    def get(self, name: object) -> Upload:
        """The file of that name.

        Raises:
            NotPossibleError: it is not here any more.
        """
        found = self._kept.get(name) if isinstance(name, str) else None
        if found is None:
            raise NotPossibleError("The file is gone; choose it again")
        return found

"""The port of what makes a reply's files. Knows nothing of Discord."""

from pathlib import Path
from typing import Protocol

from bot.domain.attachments import Uploads
from bot.domain.models import Extension


class UploadBuilder(Protocol):
    """Makes the files for one kind of extension."""

    async def prepare(
        self, ext: Extension, folder: Path, *, limit: int | None, is_last: bool
    ) -> Uploads:
        """Return the uploads for the reply of ``ext``.

        Args:
            ext: complete, or a splice.
            folder: for the files; empty.
            limit: bytes that one file may have; None where no file may be attached.
            is_last: whether this is the last attempt, so that audio which can't be fetched is
                left out.

        Raises:
            TransientMediaError: another attempt may succeed.
        """
        ...

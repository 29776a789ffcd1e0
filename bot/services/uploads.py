"""What is prepared for a reply to carry: files, and what they are. Knows nothing of Discord."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.domain.attachments import Attachment
from bot.domain.failures import Failure
from bot.domain.models import Extension


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file to be attached.

    Attributes:
        path: where it lies, for as long as the folder of its work is there.
        name: what it is called in the reply.
        description: what a picture shows, in words.
    """

    path: Path
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """What a reply is to carry.

    Attributes:
        attachments: what became of each clip, or of the song.
        files: in the order in which they are attached.
        failure: why there is no song; None for anything else.
    """

    attachments: tuple[Attachment, ...] = ()
    files: tuple[Upload, ...] = ()
    failure: Failure | None = None


class UploadBuilder(Protocol):
    """Makes the files of one kind of extension."""

    async def prepare(
        self, ext: Extension, folder: Path, *, limit: int | None, is_last: bool
    ) -> Uploads:
        """Return what the reply of ``ext`` is to carry.

        Args:
            ext: complete, or a splice.
            folder: for the files; empty, and removed afterwards.
            limit: bytes that one file may have; None where no file may be attached.
            is_last: whether this is the last attempt, and what can't be had is to be left out.

        Raises:
            Failed: it may work later.
        """
        ...

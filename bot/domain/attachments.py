"""The audio that replies carry: what is attached, what is about to be, and why the rest is not."""

import datetime as dt
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from bot.domain.failures import AttachNotAllowed, Failure, Unexpected
from bot.domain.models import Extension, Kind, Status
from bot.domain.transitions import finished

MIN_SIZE_LIMIT = 1024 * 1024  # bytes; below it, files are refused for another reason than size


class AttachmentStatus(StrEnum):
    """How attaching the audio of a clip ended."""

    ATTACHED = "attached"
    TOO_LARGE = "too_large"  # even at the lowest bit rate
    UNAVAILABLE = "unavailable"  # it could not be downloaded
    NOT_ALLOWED = "not_allowed"  # Encore may not attach files in the channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """The attached audio of one clip or of a full song, or why it is not attached.

    Attributes:
        clip_id: the clip; of a splice, the clip that it ends with.
        outcome: how attaching ended.
        bit_rate: bits per second, if it was encoded again to fit; otherwise None.
        picture: name of the attached waveform picture; empty if there is none.
        duration: seconds, as decoded.
        starts: the second at which each part of a splice begins; empty for a clip.
    """

    clip_id: str
    outcome: AttachmentStatus
    bit_rate: int | None = None
    picture: str = ""
    duration: float | None = None
    starts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioWork:
    """The audio of one extension, claimed in order to be prepared.

    Attributes:
        due_at: when the claim lapses; it also identifies the claim.
        failures: attempts that failed in a row.
        size_limit: bytes that one file may have, learned from what Discord refused; None if it
            refused nothing.
    """

    extension_id: int
    due_at: dt.datetime
    failures: int = 0
    size_limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file to be attached.

    Attributes:
        path: of the file, in a folder of the process that made it.
        name: of the attachment in the reply.
        description: alternative text of a picture.
    """

    path: Path
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """What a reply is to carry in place of all files that it carries now.

    They are pending from the moment at which they are stored until an edit has shown them.

    Attributes:
        attachments: how attaching each clip, or the song, ends.
        files: in the order in which they are attached.
        failure: why there is no song; None for anything else.
        limit: bytes that one file could have when they were made; None where none was allowed.
        revision: of the extension, raised by storing them; identifies them. 0 until then.
    """

    attachments: tuple[Attachment, ...] = ()
    files: tuple[Upload, ...] = ()
    failure: Failure | None = None
    limit: int | None = None
    revision: int = 0

    @property
    def are_there(self) -> bool:
        """Whether all files exist; those of a process that has ended don't."""
        return all(file.path.is_file() for file in self.files)

    @property
    def largest_size(self) -> int:
        """The bytes of the largest file; 0 without files."""
        return max((file.path.stat().st_size for file in self.files), default=0)


def with_uploads(ext: Extension, uploads: Uploads, *, now: dt.datetime) -> Extension:
    """Return ``ext`` as it is once its reply shows ``uploads``: a splice ends, durations are known.

    The revision stays: storing the uploads has raised it.
    """
    if ext.kind is Kind.SPLICE:
        status = Status.COMPLETE if uploads.failure is None else Status.FAILED
        ended = finished(ext, status, uploads.failure, now=now)
        return replace(ended, revision=ext.revision)
    durations = {each.clip_id: each.duration for each in uploads.attachments}
    clips = (
        replace(clip, duration=durations.get(clip.id)) if clip.duration is None else clip
        for clip in ext.clips
    )
    return replace(ext, clips=tuple(clips))


def without_files(ext: Extension, uploads: Uploads) -> Uploads:
    """Return ``uploads`` for a place where no files may be attached: there are only links."""
    failure = AttachNotAllowed() if ext.kind is Kind.SPLICE else None
    refused = (
        Attachment(
            clip_id=each.clip_id, outcome=AttachmentStatus.NOT_ALLOWED, duration=each.duration
        )
        for each in uploads.attachments
    )
    attachments = () if ext.kind is Kind.SPLICE else tuple(refused)
    return replace(uploads, attachments=attachments, files=(), failure=failure)


def without_audio(ext: Extension) -> Uploads:
    """Return what is left when the audio is not available: links of clips, and no song."""
    if ext.kind is Kind.SPLICE:
        return Uploads(failure=Unexpected())
    unavailable = (
        Attachment(clip_id=clip.id, outcome=AttachmentStatus.UNAVAILABLE)
        for clip in ext.clips
        if clip.is_playable
    )
    return Uploads(attachments=tuple(unavailable))


def smaller_limit(limit: int) -> int:
    """Return the next size limit in bytes after Discord refused files made for ``limit``."""
    return limit // 2 if limit > MIN_SIZE_LIMIT else 0

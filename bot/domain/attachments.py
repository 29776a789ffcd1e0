"""Attaching audio to replies: what is to be attached, and how that ended for each clip."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


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
    """A claim on the audio of one extension, which is to be prepared and attached.

    Attributes:
        due_at: when the lease expires; it also identifies the claim.
        failures: attempts that failed in a row.
    """

    extension_id: int
    due_at: dt.datetime
    failures: int = 0

"""What became of a clip's audio: whether the reply itself carries it, and if not, why."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class AttachmentStatus(StrEnum):
    """How attaching a clip ended."""

    ATTACHED = "attached"
    TOO_LARGE = "too_large"  # even at the lowest bit rate
    UNAVAILABLE = "unavailable"  # its link does not lead to audio
    NOT_ALLOWED = "not_allowed"  # Encore may not attach files in that channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """What a reply carries of one clip, or of the full song.

    Attributes:
        clip_id: the clip; of a spliced song, the one that it ends with.
        bit_rate: bits per second that it was encoded anew at, to fit; None if it was not.
        picture: name of the attached waveform picture; empty if there is none.
        duration: seconds, as decoded.
        starts: the second at which each part of a song begins; empty for a clip.
    """

    clip_id: str
    outcome: AttachmentStatus
    bit_rate: int | None = None
    picture: str = ""
    duration: float | None = None
    starts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioWork:
    """The audio of one extension, claimed to be prepared and attached.

    Attributes:
        due_at: when the claim lapses; it is the claim's mark too.
        failures: attempts that failed in a row.
    """

    extension_id: int
    due_at: dt.datetime
    failures: int = 0

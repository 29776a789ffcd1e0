"""Why an extension ended without audio, or waits longer than its turn: one value for each reason.

`Failure` is the union of them. Each holds what a reply says about it, and no sentence; a provider's
``text`` is fit to be shown.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rejected:
    """The provider refused the request, and would refuse it again."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class UnknownClip:
    """The provider has no clip with the id of the source; nothing was charged."""


@dataclass(frozen=True, slots=True)
class OutOfCredits:
    """The provider's account is empty."""


@dataclass(frozen=True, slots=True)
class Unauthorized:
    """The provider's key or account is wrong."""


@dataclass(frozen=True, slots=True)
class WrongAddress:
    """What answers at the provider's address is not its API."""


@dataclass(frozen=True, slots=True)
class SessionExpired:
    """The provider's session with Suno has ended; the operator has to renew it."""


@dataclass(frozen=True, slots=True)
class RateLimited:
    """The provider had too many requests; nothing was charged."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The provider could not be reached; nothing was charged.

    A part was not sent. The parts of a full song may have been sent to be joined, which is free.
    """


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """The request was sent and never answered: it may have been charged.

    Attributes:
        text: the provider's own words, if any.
        is_searched: whether the provider's account was searched for its result, without a trace.
    """

    text: str = ""
    is_searched: bool = False


@dataclass(frozen=True, slots=True)
class GenerationFailed:
    """The provider took the request and could not finish it."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class NotPlayable:
    """The clips are finished, and the provider hands out no audio."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The provider, which keeps requests in memory only, was restarted before it finished."""


@dataclass(frozen=True, slots=True)
class SourceUnavailable:
    """The audio of the source, which the provider needs, can't be fetched; nothing was sent.

    Attributes:
        is_file: whether the source is a file that a member uploaded.
    """

    is_file: bool = False


@dataclass(frozen=True, slots=True)
class SongTooLong:
    """Source and new part would be longer together than the provider makes; nothing was sent.

    Attributes:
        latest: the last second of the source at which it can be continued.
    """

    latest: float


@dataclass(frozen=True, slots=True)
class LengthUnknown:
    """The provider needs to know where the clip ends, and nobody can tell."""


@dataclass(frozen=True, slots=True)
class PastTheEnd:
    """``continue_at`` is behind the end of the clip, which is ``length`` seconds long."""

    length: float


@dataclass(frozen=True, slots=True)
class PartUnavailable:
    """The audio of one part of a full song can't be fetched. ``number`` 1 is the first part."""

    number: int
    clip_id: str


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A full song of so many seconds does not fit into a file of ``limit_bytes``."""

    seconds: float
    limit_bytes: int


@dataclass(frozen=True, slots=True)
class AttachNotAllowed:
    """Encore may not attach files in the channel of a full song."""


@dataclass(frozen=True, slots=True)
class Unexpected:
    """An error in Encore itself, which is in the log."""


Failure = (
    Rejected
    | UnknownClip
    | OutOfCredits
    | Unauthorized
    | WrongAddress
    | SessionExpired
    | RateLimited
    | Unavailable
    | Unconfirmed
    | GenerationFailed
    | NotPlayable
    | Forgotten
    | SourceUnavailable
    | SongTooLong
    | LengthUnknown
    | PastTheEnd
    | PartUnavailable
    | TooLarge
    | AttachNotAllowed
    | Unexpected
)

# An extension that ended with one of these and without a handle has cost nothing.
NOT_CHARGED = (
    Rejected,
    UnknownClip,
    OutOfCredits,
    Unauthorized,
    WrongAddress,
    SessionExpired,
    RateLimited,
    Unavailable,
    SourceUnavailable,
    SongTooLong,
    LengthUnknown,
    PastTheEnd,
)


def is_of_one_provider(failure: Failure | None) -> bool:
    """Return whether another provider may accept what was refused so; nothing was charged."""
    return isinstance(
        failure,
        UnknownClip
        | OutOfCredits
        | Unauthorized
        | WrongAddress
        | SessionExpired
        | RateLimited
        | Unavailable,
    )

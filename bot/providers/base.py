"""The Provider port: what a provider can do, and how it fails.

Knows nothing of the store or of Discord. What differs between providers is data in
`Capabilities`. Each subclass of `ProviderError` stands for one thing that a caller does about it.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol

from bot.domain.form import TextLimits
from bot.domain.models import Clip, ExtendRequest, Handle, Progress, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLength:
    """How long a new part can be made, in seconds.

    Attributes:
        shortest, longest: bounds of what a member may ask for.
        usual: where they ask for nothing.
    """

    shortest: float
    longest: float
    usual: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider accepts and what it can report; callers decide by nothing else.

    Attributes:
        label: the provider's name as members read it.
        limits: the longest texts of the default model, in UTF-16 units.
        model_limits: those of other models, where they differ by model.
        exclude: accepts style tags to keep out.
        models: the models to offer; empty if a member can't choose one.
        default_model: the one that is asked for where nobody chose; empty if the provider chooses.
        same_model_as_source: a clip has to be extended with the model that made it.
        needs_style: refuses a request without style tags.
        instrumental_needs_style: refuses a request without lyrics and style tags.
        needs_continue_at: refuses a request without ``continue_at``, even for the clip's end.
        lookup: can report the title and duration of a clip (`Provider.clip`).
        reconcile: can list recent clips (`Provider.find_recent`).
        long_poll: `Provider.fetch` can wait at the provider for news.
        batch: how many clips or tasks one request may ask for.
        submit_every, query_every: least seconds between two requests; 0 is no limit.
        submit_timeout: seconds to wait for the answer to a submission.
        concat: can join a lineage into one clip.
        retention: how long the provider keeps a clip's audio; None if it doesn't say.
        credits_per_extension: what one costs, in the unit of `Provider.credits`; None if the API
            does not document it.
        wants_source_audio: is given the source's audio (`Provider.extend_audio`), so it can
            continue any clip, and its own clips can be continued where that holds alone.
        new_length: how long the new part can be; None if a member can't choose.
        longest_song: seconds of source and new part together; None if there is no limit.
        deadline: how long an extension may take, where that is longer than usual.
        is_free: costs no credits, so that nothing is lost where an outcome is unknown.
    """

    label: str
    limits: TextLimits
    model_limits: Mapping[str, TextLimits] = field(default_factory=dict[str, TextLimits])
    exclude: bool = False
    models: tuple[str, ...] = ()
    default_model: str = ""
    same_model_as_source: bool = False
    needs_style: bool = False
    instrumental_needs_style: bool = False
    needs_continue_at: bool = True
    lookup: bool = False
    reconcile: bool = False
    long_poll: bool = False
    batch: int = 1
    submit_every: float = 0
    query_every: float = 0
    submit_timeout: float = 60
    concat: bool = False
    retention: dt.timedelta | None = None
    credits_per_extension: float | None = None
    wants_source_audio: bool = False
    new_length: NewLength | None = None
    longest_song: float | None = None
    deadline: dt.timedelta | None = None
    is_free: bool = False

    def latest_continue_at(self, length: float | None) -> float | None:
        """Return the last second at which a new part of ``length`` fits; None without a limit.

        ``length`` is the request's; None is the usual one.
        """
        if self.longest_song is None or self.new_length is None:
            return None
        return self.longest_song - (length or self.new_length.usual)

    def limits_for(self, model: str | None) -> TextLimits:
        """Return the longest texts of ``model``; None is the default model."""
        return self.model_limits.get(model, self.limits) if model else self.limits

    def model_for(self, asked: str, source_model: str | None) -> str | None:
        """Return the model to ask for; None leaves the choice to the provider.

        Args:
            asked: what the member chose; empty if nothing.
            source_model: with which Encore had the source clip made; None if unknown.
        """
        inherited = source_model if self.same_model_as_source else None
        return asked or inherited or self.default_model or None


@dataclass(frozen=True, slots=True)
class SourceAudio:
    """The audio that is continued at its end, as a file.

    Attributes:
        path: of a FLAC file, which ends where the new part begins.
        lyrics: of what it holds, as far as they are known.
    """

    path: Path
    lyrics: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Credits:
    """What is left to spend, in the provider's own unit."""

    left: float
    unit: str = "credits"


class Provider(Protocol):
    """A music API behind one port. Every method raises only `ProviderError`."""

    name: str
    capabilities: Capabilities

    async def extend(self, request: ExtendRequest) -> Handle:
        """Submit ``request``, which costs credits; sent once.

        Raises:
            UnknownClip, or another Rejected: it would be refused again; nothing was charged.
            OutOfCredits, Unauthorized, RateLimited, Unavailable: nothing was charged.
            Unconfirmed: it was sent and its outcome is unknown.
        """
        ...

    async def extend_audio(self, request: ExtendRequest, source: SourceAudio) -> Handle:
        """Submit ``request`` with the audio of its source, in place of `extend`; as that.

        Only with ``capabilities.wants_source_audio``.
        """
        ...

    async def fetch(
        self, handles: Sequence[Handle], *, newer_than: Status | None = None
    ) -> Mapping[Handle, Progress]:
        """Return the progress of each handle; handles that the answer doesn't name are left out.

        With ``capabilities.long_poll`` the provider answers once all of them are past the status
        ``newer_than``, or after about two minutes. None asks for an answer at once.
        """
        ...

    async def clip(self, clip_id: str) -> Clip | None:
        """Return what the provider knows of a clip, or None if it reports nothing.

        Raises:
            UnknownClip: it says that it has no such clip.
        """
        ...

    async def concat(self, clip_id: str) -> Handle:
        """Submit the whole song that ends in this clip; the result is one new clip."""
        ...

    async def credits(self) -> Credits | None:
        """Return what is left to spend, or None if the API doesn't report it."""
        ...

    async def find_recent(self, request: ExtendRequest, *, since: dt.datetime) -> Sequence[str]:
        """Return the ids of clips made from ``request`` since then, oldest first."""
        ...

    async def wait_for_submit_slot(self) -> None:
        """Return when the submit rate allows one more `extend`."""
        ...


class ProviderError(Exception):
    """A request to a provider failed; the subclass tells the caller what to do.

    Attributes:
        text: the provider's own words, already fit to be shown to members.
    """

    kind: ClassVar[str]

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.text = text


class Rejected(ProviderError):  # noqa: N818 - kinds read as what happened
    """The provider refused this very request; the same again would be refused again."""

    kind = "rejected"


class UnknownClip(Rejected):
    """The provider has no clip with the id that the request names; nothing was charged."""

    kind = "unknown_clip"


class OutOfCredits(ProviderError):  # noqa: N818
    """The account has no credits left."""

    kind = "out_of_credits"


class Unauthorized(ProviderError):  # noqa: N818
    """The key, the address or the account is wrong: the operator's problem."""

    kind = "unauthorized"


class WrongAddress(Unauthorized):
    """The base URL is not the API's: it redirects, or has none of its paths."""

    kind = "wrong_address"


class SessionExpired(Unauthorized):
    """The provider's session with Suno has ended: the operator has to renew the cookie."""

    kind = "session_expired"


class RateLimited(ProviderError):  # noqa: N818
    """Too many requests; nothing was charged.

    Attributes:
        retry_after: seconds to wait, None if the provider didn't say.
    """

    kind = "rate_limited"

    def __init__(self, text: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class Unavailable(ProviderError):  # noqa: N818
    """The request was never sent, or got no usable answer and can cost nothing."""

    kind = "unavailable"


class Unconfirmed(ProviderError):  # noqa: N818
    """A submission was sent and its outcome is unknown: it may have been charged."""

    kind = "unconfirmed"

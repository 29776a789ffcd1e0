"""The Provider port, what a provider can do, and how it fails.

Knows nothing of the store or of Discord. What differs between providers is data in
`Capabilities`; what their failures mean is told by the kinds of `ProviderError`.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from bot.domain.form import TextLimits
from bot.domain.models import Clip, ExtendRequest, Handle, Progress, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider takes and what it can tell; everything that callers decide by.

    Attributes:
        label: the provider's name as members read it.
        limits: the longest texts, in UTF-16 units.
        exclude: takes style tags to keep out.
        models: the models to offer; empty where a member can't choose one.
        needs_style: takes no request without style tags.
        needs_continue_at: can't continue from *end*; wants the second as a number.
        lookup: can tell title and duration of a clip (`Provider.clip`).
        reconcile: can list recent clips (`Provider.recent`).
        long_poll: `Provider.fetch` can wait at the provider for news instead of being repeated.
        batch: how many clips or tasks one request may ask for.
        submit_every, query_every: least seconds between two requests; 0 is no limit.
        submit_timeout: seconds within which an answer to the submission is awaited.
        concat: can join a lineage into one clip.
    """

    label: str
    limits: TextLimits
    exclude: bool = False
    models: tuple[str, ...] = ()
    needs_style: bool = False
    needs_continue_at: bool = True
    lookup: bool = False
    reconcile: bool = False
    long_poll: bool = False
    batch: int = 1
    submit_every: float = 0
    query_every: float = 0
    submit_timeout: float = 60
    concat: bool = False


@dataclass(frozen=True, slots=True)
class Credits:
    """What is left to spend, in the provider's own unit."""

    left: float
    unit: str = "credits"


class Provider(Protocol):
    """A music API behind our port. Every method raises only `ProviderError`."""

    name: str
    capabilities: Capabilities

    async def wait_for_submit_slot(self) -> None:
        """Return when the provider's submit rate allows one more `extend`."""
        ...

    async def extend(self, request: ExtendRequest) -> Handle:
        """Ask for ``request``, which costs credits. Never repeated where it may have been taken.

        Raises:
            Rejected, OutOfCredits, Unauthorized, RateLimited, Unavailable: nothing was charged.
            Unconfirmed: it was sent, and what became of it is unknown.
        """
        ...

    async def fetch(
        self, handles: Sequence[Handle], *, newer_than: Status | None = None
    ) -> Mapping[Handle, Progress]:
        """Return what the provider says of each handle; one that it doesn't name is left out.

        With ``capabilities.long_poll`` the provider answers once all of them are past the status
        ``newer_than``, or after about two minutes; None asks for an answer at once.
        """
        ...

    async def clip(self, clip_id: str) -> Clip | None:
        """Return what is known of a clip, or None if the provider can't tell."""
        ...

    async def find_recent(self, request: ExtendRequest, *, since: dt.datetime) -> Sequence[str]:
        """Return ids of clips made from ``request`` since then, oldest first."""
        ...

    async def concat(self, clip_id: str) -> Handle:
        """Ask for the whole song that ends in this clip, as one new clip."""
        ...

    async def credits(self) -> Credits | None:
        """Return what is left, or None where the API doesn't tell."""
        ...


class ProviderError(Exception):
    """A request to a provider failed; the subclass says what follows from it."""

    kind: ClassVar[str]

    def __init__(self, text: str = "") -> None:
        """Make the error; ``text`` is the provider's own, already fit to be shown."""
        super().__init__(text)
        self.text = text


class Rejected(ProviderError):  # noqa: N818 - kinds read as what happened (architecture §4)
    """The provider refused this very request; the same again would be refused again."""

    kind = "rejected"


class OutOfCredits(ProviderError):  # noqa: N818
    """There is nothing left to spend."""

    kind = "out_of_credits"


class Unauthorized(ProviderError):  # noqa: N818
    """The key, the address or the account is wrong: the operator's problem."""

    kind = "unauthorized"


class RateLimited(ProviderError):  # noqa: N818
    """Too many requests; nothing was charged. ``retry_after`` is in seconds, None if not told."""

    kind = "rate_limited"

    def __init__(self, text: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class Unavailable(ProviderError):  # noqa: N818
    """The request never left, or (asking only) got no usable answer."""

    kind = "unavailable"


class Unconfirmed(ProviderError):  # noqa: N818
    """The submission left, and whether it was taken is unknown: it may have been charged."""

    kind = "unconfirmed"

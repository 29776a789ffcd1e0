"""What a refusal means: HTTP status and words in, one of the kinds of `ProviderError` out.

Pure. Knows what all providers have in common; what one of them says differently is decided by its
adapter before it comes here.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import cast

from bot.providers.base import (
    OutOfCredits,
    ProviderError,
    RateLimited,
    Rejected,
    Unauthorized,
)
from bot.providers.redaction import redacted

_MAX_RETRY_AFTER = 86_400.0
_MESSAGE_KEYS = ("message", "error", "msg", "detail")
_TOO_MANY = 429
_FORBIDDEN = 403
_CONTENT = re.compile(
    r"\b(?:lyrics|description|prompt|tags|title|moderation|copyright\w*|inappropriate)\b",
    re.IGNORECASE,
)
_UNPAID = re.compile(r"\bcredits?\b|\bsubscription\b", re.IGNORECASE)
_KINDS = {401: Unauthorized, 402: OutOfCredits}
# a redirect means that the base URL is wrong; it is never followed with a key
_FAMILIES: dict[int, type[ProviderError]] = {3: Unauthorized, 4: Rejected}
# a server or a proxy that gave up waiting: whether the request was taken is open, as with 5xx
_GAVE_UP = (408, 499)


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """An answer that is not a success.

    Attributes:
        status: of HTTP, or the ``code`` in the body where that decides.
        message: the provider's own words, raw; empty if it sent a page or nothing.
        body: the whole answer, to look for the name of a field in.
        retry_after: seconds, None if not told.
    """

    status: int
    message: str = ""
    body: str = field(default="", repr=False)
    retry_after: float | None = None

    @property
    def text(self) -> str:
        """The message as far as a member may see it."""
        return redacted(self.message)

    @property
    def is_about_content(self) -> bool:
        """Whether the words are about what the member wrote, not about the account (§4.2, §6.7)."""
        return _CONTENT.search(self.message) is not None


def error_for(refusal: ErrorResponse, lost: type[ProviderError]) -> ProviderError:
    """Return the error that ``refusal`` is (providers.md §5.4).

    Args:
        refusal: what was answered.
        lost: the kind to use where the answer leaves open what happened: `Unconfirmed` for what
            costs credits, `Unavailable` for what can be asked again.
    """
    status, text = refusal.status, refusal.text
    if status == _TOO_MANY:
        return RateLimited(text, retry_after=refusal.retry_after)
    if status == _FORBIDDEN:  # three different things, and only the words tell which
        return _forbidden(refusal)(text)
    kind = _KINDS.get(status)
    if kind is None and status not in _GAVE_UP:
        kind = _FAMILIES.get(status // 100)
    return (kind or lost)(text)


def _forbidden(refusal: ErrorResponse) -> type[ProviderError]:
    if refusal.is_about_content:
        return Rejected
    return OutOfCredits if _UNPAID.search(refusal.message) else Unauthorized


def extract_message(answer: object, *, depth: int = 4) -> str:
    """Return the message in an error answer, whatever key it stands under; else nothing.

    ``message`` is AIML's and sunosay's, ``error`` suno-api's, ``msg`` and ``detail`` are what
    Suno and the frameworks below say (providers.md §1.5, §2.2, §3.5, §4.1). Looks no deeper than
    ``depth`` levels.
    """
    if isinstance(answer, str):
        return answer
    parts: Sequence[object] = ()
    if isinstance(answer, list):
        parts = cast("Sequence[object]", answer)[:1]
    elif isinstance(answer, dict):
        said = cast("dict[str, object]", answer)
        parts = [said.get(key) for key in _MESSAGE_KEYS]
    found = (extract_message(part, depth=depth - 1) for part in parts if depth)
    return next(filter(None, found), "")


def retry_after(header: str | None, *, now: dt.datetime) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks for, given as seconds or as a date."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            until = parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = (until.replace(tzinfo=until.tzinfo or dt.UTC) - now).total_seconds()
    return min(max(seconds, 0.0), _MAX_RETRY_AFTER) if isfinite(seconds) else None

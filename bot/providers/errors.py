"""Maps an error response (HTTP status and words) to a kind of `ProviderError`.

Pure. Holds what all providers have in common; an adapter decides first about what its own API
says differently.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from math import isfinite
from typing import cast

from bot.providers.base import (
    OutOfCredits,
    ProviderError,
    RateLimited,
    Rejected,
    Unauthorized,
    UnknownClip,
    WrongAddress,
)
from bot.providers.redaction import redacted

_MAX_RETRY_AFTER = 86_400.0  # seconds
_MESSAGE_KEYS = ("message", "error", "msg", "detail")
_CONTENT_WORDS = re.compile(
    r"\b(?:lyrics|description|prompt|tags|title|moderation|copyright\w*|inappropriate)\b",
    re.IGNORECASE,
)
# Suno's "The song id does not exist or has been taken offline.", and the like
_UNKNOWN_CLIP_WORDS = re.compile(
    r"\b(?:clip|song|audio)s?(?:[ _]?ids?)?\b[\w ]{0,12}"
    r"\b(?:(?:was |were )?not found|does(?: not|n.t) exist|do(?: not|n.t) exist|not exist"
    r"|taken offline)\b"
    r"|\bno such (?:clip|song|audio)\b",
    re.IGNORECASE,
)
_PAYMENT_WORDS = re.compile(r"\bcredits?\b|\bsubscription\b", re.IGNORECASE)
_KIND_BY_STATUS = {401: Unauthorized, 402: OutOfCredits}
# A redirect means that the base URL is wrong; it is never followed with a key.
_KIND_BY_STATUS_CLASS: dict[int, type[ProviderError]] = {3: WrongAddress, 4: Rejected}
_MISSING_PATH_STATUSES = (404, 405)
# A server or proxy stopped waiting. As with 5xx, the request may have been carried out.
_TIMEOUT_STATUSES = (408, 499)


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """An answer that is not a success.

    Attributes:
        status: of HTTP, or the ``code`` in the body where that decides.
        message: the provider's own words, raw; empty if it sent a page or nothing.
        body: the whole answer, to search for the name of a field.
        retry_after: seconds, None if the answer has none.
        is_json: whether the body is JSON, as an API's own answers are.
        is_query: whether it answers a query, not a submission.
    """

    status: int
    message: str = ""
    body: str = field(default="", repr=False)
    retry_after: float | None = None
    is_json: bool = True
    is_query: bool = False

    @property
    def text(self) -> str:
        """The message as far as a member may see it."""
        return redacted(self.message)

    @property
    def is_about_content(self) -> bool:
        """Whether the words are about what the member wrote, not about the account."""
        return _CONTENT_WORDS.search(self.message) is not None

    @property
    def is_about_unknown_clip(self) -> bool:
        """Whether the words say that there is no such clip."""
        return _UNKNOWN_CLIP_WORDS.search(self.message) is not None


def error_for(response: ErrorResponse, unknown_outcome: type[ProviderError]) -> ProviderError:
    """Return the error that ``response`` stands for.

    Args:
        response: the answer.
        unknown_outcome: the kind for an answer after which the request may or may not have been
            carried out: `Unconfirmed` for a submission, `Unavailable` for a query.
    """
    status, text = response.status, response.text
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(text, retry_after=response.retry_after)
    if status == HTTPStatus.FORBIDDEN:
        return _forbidden_kind(response)(text)
    if status in _MISSING_PATH_STATUSES and not response.is_json:
        # The server has no such path. An API that has it answers 404 for a clip, in JSON.
        return WrongAddress("This address is not the API's; check the base URL.")
    kind = _KIND_BY_STATUS.get(status)
    if kind is None and status not in _TIMEOUT_STATUSES:
        kind = _KIND_BY_STATUS_CLASS.get(status // 100)
    kind = kind or unknown_outcome
    if kind is Rejected and response.is_about_unknown_clip:
        kind = UnknownClip
    return kind(text)


def _forbidden_kind(response: ErrorResponse) -> type[ProviderError]:
    """Return the kind of a 403, which has three meanings; only the words tell which."""
    if response.is_about_content:
        return Rejected
    return OutOfCredits if _PAYMENT_WORDS.search(response.message) else Unauthorized


def extract_message(answer: object, *, max_depth: int = 4) -> str:
    """Return the message in an error answer, whichever key it stands under, or "".

    ``message`` is AIML's and sunosay's, ``error`` suno-api's; ``msg`` and ``detail`` come from
    Suno and its frameworks.
    """
    if isinstance(answer, str):
        return answer
    parts: Sequence[object] = ()
    if isinstance(answer, list):
        parts = cast("Sequence[object]", answer)[:1]
    elif isinstance(answer, dict):
        fields = cast("dict[str, object]", answer)
        parts = [fields.get(key) for key in _MESSAGE_KEYS]
    messages = (extract_message(part, max_depth=max_depth - 1) for part in parts if max_depth)
    return next(filter(None, messages), "")


def retry_after(header: str | None, *, now: dt.datetime) -> float | None:
    """Return the seconds in a ``Retry-After`` header, which has seconds or a date."""
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

"""Clips as the APIs answer them, and their conversion to our `Clip`.

One pydantic model serves all APIs: they differ only in where the same words stand. It accepts what
their documents leave open and refuses the rest with the field's name. Status words and links come
in several forms too; `clip_status` and `playable_url` read them.
"""

import logging
import re
from collections.abc import Collection
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    StringConstraints,
    TypeAdapter,
)

from bot.domain.form import format_style
from bot.domain.models import Clip, ClipStatus
from bot.domain.text import collapse_whitespace, strip_invisible, truncate
from bot.providers.errors import extract_message
from bot.providers.redaction import redacted

_log = logging.getLogger(__name__)

MAX_TITLE_LENGTH = 200
MAX_STYLE_LENGTH = 1000
MAX_URL_LENGTH = 2000
_MAX_DURATION = 86_400.0  # seconds
_MAX_INTEGER_BITS = 64
_ERROR_TYPE = re.compile(r"[\w.-]{1,64}", re.ASCII)
_STATUS_WORDS = {
    ClipStatus.SUBMITTED: ("submitted", "pending", "not_start"),
    ClipStatus.QUEUED: (
        "queued",
        "queue",
        "queuing",
        "waiting",
        "running",
        "generating",
        "processing",
        "in_progress",
        "text_success",
    ),
    ClipStatus.STREAMING: ("streaming", "first_success"),
    # of a callback exception only the callback failed
    ClipStatus.COMPLETE: ("complete", "completed", "succeeded", "success", "callback_exception"),
    ClipStatus.FAILED: (
        "error",
        "failed",
        "failure",
        "fail",
        "timeout",
        "create_task_failed",
        "generate_audio_failed",
        "sensitive_word_error",
    ),
}
_STATUS_BY_WORD = {word: status for status, words in _STATUS_WORDS.items() for word in words}


def _parse_duration(value: object) -> object:
    """Return seconds, None if they are unknown.

    APIs also send text, 0 and nonsense. No clip is longer than a day.
    """
    if not isinstance(value, str | float | int):
        return value
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if 0 < seconds <= _MAX_DURATION else None


def _integer_as_text(value: object) -> object:
    is_id = isinstance(value, int) and value.bit_length() < _MAX_INTEGER_BITS
    return str(value) if is_id else value


Id = Annotated[
    str, BeforeValidator(_integer_as_text), StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")
]
Seconds = Annotated[float | None, BeforeValidator(_parse_duration)]


class ErrorText(BaseModel):
    """The words of an answer, under either key."""

    message: object = None
    error: object = None

    @property
    def text(self) -> str:
        """The words as far as a member may see them."""
        return redacted(extract_message(self.message) or extract_message(self.error))


class ClipRef(BaseModel):
    """A clip of which only the id matters, as in the answer to a submission."""

    id: Id


class Metadata(BaseModel):
    """The fields that Suno itself keeps one level down."""

    tags: str | list[str] | None = None
    duration: Seconds = None
    error_type: str | None = None
    error_message: str | None = None


class ClipAnswer(ClipRef, Metadata):
    """A clip as an API answers it, flat or with its ``metadata``."""

    status: str | None = None
    title: str | None = None
    audio_url: str | None = None
    image_url: str | None = None
    image_large_url: str | None = None
    metadata: Metadata | None = None


CLIP_SCHEMA = TypeAdapter(ClipAnswer)


def to_clip(answer: ClipAnswer, *, trusted_hosts: Collection[str] = ()) -> Clip:
    """Return ``answer`` as our `Clip`.

    Its link is the stream's while it is streaming and the file's once it is complete. Before that,
    and where the provider has withdrawn the link, it has none.
    """
    status = clip_status(answer.status)
    metadata = answer.metadata or Metadata()
    tags = answer.tags or metadata.tags or ""
    has_audio = status in (ClipStatus.STREAMING, ClipStatus.COMPLETE)
    has_failed = status is ClipStatus.FAILED
    if has_failed:
        error_type = answer.error_type or metadata.error_type or ""
        known_type = error_type if _ERROR_TYPE.fullmatch(error_type) else "no known type"
        _log.debug("clip %s failed at its provider: %s", answer.id, known_type)
    return Clip(
        id=answer.id,
        status=status,
        title=_single_line(answer.title or "", MAX_TITLE_LENGTH),
        style=_single_line(
            tags if isinstance(tags, str) else format_style((*tags,)), MAX_STYLE_LENGTH
        ),
        audio_url=_storable_url(answer.audio_url, trusted_hosts) if has_audio else None,
        image_url=(
            _storable_url(answer.image_large_url, trusted_hosts)
            or _storable_url(answer.image_url, trusted_hosts)
        ),
        duration=answer.duration or metadata.duration,
        error=redacted(answer.error_message or metadata.error_message) if has_failed else "",
    )


def clip_status(word: str | None) -> ClipStatus:
    """Return our status for a provider's ``word``; an unknown word counts as running."""
    return _STATUS_BY_WORD.get((word or "").strip().lower(), ClipStatus.QUEUED)


def playable_url(url: str | None, *, trusted_hosts: Collection[str] = ()) -> str | None:
    """Return ``url`` if a member could play it, else None.

    Placeholders (``…/None.mp3``), withdrawn links (``…/api/forbidden``) and anything that is not
    https are not playable. Plain http is, from ``trusted_hosts`` (``host`` or ``host:port``).
    """
    try:
        parts = urlsplit((url or "").strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host:
        return None
    is_trusted = host in trusted_hosts or f"{host}:{port}" in trusted_hosts
    if parts.scheme != "https" and not (parts.scheme == "http" and is_trusted):
        return None
    path = parts.path.rstrip("/").lower()
    if path.endswith(("/none.mp3", "/api/forbidden")):
        return None
    return parts.geturl()


def _storable_url(url: str | None, trusted_hosts: Collection[str]) -> str | None:
    """Return a playable ``url`` if the database and a link button accept it, else None."""
    link = playable_url(url, trusted_hosts=trusted_hosts)
    return link if link and link.isprintable() and len(link) <= MAX_URL_LENGTH else None


def _single_line(text: str, max_length: int) -> str:
    return truncate(collapse_whitespace(strip_invisible(text)), max_length)

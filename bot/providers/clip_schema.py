"""A clip as Suno's resellers answer it, flat or with its ``metadata``, and what we make of it.

One model serves all five: the shapes differ only in where the same words stand (providers.md
§5.2). What the contract calls uncertain is accepted; anything else is refused by its field's name.
"""

import logging
import re
from collections.abc import Collection
from math import isfinite
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


def playable_url(url: str | None, *, trusted_hosts: Collection[str] = ()) -> str | None:
    """Return ``url`` if a member could play it, else None.

    Placeholders (``…/None.mp3``), withdrawn links (``…/api/forbidden``) and anything that is not
    https are not playable; plain http only from ``trusted_hosts`` (``host`` or ``host:port``).
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


_WORDS = {
    ClipStatus.SUBMITTED: ("submitted", "pending", "not_start"),
    ClipStatus.QUEUED: ("queued", "queue", "running", "processing", "in_progress", "text_success"),
    ClipStatus.STREAMING: ("streaming", "first_success"),
    ClipStatus.COMPLETE: ("complete", "completed", "succeeded", "success"),
    ClipStatus.FAILED: (
        "error",
        "failed",
        "failure",
        "timeout",
        "create_task_failed",
        "generate_audio_failed",
        "callback_exception",
        "sensitive_word_error",
    ),
}
_STATUSES = {word: status for status, words in _WORDS.items() for word in words}


def clip_status(word: str | None) -> ClipStatus:
    """Return our status for a provider's ``word``; an unknown one means that it still runs."""
    return _STATUSES.get((word or "").strip().lower(), ClipStatus.QUEUED)


_log = logging.getLogger(__name__)

MAX_TITLE_LENGTH = 200
MAX_STYLE_LENGTH = 1000
MAX_URL_LENGTH = 2000
_WORD = re.compile(r"[\w.-]{1,64}", re.ASCII)


def _seconds(value: object) -> object:
    """Return a duration, which may come as text, as 0 and as nonsense while there is none."""
    if not isinstance(value, str | float | int):
        return value
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if isfinite(seconds) and seconds > 0 else None


def _number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and value.bit_length() < 64 else value  # noqa: PLR2004


Id = Annotated[
    str, BeforeValidator(_number_as_text), StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")
]
Seconds = Annotated[float | None, BeforeValidator(_seconds)]


class ErrorText(BaseModel):
    """An answer's words, whatever the key they stand under."""

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
    """What Suno keeps one level down."""

    tags: str | list[str] | None = None
    duration: Seconds = None
    error_type: str | None = None
    error_message: str | None = None


class ClipAnswer(ClipRef, Metadata):
    """A clip in a provider's words."""

    status: str | None = None
    title: str | None = None
    audio_url: str | None = None
    image_url: str | None = None
    metadata: Metadata | None = None


CLIP_ANSWER = TypeAdapter(ClipAnswer)


def to_clip(answer: ClipAnswer, *, trusted_hosts: Collection[str] = ()) -> Clip:
    """Return ``answer`` as our clip.

    While a clip is streaming its link is that of the stream; before, and where the provider has
    withdrawn it (providers.md §6.5), there is none.
    """
    status = clip_status(answer.status)
    inner = answer.metadata or Metadata()
    tags = answer.tags or inner.tags or ""
    audible = status in (ClipStatus.STREAMING, ClipStatus.COMPLETE)
    failed = status is ClipStatus.FAILED
    if failed:
        error_type = answer.error_type or inner.error_type or ""
        word = error_type if _WORD.fullmatch(error_type) else "no known type"
        _log.debug("clip %s failed at its provider: %s", answer.id, word)
    return Clip(
        id=answer.id,
        status=status,
        title=_line(answer.title or "", MAX_TITLE_LENGTH),
        style=_line(tags if isinstance(tags, str) else format_style((*tags,)), MAX_STYLE_LENGTH),
        audio_url=_link(answer.audio_url, trusted_hosts) if audible else None,
        image_url=_link(answer.image_url, trusted_hosts),
        duration=answer.duration or inner.duration,
        error=redacted(answer.error_message or inner.error_message) if failed else "",
    )


def _line(text: str, longest: int) -> str:
    return truncate(collapse_whitespace(strip_invisible(text)), longest)


def _link(url: str | None, trusted_hosts: Collection[str]) -> str | None:
    """Return a playable ``url`` if it is also fit to be stored and to be put behind a button."""
    link = playable_url(url, trusted_hosts=trusted_hosts)
    return link if link and link.isprintable() and len(link) <= MAX_URL_LENGTH else None

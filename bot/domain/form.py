"""The form of ``/extend``: its fields as typed, style tags, and the length limits of providers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain.models import ExtendRequest
from bot.domain.text import utf16_length

_SEPARATORS = re.compile(r"[,，、;\n]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The fields of ``/extend`` and of its modal, as typed; empty means not given.

    It is kept as a draft when an extension is refused, so that no typed text is lost.
    """

    clip: str
    at: str = ""
    style: str = ""
    lyrics: str = ""
    title: str = ""
    exclude: str = ""
    model: str = ""
    provider: str = ""
    length: str = ""

    @property
    def has_text(self) -> bool:
        """Whether something was written, beside what names the clip and its provider."""
        return any((self.lyrics, self.style, self.title, self.exclude))


@dataclass(frozen=True, slots=True, kw_only=True)
class FormDefaults:
    """What a form is filled with where neither the member nor the clip says anything.

    Attributes:
        provider, model: names; empty is no default.
        style: as typed; empty is no default.
    """

    provider: str = ""
    style: str = ""
    model: str = ""


NO_DEFAULTS = FormDefaults()


def parse_style(text: str) -> tuple[str, ...]:
    """Return the style tags in ``text``, in order, without empty and repeated ones."""
    tags: dict[str, str] = {}
    for part in _SEPARATORS.split(text):
        tag = " ".join(part.split())
        tags.setdefault(tag.casefold(), tag)
    return tuple(filter(None, tags.values()))


def truncated_style(style: tuple[str, ...], limit: int) -> tuple[str, ...]:
    """Return as many of the first tags as fit into ``limit`` UTF-16 units."""
    for count in range(len(style), 0, -1):
        if utf16_length(format_style(style[:count])) <= limit:
            return style[:count]
    return ()


def format_style(style: tuple[str, ...]) -> str:
    """Return the tags as one string, separated by commas."""
    return ", ".join(style)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLimits:
    """The longest texts that a provider accepts, in UTF-16 units."""

    lyrics: int
    style: int
    title: int


@dataclass(frozen=True, slots=True)
class OverlongText:
    """A field whose text is too long: its name, its length and the limit, in UTF-16 units."""

    text: str
    length: int
    limit: int


def overlong_texts(request: ExtendRequest, limits: TextLimits) -> Iterator[OverlongText]:
    """Yield each field of ``request`` whose text is longer than ``limits`` allow."""
    texts = (
        ("lyrics", request.lyrics, limits.lyrics),
        ("style", format_style(request.style), limits.style),
        ("list of excluded styles", format_style(request.exclude), limits.style),
        ("title", request.title, limits.title),
    )
    for name, text, limit in texts:
        if (length := utf16_length(text)) > limit:
            yield OverlongText(name, length, limit)

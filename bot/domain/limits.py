"""How much text a provider takes, counted as Suno counts: in UTF-16 units."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain.models import ExtendRequest
from bot.domain.style import format_style
from bot.domain.text import utf16_length


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLimits:
    """The longest texts a provider takes, in UTF-16 units (providers.md §6.1)."""

    lyrics: int
    style: int
    title: int


@dataclass(frozen=True, slots=True)
class OverlongText:
    """A text that is too long: which, how long it is, and how long it may be."""

    text: str
    length: int
    limit: int


def overlong_texts(request: ExtendRequest, limits: TextLimits) -> Iterator[OverlongText]:
    """Yield each text of ``request`` that is longer than ``limits`` allow."""
    texts = (
        ("lyrics", request.lyrics, limits.lyrics),
        ("style", format_style(request.style), limits.style),
        ("excluded style", format_style(request.exclude), limits.style),
        ("title", request.title, limits.title),
    )
    for name, text, limit in texts:
        if (length := utf16_length(text)) > limit:
            yield OverlongText(name, length, limit)

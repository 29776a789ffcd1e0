"""How much text a provider takes, counted as Suno counts: in UTF-16 units."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain.models import ExtendRequest
from bot.domain.style import format_style


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The longest texts a provider takes, in UTF-16 units (providers.md §6.1)."""

    lyrics: int
    style: int
    title: int


@dataclass(frozen=True, slots=True)
class Excess:
    """A text that is too long: which, how long it is, and how long it may be."""

    text: str
    length: int
    limit: int


def utf16_length(text: str) -> int:
    """Return the length of ``text`` in UTF-16 units: an emoji counts 2."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def excesses(request: ExtendRequest, limits: Limits) -> Iterator[Excess]:
    """Yield each text of ``request`` that is longer than ``limits`` allow."""
    texts = (
        ("lyrics", request.lyrics, limits.lyrics),
        ("style", format_style(request.style), limits.style),
        ("excluded style", format_style(request.exclude), limits.style),
        ("title", request.title, limits.title),
    )
    for name, text, limit in texts:
        if (length := utf16_length(text)) > limit:
            yield Excess(name, length, limit)

"""Style tags: what members type between commas of any script, and what providers are sent."""

import re

from bot.domain.text import utf16_length

_SEPARATORS = re.compile(r"[,，、;\n]")


def parse_style(text: str) -> tuple[str, ...]:
    """Return the style tags in ``text``, in order, without blanks and repetitions."""
    tags: dict[str, str] = {}
    for part in _SEPARATORS.split(text):
        tag = " ".join(part.split())
        tags.setdefault(tag.casefold(), tag)
    return tuple(filter(None, tags.values()))


def truncated_style(style: tuple[str, ...], limit: int) -> tuple[str, ...]:
    """Return the first of the tags that fit together into ``limit`` UTF-16 units."""
    for count in range(len(style), 0, -1):
        if utf16_length(format_style(style[:count])) <= limit:
            return style[:count]
    return ()


def format_style(style: tuple[str, ...]) -> str:
    """Return the tags as one string, as providers and members read them."""
    return ", ".join(style)

"""Style tags: what members type between commas of any script, and what providers are sent."""

import re

_SEPARATORS = re.compile(r"[,，、;\n]")  # noqa: RUF001 - full-width commas are the point


def parse_style(text: str) -> tuple[str, ...]:
    """Return the style tags in ``text``, in order, without blanks and repetitions."""
    tags = (" ".join(tag.split()) for tag in _SEPARATORS.split(text))
    return tuple({tag.casefold(): tag for tag in reversed([*tags]) if tag}.values())[::-1]


def format_style(style: tuple[str, ...]) -> str:
    """Return the tags as one string, as providers and members read them."""
    return ", ".join(style)

"""The structure of lyrics: sections such as ``[Verse]``, and the lines that are sung."""

import re

from bot.domain.text import collapse_whitespace, strip_invisible, truncate

HEADLINE_LENGTH = 60  # UTF-16 units
SECTION_LENGTH = 30
INSTRUMENTAL = "Instrumental"

_TAG = re.compile(r"\[([^\[\]\n]+)\]")


def section(lyrics: str) -> str:
    """Return the name of the first section in ``lyrics``, such as ``Verse``; empty if none."""
    names = (_visible_line(tag) for tag in _TAG.findall(lyrics))
    return truncate(next(filter(None, names), ""), SECTION_LENGTH)


def sung_lines(lyrics: str) -> list[str]:
    """Return the lines of ``lyrics`` in which something can be seen, without tags."""
    lines = (_visible_line(_TAG.sub("", line)) for line in lyrics.splitlines())
    return [line for line in lines if line]


def headline(lyrics: str) -> str:
    """Return the first sung line, shortened; `INSTRUMENTAL` if nothing is sung."""
    return truncate(next(iter(sung_lines(lyrics)), INSTRUMENTAL), HEADLINE_LENGTH)


def _visible_line(text: str) -> str:
    return collapse_whitespace(strip_invisible(text))

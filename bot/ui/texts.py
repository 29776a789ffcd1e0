"""Texts from outside as an embed shows them: on one line, escaped, and short enough."""

from bot.domain.text import escape_markdown, collapse_whitespace, strip_invisible, truncate

ID_LENGTH = 128  # UTF-16 units; no provider's ids are longer

_BREAKING_CODE = {ord("`"): None, ord("\\"): None}


def escape_line(text: str, limit: int) -> str:
    """Return ``text`` cut to ``limit`` UTF-16 units and escaped, which may double its length."""
    return escape_markdown(truncate(collapse_whitespace(strip_invisible(text)), limit))


def inline_code(clip_id: str) -> str:
    """Return a clip's id within backticks, to be copied.

    In there an escape would be shown, and nothing but a backtick means anything to Discord.
    """
    return f"`{truncate(collapse_whitespace(strip_invisible(clip_id)), ID_LENGTH).translate(_BREAKING_CODE)}`"

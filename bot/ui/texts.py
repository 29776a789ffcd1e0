"""Texts from outside as an embed shows them: on one line, escaped, and short enough."""

from bot.domain.text import escaped, one_line, seen, shortened

ID_LENGTH = 128  # UTF-16 units; no provider's ids are longer

_BREAKING_CODE = {ord("`"): None, ord("\\"): None}


def shown(text: str, limit: int) -> str:
    """Return ``text`` cut to ``limit`` UTF-16 units and escaped, which may double its length."""
    return escaped(shortened(one_line(seen(text)), limit))


def id_shown(clip_id: str) -> str:
    """Return a clip's id within backticks, to be copied.

    In there an escape would be shown, and nothing but a backtick means anything to Discord.
    """
    return f"`{shortened(one_line(seen(clip_id)), ID_LENGTH).translate(_BREAKING_CODE)}`"

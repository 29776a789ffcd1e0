"""What a message looks like, in a few characters. Pure."""

import hashlib
import json
from collections.abc import Iterable

import discord


def message_digest(
    embeds: Iterable[discord.Embed], view: discord.ui.View | None, text: str = ""
) -> str:
    """Return a digest of a message: equal where members would see no difference.

    Args:
        embeds: of the message.
        view: its buttons and selects.
        text: of a file that it carries.
    """
    rows = view.to_components() if view is not None else []
    content = [[embed.to_dict() for embed in embeds], rows, text]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

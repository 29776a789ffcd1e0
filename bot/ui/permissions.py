"""What Encore and its members may do in a channel, asked where something is done."""

from collections.abc import Iterable
from typing import Any

import discord

from bot.domain.errors import UserError

# To find its reply again once the interaction's token is dead.
EDIT_PERMISSIONS = ("view_channel",)
# To have a reply carry its audio.
ATTACH_PERMISSIONS = ("attach_files",)
# To answer a message without an interaction, as reactions need.
POST_PERMISSIONS = ("view_channel", "send_messages", "embed_links")
POST_IN_THREAD_PERMISSIONS = ("view_channel", "send_messages_in_threads", "embed_links")


def require_access(interaction: discord.Interaction[Any]) -> None:
    """Let pass who may use Encore in this channel now, whenever the button was drawn.

    Raises:
        UserError: the channel is not theirs, or its moderators don't want applications used.
    """
    if interaction.guild_id is None:
        return
    allowed = interaction.permissions
    if not (allowed.view_channel and allowed.use_application_commands):
        raise UserError(
            "You may not use Encore in that channel.", "Use `/extend` where you may write."
        )


def missing_permissions(permissions: discord.Permissions, needed: Iterable[str]) -> list[str]:
    """Return which of the ``needed`` permissions are not given, by the names in Discord's menus."""
    return [name.replace("_", " ").title() for name in needed if not getattr(permissions, name)]


def missing_permissions_text(names: list[str], channel_id: int) -> str:
    """Return the sentence that tells a member what Encore is lacking."""
    listed = " and ".join(f"*{name}*" for name in names)
    return f"Encore lacks the permission {listed} in <#{channel_id}>."

"""What Encore and its members may do in a channel, asked where something is done."""

from collections.abc import Iterable
from typing import Any

import discord

from bot.domain.errors import UserError
from bot.domain.library import Viewer
from bot.interactions.client import Encore

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


async def viewer_from(interaction: discord.Interaction[Any]) -> Viewer:
    """Return who looks, with the channels of the guild that they may view now.

    Where Encore was only brought along by its member, it knows no channel but the one it is in.
    """
    client: Encore = interaction.client
    member, guild_id = interaction.user, interaction.guild_id
    guild = client.get_guild(guild_id) if guild_id else None
    viewed: frozenset[int] = frozenset()
    if guild is not None and isinstance(member, discord.Member):
        used = await client.library.channels(guild.id)
        threads = [each for each in used if guild.get_channel_or_thread(each) is None]
        await client.thread_index.refresh(guild, threads)
        viewed = frozenset(each for each in used if _may_view(client, guild, member, each))
    return Viewer(
        member_id=member.id,
        channel_id=interaction.channel_id or 0,
        guild_id=guild_id,
        channels=viewed,
    )


def _may_view(
    client: Encore, guild: discord.Guild, member: discord.Member, channel_id: int
) -> bool:
    """Whether a channel or thread is known, and theirs to view.

    Who is in a private thread is known of nobody, so only who manages threads may look into it
    from outside.
    """
    place = client.thread_index.lookup(guild, channel_id)
    channel = guild.get_channel(place.parent_id if place else channel_id)
    if channel is None:
        return False
    allowed = channel.permissions_for(member)
    return allowed.view_channel and (
        place is None or not place.is_private or allowed.manage_threads
    )

"""What a member may look at from where they are: the channels of a guild that are theirs to view.

Encore knows no members but the one who acts, with the roles that Discord tells of them then.
"""

from typing import Any

import discord

from bot.client import Encore
from bot.domain.library import Viewer


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

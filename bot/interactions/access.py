"""Permissions of Encore and of its members in a channel, and which channels a member can view."""

from collections.abc import Collection, Iterable, Sequence

import discord

from bot.domain.errors import LimitError, UserError
from bot.domain.guild_settings import GuildSettings
from bot.domain.library import Viewer
from bot.domain.text import escape_line
from bot.interactions.client import Encore, Interaction

NAME_LENGTH = 100  # UTF-16 units of a role's name

# To edit its reply after the interaction's token has expired.
EDIT_PERMISSIONS = ("view_channel",)
# To attach audio to a reply.
ATTACH_PERMISSIONS = ("attach_files",)
# To reply to a message without an interaction, as reactions need.
POST_PERMISSIONS = ("view_channel", "send_messages", "embed_links")
POST_IN_THREAD_PERMISSIONS = ("view_channel", "send_messages_in_threads", "embed_links")


NO_ACCESS = "You can't use Encore in that channel."
GRANT_IT = "Ask a moderator to grant it."  # a missing permission


def require_access(interaction: Interaction) -> None:
    """Raise UserError unless the member may view this channel and use applications in it now."""
    if interaction.guild_id is None:
        return
    allowed = interaction.permissions
    if not (allowed.view_channel and allowed.use_application_commands):
        raise UserError(NO_ACCESS, "Use `/extend` in another channel.")


async def guild_settings_of(interaction: Interaction) -> GuildSettings | None:
    """Return the settings of this server; None outside the servers that Encore is in."""
    if interaction.guild_id is None or not interaction.is_guild_integration():
        return None
    return await interaction.client.services.guild_settings.settings_of(interaction.guild_id)


async def require_may_extend(interaction: Interaction) -> GuildSettings | None:
    """Return the settings of this server, if the member may extend in this channel by them.

    None outside the servers that Encore is in, where nothing is set.

    Raises:
        LimitError: the server lets members extend elsewhere only, or only others.
    """
    settings = await guild_settings_of(interaction)
    member, guild = interaction.user, interaction.guild
    if settings is None or guild is None or not isinstance(member, discord.Member):
        return settings
    if not interaction.permissions.manage_guild:
        require_allowed(settings, guild, member, interaction.channel)
    return settings


async def require_may_extend_now(interaction: Interaction) -> GuildSettings | None:
    """Return what `require_may_extend` returns, if the budgets have room as well.

    Raises:
        LimitError: as that, or a budget is used up.
    """
    settings = await require_may_extend(interaction)
    if settings is not None:
        await interaction.client.services.budgets.require_left(settings, interaction.user.id)
    return settings


def require_allowed(
    settings: GuildSettings, guild: discord.Guild, member: discord.Member, channel: object
) -> None:
    """Raise LimitError unless the settings of a server let a member extend in a channel.

    Members who may *Manage Server* are not asked about: they set this. Of a thread, the channel
    that it is in counts as well.
    """
    ids = (getattr(channel, "id", 0), getattr(channel, "parent_id", 0) or 0)
    if not settings.allows_channel(ids):
        channels = [guild.get_channel(each) for each in settings.channel_ids]
        known = [
            f"<#{each.id}>"
            for each in channels
            if each is not None and each.permissions_for(member).view_channel
        ]
        raise LimitError(
            "Songs can't be extended in this channel.",
            f"Use {_listed(known)}." if known else "Ask a moderator where they can.",
        )
    if not settings.allows_roles([role.id for role in member.roles]):
        roles = [guild.get_role(each) for each in settings.role_ids]
        names = [f"**@{escape_line(each.name, NAME_LENGTH)}**" for each in roles if each]
        raise LimitError(
            "You need a role to extend songs in this server.",
            f"Ask a moderator for {_listed(names)}." if names else "Ask a moderator for it.",
        )


def _listed(names: Sequence[str]) -> str:
    """Return names as words: ``a``, ``a or b``, ``a, b or c``."""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def is_outside_thread(interaction: Interaction) -> bool:
    """Whether this is a private thread that Encore is not in, so that it can't edit there later.

    The gateway announces a private thread to its members, and to those who manage threads.
    """
    channel, guild = interaction.channel, interaction.guild
    return (
        isinstance(channel, discord.Thread)
        and channel.is_private()
        and channel.me is None
        and not interaction.app_permissions.manage_threads
        and (guild is None or guild.get_thread(channel.id) is None)
    )


# As in Discord's menus, where that is not the name in titles.
_MENU_NAMES = {
    "view_channel": "View Channels",
    "send_messages_in_threads": "Send Messages in Threads",
}


def missing_permissions(permissions: discord.Permissions, needed: Iterable[str]) -> list[str]:
    """Return the ``needed`` permissions that are missing, by their names in Discord's menus."""
    return [
        _MENU_NAMES.get(name, name.replace("_", " ").title())
        for name in needed
        if not getattr(permissions, name)
    ]


def missing_permissions_text(names: list[str], channel_id: int) -> str:
    """Return the sentence that tells a member which permissions Encore lacks."""
    listed = " and ".join(f"*{name}*" for name in names)
    return f"Encore needs the {listed} permission{'s' * (len(names) > 1)} in <#{channel_id}>."


async def viewer_from(interaction: Interaction) -> Viewer:
    """Return the member with the channels of the guild that they can view now.

    Where a member installed Encore only for themselves, it knows no channel but the current one.
    """
    guild_id = interaction.guild_id
    used = await interaction.client.services.library.channels(guild_id) if guild_id else ()
    return Viewer(
        member_id=interaction.user.id,
        channel_id=interaction.channel_id or 0,
        guild_id=guild_id,
        channels=await viewable_channels(interaction, used),
    )


async def viewable_channels(
    interaction: Interaction, channel_ids: Collection[int]
) -> frozenset[int]:
    """Return those channels of the guild that the member can view now.

    Where a member installed Encore only for themselves, it knows none.
    """
    client, member = interaction.client, interaction.user
    guild = client.get_guild(interaction.guild_id) if interaction.guild_id else None
    if guild is None or not isinstance(member, discord.Member):
        return frozenset()
    threads = [each for each in channel_ids if guild.get_channel_or_thread(each) is None]
    await client.thread_index.refresh(guild, threads)
    return frozenset(each for each in channel_ids if _may_view(client, guild, member, each))


def _may_view(
    client: Encore, guild: discord.Guild, member: discord.Member, channel_id: int
) -> bool:
    """Whether a channel or thread is known, and the member can view it.

    The members of a private thread are unknown, so from outside only those who manage threads
    can view it.
    """
    thread = client.thread_index.lookup(guild, channel_id)
    channel = guild.get_channel(thread.parent_id if thread else channel_id)
    if channel is None:
        return False
    allowed = channel.permissions_for(member)
    return allowed.view_channel and (
        thread is None or not thread.is_private or allowed.manage_threads
    )

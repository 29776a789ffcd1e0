"""The JSON that the page receives: Discord's payloads plus what only its client knows."""

from collections.abc import Iterable

from sandbox.discord import payloads, permissions
from sandbox.discord.models import Channel, Message, User
from sandbox.discord.protocol import JsonObject
from sandbox.discord.server import DiscordServer

MAX_MESSAGES = 1000


def message_view(message: Message, bot: User) -> JsonObject:
    """Return a message as JSON for all members.

    Differs from Discord's payload: ``visible_to`` is the member who sees an ephemeral message, and
    ``reactions`` name the users who reacted, so that the page knows whose they are.
    """
    return payloads.message(message, bot) | {
        "visible_to": str(message.visible_to.id) if message.visible_to else None,
        "reactions": [
            {"key": key, "emoji": payloads.emoji(key), "users": [str(each) for each in people]}
            for key, people in message.reactions.items()
            if people
        ],
    }


def channel_view(channel: Channel) -> JsonObject:
    """Return a channel as JSON; ``recipient`` is the member of a DM channel."""
    return {
        "id": str(channel.id),
        "type": int(channel.type),
        "name": channel.name,
        "guild": str(channel.guild.id) if channel.guild else None,
        "parent": str(channel.parent.id) if channel.parent else None,
        "recipient": str(channel.recipient.id) if channel.recipient else None,
        "owner": str(channel.owner_id),
        "topic": channel.topic,
        "archived": channel.archived,
        "locked": channel.locked,
        "messages": len(channel.messages),
    }


def user_view(user: User) -> JsonObject:
    """Return a user as JSON."""
    return {"id": str(user.id), "name": user.name, "bot": user.bot}


def visible_channels(discord: DiscordServer) -> list[Channel]:
    """Return the channels that the page shows: those of the guild and the bot's DM channels."""
    state = discord.state
    return [*state.guild.channels.values(), *state.dm_channels.values()]


def latest_messages(channels: Iterable[Channel]) -> list[Message]:
    """Return the latest messages of each channel."""
    return [
        each for channel in channels for each in list(channel.messages.values())[-MAX_MESSAGES:]
    ]


def commands_view(discord: DiscordServer) -> list[JsonObject]:
    """Return the guild's commands and the global ones."""
    return [*discord.commands.all(discord.state.guild.id), *discord.commands.all()]


def initial_view(discord: DiscordServer, members: Iterable[User]) -> JsonObject:
    """Return the state with which a page starts."""
    state = discord.state
    channels = visible_channels(discord)
    roles = state.guild.roles.values()
    return {
        "guild": {"id": str(state.guild.id), "name": state.guild.name},
        "bot": user_view(state.bot) | {"online": discord.gateway.is_connected},
        "members": [
            user_view(each) | {"permissions": str(permissions.in_guild(state.guild, each))}
            for each in members
        ],
        "users": [user_view(each) for each in state.users.values()],
        "roles": [{"id": str(each.id), "name": each.name} for each in roles],
        "channels": [channel_view(each) for each in channels],
        "home": str(state.channel.id),
        "commands": commands_view(discord),
        "messages": [message_view(each, state.bot) for each in latest_messages(channels)],
        "acknowledge_timeout": discord.interactions.acknowledge_timeout,
    }

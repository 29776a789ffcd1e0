"""JSON payloads of interactions."""

from sandbox.discord import payloads, permissions
from sandbox.discord.interaction_models import Interaction
from sandbox.discord.models import Channel, User
from sandbox.discord.permissions import Permission
from sandbox.discord.protocol import (
    SUBCOMMAND_TYPES,
    Context,
    InteractionType,
    JsonObject,
    objects,
)
from sandbox.discord.state import DiscordState

ATTACHMENT_LIMIT = 10 * 1024 * 1024
# documented for app_permissions in interactions/receiving-and-responding
PRIVATE_PERMISSIONS = int(
    Permission.ATTACH_FILES | Permission.EMBED_LINKS | Permission.MENTION_EVERYONE
)
BOT_DM_PERMISSIONS = PRIVATE_PERMISSIONS | int(Permission.USE_EXTERNAL_EMOJIS)


def interaction_payload(
    state: DiscordState,
    number: int,
    token: str,
    kind: InteractionType,
    user: User,
    channel: Channel,
) -> JsonObject:
    """The payload of INTERACTION_CREATE without its ``data``."""
    guild = channel.guild
    guild_install = is_guild_install(state, channel)
    app_permission_bits = app_permissions(state, channel, user)
    owners = {"0": str(guild.id) if guild else "0"} if guild_install else {}
    if user.has_app or not guild_install:
        owners["1"] = str(user.id)
    partial = payloads.channel(channel)
    partial["permissions"] = str(permissions.in_channel(channel, user))
    for hidden in ("permission_overwrites",):
        partial.pop(hidden, None)
    payload: JsonObject = {
        "version": 1,
        "id": str(number),
        "application_id": str(state.application_id),
        "type": int(kind),
        "token": token,
        "channel_id": str(channel.id),
        "channel": partial,
        "app_permissions": str(app_permission_bits),
        "locale": user.locale,
        "entitlements": [],
        "entitlement_sku_ids": [],
        "attachment_size_limit": max(
            guild.attachment_limit if guild else ATTACHMENT_LIMIT, user.attachment_limit
        ),
    }
    if guild is None:
        context = Context.BOT_DM if guild_install else Context.PRIVATE
        return payload | {
            "user": payloads.user(user),
            "context": int(context),
            "authorizing_integration_owners": owners,
        }
    member = payloads.member(guild.members[user.id])
    return payload | {
        "member": member | {"permissions": str(permissions.in_channel(channel, user))},
        "guild_id": str(guild.id),
        "guild_locale": guild.locale,
        "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
        "context": int(Context.GUILD),
        "authorizing_integration_owners": owners,
    }


def is_guild_install(state: DiscordState, channel: Channel) -> bool:
    """Whether the bot is in the channel's guild or DM, not only installed by its user."""
    if channel.guild is None:
        return not channel.is_without_bot
    return state.bot.id in channel.guild.members


def app_permissions(state: DiscordState, channel: Channel, user: User) -> int:
    """The application's permissions where ``user`` uses it.

    They don't tell whether the bot is in a private thread.
    """
    if channel.guild is None:
        return PRIVATE_PERMISSIONS if channel.is_without_bot else BOT_DM_PERMISSIONS
    acting = state.bot if is_guild_install(state, channel) else user
    return permissions.by_roles_and_overwrites(channel, acting)


def command_name(data: JsonObject) -> str:
    """The name of the command in an interaction's ``data``, with its group and subcommand.

    Documented for the ``name`` of *Message Interaction*.
    """
    nested = (each for each in objects(data.get("options")) if each["type"] in SUBCOMMAND_TYPES)
    inner = next(nested, None)
    return f"{data['name']} {command_name(inner)}" if inner else str(data["name"])


def interaction_metadata(interaction: Interaction) -> JsonObject:
    """The ``interaction_metadata`` of a message that responds to the interaction."""
    payload: JsonObject = {
        "id": str(interaction.id),
        "type": interaction.type,
        "user": payloads.user(interaction.user),
        "authorizing_integration_owners": interaction.payload["authorizing_integration_owners"],
    }
    data = interaction.payload["data"]
    if interaction.type == InteractionType.COMMAND:
        payload |= {"name": command_name(data), "command_type": data["type"]}
        if "target_id" in data:
            payload["target_message_id"] = data["target_id"]
    elif interaction.type == InteractionType.COMPONENT and interaction.source is not None:
        payload["interacted_message_id"] = str(interaction.source.id)
    elif interaction.submitted_modal is not None:
        opener = interaction.submitted_modal.interaction
        payload["triggering_interaction_metadata"] = interaction_metadata(opener)
    return payload

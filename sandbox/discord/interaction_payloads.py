"""JSON payloads of interactions."""

from sandbox.discord import payloads, permissions
from sandbox.discord.interaction_models import Interaction
from sandbox.discord.models import Channel, User
from sandbox.discord.protocol import Context, InteractionType, JsonObject
from sandbox.discord.state import DiscordState

ATTACHMENT_LIMIT = 10 * 1024 * 1024


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
        "attachment_size_limit": guild.attachment_limit if guild else ATTACHMENT_LIMIT,
    }
    if guild is None:
        owners = {"0": "0"}
        return payload | {
            "user": payloads.user(user),
            "context": int(Context.BOT_DM),
            "authorizing_integration_owners": owners,
        }
    member = payloads.member(guild.members[user.id])
    owners = {"0": str(guild.id)} if guild_install else {"1": str(user.id)}
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
    return channel.guild is None or state.bot.id in channel.guild.members


def app_permissions(state: DiscordState, channel: Channel, user: User) -> int:
    """The application's permissions where ``user`` uses it."""
    acting = state.bot if is_guild_install(state, channel) else user
    return permissions.in_channel(channel, acting)


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
        payload |= {"name": data["name"], "command_type": data["type"]}
        if "target_id" in data:
            payload["target_message_id"] = data["target_id"]
    elif interaction.type == InteractionType.COMPONENT and interaction.source is not None:
        payload["interacted_message_id"] = str(interaction.source.id)
    elif interaction.submitted_modal is not None:
        opener = interaction.submitted_modal.interaction
        payload["triggering_interaction_metadata"] = interaction_metadata(opener)
    return payload

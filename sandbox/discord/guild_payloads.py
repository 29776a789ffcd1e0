"""JSON payloads of guilds and roles."""

from sandbox.discord import payloads, permissions
from sandbox.discord.models import Guild, Role, User
from sandbox.discord.protocol import JsonObject


def role(of: Role) -> JsonObject:
    """A role of a guild."""
    tags: JsonObject = {"tags": {"bot_id": str(of.bot_id)}} if of.bot_id else {}
    return {
        "id": str(of.id),
        "name": of.name,
        "description": None,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": of.position,
        "permissions": str(of.permissions),
        "managed": of.bot_id is not None,
        "mentionable": of.mentionable,
        "flags": 0,
        **tags,
    }


def guild(of: Guild) -> JsonObject:
    """A guild, as in the response of ``GET /guilds/{id}``."""
    return {
        "id": str(of.id),
        "name": of.name,
        "icon": None,
        "icon_hash": None,
        "splash": None,
        "discovery_splash": None,
        "home_header": None,
        "banner": None,
        "description": None,
        "owner_id": str(of.owner_id),
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "roles": [role(each) for each in of.roles.values()],
        "emojis": [],
        "stickers": [],
        "features": [],
        "mfa_level": 0,
        "application_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "safety_alerts_channel_id": None,
        "max_presences": None,
        "max_members": 500_000,
        "max_video_channel_users": 25,
        "max_stage_video_channel_users": 50,
        "vanity_url_code": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "preferred_locale": of.locale,
        "nsfw": False,
        "nsfw_level": 0,
        "hub_type": None,
        "incidents_data": None,
        "inventory_settings": None,
    }


def guild_event(of: Guild, viewer: User) -> JsonObject:
    """A guild with channels, threads and members, as in ``GUILD_CREATE``."""
    seen = [each for each in of.channels.values() if permissions.in_channel(each, viewer)]
    channels = [each for each in of.channels.values() if not each.is_thread]
    threads = [each for each in seen if each.is_thread and not each.archived]
    return guild(of) | {
        "joined_at": payloads.timestamp(of.members[viewer.id].joined_at),
        "large": False,
        "unavailable": False,
        "geo_restricted": False,
        "member_count": len(of.members),
        "members": [payloads.member(of.members[viewer.id])],
        "channels": [payloads.channel(each) for each in channels],
        "threads": [payloads.channel(each) for each in threads],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
        "version": of.id,
    }

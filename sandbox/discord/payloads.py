"""JSON payloads of users, channels and messages."""

import datetime as dt

from sandbox.discord import permissions
from sandbox.discord.models import (
    FORUM_TYPES,
    VOICE_TYPES,
    Attachment,
    Channel,
    GuildMember,
    Message,
    Overwrite,
    User,
)
from sandbox.discord.protocol import ChannelType, JsonObject, is_object
from sandbox.discord.snowflakes import created_at


def timestamp(time: dt.datetime) -> str:
    """An ISO 8601 timestamp in Discord's format."""
    return time.isoformat(timespec="microseconds")


def user(who: User) -> JsonObject:
    """A user as others see them."""
    return {
        "id": str(who.id),
        "username": who.name.lower().replace(" ", "_"),
        "discriminator": "0420" if who.bot else "0",
        "global_name": None if who.bot else who.name,
        "avatar": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "primary_guild": None,
        "display_name_styles": None,
        "banner": None,
        "accent_color": None,
        "bot": who.bot,
        "system": False,
        "public_flags": 0,
        "flags": 0,
    }


def own_user(who: User) -> JsonObject:
    """The bot's own user, with private fields."""
    return {
        **user(who),
        "verified": True,
        "mfa_enabled": False,
        "locale": "en-US",
        "premium_type": 0,
        "email": None,
        "bio": "",
    }


def partial_member(member: GuildMember) -> JsonObject:
    """A member without their user, as in messages."""
    return {
        "nick": None,
        "avatar": None,
        "banner": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "roles": [str(role_id) for role_id in sorted(member.roles)],
        "joined_at": timestamp(member.joined_at),
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
        "communication_disabled_until": None,
    }


def member(who: GuildMember) -> JsonObject:
    """A member of a guild."""
    return {**partial_member(who), "user": user(who.user)}


def overwrite(of: Overwrite) -> JsonObject:
    """A permission overwrite of a channel."""
    return {
        "id": str(of.target.id),
        "type": permissions.overwrite_type(of.target),
        "allow": str(of.allow),
        "deny": str(of.deny),
    }


def channel(of: Channel) -> JsonObject:
    """A channel of any kind."""
    last = str(of.last_message_id) if of.last_message_id else None
    payload: JsonObject = {
        "id": str(of.id),
        "type": int(of.type),
        "last_message_id": last,
        "last_pin_timestamp": None,
        "flags": 0,
    }
    if of.guild is None:
        people = [of.recipient] if of.recipient else of.people
        payload["recipients"] = [user(each) for each in people]
        if of.type == ChannelType.GROUP_DM:
            payload |= {"name": of.name, "icon": None, "owner_id": str(of.owner_id)}
        return payload
    payload |= {
        "guild_id": str(of.guild.id),
        "name": of.name,
        "rate_limit_per_user": of.slowmode,
    }
    if of.parent is not None:
        return payload | _thread(of)
    if of.type in VOICE_TYPES:
        payload |= {
            "bitrate": 64_000,
            "user_limit": 0,
            "rtc_region": None,
            "video_quality_mode": 1,
        }
    if of.type in FORUM_TYPES:
        payload |= {"available_tags": [], "default_reaction_emoji": None}
        payload |= {"default_sort_order": None, "default_forum_layout": 0}
    return payload | {
        "position": list(of.guild.channels).index(of.id) if of.id in of.guild.channels else 0,
        "permission_overwrites": [overwrite(each) for each in of.overwrites.values()],
        "topic": of.topic,
        "nsfw": False,
        "parent_id": None,
        "default_auto_archive_duration": 1440,
        "default_thread_rate_limit_per_user": 0,
    }


def _thread(of: Channel) -> JsonObject:
    metadata: JsonObject = {
        "archived": of.archived,
        "auto_archive_duration": of.auto_archive_minutes,
        "archive_timestamp": timestamp(of.archive_changed_at or created_at(of.id)),
        "locked": of.locked,
        "create_timestamp": timestamp(created_at(of.id)),
    }
    if of.type == ChannelType.PRIVATE_THREAD:
        metadata["invitable"] = True
    return {
        "parent_id": str(of.parent.id) if of.parent else None,
        "owner_id": str(of.owner_id),
        "message_count": len(of.messages),
        "total_message_sent": len(of.messages),
        "member_count": len(of.thread_members) or 1,
        "thread_metadata": metadata,
        "applied_tags": [],
    }


def deleted_thread(of: Channel) -> JsonObject:
    """What remains of a thread in ``THREAD_DELETE``: gateway-events, *Thread Delete*."""
    thread = channel(of)
    return {key: thread[key] for key in ("id", "guild_id", "parent_id", "type")}


def attachment(of: Attachment) -> JsonObject:
    """A file of a message."""
    titled = {"title": of.title} if of.title else {}
    described = {"description": of.description} if of.description else {}
    hidden = {"ephemeral": True} if of.ephemeral else {}
    return {
        "id": str(of.id),
        "filename": of.filename,
        "size": len(of.content),
        "url": of.url,
        "proxy_url": of.url,
        "content_type": of.content_type,
        "flags": 0,
        **titled,
        **described,
        **hidden,
    }


def emoji(key: str) -> JsonObject:
    """A reaction's emoji; ``key`` is the character, or ``name:id``."""
    name, _, number = key.rpartition(":")
    if name and number.isdigit():
        return {"id": number, "name": name, "animated": False}
    return {"id": None, "name": key}


def _reactions(of: Message, viewer: User) -> list[JsonObject]:
    return [
        {
            "emoji": emoji(key),
            "count": len(people),
            "count_details": {"burst": 0, "normal": len(people)},
            "burst_colors": [],
            "me": viewer.id in people,
            "me_burst": False,
            "burst_me": False,
            "burst_count": 0,
        }
        for key, people in of.reactions.items()
        if people
    ]


def _files_outside_embeds(of: Message) -> list[Attachment]:
    """A message's files that no embed shows; Discord leaves the others out of ``attachments``."""
    shown = {
        part.get(key)
        for embed in of.embeds
        for part in embed.values()
        if is_object(part)
        for key in ("url", "icon_url")
    }
    return [each for each in of.attachments if each.url not in shown]


def message(of: Message, viewer: User, *, nested: bool = False) -> JsonObject:
    """A message; ``me`` in its reactions refers to ``viewer``."""
    payload: JsonObject = {
        "id": str(of.id),
        "channel_id": str(of.channel.id),
        "type": of.type,
        "author": user(of.author),
        "content": of.content,
        "timestamp": timestamp(of.created_at),
        "edited_timestamp": timestamp(of.edited_at) if of.edited_at else None,
        "tts": of.tts,
        "mention_everyone": of.mention_everyone,
        "mentions": [user(each) for each in of.mentions],
        "mention_roles": [str(each) for each in of.mention_roles],
        "attachments": [attachment(each) for each in _files_outside_embeds(of)],
        "embeds": of.embeds,
        "components": of.components,
        "pinned": False,
        "flags": of.flags,
    }
    if of.reactions:
        payload["reactions"] = _reactions(of, viewer)
    if of.nonce is not None:
        payload["nonce"] = of.nonce
    if of.application_id is not None:
        payload["application_id"] = str(of.application_id)
    if of.webhook_id is not None:
        payload["webhook_id"] = str(of.webhook_id)
    if of.interaction_metadata is not None:
        payload["interaction_metadata"] = of.interaction_metadata
    if of.interaction is not None:
        payload["interaction"] = of.interaction
    if of.thread is not None:
        payload["thread"] = channel(of.thread)
    return payload if nested else payload | _reply(of, viewer)


# replaces these fields of others' messages for bots without the message content intent
HIDDEN_CONTENT: JsonObject = {"content": "", "embeds": [], "attachments": [], "components": []}


def is_content_hidden(of: Message, bot: User) -> bool:
    """Whether ``bot`` needs the message content intent to read ``of``."""
    return of.channel.guild is not None and of.author is not bot and bot not in of.mentions


def _reply(of: Message, viewer: User) -> JsonObject:
    if of.forwarded is not None:
        return _forward(of.forwarded)
    if of.reply_to_id is None:
        return {}
    reference: JsonObject = {
        "type": 0,
        "message_id": str(of.reply_to_id),
        "channel_id": str(of.channel.id),
    }
    if of.channel.guild is not None:
        reference["guild_id"] = str(of.channel.guild.id)
    gone = of.reply_to is None or of.reply_to.deleted
    referenced = None if gone or of.reply_to is None else message(of.reply_to, viewer, nested=True)
    return {"message_reference": reference, "referenced_message": referenced}


def _forward(of: Message) -> JsonObject:
    """The fields of a message that forwards ``of``: a reference and a snapshot of its content."""
    snapshot = message(of, of.author, nested=True)
    fields = (
        "type",
        "content",
        "mentions",
        "mention_roles",
        "attachments",
        "embeds",
        "timestamp",
        "edited_timestamp",
        "flags",
        "components",
    )
    reference: JsonObject = {
        "type": 1,
        "message_id": str(of.id),
        "channel_id": str(of.channel.id),
    }
    if of.channel.guild is not None:
        reference["guild_id"] = str(of.channel.guild.id)
    snapshots = [{"message": {key: snapshot[key] for key in fields}}]
    return {"message_reference": reference, "message_snapshots": snapshots}


def message_event(of: Message, viewer: User) -> JsonObject:
    """A message as in gateway events: with its guild and its author's member."""
    payload = message(of, viewer)
    guild = of.channel.guild
    payload["channel_type"] = int(of.channel.type)
    if guild is None:
        return payload
    payload["guild_id"] = str(guild.id)
    author = guild.members.get(of.author.id)
    if author is not None and of.webhook_id is None:
        payload["member"] = partial_member(author)
    for mentioned in payload["mentions"]:
        who = guild.members.get(int(mentioned["id"]))
        if who is not None:
            mentioned["member"] = partial_member(who)
    return payload

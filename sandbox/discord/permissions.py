"""Permissions in guilds and channels, computed as Discord does: roles, then overwrites."""

import enum

from sandbox.discord.models import Channel, Guild, Role, User


class Permission(enum.IntFlag):
    """The permissions that the sandbox checks or grants."""

    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    SEND_TTS_MESSAGES = 1 << 12
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CHANGE_NICKNAME = 1 << 26
    MANAGE_ROLES = 1 << 28
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38


ALL_PERMISSIONS = (1 << 53) - 1
NEEDS_SEND = int(
    Permission.SEND_TTS_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.MENTION_EVERYONE
)
DEFAULT_PERMISSIONS = int(
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.MENTION_EVERYONE
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.CHANGE_NICKNAME
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
)
DM_PERMISSIONS = DEFAULT_PERMISSIONS & ~int(
    Permission.CREATE_PUBLIC_THREADS | Permission.SEND_MESSAGES_IN_THREADS
)

_ADMINISTRATOR = int(Permission.ADMINISTRATOR)
_VIEW = int(Permission.VIEW_CHANNEL)
_SEND = int(Permission.SEND_MESSAGES)
_SEND_IN_THREADS = int(Permission.SEND_MESSAGES_IN_THREADS)


def in_guild(guild: Guild, user: User) -> int:
    """The permissions of ``user`` by their roles; 0 if they are not in the guild."""
    member = guild.members.get(user.id)
    if member is None:
        return 0
    if user.id == guild.owner_id:
        return ALL_PERMISSIONS
    base = guild.roles[guild.id].permissions
    for role_id in member.roles:
        base |= guild.roles[role_id].permissions
    return ALL_PERMISSIONS if base & _ADMINISTRATOR else base


def in_channel(channel: Channel, user: User) -> int:
    """The permissions of ``user`` in ``channel``; a thread has those of its parent."""
    guild = channel.guild
    if guild is None:
        return DM_PERMISSIONS if channel.recipient is user or user.bot else 0
    base = in_guild(guild, user)
    if base in {0, ALL_PERMISSIONS}:
        return base
    text_channel = channel.parent or channel
    base = _apply_overwrites(base, text_channel, guild, user)
    if not base & _VIEW:
        return 0
    writes = _SEND_IN_THREADS if channel.is_thread else _SEND
    return base if base & writes else base & ~NEEDS_SEND


def _apply_overwrites(base: int, channel: Channel, guild: Guild, user: User) -> int:
    if not channel.overwrites:
        return base
    everyone = channel.overwrites.get(guild.id)
    if everyone is not None:
        base = base & ~everyone.deny | everyone.allow
    allow = deny = 0
    for role_id in guild.members[user.id].roles:
        of_role = channel.overwrites.get(role_id)
        if of_role is not None:
            allow |= of_role.allow
            deny |= of_role.deny
    base = base & ~deny | allow
    own = channel.overwrites.get(user.id)
    return base if own is None else base & ~own.deny | own.allow


def missing(channel: Channel, user: User, *needed: Permission) -> list[str]:
    """The names of the ``needed`` permissions that ``user`` lacks in ``channel``."""
    has = in_channel(channel, user)
    return [each.name or "" for each in needed if not has & each]


def can_send(channel: Channel, user: User) -> bool:
    """Whether ``user`` may send messages in ``channel``."""
    writes = _SEND_IN_THREADS if channel.is_thread else _SEND
    return bool(in_channel(channel, user) & writes)


def overwrite_type(target: User | Role) -> int:
    """Discord's number for the type of an overwrite: 0 for a role, 1 for a member."""
    return 0 if isinstance(target, Role) else 1

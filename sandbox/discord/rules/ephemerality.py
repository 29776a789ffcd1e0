"""When Discord shows a reply to its member only although the application did not ask for it.

Discord reports no error; the callback's response says ``response_message_ephemeral``. Sources: the
change log of User-Installed Apps, USE_EXTERNAL_APPS in the permissions' documentation, and the
ephemerality reasons of discord-userdoccers (resources/message).
"""

import datetime as dt

from sandbox.discord import permissions
from sandbox.discord.interaction_payloads import is_guild_install
from sandbox.discord.models import Channel, Message, User
from sandbox.discord.permissions import Permission
from sandbox.discord.state import DiscordState

NEEDED = (Permission.USE_EXTERNAL_APPS, Permission.EMBED_LINKS, Permission.ATTACH_FILES)
WITHOUT_SLOWMODE = int(
    Permission.MANAGE_MESSAGES | Permission.MANAGE_CHANNELS | Permission.BYPASS_SLOWMODE
)


def is_forced_ephemeral(state: DiscordState, channel: Channel, user: User) -> bool:
    """Whether replies to ``user`` are ephemeral in ``channel`` in any case.

    So it is in a guild without the application if the member lacks a permission for public replies
    or the channel's slowmode makes them wait.
    """
    if channel.guild is None or is_guild_install(state, channel):
        return False
    if permissions.missing(channel, user, *NEEDED) or not permissions.can_send(channel, user):
        return True
    return _is_slowed(channel, user)


def _is_slowed(channel: Channel, user: User) -> bool:
    if not channel.slowmode or permissions.in_channel(channel, user) & WITHOUT_SLOWMODE:
        return False
    since = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=channel.slowmode)
    return any(
        _is_sent_by(each, user) and each.created_at > since
        for each in channel.messages.values()
        if not each.is_ephemeral
    )


def _is_sent_by(message: Message, user: User) -> bool:
    invocation = message.interaction_metadata
    invoker = invocation["user"]["id"] if invocation else None
    return message.author is user or invoker == str(user.id)

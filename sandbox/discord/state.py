"""The state of the local Discord, and the events about its changes.

Knows nothing of HTTP or sockets. ``event_listeners`` get the gateway's events;
``message_listeners`` get each message that was posted, changed or deleted, ephemeral ones too.
"""

import dataclasses
import datetime as dt
import time
from collections.abc import Callable

from sandbox.discord import guild_payloads, payloads
from sandbox.discord.conditions import Conditions
from sandbox.discord.models import (
    Attachment,
    Channel,
    Guild,
    GuildMember,
    Message,
    Overwrite,
    Role,
    User,
)
from sandbox.discord.permissions import DEFAULT_PERMISSIONS
from sandbox.discord.protocol import ChannelType, Intent, JsonObject
from sandbox.discord.snowflakes import Snowflakes


@dataclasses.dataclass(slots=True, frozen=True)
class Event:
    """A gateway event.

    A bot receives it with any of ``intents`` (0: always), if it is in ``guild`` and can view
    ``channel``; ``to_bot`` skips these checks.
    """

    name: str
    payload: JsonObject
    guild: Guild | None = None
    channel: Channel | None = None
    intents: int = 0
    message: Message | None = None
    to_bot: bool = False


class DiscordState:
    """All users, guilds, channels and messages.

    ``guild`` and ``channel`` are the defaults; ``foreign_channel`` is in a guild without the bot.
    """

    def __init__(self, *, bot_name: str = "Bot", privileged_intents: int = 0) -> None:
        self.snowflakes = Snowflakes()
        self.conditions = Conditions()
        self.event_listeners: list[Callable[[Event], None]] = []
        self.message_listeners: list[Callable[[Message], None]] = []
        self.base_url = ""
        self.privileged_intents = privileged_intents
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.dm_channels: dict[int, Channel] = {}
        self.attachments: dict[int, Attachment] = {}
        self.bot = self.new_user(bot_name, bot=True)
        self.application_id = self.bot.id
        self.owner = self.new_user("Owner")
        self.guild = self.new_guild("Studio")
        self.channel = self.new_channel("songs", self.guild)
        self.foreign_guild = self.new_guild("Elsewhere", with_bot=False)
        self.foreign_channel = self.new_channel("lounge", self.foreign_guild)

    # creating objects

    def new_user(self, name: str, *, bot: bool = False) -> User:
        """Create a user who is in no guild."""
        user = User(self.snowflakes.new(), name, bot)
        self.users[user.id] = user
        return user

    def new_guild(self, name: str, *, with_bot: bool = True) -> Guild:
        """Create a guild in which everyone has the default permissions."""
        guild = Guild(self.snowflakes.new(), name, self.owner.id)
        guild.roles[guild.id] = Role(guild.id, "@everyone", DEFAULT_PERMISSIONS)
        self.guilds[guild.id] = guild
        self.join(guild, self.owner)
        if with_bot:
            role = self.new_role(self.bot.name, guild, permissions=DEFAULT_PERMISSIONS)
            role.bot_id = self.bot.id
            self.join(guild, self.bot).roles.add(role.id)
            self.emit(
                Event("GUILD_CREATE", guild_payloads.guild_event(guild, self.bot), guild, intents=1)
            )
        return guild

    def new_role(self, name: str, guild: Guild, *, permissions: int = 0) -> Role:
        """Create a role that nobody has."""
        role = Role(self.snowflakes.new(), name, int(permissions), position=len(guild.roles))
        guild.roles[role.id] = role
        payload = {"guild_id": str(guild.id), "role": guild_payloads.role(role)}
        self.emit(Event("GUILD_ROLE_CREATE", payload, guild, intents=Intent.GUILDS))
        return role

    def join(self, guild: Guild, user: User) -> GuildMember:
        """Make ``user`` a member of ``guild``, unless they are one."""
        existing = guild.members.get(user.id)
        if existing is not None:
            return existing
        member = GuildMember(user, set(), dt.datetime.now(dt.UTC))
        guild.members[user.id] = member
        payload = payloads.member(member) | {"guild_id": str(guild.id)}
        self.emit(Event("GUILD_MEMBER_ADD", payload, guild, intents=Intent.GUILD_MEMBERS))
        return member

    def new_channel(self, name: str, guild: Guild | None = None) -> Channel:
        """Create a text channel; the default guild is used if none is given."""
        guild = guild or self.guild
        channel = Channel(self.snowflakes.new(), ChannelType.TEXT, name, guild)
        self._add_channel(channel)
        self._emit_channel("CHANNEL_CREATE", channel)
        return channel

    def new_thread(
        self,
        name: str,
        parent: Channel,
        *,
        owner: User | None = None,
        start: Message | None = None,
        private: bool = False,
    ) -> Channel:
        """Create a thread of ``parent``, from the message ``start`` if one is given.

        Members of a ``private`` thread are not tracked: everyone who sees its parent can enter it.
        """
        thread = Channel(
            start.id if start else self.snowflakes.new(),
            ChannelType.PRIVATE_THREAD if private else ChannelType.PUBLIC_THREAD,
            name,
            parent.guild,
            parent,
            owner_id=(owner or self.owner).id,
        )
        if start is not None:
            start.thread = thread
            self.notify_message(start)
        self._add_channel(thread)
        payload = payloads.channel(thread) | {"newly_created": True}
        self.emit(Event("THREAD_CREATE", payload, thread.guild, thread, Intent.GUILDS))
        return thread

    def dm_channel(self, user: User) -> Channel:
        """Return the DM channel between the bot and ``user``; create it at the first call."""
        channel = self.dm_channels.get(user.id)
        if channel is None:
            channel = Channel(self.snowflakes.new(), ChannelType.DM, "", recipient=user)
            self.dm_channels[user.id] = channel
            self.channels[channel.id] = channel
        return channel

    def _add_channel(self, channel: Channel) -> None:
        self.channels[channel.id] = channel
        if channel.guild is not None:
            channel.guild.channels[channel.id] = channel

    # changing objects

    def set_overwrite(
        self, channel: Channel, target: User | Role, *, allow: int = 0, deny: int = 0
    ) -> None:
        """Set the overwrite of ``target`` in ``channel``; without values it is removed."""
        text_channel = channel.parent or channel
        if allow or deny:
            text_channel.overwrites[target.id] = Overwrite(target, int(allow), int(deny))
        else:
            text_channel.overwrites.pop(target.id, None)
        self._emit_channel("CHANNEL_UPDATE", text_channel)

    def set_permissions(self, role: Role, permissions: int) -> None:
        """Set the permissions of ``role``."""
        role.permissions = int(permissions)
        guild = next(each for each in self.guilds.values() if role.id in each.roles)
        payload = {"guild_id": str(guild.id), "role": guild_payloads.role(role)}
        self.emit(Event("GUILD_ROLE_UPDATE", payload, guild, intents=Intent.GUILDS))

    def bot_role(self, guild: Guild | None = None) -> Role:
        """Return the bot's managed role."""
        roles = (guild or self.guild).roles.values()
        return next(role for role in roles if role.bot_id == self.bot.id)

    def archive(self, thread: Channel, *, archived: bool = True, locked: bool = False) -> None:
        """Archive or unarchive ``thread``, and lock or unlock it."""
        thread.archived, thread.locked = archived, locked
        self._emit_channel("THREAD_UPDATE", thread)

    def edit_channel(self, channel: Channel, name: str, *, topic: str | None = None) -> None:
        """Change a channel's name and topic."""
        channel.name, channel.topic = name, topic if topic is not None else channel.topic
        name = "THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE"
        self._emit_channel(name, channel)

    def delete_channel(self, channel: Channel) -> None:
        """Delete ``channel`` with its messages and threads."""
        guild = channel.guild
        for thread in [each for each in self.channels.values() if each.parent is channel]:
            self.delete_channel(thread)
        # emitted first: afterwards the bot's permission to view it can't be computed
        self._emit_channel("THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE", channel)
        channel.deleted = True
        del self.channels[channel.id]
        if guild is not None:
            del guild.channels[channel.id]
        for message in channel.messages.values():
            message.deleted = True
        self.conditions.notify()

    def remove_bot(self, guild: Guild) -> None:
        """Remove the bot from ``guild``."""
        # no "unavailable": that would mean an outage of the guild
        payload = {"id": str(guild.id)}
        self.emit(Event("GUILD_DELETE", payload, guild, intents=Intent.GUILDS))
        del guild.members[self.bot.id]

    def _emit_channel(self, name: str, channel: Channel) -> None:
        payload = payloads.channel(channel)
        self.emit(Event(name, payload, channel.guild, channel, Intent.GUILDS))

    # events

    def emit(self, event: Event) -> None:
        """Send ``event`` to all listeners."""
        for listener in self.event_listeners:
            listener(event)
        self.conditions.notify()

    def record_version(self, message: Message) -> None:
        """Add the current payload of ``message`` to its history."""
        message.history.append((time.monotonic(), payloads.message(message, self.bot)))
        self.notify_message(message)

    def notify_message(self, message: Message) -> None:
        """Tell the message listeners that ``message`` was posted, changed or deleted."""
        for listener in self.message_listeners:
            listener(message)

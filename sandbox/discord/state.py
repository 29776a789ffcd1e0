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

    def __init__(self, *, name: str = "Encore", privileged_intents: int = 0) -> None:
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
        self.bot = self.new_user(name, bot=True)
        self.application_id = self.bot.id
        self.owner = self.new_user("Owner")
        self.guild = self.new_guild("Studio")
        self.channel = self.new_channel("songs", self.guild)
        self.foreign_guild = self.new_guild("Elsewhere", with_bot=False)
        self.foreign_channel = self.new_channel("lounge", self.foreign_guild)

    # making things

    def new_user(self, name: str, *, bot: bool = False) -> User:
        """Create a user who is in no guild."""
        made = User(self.snowflakes.new(), name, bot)
        self.users[made.id] = made
        return made

    def new_guild(self, name: str, *, with_bot: bool = True) -> Guild:
        """Create a guild in which everyone has the default permissions."""
        made = Guild(self.snowflakes.new(), name, self.owner.id)
        made.roles[made.id] = Role(made.id, "@everyone", DEFAULT_PERMISSIONS)
        self.guilds[made.id] = made
        self.join(made, self.owner)
        if with_bot:
            role = self.new_role(self.bot.name, made, permissions=DEFAULT_PERMISSIONS)
            role.bot_id = self.bot.id
            self.join(made, self.bot).roles.add(role.id)
            self.emit(
                Event("GUILD_CREATE", guild_payloads.guild_event(made, self.bot), made, intents=1)
            )
        return made

    def new_role(self, name: str, guild: Guild, *, permissions: int = 0) -> Role:
        """Create a role that nobody has."""
        made = Role(self.snowflakes.new(), name, int(permissions), position=len(guild.roles))
        guild.roles[made.id] = made
        payload = {"guild_id": str(guild.id), "role": guild_payloads.role(made)}
        self.emit(Event("GUILD_ROLE_CREATE", payload, guild, intents=Intent.GUILDS))
        return made

    def join(self, guild: Guild, user: User) -> GuildMember:
        """Make ``user`` a member of ``guild``, unless they are one."""
        found = guild.members.get(user.id)
        if found is not None:
            return found
        made = GuildMember(user, set(), dt.datetime.now(dt.UTC))
        guild.members[user.id] = made
        payload = payloads.member(made) | {"guild_id": str(guild.id)}
        self.emit(Event("GUILD_MEMBER_ADD", payload, guild, intents=Intent.GUILD_MEMBERS))
        return made

    def new_channel(self, name: str, guild: Guild | None = None) -> Channel:
        """Create a text channel; the default guild is used if none is given."""
        guild = guild or self.guild
        made = Channel(self.snowflakes.new(), ChannelType.TEXT, name, guild)
        self._add_channel(made)
        self._emit_channel("CHANNEL_CREATE", made)
        return made

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
        made = Channel(
            start.id if start else self.snowflakes.new(),
            ChannelType.PRIVATE_THREAD if private else ChannelType.PUBLIC_THREAD,
            name,
            parent.guild,
            parent,
            owner_id=(owner or self.owner).id,
        )
        if start is not None:
            start.thread = made
            self.notify_message(start)
        self._add_channel(made)
        payload = payloads.channel(made) | {"newly_created": True}
        self.emit(Event("THREAD_CREATE", payload, made.guild, made, Intent.GUILDS))
        return made

    def dm_channel(self, user: User) -> Channel:
        """Return the DM channel between the bot and ``user``; create it at the first call."""
        found = self.dm_channels.get(user.id)
        if found is None:
            found = Channel(self.snowflakes.new(), ChannelType.DM, "", recipient=user)
            self.dm_channels[user.id] = found
            self.channels[found.id] = found
        return found

    def _add_channel(self, made: Channel) -> None:
        self.channels[made.id] = made
        if made.guild is not None:
            made.guild.channels[made.id] = made

    # changing things

    def set_overwrite(
        self, channel: Channel, target: User | Role, *, allow: int = 0, deny: int = 0
    ) -> None:
        """Set the overwrite of ``target`` in ``channel``; without values it is removed."""
        place = channel.parent or channel
        if allow or deny:
            place.overwrites[target.id] = Overwrite(target, int(allow), int(deny))
        else:
            place.overwrites.pop(target.id, None)
        self._emit_channel("CHANNEL_UPDATE", place)

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
        # told first: afterwards the bot could no longer be found to have seen it
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
        # without "unavailable": the guild is not away, the bot is out of it
        payload = {"id": str(guild.id)}
        self.emit(Event("GUILD_DELETE", payload, guild, intents=Intent.GUILDS))
        del guild.members[self.bot.id]

    def _emit_channel(self, name: str, channel: Channel) -> None:
        payload = payloads.channel(channel)
        self.emit(Event(name, payload, channel.guild, channel, Intent.GUILDS))

    # news

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
        for screen in self.message_listeners:
            screen(message)

"""The state of the local Discord, and the events about its changes.

Knows nothing of HTTP or sockets. ``event_listeners`` get the gateway's events;
``message_listeners`` get each message that was posted, changed or deleted, ephemeral ones too.
"""

import dataclasses
import datetime as dt
import time
from collections.abc import Callable, Iterable

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
from sandbox.discord.protocol import ChannelType, Intent, JsonObject, MessageFlag
from sandbox.discord.ratelimits import OLD_EDIT_LIMIT
from sandbox.discord.snowflakes import Snowflakes

# per guild: the support article "Threads FAQ"
MAX_ACTIVE_THREADS = 1000


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
    The bot can open ``new_dms_left`` more DM channels before it is too fast (None: any number).
    ``old_edit_limit`` is the limit, per channel, for edits of messages older than an hour;
    ``max_active_threads`` is how many threads of a guild may be open. With an
    ``interactions_endpoint_url`` no interaction arrives through the gateway.
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
        self.new_dms_left: int | None = None
        self.old_edit_limit = OLD_EDIT_LIMIT
        self.max_active_threads = MAX_ACTIVE_THREADS
        self.interactions_endpoint_url: str | None = None
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

    def new_guild(
        self, name: str, *, with_bot: bool = True, shard: tuple[int, int] | None = None
    ) -> Guild:
        """Create a guild in which everyone has the default permissions.

        ``shard`` is the one that it is to belong to, and of how many; None leaves that to chance.
        """
        guild_id = self.snowflakes.new_of_shard(*shard) if shard else self.snowflakes.new()
        guild = Guild(guild_id, name, self.owner.id)
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

    def leave(self, guild: Guild, user: User) -> None:
        """Take ``user`` out of ``guild``."""
        del guild.members[user.id]
        payload = {"guild_id": str(guild.id), "user": payloads.user(user)}
        self.emit(Event("GUILD_MEMBER_REMOVE", payload, guild, intents=Intent.GUILD_MEMBERS))

    def new_channel(
        self,
        name: str,
        guild: Guild | None = None,
        *,
        type: ChannelType = ChannelType.TEXT,  # noqa: A002 - Discord's name
    ) -> Channel:
        """Create a channel; the default guild is used if none is given."""
        guild = guild or self.guild
        channel = Channel(self.snowflakes.new(), type, name, guild)
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
        members: Iterable[User] | None = None,
        auto_archive_minutes: int = 1440,
    ) -> Channel:
        """Create a thread of ``parent``, from the message ``start`` if one is given.

        Only the ``owner`` and the ``members`` (by default all present members of the guild) enter
        a ``private`` thread, and whoever has MANAGE_THREADS.
        """
        kind = ChannelType.PRIVATE_THREAD if private else ChannelType.PUBLIC_THREAD
        if parent.type == ChannelType.ANNOUNCEMENT:
            kind = ChannelType.ANNOUNCEMENT_THREAD
        thread = Channel(
            start.id if start else self.snowflakes.new(),
            kind,
            name,
            parent.guild,
            parent,
            owner_id=(owner or self.owner).id,
            auto_archive_minutes=auto_archive_minutes,
        )
        if private and parent.guild is not None:
            everyone = [each.user for each in parent.guild.members.values()]
            invited = everyone if members is None else members
            thread.thread_members = {thread.owner_id, *(each.id for each in invited)}
        self._add_channel(thread)
        payload = payloads.channel(thread) | {"newly_created": True}
        self.emit(Event("THREAD_CREATE", payload, thread.guild, thread, Intent.GUILDS))
        if start is not None:
            self._attach_thread(start, thread)
        return thread

    def _attach_thread(self, start: Message, thread: Channel) -> None:
        start.thread = thread
        start.flags |= MessageFlag.HAS_THREAD
        payload = payloads.message_event(start, self.bot)
        intents = Intent.GUILD_MESSAGES
        self.emit(Event("MESSAGE_UPDATE", payload, thread.guild, start.channel, intents, start))
        self.notify_message(start)

    def invite_to_thread(self, thread: Channel, user: User) -> None:
        """Make ``user`` a member of a private ``thread``."""
        thread.thread_members.add(user.id)
        if user is self.bot:
            self._emit_channel("THREAD_CREATE", thread)

    def remove_from_thread(self, thread: Channel, user: User) -> None:
        """Take ``user`` out of a private ``thread``."""
        thread.thread_members.discard(user.id)
        payload: JsonObject = {
            "id": str(thread.id),
            "guild_id": str(thread.guild.id) if thread.guild else None,
            "member_count": len(thread.thread_members),
            "removed_member_ids": [str(user.id)],
        }
        name, intents = "THREAD_MEMBERS_UPDATE", Intent.GUILD_MEMBERS
        if user is self.bot:
            intents |= Intent.GUILDS
        self.emit(Event(name, payload, thread.guild, intents=intents))

    def new_private_channel(self, *people: User, name: str | None = None) -> Channel:
        """Create a conversation without the bot: with a ``name`` a group DM, else a DM of two."""
        kind = ChannelType.DM if name is None else ChannelType.GROUP_DM
        channel = Channel(
            self.snowflakes.new(), kind, name or "", people=people, owner_id=people[0].id
        )
        self.channels[channel.id] = channel
        return channel

    def has_mutual_guild(self, user: User) -> bool:
        """Whether ``user`` and the bot are in one guild."""
        guilds = self.guilds.values()
        return any({user.id, self.bot.id} <= each.members.keys() for each in guilds)

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
        if (thread.archived, thread.locked) == (archived, locked):
            return
        if thread.archived != archived:
            thread.archive_changed_at = dt.datetime.now(dt.UTC)
        thread.archived, thread.locked = archived, locked
        self._emit_channel("THREAD_UPDATE", thread)

    def edit_channel(self, channel: Channel, name: str, *, topic: str | None = None) -> None:
        """Change a channel's name and topic."""
        channel.name, channel.topic = name, topic if topic is not None else channel.topic
        name = "THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE"
        self._emit_channel(name, channel)

    def delete_channel(self, channel: Channel) -> None:
        """Delete ``channel`` with its messages and threads.

        The threads of a deleted channel have no event of their own; discord.py tells of them
        itself when their channel is deleted.
        """
        # emitted first: afterwards the bot's permission to view it can't be computed
        if channel.is_thread:
            payload = payloads.deleted_thread(channel)
            self.emit(Event("THREAD_DELETE", payload, channel.guild, channel, Intent.GUILDS))
        else:
            self._emit_channel("CHANNEL_DELETE", channel)
        for each in [channel, *self._threads_of(channel)]:
            self._forget_channel(each)
        self.conditions.notify()

    def _threads_of(self, channel: Channel) -> list[Channel]:
        return [each for each in self.channels.values() if each.parent is channel]

    def _forget_channel(self, channel: Channel) -> None:
        channel.deleted = True
        del self.channels[channel.id]
        if channel.guild is not None:
            del channel.guild.channels[channel.id]
        for message in channel.messages.values():
            message.deleted = True

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

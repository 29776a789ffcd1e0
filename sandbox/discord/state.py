"""The state of the local Discord, and the news about it.

Knows nothing of HTTP or sockets: whoever wants to hear what a bot hears is added to ``listeners``,
whoever shows messages to members, ephemeral ones too, to ``screens``.
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
    """News for the gateway.

    ``intents`` are those of which a bot needs one (0: it always gets the event). A bot only hears
    of a ``guild`` it is in and of a ``channel`` it can see; ``to_bot`` is for the bot alone,
    wherever it came from.
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

    ``guild`` and ``channel`` are where everything happens unless a test says otherwise;
    ``foreign_channel`` lies in a guild that the bot is not in.
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
        """A user who is in no guild yet."""
        made = User(self.snowflakes.new(), name, bot)
        self.users[made.id] = made
        return made

    def new_guild(self, name: str, *, with_bot: bool = True) -> Guild:
        """A guild in which everyone has the usual permissions."""
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
        """A role that nobody has yet."""
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
        """A text channel, in the default guild unless told otherwise."""
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
        """A thread of ``parent``, from the message ``start`` if one is given.

        Who is in a ``private`` one is not kept: whoever sees its parent can enter it here.
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
        """The direct channel between the bot and ``user``."""
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
        """Set what ``target`` may (not) do in ``channel``; no arguments remove the overwrite."""
        place = channel.parent or channel
        if allow or deny:
            place.overwrites[target.id] = Overwrite(target, int(allow), int(deny))
        else:
            place.overwrites.pop(target.id, None)
        self._emit_channel("CHANNEL_UPDATE", place)

    def set_permissions(self, role: Role, permissions: int) -> None:
        """Give ``role`` exactly these ``permissions``."""
        role.permissions = int(permissions)
        guild = next(each for each in self.guilds.values() if role.id in each.roles)
        payload = {"guild_id": str(guild.id), "role": guild_payloads.role(role)}
        self.emit(Event("GUILD_ROLE_UPDATE", payload, guild, intents=Intent.GUILDS))

    def bot_role(self, guild: Guild | None = None) -> Role:
        """The role that the bot brought along."""
        roles = (guild or self.guild).roles.values()
        return next(role for role in roles if role.bot_id == self.bot.id)

    def archive(self, thread: Channel, *, archived: bool = True, locked: bool = False) -> None:
        """Archive ``thread`` (or not), and lock it (or not)."""
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
        """Throw the bot out of ``guild``."""
        # without "unavailable": the guild is not away, the bot is out of it
        payload = {"id": str(guild.id)}
        self.emit(Event("GUILD_DELETE", payload, guild, intents=Intent.GUILDS))
        del guild.members[self.bot.id]

    def _emit_channel(self, name: str, channel: Channel) -> None:
        payload = payloads.channel(channel)
        self.emit(Event(name, payload, channel.guild, channel, Intent.GUILDS))

    # news

    def emit(self, event: Event) -> None:
        """Tell everyone who listens."""
        for listener in self.event_listeners:
            listener(event)
        self.conditions.notify()

    def record_version(self, message: Message) -> None:
        """Keep how ``message`` looks now as one of its versions."""
        message.history.append((time.monotonic(), payloads.message(message, self.bot)))
        self.notify_message(message)

    def notify_message(self, message: Message) -> None:
        """Have ``message`` shown anew wherever members see it: it came, changed or went."""
        for screen in self.message_listeners:
            screen(message)

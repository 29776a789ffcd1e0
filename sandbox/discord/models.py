"""Users, guilds, channels and messages of a local Discord.

Mutable objects with identity; ``DiscordState`` changes them, ``payloads`` converts them to JSON.
"""

import dataclasses
import datetime as dt
from typing import TypeAlias

from sandbox.discord.protocol import ChannelType, JsonObject, MessageFlag
from sandbox.discord.snowflakes import created_at

THREAD_TYPES = frozenset(
    {ChannelType.ANNOUNCEMENT_THREAD, ChannelType.PUBLIC_THREAD, ChannelType.PRIVATE_THREAD}
)
VOICE_TYPES = frozenset({ChannelType.VOICE, ChannelType.STAGE})
FORUM_TYPES = frozenset({ChannelType.FORUM, ChannelType.MEDIA})


@dataclasses.dataclass(slots=True, eq=False)
class User:
    """A person or a bot.

    ``accepts_dms`` is False for a person who closed their direct messages. ``has_app`` is whether
    they installed the application for themselves; where the bot is no member that is presumed.
    ``attachment_limit`` is what a subscription allows; answers to interactions profit from it.
    """

    id: int
    name: str
    bot: bool = False
    accepts_dms: bool = True
    has_app: bool = False
    attachment_limit: int = 0
    locale: str = "en-US"

    @property
    def mention(self) -> str:
        """The markup that mentions this user."""
        return f"<@{self.id}>"


@dataclasses.dataclass(slots=True, eq=False)
class Role:
    """A role of a guild; the @everyone role has the guild's id."""

    id: int
    name: str
    permissions: int
    position: int = 0
    mentionable: bool = False
    bot_id: int | None = None


@dataclasses.dataclass(slots=True, eq=False)
class Overwrite:
    """Permissions of a role or a user that differ in one channel."""

    target: User | Role
    allow: int = 0
    deny: int = 0


@dataclasses.dataclass(slots=True, eq=False)
class GuildMember:
    """A user in a guild."""

    user: User
    roles: set[int]
    joined_at: dt.datetime


@dataclasses.dataclass(slots=True, eq=False)
class Guild:
    """A guild with its roles, channels and members."""

    id: int
    name: str
    owner_id: int
    roles: dict[int, Role] = dataclasses.field(default_factory=dict[int, Role])
    channels: dict[int, "Channel"] = dataclasses.field(default_factory=dict[int, "Channel"])
    members: dict[int, GuildMember] = dataclasses.field(default_factory=dict[int, GuildMember])
    locale: str = "en-US"
    attachment_limit: int = 10 * 1024 * 1024


@dataclasses.dataclass(slots=True, eq=False)
class Channel:
    """A channel of a guild, a thread (then ``parent`` is its channel) or a private channel.

    A private channel has no ``guild``: with a ``recipient`` it is their DM channel with the bot,
    else a conversation of ``people`` without the bot. ``thread_members`` are the ids of those who
    may enter a private thread; ``archive_changed_at`` is when it was last archived or opened, None
    for never. ``slowmode`` and ``late_edits`` are in seconds.
    """

    id: int
    type: ChannelType
    name: str
    guild: Guild | None = None
    parent: "Channel | None" = None
    recipient: User | None = None
    people: tuple[User, ...] = ()
    thread_members: set[int] = dataclasses.field(default_factory=set[int])
    owner_id: int = 0
    topic: str | None = None
    overwrites: dict[int, Overwrite] = dataclasses.field(default_factory=dict[int, Overwrite])
    messages: dict[int, "Message"] = dataclasses.field(default_factory=dict[int, "Message"])
    last_message_id: int | None = None
    archived: bool = False
    locked: bool = False
    archive_changed_at: dt.datetime | None = None
    auto_archive_minutes: int = 1440
    slowmode: int = 0
    late_edits: list[float] = dataclasses.field(default_factory=list[float])
    deleted: bool = False

    @property
    def is_thread(self) -> bool:
        """Whether this is a thread."""
        return self.type in THREAD_TYPES

    @property
    def is_without_bot(self) -> bool:
        """Whether this is a group DM or a direct conversation between other people."""
        return bool(self.people)

    @property
    def mention(self) -> str:
        """The markup that mentions this channel."""
        return f"<#{self.id}>"


@dataclasses.dataclass(slots=True, eq=False)
class Upload:
    """A file to upload."""

    name: str
    content: bytes
    content_type: str = "application/octet-stream"


@dataclasses.dataclass(slots=True, eq=False)
class Attachment:
    """A stored file; the sandbox serves it at ``url``.

    ``title`` is the original name without its extension, where ``filename`` differs from it.
    """

    id: int
    filename: str
    content: bytes
    content_type: str
    url: str
    title: str | None = None
    description: str | None = None
    ephemeral: bool = False


Version: TypeAlias = tuple[float, JsonObject]


@dataclasses.dataclass(slots=True, eq=False)
class Message:
    """A message and all its visible versions.

    ``history`` has a pair of monotonic seconds and payload for each version that a member could
    see: the first one, and one per edit. ``pinged`` is who was notified: ids of users and roles,
    ``"everyone"`` and ``"here"``. ``forwarded`` is the message that this one forwards.
    ``dismissed`` is an ephemeral message that its member's client has forgotten.
    """

    id: int
    channel: Channel
    author: User
    content: str = ""
    embeds: list[JsonObject] = dataclasses.field(default_factory=list[JsonObject])
    components: list[JsonObject] = dataclasses.field(default_factory=list[JsonObject])
    attachments: list[Attachment] = dataclasses.field(default_factory=list[Attachment])
    flags: int = 0
    type: int = 0
    tts: bool = False
    nonce: str | int | None = None
    created_at: dt.datetime = dataclasses.field(init=False)
    edited_at: dt.datetime | None = None
    reactions: dict[str, dict[int, User]] = dataclasses.field(
        default_factory=dict[str, dict[int, User]]
    )
    mentions: list[User] = dataclasses.field(default_factory=list[User])
    mention_roles: list[int] = dataclasses.field(default_factory=list[int])
    mention_everyone: bool = False
    pinged: frozenset[int | str] = frozenset()
    reply_to: "Message | None" = None
    reply_to_id: int | None = None
    visible_to: User | None = None
    application_id: int | None = None
    webhook_id: int | None = None
    interaction: JsonObject | None = None
    interaction_metadata: JsonObject | None = None
    thread: Channel | None = None
    forwarded: "Message | None" = None
    dismissed: bool = False
    deleted: bool = False
    history: list[Version] = dataclasses.field(default_factory=list[Version])

    def __post_init__(self) -> None:
        self.created_at = created_at(self.id)

    @property
    def is_ephemeral(self) -> bool:
        """Whether only one member sees it."""
        return bool(self.flags & MessageFlag.EPHEMERAL)

    @property
    def is_loading(self) -> bool:
        """Whether it still shows that the application is thinking."""
        return bool(self.flags & MessageFlag.LOADING)

    @property
    def edit_count(self) -> int:
        """The number of visible edits."""
        return len(self.history) - 1

    @property
    def url(self) -> str:
        """The link to it."""
        guild_part = self.channel.guild.id if self.channel.guild else "@me"
        return f"https://discord.com/channels/{guild_part}/{self.channel.id}/{self.id}"

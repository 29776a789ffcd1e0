"""Gateway sessions: the events of one shard, kept for resuming."""

import collections
import dataclasses
import json
import secrets
from typing import Protocol

from sandbox.discord import payloads
from sandbox.discord.permissions import Permission, in_channel
from sandbox.discord.protocol import Intent, JsonObject
from sandbox.discord.snowflakes import shard_of
from sandbox.discord.state import DiscordState, Event

MAX_REPLAYED_EVENTS = 20_000
GUILDS, CONTENT = int(Intent.GUILDS), int(Intent.MESSAGE_CONTENT)
VIEW = int(Permission.VIEW_CHANNEL)


class EventSink(Protocol):
    """Receives a session's events while the bot is connected."""

    def push(self, text: str) -> None:
        """Queue ``text`` for sending."""
        ...


@dataclasses.dataclass(slots=True)
class SentEvent:
    """An event that was sent to a session."""

    seq: int
    name: str
    body: str

    @property
    def text(self) -> str:
        """The event as a gateway message."""
        return f'{{"t":"{self.name}","s":{self.seq},"op":0,"d":{self.body}}}'


class Session:
    """The session of one shard; it collects events while its socket is lost."""

    def __init__(self, state: DiscordState, intents: int, shard: int, shards: int) -> None:
        self.id = secrets.token_hex(16)
        self.shard = shard
        self.intents = intents
        self.presence: JsonObject = {}  # as the application identified itself
        self.sink: EventSink | None = None
        self.sent: collections.deque[SentEvent] = collections.deque(maxlen=MAX_REPLAYED_EVENTS)
        self.seq = 0
        self._state = state
        self._shards = shards

    def handles_guild(self, guild_id: int) -> bool:
        """Whether the guild belongs to this shard."""
        return shard_of(guild_id, self._shards) == self.shard

    def receives(self, event: Event) -> bool:
        """Whether shard, intents and permissions allow the bot to receive ``event``."""
        guild, channel = event.guild, event.channel
        if not (self.handles_guild(guild.id) if guild else self.shard == 0):
            return False
        if event.to_bot:
            return True
        if event.intents and not self.intents & event.intents:
            return False
        if guild is not None and self._state.bot.id not in guild.members:
            return False
        # a bot receives events about channels that it can't view
        if channel is None or (event.intents == GUILDS and not channel.is_thread):
            return True
        return bool(in_channel(channel, self._state.bot) & VIEW)

    def deliver(self, event: Event) -> None:
        """Send ``event`` if the session receives it."""
        if self.receives(event):
            self.dispatch(event.name, self._visible_payload(event))

    def dispatch(self, name: str, payload: JsonObject) -> None:
        """Send an event without checking whether the session receives it."""
        self.send(name, json.dumps(payload, separators=(",", ":"), ensure_ascii=False))

    def send(self, name: str, body: str) -> None:
        """Send an event with a serialized body."""
        self.seq += 1
        sent = SentEvent(self.seq, name, body)
        self.sent.append(sent)
        if self.sink is not None:
            self.sink.push(sent.text)

    def events_since(self, seq: int) -> list[str]:
        """Return the events after ``seq`` as gateway messages."""
        return [sent.text for sent in self.sent if sent.seq > seq]

    def last_event(self, name: str) -> SentEvent | None:
        """Return the latest event named ``name``."""
        return next((sent for sent in reversed(self.sent) if sent.name == name), None)

    def _visible_payload(self, event: Event) -> JsonObject:
        message = event.message
        if message is None or self.intents & CONTENT:
            return event.payload
        withheld = payloads.is_content_hidden(message, self._state.bot)
        return event.payload | payloads.HIDDEN_CONTENT if withheld else event.payload

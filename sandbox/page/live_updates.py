"""Sends changes of the local Discord to one open page, over its websocket.

Changes are debounced: of a message that changes several times, the page gets the latest state
only. A page that reads slowly therefore skips intermediate states but does not fall behind.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable

from aiohttp import web

from sandbox.discord.models import Channel, Message, User
from sandbox.discord.protocol import Json, JsonObject
from sandbox.discord.server import DiscordServer
from sandbox.discord.state import Event
from sandbox.page.request_feed import RequestFeed
from sandbox.page.views import (
    channel_view,
    commands_view,
    initial_view,
    message_view,
    user_view,
    visible_channels,
)

DEBOUNCE = 0.025  # seconds; browsers draw 60 times a second at best
CHECK_INTERVAL = 0.25  # seconds; some facts change without an event
MAX_MESSAGE = 64 * 1024


class PageConnection:
    """Keeps one page up to date until its websocket closes."""

    def __init__(
        self, ws: web.WebSocketResponse, discord: DiscordServer, members: list[User]
    ) -> None:
        self._ws = ws
        self._discord = discord
        self._members = members
        self._changed = asyncio.Event()
        self._messages: dict[int, Message] = {}
        self._channels: set[int] = set()
        self._typing: dict[int, float] = {}
        self._request_feed = RequestFeed(discord)
        self._last_facts: dict[str, Json] = {}

    async def run(self) -> None:
        """Send the initial state, then all changes until the page disconnects."""
        state = self._discord.state
        state.message_listeners.append(self._on_message)
        state.event_listeners.append(self._on_event)
        try:
            hello = initial_view(self._discord, self._members)
            await self._ws.send_json({"hello": hello})
            self._changed_facts()
            async with asyncio.TaskGroup() as tasks:
                telling = tasks.create_task(self._send_updates())
                async for frame in self._ws:
                    self._on_page_message(frame.data)
                telling.cancel()
        finally:
            state.message_listeners.remove(self._on_message)
            state.event_listeners.remove(self._on_event)

    # incoming

    def _on_message(self, message: Message) -> None:
        self._messages[message.id] = message
        self._changed.set()

    def _on_event(self, event: Event) -> None:
        if event.name.startswith(("CHANNEL_", "THREAD_")):
            self._channels.add(int(event.payload["id"]))
            # the threads of a deleted channel have no event of their own
            channels = self._discord.state.channels.values()
            self._channels.update(each.id for each in channels if each.parent is event.channel)
        elif event.name == "TYPING_START" and event.channel is not None:
            self._typing[event.channel.id] = time.time()
        else:
            return
        self._changed.set()

    def _on_page_message(self, text: Json) -> None:
        """Enable the request feed while the page's panel is open."""
        self._request_feed.is_enabled = text == "panel open"
        self._changed.set()

    # outgoing

    async def _send_updates(self) -> None:
        with contextlib.suppress(ConnectionError):
            while not self._ws.closed:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), CHECK_INTERVAL)
                    await asyncio.sleep(DEBOUNCE)
                self._changed.clear()
                news = self._take_changes()
                if news:
                    await self._ws.send_json(news | {"at": time.time()})

    def _take_changes(self) -> JsonObject:
        """Return the changes since the last call."""
        news = self._changed_facts()
        if self._messages:
            changed, self._messages = self._messages.values(), {}
            bot = self._discord.state.bot
            shown = [each for each in changed if not each.deleted and self._is_shown(each.channel)]
            news["messages"] = [message_view(each, bot) for each in shown]
            news["gone"] = [
                [str(each.channel.id), str(each.id)] for each in changed if each.deleted
            ]
        if self._channels:
            changed, self._channels = self._channels, set()
            news |= self._channel_changes(changed)
        if self._typing:
            news["typing"] = [str(each) for each in self._typing]
            self._typing.clear()
        traffic = self._request_feed.take_new()
        if traffic:
            news["traffic"] = traffic
        return news

    def _channel_changes(self, changed: Iterable[int]) -> JsonObject:
        known = {each.id: each for each in visible_channels(self._discord)}
        return {
            "channels": [channel_view(known[each]) for each in changed if each in known],
            "closed": [str(each) for each in changed if each not in known],
        }

    def _is_shown(self, channel: Channel) -> bool:
        return not channel.is_without_bot and channel.guild in {None, self._discord.state.guild}

    def _changed_facts(self) -> JsonObject:
        """Return the facts that differ from those sent last. They are few, so all are compared."""
        facts: dict[str, Json] = {
            "online": self._discord.gateway.is_connected,
            "commands": commands_view(self._discord),
            "users": [user_view(each) for each in self._discord.state.users.values()],
        }
        changed = {name: fact for name, fact in facts.items() if self._last_facts.get(name) != fact}
        self._last_facts |= changed
        return changed

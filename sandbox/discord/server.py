"""The local Discord: an HTTP server on loopback with REST API, gateway and file downloads."""

import base64
import datetime as dt
import pathlib
import secrets
import urllib.parse
from collections.abc import Callable
from typing import TypeVar

from aiohttp import web
from typing_extensions import override

from sandbox.discord import messages, permissions
from sandbox.discord.command_registry import CommandRegistry
from sandbox.discord.faults import Faults
from sandbox.discord.gateway import Gateway
from sandbox.discord.interactions import Interactions
from sandbox.discord.member import Member
from sandbox.discord.models import Channel, Message, User
from sandbox.discord.openapi import OpenApiDocument
from sandbox.discord.ratelimits import RateLimits
from sandbox.discord.request_log import LoggedRequest, Violation
from sandbox.discord.rest.handler import API_PATH, RestHandler
from sandbox.discord.rest.request import AppContext
from sandbox.discord.state import DiscordState
from sandbox.loopback import LoopbackServer, local_only

T = TypeVar("T")
MAX_REQUEST_BYTES = 64 * 1024 * 1024


class DiscordServer(LoopbackServer):
    """A local Discord for one bot.

    The bot uses ``api_url`` as the base of its REST routes and ``token`` to log in; the URL of the
    gateway is what ``GET /gateway/bot`` returns. ``state`` holds guilds, channels and messages,
    ``faults`` and ``gateway`` inject failures, ``rate_limits.is_enforced`` switches rate limits.

    Args:
        host: the address to listen on.
        port: the port; 0 takes a free one.
        openapi: path of Discord's OpenAPI document; requests are validated against it.
        bot_name: the name of the bot's user.
        shards: the recommended number of shards.
        privileged_intents: the privileged intents granted to the application.
        acknowledge_timeout: seconds within which the bot has to respond to an interaction.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        openapi: str | pathlib.Path | None = None,
        *,
        bot_name: str = "Bot",
        shards: int = 1,
        privileged_intents: int = 0,
        acknowledge_timeout: float = 3.0,
    ) -> None:
        super().__init__(host, port)
        self.state = DiscordState(bot_name=bot_name, privileged_intents=privileged_intents)
        self.token = _token(self.state.bot.id)
        self.commands = CommandRegistry(self.state.snowflakes, self.state.application_id)
        self.interactions = Interactions(self.state)
        self.interactions.acknowledge_timeout = acknowledge_timeout
        self.gateway = Gateway(self.state, self.token)
        self.api_url = ""
        self._context = AppContext(self.state, self.interactions, self.commands, shards=shards)
        document = OpenApiDocument(pathlib.Path(openapi)) if openapi else None
        self._handler = RestHandler(self._context, self.token, document)
        owner = self.state.owner
        self._members = {owner.name: Member(owner, self.state, self.commands, self.interactions)}

    @override
    def _create_app(self) -> web.Application:
        app = web.Application(
            client_max_size=MAX_REQUEST_BYTES, middlewares=[local_only(self.host)]
        )
        app.router.add_get("/gateway", self.gateway.handle)
        app.router.add_get("/gateway/", self.gateway.handle)
        app.router.add_get("/attachments/{channel}/{id}/{name}", self._serve_attachment)
        app.router.add_route("*", API_PATH + "/{tail:.*}", self._handler.handle)
        return app

    @override
    def _on_start(self) -> None:
        self.state.base_url = self.base_url
        self.api_url = self.base_url + API_PATH
        self.gateway.url = f"ws://{self.host}:{self.port}/gateway"
        self._context.gateway_url = self.gateway.url

    @override
    async def _before_stop(self) -> None:
        self.faults.clear()
        await self.gateway.close()

    # the bot's requests

    @property
    def application_id(self) -> int:
        """The id of the application, which is also the bot's."""
        return self.state.application_id

    @property
    def requests(self) -> list[LoggedRequest]:
        """All requests of the bot, oldest first, without tokens."""
        return self._handler.requests

    @property
    def violations(self) -> list[Violation]:
        """All rules of Discord that the bot broke."""
        return self._handler.violations

    @property
    def invalid_requests(self) -> int:
        """The number of 401, 403 and 429 responses; Discord bans for 10,000 in ten minutes."""
        return self._handler.invalid_requests

    @property
    def faults(self) -> Faults:
        """The planned faults of the next requests."""
        return self._handler.faults

    @property
    def rate_limits(self) -> RateLimits:
        """The rate limits."""
        return self._handler.rate_limits

    # members

    def member(self, name: str) -> Member:
        """Return the member ``name`` of the default guild; create them at the first call.

        Its owner is a member from the beginning.
        """
        found = self._members.get(name)
        if found is None:
            user = self.state.new_user(name)
            self.state.join(self.state.guild, user)
            found = Member(user, self.state, self.commands, self.interactions)
            self._members[name] = found
        return found

    async def wait_for(self, condition: Callable[[], T], *, timeout: float = 5.0) -> T:  # noqa: ASYNC109
        """Return the first truthy value of ``condition``, which is checked after each change.

        Raises:
            TimeoutError: there was none within ``timeout`` seconds.
        """
        return await self.state.conditions.wait_for(condition, timeout=timeout)

    async def wait_until_ready(self, *, timeout: float = 10.0) -> None:  # noqa: ASYNC109
        """Wait until the bot has identified and registered a command.

        Raises:
            TimeoutError: the bot did not within ``timeout`` seconds.
        """
        await self.wait_for(
            lambda: self.gateway.is_connected and self.commands.has_commands(), timeout=timeout
        )

    # changes made by moderators

    def delete(self, thing: Message | Channel) -> None:
        """Delete a message or a channel, as a moderator would."""
        if isinstance(thing, Message):
            messages.delete_message(self.state, thing)
        else:
            self.state.delete_channel(thing)

    def age(self, message: Message, by: dt.timedelta) -> None:
        """Make ``message`` older by ``by``; edits of messages older than an hour are limited."""
        message.created_at -= by

    def permissions(self, channel: Channel, user: User | None = None) -> int:
        """Return the permissions of ``user`` (by default the bot) in ``channel``."""
        return permissions.in_channel(channel, user or self.state.bot)

    async def _serve_attachment(self, http: web.Request) -> web.StreamResponse:
        number = http.match_info["id"]
        found = self.state.attachments.get(int(number)) if number.isdigit() else None
        if found is None or urllib.parse.unquote(http.match_info["name"]) != found.filename:
            raise web.HTTPNotFound
        span = http.http_range
        headers = {"Content-Type": found.content_type, "Accept-Ranges": "bytes"}
        # CORS as at Discord: any origin may read files
        headers["Access-Control-Allow-Origin"] = "*"
        if span.start is None and span.stop is None:
            return web.Response(body=found.content, headers=headers)
        size = len(found.content)
        start, stop, _ = span.indices(size)
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        return web.Response(status=206, body=found.content[start:stop], headers=headers)


def _token(bot_id: int) -> str:
    """Return a token in Discord's format: some libraries read the bot's id from its first part."""
    first = base64.urlsafe_b64encode(str(bot_id).encode()).decode().rstrip("=")
    return f"{first}.{secrets.token_urlsafe(4)}.{secrets.token_urlsafe(28)}"

"""The local Discord as a whole: one HTTP server on loopback, one world, its members."""

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
    """A Discord to try a bot on.

    The bot takes ``api_url`` as the base of its REST routes and ``token`` to log in; the gateway
    is what ``GET /gateway/bot`` names (``gateway.url``). ``openapi`` is the path of Discord's
    OpenAPI document, against which requests are then checked; ``privileged`` are the privileged
    intents that the application was granted; ``shards`` is the recommended number of shards;
    ``acknowledge_within`` shortens the 3 s for an answer, for tests that break the rule.

    ``world`` holds guilds, channels and messages and changes them on order; ``faults`` and
    ``gateway`` make trouble; ``limits`` are the rate limits (``limits.enforced``).
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        openapi: str | pathlib.Path | None = None,
        *,
        shards: int = 1,
        privileged_intents: int = 0,
        acknowledge_timeout: float = 3.0,
    ) -> None:
        super().__init__(host, port)
        self.state = DiscordState(privileged_intents=privileged_intents)
        self.token = _token(self.state.bot.id)
        self.commands = CommandRegistry(self.state.snowflakes, self.state.application_id)
        self.interactions = Interactions(self.state)
        self.interactions.acknowledge_timeout = acknowledge_timeout
        self.gateway = Gateway(self.state, self.token)
        self.api_url = ""
        self._context = AppContext(self.state, self.interactions, self.commands, shards=shards)
        document = OpenApiDocument(pathlib.Path(openapi)) if openapi else None
        self._handler = RestHandler(self._context, self.token, document)
        self._members: dict[str, Member] = {}

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

    # what the bot did

    @property
    def application_id(self) -> int:
        """The id of the application, which is the bot's too."""
        return self.state.application_id

    @property
    def requests(self) -> list[LoggedRequest]:
        """All requests of the bot, oldest first; no token is in them."""
        return self._handler.requests

    @property
    def violations(self) -> list[Violation]:
        """Where the bot broke Discord's rules."""
        return self._handler.violations

    @property
    def invalid_requests(self) -> int:
        """How many answers were 401, 403 or 429; Discord bans for 10,000 in ten minutes."""
        return self._handler.invalid_requests

    @property
    def faults(self) -> Faults:
        """Trouble on order for the next requests."""
        return self._handler.faults

    @property
    def rate_limits(self) -> RateLimits:
        """The rate limits."""
        return self._handler.rate_limits

    # the people

    def member(self, name: str) -> Member:
        """The person of that name in the default guild, new if need be."""
        found = self._members.get(name)
        if found is None:
            user = self.state.new_user(name)
            self.state.join(self.state.guild, user)
            found = Member(user, self.state, self.commands, self.interactions)
            self._members[name] = found
        return found

    async def wait_for(self, condition: Callable[[], T], *, timeout: float = 5.0) -> T:  # noqa: ASYNC109
        """The first truthy value of ``condition``, looked at again after each change.

        Raises:
            TimeoutError: there was none within ``timeout`` seconds.
        """
        return await self.state.conditions.wait_for(condition, timeout=timeout)

    async def wait_until_ready(self, *, timeout: float = 10.0) -> None:  # noqa: ASYNC109
        """Wait until the bot has identified and registered a command.

        Raises:
            TimeoutError: it did not.
        """
        await self.wait_for(
            lambda: self.gateway.is_connected and self.commands.has_commands(), timeout=timeout
        )

    # what happens to them

    def delete(self, thing: Message | Channel) -> None:
        """Delete a message or a channel, as a moderator would."""
        if isinstance(thing, Message):
            messages.delete_message(self.state, thing)
        else:
            self.state.delete_channel(thing)

    def age(self, message: Message, by: dt.timedelta) -> None:
        """Make ``message`` older by ``by``; what is older than an hour takes few edits."""
        message.created_at -= by

    def permissions(self, channel: Channel, user: User | None = None) -> int:
        """The permissions of ``user`` (the bot's, unless one is given) in ``channel``."""
        return permissions.in_channel(channel, user or self.state.bot)

    async def _serve_attachment(self, http: web.Request) -> web.StreamResponse:
        number = http.match_info["id"]
        found = self.state.attachments.get(int(number)) if number.isdigit() else None
        if found is None or urllib.parse.unquote(http.match_info["name"]) != found.filename:
            raise web.HTTPNotFound
        span = http.http_range
        headers = {"Content-Type": found.content_type, "Accept-Ranges": "bytes"}
        # as Discord has it: pages elsewhere may read files
        headers["Access-Control-Allow-Origin"] = "*"
        if span.start is None and span.stop is None:
            return web.Response(body=found.content, headers=headers)
        size = len(found.content)
        start, stop, _ = span.indices(size)
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        return web.Response(status=206, body=found.content[start:stop], headers=headers)


def _token(bot_id: int) -> str:
    """A token in Discord's form: some libraries read the bot's id from its first part."""
    first = base64.urlsafe_b64encode(str(bot_id).encode()).decode().rstrip("=")
    return f"{first}.{secrets.token_urlsafe(4)}.{secrets.token_urlsafe(28)}"

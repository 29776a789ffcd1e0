"""A parsed REST request and the routes that handle it."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import TypeAlias

from sandbox.discord import permissions
from sandbox.discord.command_registry import CommandRegistry
from sandbox.discord.errors import ApiError
from sandbox.discord.interactions import Interactions
from sandbox.discord.models import Channel, Guild, Message, Upload, User
from sandbox.discord.permissions import Permission
from sandbox.discord.protocol import Json, JsonObject, is_object
from sandbox.discord.ratelimits import DEFAULT_LIMIT, Limit
from sandbox.discord.snowflakes import is_snowflake
from sandbox.discord.state import DiscordState


@dataclasses.dataclass(slots=True)
class AppContext:
    """What all routes share."""

    state: DiscordState
    interactions: Interactions
    commands: CommandRegistry
    gateway_url: str = ""
    shards: int = 1


@dataclasses.dataclass(slots=True)
class RestRequest:
    """A parsed request; its methods look up the objects that it names."""

    context: AppContext
    params: dict[str, str]
    query: Mapping[str, str]
    json: Json
    files: list[Upload]

    @property
    def state(self) -> DiscordState:
        """The state of the local Discord."""
        return self.context.state

    def body(self) -> JsonObject:
        """Return the JSON object in the body.

        Raises:
            ApiError: 50109 if there is none.
        """
        if is_object(self.json):
            return self.json
        raise ApiError(50109)

    def id(self, name: str) -> int:
        """Return an id in the path.

        Raises:
            ApiError: 50035 if it is no snowflake.
        """
        value = self.params[name]
        if is_snowflake(value):
            return int(value)
        wrong = {"code": "NUMBER_TYPE_COERCE", "message": f'Value "{value}" is not snowflake.'}
        raise ApiError(50035, errors={name: {"_errors": [wrong]}})

    def channel(self, *needed: Permission) -> Channel:
        """Return the channel in the path; the bot must have the ``needed`` permissions in it.

        Raises:
            ApiError: 10003 if unknown, 50001 without VIEW_CHANNEL, 50013 without another one.
        """
        found = self.state.channels.get(self.id("channel_id"))
        if found is None:
            raise ApiError(10003)
        require_permissions(found, self.state.bot, *needed)
        return found

    def message(self, channel: Channel) -> Message:
        """Return the message in the path.

        Raises:
            ApiError: 10008 if it is unknown or ephemeral.
        """
        found = channel.messages.get(self.id("message_id"))
        if found is None or found.is_ephemeral:
            raise ApiError(10008)
        return found

    def guild(self) -> Guild:
        """Return the guild in the path.

        Raises:
            ApiError: 10004 if it is unknown or the bot is not in it.
        """
        found = self.state.guilds.get(self.id("guild_id"))
        if found is None or self.state.bot.id not in found.members:
            raise ApiError(10004)
        return found


def refuse_as_not_modelled(_request: RestRequest) -> "ResponseBody":
    """Handle a route of Discord's that the sandbox lacks and another one's template covers.

    Raises:
        ApiError: 501.
    """
    raise ApiError.not_modelled()


def require_permissions(channel: Channel, user: User, *needed: Permission) -> None:
    """Raise ApiError unless ``user`` has the ``needed`` permissions in ``channel``.

    Raises:
        ApiError: 50001 without VIEW_CHANNEL, 50013 without another one.
    """
    if permissions.missing(channel, user, Permission.VIEW_CHANNEL):
        raise ApiError(50001)
    lacking = permissions.missing(channel, user, *needed)
    if lacking:
        raise ApiError(50013)


def require_unlocked(channel: Channel, user: User) -> None:
    """Raise ApiError if ``channel`` is a locked thread and ``user`` does not manage threads.

    Raises:
        ApiError: 160005.
    """
    if channel.locked and permissions.missing(channel, user, Permission.MANAGE_THREADS):
        raise ApiError(160005)


ResponseBody: TypeAlias = Json
Handler: TypeAlias = Callable[[RestRequest], ResponseBody]


@dataclasses.dataclass(slots=True, frozen=True)
class Route:
    """An endpoint; its response is 204 where the handler returns None, else ``status``.

    Routes with the same ``bucket`` share a limit. ``public`` routes need no token and don't count
    for the global limit; without ``limit`` requests are not counted per route. Only routes that
    ``accepts_forms`` take a body that is not JSON.
    """

    method: str
    template: str
    handler: Handler
    limit: Limit | None = DEFAULT_LIMIT
    bucket: str = ""
    public: bool = False
    accepts_forms: bool = False
    status: int = 200

    @property
    def key(self) -> str:
        """The name of the bucket."""
        return self.bucket or f"{self.method} {self.template}"

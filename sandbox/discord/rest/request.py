"""A request on its way to the function that answers it."""

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
    """What the routes work on."""

    state: DiscordState
    interactions: Interactions
    commands: CommandRegistry
    gateway_url: str = ""
    shards: int = 1


@dataclasses.dataclass(slots=True)
class RestRequest:
    """A request, taken apart."""

    context: AppContext
    params: dict[str, str]
    query: Mapping[str, str]
    json: Json
    files: list[Upload]

    @property
    def state(self) -> DiscordState:
        """The state."""
        return self.context.state

    def body(self) -> JsonObject:
        """The JSON object of the request.

        Raises:
            ApiError: 50035 if it is none.
        """
        if is_object(self.json):
            return self.json
        raise ApiError(50109)

    def id(self, name: str) -> int:
        """An id in the path.

        Raises:
            ApiError: 50035 if it is none.
        """
        value = self.params[name]
        if is_snowflake(value):
            return int(value)
        wrong = {"code": "NUMBER_TYPE_COERCE", "message": f'Value "{value}" is not snowflake.'}
        raise ApiError(50035, errors={name: {"_errors": [wrong]}})

    def channel(self, *needed: Permission) -> Channel:
        """The channel in the path, in which the bot has to have the ``needed`` permissions.

        Raises:
            ApiError: 10003, 50001 without a view of it, 50013.
        """
        found = self.state.channels.get(self.id("channel_id"))
        if found is None:
            raise ApiError(10003)
        require_permissions(found, self.state.bot, *needed)
        return found

    def message(self, channel: Channel) -> Message:
        """The message in the path; an ephemeral one is not to be found.

        Raises:
            ApiError: 10008.
        """
        found = channel.messages.get(self.id("message_id"))
        if found is None or found.is_ephemeral:
            raise ApiError(10008)
        return found

    def guild(self) -> Guild:
        """The guild in the path.

        Raises:
            ApiError: 10004 if there is none with the bot in it.
        """
        found = self.state.guilds.get(self.id("guild_id"))
        if found is None or self.state.bot.id not in found.members:
            raise ApiError(10004)
        return found


def require_permissions(channel: Channel, user: User, *needed: Permission) -> None:
    """Insist that ``user`` has the ``needed`` permissions in ``channel``.

    Raises:
        ApiError: 50001 without a view of it, 50013.
    """
    if permissions.missing(channel, user, Permission.VIEW_CHANNEL):
        raise ApiError(50001)
    lacking = permissions.missing(channel, user, *needed)
    if lacking:
        raise ApiError(50013)


ResponseBody: TypeAlias = Json
Handler: TypeAlias = Callable[[RestRequest], ResponseBody]


@dataclasses.dataclass(slots=True, frozen=True)
class Route:
    """An endpoint: answers 204 where its function returns None.

    ``bucket`` joins routes that share a limit. Without ``public``, the bot's token is demanded
    and the global limit counts; without ``limit`` nothing is counted per route.
    """

    method: str
    template: str
    handler: Handler
    limit: Limit | None = DEFAULT_LIMIT
    bucket: str = ""
    public: bool = False

    @property
    def key(self) -> str:
        """The name of its bucket."""
        return self.bucket or f"{self.method} {self.template}"

"""The application's registered commands, global and per guild."""

import copy

from sandbox.discord.errors import ApiError
from sandbox.discord.models import Channel
from sandbox.discord.protocol import CommandType, Context, JsonObject, objects
from sandbox.discord.snowflakes import Snowflakes


class CommandRegistry:
    """Registered commands by scope: a guild's id, or None for global commands."""

    def __init__(self, snowflakes: Snowflakes, application_id: int) -> None:
        self._snowflakes = snowflakes
        self._application_id = application_id
        self._scopes: dict[int | None, dict[int, JsonObject]] = {}

    def all(self, guild_id: int | None = None) -> list[JsonObject]:
        """Return the commands of a scope."""
        return list(self._scopes.get(guild_id, {}).values())

    def has_commands(self) -> bool:
        """Whether any command is registered."""
        return any(self._scopes.values())

    def get(self, guild_id: int | None, command_id: int) -> JsonObject:
        """Return one command.

        Raises:
            ApiError: 10063 if it is unknown.
        """
        found = self._scopes.get(guild_id, {}).get(command_id)
        if found is None:
            raise ApiError(10063)
        return found

    def upsert(self, guild_id: int | None, body: JsonObject) -> tuple[JsonObject, bool]:
        """Add a command or replace the one with its name and type; return it, and if it is new."""
        scope = self._scopes.setdefault(guild_id, {})
        kind = body.get("type") or 1
        for command in scope.values():
            if (command["type"], command["name"]) == (kind, body["name"]):
                command.update(self._command_payload(guild_id, body, int(command["id"])))
                return command, False
        made = self._command_payload(guild_id, body, self._snowflakes.new())
        scope[int(made["id"])] = made
        return made, True

    def replace_all(self, guild_id: int | None, bodies: list[JsonObject]) -> list[JsonObject]:
        """Replace all commands of a scope by ``bodies``; commands that stay keep their ids."""
        before = {(old["type"], old["name"]): int(old["id"]) for old in self.all(guild_id)}
        scope: dict[int, JsonObject] = {}
        for body in bodies:
            key = (body.get("type") or 1, body["name"])
            number = before.get(key) or self._snowflakes.new()
            scope[number] = self._command_payload(guild_id, body, number)
        self._scopes[guild_id] = scope
        return list(scope.values())

    def remove(self, guild_id: int | None, command_id: int) -> None:
        """Delete a command.

        Raises:
            ApiError: 10063 if it is unknown.
        """
        self.get(guild_id, command_id)
        del self._scopes[guild_id][command_id]

    def find(
        self, name: str, kind: CommandType, channel: Channel, *, with_bot: bool
    ) -> JsonObject | None:
        """Return the command ``name`` if a member can use it in ``channel``."""
        guild_id = channel.guild.id if channel.guild else None
        context = Context.GUILD if channel.guild else Context.BOT_DM
        if guild_id is not None and with_bot:
            for command in self.all(guild_id):
                if (command["name"], command["type"]) == (name, kind):
                    return command
        for command in self.all():
            if (command["name"], command["type"]) != (name, kind):
                continue
            contexts = command["contexts"]
            installs = command["integration_types"]
            here = contexts is None or context in contexts
            if here and (with_bot or 1 in installs):
                return command
        return None

    def _command_payload(self, guild_id: int | None, body: JsonObject, number: int) -> JsonObject:
        permissions = body.get("default_member_permissions")
        contexts = body.get("contexts")
        if contexts is None and body.get("dm_permission") is False:
            contexts = [int(Context.GUILD)]
        made: JsonObject = {
            "id": str(number),
            "application_id": str(self._application_id),
            "version": str(self._snowflakes.new()),
            "default_member_permissions": None if permissions is None else str(permissions),
            "type": body.get("type") or 1,
            "name": body["name"],
            "name_localizations": body.get("name_localizations"),
            "description": body.get("description") or "",
            "description_localizations": body.get("description_localizations"),
            "dm_permission": contexts is None or int(Context.BOT_DM) in contexts,
            "contexts": contexts,
            "integration_types": body.get("integration_types") or [0],
            "nsfw": bool(body.get("nsfw")),
        }
        if guild_id is not None:
            made["guild_id"] = str(guild_id)
        options = copy.deepcopy(list(objects(body.get("options"))))
        if options:
            made["options"] = options
        return made

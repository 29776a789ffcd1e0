"""Routes to register commands."""

from sandbox.discord.errors import ApiError
from sandbox.discord.protocol import objects
from sandbox.discord.rest.request import Answer, Call, Route
from sandbox.discord.rules.commands import check_command, check_commands

GLOBAL = "/applications/{application_id}/commands"
GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"


def _scope(call: Call) -> int | None:
    if call.id("application_id") != call.world.application_id:
        raise ApiError(20012, status=403, message="You are not authorized to do that.")
    if "guild_id" not in call.params:
        return None
    guild = call.world.guilds.get(call.id("guild_id"))
    if guild is None or call.world.bot.id not in guild.members:
        raise ApiError(50001)
    return guild.id


def _all(call: Call) -> Answer:
    return call.site.commands.all(_scope(call))


def _replace(call: Call) -> Answer:
    scope = _scope(call)
    check_commands(call.json)
    return call.site.commands.replace(scope, list(objects(call.json)))


def _create(call: Call) -> Answer:
    scope = _scope(call)
    check_command(call.json)
    command, _ = call.site.commands.put(scope, call.body())
    return command


def _one(call: Call) -> Answer:
    return call.site.commands.get(_scope(call), call.id("command_id"))


def _change(call: Call) -> Answer:
    command = _one(call)
    changed = command | call.body()
    check_command(changed)
    if changed["name"] != command["name"]:
        command["name"] = changed["name"]
    changed, _ = call.site.commands.put(_scope(call), changed)
    return changed


def _remove(call: Call) -> Answer:
    call.site.commands.remove(_scope(call), call.id("command_id"))


def _permissions(call: Call) -> Answer:
    _scope(call)
    return []


ROUTES = [
    route
    for base in (GLOBAL, GUILD)
    for route in (
        Route("GET", base, _all),
        Route("PUT", base, _replace),
        Route("POST", base, _create),
        Route("GET", base + "/{command_id}", _one),
        Route("PATCH", base + "/{command_id}", _change),
        Route("DELETE", base + "/{command_id}", _remove),
    )
]
ROUTES.append(Route("GET", GUILD + "/permissions", _permissions))

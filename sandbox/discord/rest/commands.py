"""Routes to register commands."""

from sandbox.discord.errors import ApiError
from sandbox.discord.protocol import objects
from sandbox.discord.rest.request import ResponseBody, RestRequest, Route
from sandbox.discord.rules.commands import check_command, check_commands

GLOBAL = "/applications/{application_id}/commands"
GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"


def _scope(call: RestRequest) -> int | None:
    if call.id("application_id") != call.state.application_id:
        raise ApiError(20012, status=403, message="You are not authorized to do that.")
    if "guild_id" not in call.params:
        return None
    guild = call.state.guilds.get(call.id("guild_id"))
    if guild is None or call.state.bot.id not in guild.members:
        raise ApiError(50001)
    return guild.id


def _list_commands(call: RestRequest) -> ResponseBody:
    return call.context.commands.all(_scope(call))


def _replace_commands(call: RestRequest) -> ResponseBody:
    scope = _scope(call)
    check_commands(call.json)
    return call.context.commands.replace_all(scope, list(objects(call.json)))


def _create_command(call: RestRequest) -> ResponseBody:
    scope = _scope(call)
    check_command(call.json)
    command, _ = call.context.commands.upsert(scope, call.body())
    return command


def _get_command(call: RestRequest) -> ResponseBody:
    return call.context.commands.get(_scope(call), call.id("command_id"))


def _edit_command(call: RestRequest) -> ResponseBody:
    command = _get_command(call)
    changed = command | call.body()
    check_command(changed)
    if changed["name"] != command["name"]:
        command["name"] = changed["name"]
    changed, _ = call.context.commands.upsert(_scope(call), changed)
    return changed


def _delete_command(call: RestRequest) -> ResponseBody:
    call.context.commands.remove(_scope(call), call.id("command_id"))


def _get_permissions(call: RestRequest) -> ResponseBody:
    _scope(call)
    return []


ROUTES = [
    route
    for base in (GLOBAL, GUILD)
    for route in (
        Route("GET", base, _list_commands),
        Route("PUT", base, _replace_commands),
        Route("POST", base, _create_command),
        Route("GET", base + "/{command_id}", _get_command),
        Route("PATCH", base + "/{command_id}", _edit_command),
        Route("DELETE", base + "/{command_id}", _delete_command),
    )
]
ROUTES.append(Route("GET", GUILD + "/permissions", _get_permissions))

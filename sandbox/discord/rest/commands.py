"""Routes to register commands."""

from sandbox.discord.errors import ApiError
from sandbox.discord.protocol import objects
from sandbox.discord.rest.request import ResponseBody, RestRequest, Route
from sandbox.discord.rules.commands import check_command, check_commands

GLOBAL = "/applications/{application_id}/commands"
GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"


def _scope(request: RestRequest) -> int | None:
    if request.id("application_id") != request.state.application_id:
        raise ApiError(20012, status=403, message="You are not authorized to do that.")
    if "guild_id" not in request.params:
        return None
    guild = request.state.guilds.get(request.id("guild_id"))
    if guild is None or request.state.bot.id not in guild.members:
        raise ApiError(50001)
    return guild.id


def _list_commands(request: RestRequest) -> ResponseBody:
    return request.context.commands.all(_scope(request))


def _replace_commands(request: RestRequest) -> ResponseBody:
    scope = _scope(request)
    check_commands(request.json)
    return request.context.commands.replace_all(scope, list(objects(request.json)))


def _create_command(request: RestRequest) -> ResponseBody:
    scope = _scope(request)
    check_command(request.json)
    command, _ = request.context.commands.upsert(scope, request.body())
    return command


def _get_command(request: RestRequest) -> ResponseBody:
    return request.context.commands.get(_scope(request), request.id("command_id"))


def _edit_command(request: RestRequest) -> ResponseBody:
    command = _get_command(request)
    changed = command | request.body()
    check_command(changed)
    if changed["name"] != command["name"]:
        command["name"] = changed["name"]
    changed, _ = request.context.commands.upsert(_scope(request), changed)
    return changed


def _delete_command(request: RestRequest) -> ResponseBody:
    request.context.commands.remove(_scope(request), request.id("command_id"))


def _get_permissions(request: RestRequest) -> ResponseBody:
    _scope(request)
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

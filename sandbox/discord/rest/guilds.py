"""Routes about guilds, their channels, roles and members."""

from sandbox.discord import guild_payloads, payloads
from sandbox.discord.errors import ApiError
from sandbox.discord.permissions import in_channel
from sandbox.discord.rest.request import ResponseBody, RestRequest, Route


def _guild(request: RestRequest) -> ResponseBody:
    guild = request.guild()
    payload = guild_payloads.guild(guild)
    if request.query.get("with_counts", "").lower() in {"true", "1"}:
        count = len(guild.members)
        payload |= {"approximate_member_count": count, "approximate_presence_count": count}
    return payload


def _channels(request: RestRequest) -> ResponseBody:
    channels = request.guild().channels.values()
    return [payloads.channel(each) for each in channels if not each.is_thread]


def _threads(request: RestRequest) -> ResponseBody:
    found = [
        each
        for each in request.guild().channels.values()
        if each.is_thread and not each.archived and in_channel(each, request.state.bot)
    ]
    return {"threads": [payloads.channel(each) for each in found], "members": [], "has_more": False}


def _roles(request: RestRequest) -> ResponseBody:
    return [guild_payloads.role(each) for each in request.guild().roles.values()]


def _members(request: RestRequest) -> ResponseBody:
    limit = int(request.query.get("limit", "1"))
    after = int(request.query.get("after", "0"))
    found = [each for each in request.guild().members.values() if each.user.id > after]
    return [payloads.member(each) for each in found[:limit]]


def _member(request: RestRequest) -> ResponseBody:
    found = request.guild().members.get(request.id("user_id"))
    if found is None:
        raise ApiError(10007)
    return payloads.member(found)


ROUTES = [
    Route("GET", "/guilds/{guild_id}", _guild),
    Route("GET", "/guilds/{guild_id}/channels", _channels),
    Route("GET", "/guilds/{guild_id}/threads/active", _threads),
    Route("GET", "/guilds/{guild_id}/roles", _roles),
    Route("GET", "/guilds/{guild_id}/members", _members),
    Route("GET", "/guilds/{guild_id}/members/{user_id}", _member),
]

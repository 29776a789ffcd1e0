"""Routes about guilds, their channels, roles and members."""

from sandbox.discord import guild_payloads, payloads
from sandbox.discord.errors import ApiError
from sandbox.discord.permissions import in_channel
from sandbox.discord.rest.request import ResponseBody, RestRequest, Route


def _guild(call: RestRequest) -> ResponseBody:
    guild = call.guild()
    payload = guild_payloads.guild(guild)
    if call.query.get("with_counts", "").lower() in {"true", "1"}:
        count = len(guild.members)
        payload |= {"approximate_member_count": count, "approximate_presence_count": count}
    return payload


def _channels(call: RestRequest) -> ResponseBody:
    channels = call.guild().channels.values()
    return [payloads.channel(each) for each in channels if not each.is_thread]


def _threads(call: RestRequest) -> ResponseBody:
    found = [
        each
        for each in call.guild().channels.values()
        if each.is_thread and not each.archived and in_channel(each, call.state.bot)
    ]
    return {"threads": [payloads.channel(each) for each in found], "members": [], "has_more": False}


def _roles(call: RestRequest) -> ResponseBody:
    return [guild_payloads.role(each) for each in call.guild().roles.values()]


def _members(call: RestRequest) -> ResponseBody:
    limit = int(call.query.get("limit", "1"))
    after = int(call.query.get("after", "0"))
    found = [each for each in call.guild().members.values() if each.user.id > after]
    return [payloads.member(each) for each in found[:limit]]


def _member(call: RestRequest) -> ResponseBody:
    found = call.guild().members.get(call.id("user_id"))
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

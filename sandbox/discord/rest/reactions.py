"""Routes about reactions."""

import re

from sandbox.discord import messages, payloads
from sandbox.discord.errors import ApiError
from sandbox.discord.permissions import Permission
from sandbox.discord.ratelimits import REACTION_LIMIT
from sandbox.discord.rest.request import ResponseBody, RestRequest, Route, require_permissions

EMOJI_REACTIONS = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}"
ALL_REACTIONS = "/channels/{channel_id}/messages/{message_id}/reactions"
MAX_REACTIONS = 20
CUSTOM_EMOJI = re.compile(r"^\w{2,32}:\d+$")
# the ranges are emojis that Unicode counts as letters or digits
UNICODE_EMOJI = re.compile("^[^\\w\\s:]|^[0-9#*]\ufe0f?\u20e3$|^[\u2139\u2122\u24c2\u3297\u3299]")


def _checked_emoji(request: RestRequest) -> str:
    emoji = request.params["emoji_name"]
    if not (CUSTOM_EMOJI.match(emoji) or (UNICODE_EMOJI.match(emoji) and not emoji.isascii())):
        raise ApiError(10014)
    return emoji


def _add_own_reaction(request: RestRequest) -> ResponseBody:
    channel = request.channel(Permission.READ_MESSAGE_HISTORY)
    message, emoji = request.message(channel), _checked_emoji(request)
    if emoji not in message.reactions:
        require_permissions(channel, request.state.bot, Permission.ADD_REACTIONS)
        if len(message.reactions) >= MAX_REACTIONS:
            raise ApiError(30010)
    if channel.archived:
        raise ApiError(50083)
    messages.add_reaction(request.state, message, emoji, request.state.bot)


def _remove_own_reaction(request: RestRequest) -> ResponseBody:
    message = request.message(request.channel())
    messages.remove_reaction(request.state, message, _checked_emoji(request), request.state.bot)


def _remove_user_reaction(request: RestRequest) -> ResponseBody:
    message = request.message(request.channel(Permission.MANAGE_MESSAGES))
    user = request.state.users.get(request.id("user_id"))
    if user is None:
        raise ApiError(10013)
    messages.remove_reaction(request.state, message, _checked_emoji(request), user)


def _remove_all_reactions(request: RestRequest) -> ResponseBody:
    message = request.message(request.channel(Permission.MANAGE_MESSAGES))
    wanted = (
        [_checked_emoji(request)] if "emoji_name" in request.params else list(message.reactions)
    )
    for emoji in wanted:
        for user in list(message.reactions.get(emoji, {}).values()):
            messages.remove_reaction(request.state, message, emoji, user)


def _list_reactions(request: RestRequest) -> ResponseBody:
    message = request.message(request.channel(Permission.READ_MESSAGE_HISTORY))
    people = message.reactions.get(_checked_emoji(request), {}).values()
    after, limit = int(request.query.get("after", "0")), int(request.query.get("limit", "25"))
    found = sorted((each for each in people if each.id > after), key=lambda each: each.id)
    return [payloads.user(each) for each in found[:limit]]


ROUTES = [
    Route("PUT", EMOJI_REACTIONS + "/@me", _add_own_reaction, REACTION_LIMIT, "reactions"),
    Route("DELETE", EMOJI_REACTIONS + "/@me", _remove_own_reaction, REACTION_LIMIT, "reactions"),
    Route(
        "DELETE", EMOJI_REACTIONS + "/{user_id}", _remove_user_reaction, REACTION_LIMIT, "reactions"
    ),
    Route("DELETE", EMOJI_REACTIONS, _remove_all_reactions, REACTION_LIMIT, "reactions"),
    Route("DELETE", ALL_REACTIONS, _remove_all_reactions, REACTION_LIMIT, "reactions"),
    Route("GET", EMOJI_REACTIONS, _list_reactions),
]

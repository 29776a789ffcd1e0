"""Routes about reactions."""

import re

from sandbox.discord import messages, payloads
from sandbox.discord.errors import ApiError
from sandbox.discord.permissions import Permission
from sandbox.discord.ratelimits import REACTING
from sandbox.discord.rest.request import Answer, Call, Route, require

EMOJI = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}"
ALL = "/channels/{channel_id}/messages/{message_id}/reactions"
MOST = 20
CUSTOM = re.compile(r"^\w{2,32}:\d+$")
# a few emojis are letters or digits to Unicode
PLAIN = re.compile("^[^\\w\\s:]|^[0-9#*]\ufe0f?\u20e3$|^[\u2139\u2122\u24c2\u3297\u3299]")


def _emoji(call: Call) -> str:
    emoji = call.params["emoji_name"]
    if not (CUSTOM.match(emoji) or (PLAIN.match(emoji) and not emoji.isascii())):
        raise ApiError(10014)
    return emoji


def _add(call: Call) -> Answer:
    channel = call.channel(Permission.READ_MESSAGE_HISTORY)
    message, emoji = call.message(channel), _emoji(call)
    if emoji not in message.reactions:
        require(channel, call.world.bot, Permission.ADD_REACTIONS)
        if len(message.reactions) >= MOST:
            raise ApiError(30010)
    if channel.archived:
        raise ApiError(50083)
    messages.add_reaction(call.world, message, emoji, call.world.bot)


def _remove_own(call: Call) -> Answer:
    message = call.message(call.channel())
    messages.remove_reaction(call.world, message, _emoji(call), call.world.bot)


def _remove(call: Call) -> Answer:
    message = call.message(call.channel(Permission.MANAGE_MESSAGES))
    user = call.world.users.get(call.id("user_id"))
    if user is None:
        raise ApiError(10013)
    messages.remove_reaction(call.world, message, _emoji(call), user)


def _remove_all(call: Call) -> Answer:
    message = call.message(call.channel(Permission.MANAGE_MESSAGES))
    wanted = [_emoji(call)] if "emoji_name" in call.params else list(message.reactions)
    for emoji in wanted:
        for user in list(message.reactions.get(emoji, {}).values()):
            messages.remove_reaction(call.world, message, emoji, user)


def _list(call: Call) -> Answer:
    message = call.message(call.channel(Permission.READ_MESSAGE_HISTORY))
    people = message.reactions.get(_emoji(call), {}).values()
    after, limit = int(call.query.get("after", "0")), int(call.query.get("limit", "25"))
    found = sorted((each for each in people if each.id > after), key=lambda each: each.id)
    return [payloads.user(each) for each in found[:limit]]


ROUTES = [
    Route("PUT", EMOJI + "/@me", _add, REACTING, "reactions"),
    Route("DELETE", EMOJI + "/@me", _remove_own, REACTING, "reactions"),
    Route("DELETE", EMOJI + "/{user_id}", _remove, REACTING, "reactions"),
    Route("DELETE", EMOJI, _remove_all, REACTING, "reactions"),
    Route("DELETE", ALL, _remove_all, REACTING, "reactions"),
    Route("GET", EMOJI, _list),
]

"""Routes about the messages of a channel."""

import datetime as dt

from sandbox.discord import messages, payloads, permissions
from sandbox.discord.errors import ApiError
from sandbox.discord.models import Channel, Message, Upload
from sandbox.discord.permissions import Permission
from sandbox.discord.protocol import Intent, Json, JsonObject, MessageFlag, is_object
from sandbox.discord.ratelimits import SENDING, too_many
from sandbox.discord.rest.request import Answer, Call, Route, require
from sandbox.discord.rules.messages import check_message

MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = "/channels/{channel_id}/messages/{message_id}"
DIRECT_LIMIT = 10 * 1024 * 1024
MOST_LISTED = 100
# Discord keeps its number secret; what matters to a bot is that there is one
NONCES_COUNT_FOR = dt.timedelta(minutes=3)
OLD, OLD_EDITS = dt.timedelta(hours=1), 5


def _list(call: Call) -> Answer:
    channel = call.channel(Permission.READ_MESSAGE_HISTORY)
    found = [each for each in channel.messages.values() if not each.ephemeral]
    limit = int(call.query.get("limit", "50"))
    if not 1 <= limit <= MOST_LISTED:
        wrong = {"code": "NUMBER_TYPE_MAX", "message": "int value should be between 1 and 100."}
        raise ApiError(50035, errors={"limit": {"_errors": [wrong]}})
    if "after" in call.query:
        found = [each for each in found if each.id > int(call.query["after"])][:limit]
    elif "before" in call.query:
        found = [each for each in found if each.id < int(call.query["before"])]
    elif "around" in call.query:
        around = int(call.query["around"])
        found.sort(key=lambda each: abs(each.id - around))
        found = sorted(found[:limit], key=lambda each: each.id)
    return [_shown(call, each) for each in reversed(found[-limit:])]


def _one(call: Call) -> Answer:
    channel = call.channel(Permission.READ_MESSAGE_HISTORY)
    return _shown(call, call.message(channel))


def _shown(call: Call, message: Message) -> Answer:
    payload = payloads.message(message, call.world.bot)
    granted = call.world.privileged & Intent.MESSAGE_CONTENT
    if granted or not payloads.is_withheld(message, call.world.bot):
        return payload
    return payload | payloads.WITHHELD


def _send(call: Call) -> Answer:
    channel = call.channel()
    body = call.body()
    _check_may_send(call, channel)
    _check_reference(call, channel, body)
    check_message(body, call.files, limit=_limit(channel))
    if body.get("enforce_nonce") and (sent := _sent_before(call, channel, body.get("nonce"))):
        return payloads.message(sent, call.world.bot)
    body = _permitted(call, channel, body, call.files)
    flags = int(body.get("flags") or 0) & ~int(MessageFlag.EPHEMERAL)
    message = messages.new_message(
        call.world, channel, call.world.bot, body | {"flags": flags}, call.files
    )
    if channel.archived:
        call.world.archive(channel, archived=False)
    messages.send(call.world, message)
    return payloads.message(message, call.world.bot)


def _sent_before(call: Call, channel: Channel, nonce: Json) -> Message | None:
    """The bot's message that already bears ``nonce``, if it is not older than a few minutes."""
    since = dt.datetime.now(dt.UTC) - NONCES_COUNT_FOR
    for message in reversed(channel.messages.values()):
        if message.created_at < since:
            return None
        if message.author is call.world.bot and nonce is not None and message.nonce == nonce:
            return message
    return None


def _check_may_send(call: Call, channel: Channel) -> None:
    bot = call.world.bot
    if not permissions.may_send(channel, bot):
        raise ApiError(50013)
    if channel.recipient is not None and not channel.recipient.accepts_dms:
        raise ApiError(50007)
    manages = not permissions.missing(channel, bot, Permission.MANAGE_THREADS)
    if channel.archived and channel.locked and not manages:
        raise ApiError(50083, violation=False)


def _check_reference(call: Call, channel: Channel, body: JsonObject) -> None:
    reference = body.get("message_reference")
    if not is_object(reference):
        return
    if permissions.missing(channel, call.world.bot, Permission.READ_MESSAGE_HISTORY):
        raise ApiError(160002, violation=False)
    number = str(reference.get("message_id"))
    found = channel.messages.get(int(number)) if number.isdigit() else None
    if (found is None or found.ephemeral) and reference.get("fail_if_not_exists", True):
        wrong = {"code": "REPLIES_UNKNOWN_MESSAGE", "message": "Unknown message"}
        raise ApiError(50035, errors={"message_reference": {"_errors": [wrong]}}, violation=False)
    if found is None:
        del body["message_reference"]


def _permitted(call: Call, channel: Channel, body: JsonObject, files: list[Upload]) -> JsonObject:
    bot = call.world.bot
    if files:
        require(channel, bot, Permission.ATTACH_FILES)
    if body.get("embeds") and permissions.missing(channel, bot, Permission.EMBED_LINKS):
        # Discord drops the embeds without a word, unless nothing else is left
        body = body | {"embeds": []}
        if not (body.get("content") or files):
            raise ApiError(50013)
    return body


def _limit(channel: Channel) -> int:
    return channel.guild.attachment_limit if channel.guild else DIRECT_LIMIT


def _edit(call: Call) -> Answer:
    channel = call.channel()
    message = call.message(channel)
    if message.author is not call.world.bot:
        raise ApiError(50005)
    if channel.archived:
        raise ApiError(50083)
    body = call.body()
    if call.files:
        require(channel, call.world.bot, Permission.ATTACH_FILES)
    check_message(body, call.files, limit=_limit(channel), existing=message)
    _count_old_edit(message)
    messages.edit_message(call.world, message, body, call.files)
    return payloads.message(message, call.world.bot)


def _count_old_edit(message: Message) -> None:
    if dt.datetime.now(dt.UTC) - message.created_at < OLD:
        return
    message.old_edits += 1
    if message.old_edits > OLD_EDITS:
        refused = too_many(5.0, scope="shared", code=30046)
        refused.message = "Maximum number of edits to messages older than 1 hour reached."
        raise refused


def _remove(call: Call) -> Answer:
    channel = call.channel()
    message = call.message(channel)
    if message.author is not call.world.bot:
        require(channel, call.world.bot, Permission.MANAGE_MESSAGES)
    messages.delete_message(call.world, message)


ROUTES = [
    Route("GET", MESSAGES, _list),
    Route("POST", MESSAGES, _send, SENDING),
    Route("GET", MESSAGE, _one),
    Route("PATCH", MESSAGE, _edit, SENDING),
    Route("DELETE", MESSAGE, _remove, SENDING),
]

"""Routes about the messages of a channel."""

import datetime as dt
import time

from sandbox.discord import messages, payloads, permissions
from sandbox.discord.errors import ApiError
from sandbox.discord.models import FORUM_TYPES, VOICE_TYPES, Channel, Message, Upload
from sandbox.discord.permissions import Permission
from sandbox.discord.protocol import Intent, Json, JsonObject, MessageFlag, is_object
from sandbox.discord.ratelimits import SEND_LIMIT, Limit, rate_limit_error
from sandbox.discord.rest.request import (
    ResponseBody,
    RestRequest,
    Route,
    refuse_as_not_modelled,
    require_permissions,
    require_unlocked,
)
from sandbox.discord.rules.messages import check_message
from sandbox.discord.rules.threads import check_room

MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = "/channels/{channel_id}/messages/{message_id}"
DM_ATTACHMENT_LIMIT = 10 * 1024 * 1024
MAX_LISTED = 100
# Discord does not document how long; for tests it only matters that nonces expire
NONCE_LIFETIME = dt.timedelta(minutes=3)
OLD = dt.timedelta(hours=1)


def _readable_channel(request: RestRequest) -> Channel:
    channel = request.channel(Permission.READ_MESSAGE_HISTORY)
    if channel.type in VOICE_TYPES:
        require_permissions(channel, request.state.bot, Permission.CONNECT)
    return channel


def _list_messages(request: RestRequest) -> ResponseBody:
    channel = _readable_channel(request)
    found = [each for each in channel.messages.values() if not each.is_ephemeral]
    limit = int(request.query.get("limit", "50"))
    if not 1 <= limit <= MAX_LISTED:
        wrong = {"code": "NUMBER_TYPE_MAX", "message": "int value should be between 1 and 100."}
        raise ApiError(50035, errors={"limit": {"_errors": [wrong]}})
    if "after" in request.query:
        found = [each for each in found if each.id > int(request.query["after"])][:limit]
    elif "before" in request.query:
        found = [each for each in found if each.id < int(request.query["before"])]
    elif "around" in request.query:
        around = int(request.query["around"])
        found.sort(key=lambda each: abs(each.id - around))
        found = sorted(found[:limit], key=lambda each: each.id)
    return [_visible_payload(request, each) for each in reversed(found[-limit:])]


def _get_message(request: RestRequest) -> ResponseBody:
    return _visible_payload(request, request.message(_readable_channel(request)))


def _visible_payload(request: RestRequest, message: Message) -> ResponseBody:
    payload = payloads.message(message, request.state.bot)
    granted = request.state.privileged_intents & Intent.MESSAGE_CONTENT
    if granted or not payloads.is_content_hidden(message, request.state.bot):
        return payload
    return payload | payloads.HIDDEN_CONTENT


def _create_message(request: RestRequest) -> ResponseBody:
    channel = request.channel()
    body = request.body()
    _check_may_send(request, channel)
    _check_reference(request, channel, body)
    check_message(body, request.files, limit=_attachment_limit(channel))
    if body.get("enforce_nonce") and (sent := _find_by_nonce(request, channel, body.get("nonce"))):
        return payloads.message(sent, request.state.bot)
    body = _permitted_body(request, channel, body, request.files)
    flags = int(body.get("flags") or 0) & ~int(MessageFlag.EPHEMERAL)
    message = messages.new_message(
        request.state, channel, request.state.bot, body | {"flags": flags}, request.files
    )
    if channel.archived:
        request.state.archive(channel, archived=False, locked=channel.locked)
    messages.send(request.state, message)
    return payloads.message(message, request.state.bot)


def _find_by_nonce(request: RestRequest, channel: Channel, nonce: Json) -> Message | None:
    """Return the bot's message with ``nonce`` of the last three minutes, if there is one."""
    since = dt.datetime.now(dt.UTC) - NONCE_LIFETIME
    for message in reversed(channel.messages.values()):
        if message.created_at < since:
            return None
        if message.author is request.state.bot and nonce is not None and message.nonce == nonce:
            return message
    return None


def _check_may_send(request: RestRequest, channel: Channel) -> None:
    bot = request.state.bot
    if not permissions.can_send(channel, bot):
        raise ApiError(50013)
    if channel.type in FORUM_TYPES:
        raise ApiError(50008)
    if channel.recipient is not None and not channel.recipient.accepts_dms:
        raise ApiError(50007)
    if channel.recipient is not None and not request.state.has_mutual_guild(channel.recipient):
        raise ApiError(50278)
    manages = not permissions.missing(channel, bot, Permission.MANAGE_THREADS)
    if channel.archived and channel.locked and not manages:
        raise ApiError(50083)
    require_unlocked(channel, bot)
    if channel.archived:
        check_room(channel.guild, request.state.max_active_threads)


def _check_reference(request: RestRequest, channel: Channel, body: JsonObject) -> None:
    reference = body.get("message_reference")
    if not is_object(reference):
        return
    if permissions.missing(channel, request.state.bot, Permission.READ_MESSAGE_HISTORY):
        raise ApiError(160002, violation=False)
    number = str(reference.get("message_id"))
    found = channel.messages.get(int(number)) if number.isdigit() else None
    if (found is None or found.is_ephemeral) and reference.get("fail_if_not_exists", True):
        wrong = {"code": "REPLIES_UNKNOWN_MESSAGE", "message": "Unknown message"}
        raise ApiError(50035, errors={"message_reference": {"_errors": [wrong]}}, violation=False)
    if found is None:
        del body["message_reference"]


def _permitted_body(
    request: RestRequest, channel: Channel, body: JsonObject, files: list[Upload]
) -> JsonObject:
    bot = request.state.bot
    if files:
        require_permissions(channel, bot, Permission.ATTACH_FILES)
    if body.get("embeds") and permissions.missing(channel, bot, Permission.EMBED_LINKS):
        # Discord silently drops the embeds, unless the message would be empty without them
        body = body | {"embeds": []}
        if not (body.get("content") or files):
            raise ApiError(50013)
    return body


def _attachment_limit(channel: Channel) -> int:
    return channel.guild.attachment_limit if channel.guild else DM_ATTACHMENT_LIMIT


def _edit_message(request: RestRequest) -> ResponseBody:
    channel = request.channel()
    message = request.message(channel)
    if message.author is not request.state.bot:
        raise ApiError(50005)
    if channel.archived:
        raise ApiError(50083)
    require_unlocked(channel, request.state.bot)
    body = request.body()
    if request.files:
        require_permissions(channel, request.state.bot, Permission.ATTACH_FILES)
    check_message(body, request.files, limit=_attachment_limit(channel), existing=message)
    _count_old_edit(message, request.state.old_edit_limit)
    messages.edit_message(request.state, message, body, request.files)
    return payloads.message(message, request.state.bot)


def _count_old_edit(message: Message, limit: Limit) -> None:
    if dt.datetime.now(dt.UTC) - message.created_at < OLD:
        return
    channel, now = message.channel, time.monotonic()
    channel.late_edits = [each for each in channel.late_edits if now - each < limit.window]
    if len(channel.late_edits) >= limit.amount:
        retry_after = channel.late_edits[0] + limit.window - now
        raise rate_limit_error(retry_after, scope="shared", code=30046)
    channel.late_edits.append(now)


def _delete_message(request: RestRequest) -> ResponseBody:
    channel = request.channel()
    message = request.message(channel)
    if message.author is not request.state.bot:
        require_permissions(channel, request.state.bot, Permission.MANAGE_MESSAGES)
    messages.delete_message(request.state, message)


ROUTES = [
    Route("GET", MESSAGES, _list_messages),
    Route("POST", MESSAGES, _create_message, SEND_LIMIT, accepts_forms=True),
    Route("GET", MESSAGES + "/pins", refuse_as_not_modelled),
    Route("GET", MESSAGE, _get_message),
    Route("PATCH", MESSAGE, _edit_message, SEND_LIMIT, accepts_forms=True),
    Route("DELETE", MESSAGE, _delete_message, SEND_LIMIT),
]

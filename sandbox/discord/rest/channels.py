"""Routes about channels and threads."""

import time

from sandbox.discord import payloads
from sandbox.discord.errors import ApiError
from sandbox.discord.permissions import Permission
from sandbox.discord.protocol import ChannelType, Intent, JsonObject
from sandbox.discord.ratelimits import SEND_LIMIT
from sandbox.discord.rest.request import ResponseBody, RestRequest, Route, require_permissions
from sandbox.discord.rules.errors import FormErrors
from sandbox.discord.state import Event

MAX_NAME = 100


def _get_channel(request: RestRequest) -> ResponseBody:
    return payloads.channel(request.channel())


def _edit_channel(request: RestRequest) -> ResponseBody:
    channel = request.channel()
    body = request.body()
    errors = FormErrors()
    errors.check_text(("name",), body.get("name"), MAX_NAME, min_length=1)
    errors.raise_if_any()
    if channel.is_thread:
        managed = channel.owner_id == request.state.bot.id and not channel.locked
        if not managed:
            require_permissions(channel, request.state.bot, Permission.MANAGE_THREADS)
        archived = bool(body.get("archived", channel.archived))
        locked = bool(body.get("locked", channel.locked))
        if channel.archived and archived:
            raise ApiError(50083)
        channel.name = body.get("name") or channel.name
        request.state.archive(channel, archived=archived, locked=locked)
    else:
        require_permissions(channel, request.state.bot, Permission.MANAGE_CHANNELS)
        name = body.get("name") or channel.name
        request.state.edit_channel(channel, name, topic=body.get("topic"))
    return payloads.channel(channel)


def _delete_channel(request: RestRequest) -> ResponseBody:
    channel = request.channel()
    payload = payloads.channel(channel)
    if channel.guild is not None:
        needed = Permission.MANAGE_THREADS if channel.is_thread else Permission.MANAGE_CHANNELS
        require_permissions(channel, request.state.bot, needed)
        request.state.delete_channel(channel)
    return payload


def _trigger_typing(request: RestRequest) -> ResponseBody:
    channel = request.channel(Permission.SEND_MESSAGES)
    payload: JsonObject = {
        "channel_id": str(channel.id),
        "user_id": str(request.state.bot.id),
        "timestamp": int(time.time()),
    }
    if channel.guild is not None:
        payload["guild_id"] = str(channel.guild.id)
        payload["member"] = payloads.member(channel.guild.members[request.state.bot.id])
    intent = Intent.GUILD_TYPING if channel.guild else Intent.DM_TYPING
    request.state.emit(Event("TYPING_START", payload, channel.guild, channel, intent))


def _start_thread(request: RestRequest) -> ResponseBody:
    channel = request.channel(Permission.CREATE_PUBLIC_THREADS)
    start = request.message(channel) if "message_id" in request.params else None
    body = request.body()
    errors = FormErrors()
    errors.check_text(("name",), body.get("name"), MAX_NAME, min_length=1, required=True)
    errors.raise_if_any()
    if channel.type != ChannelType.TEXT:
        raise ApiError(50024)
    if start is not None and start.thread is not None:
        raise ApiError(160004)
    state = request.state
    return payloads.channel(state.new_thread(body["name"], channel, owner=state.bot, start=start))


def _join_or_leave_thread(request: RestRequest) -> ResponseBody:
    if not request.channel().is_thread:
        raise ApiError(50024)


ROUTES = [
    Route("GET", "/channels/{channel_id}", _get_channel),
    Route("PATCH", "/channels/{channel_id}", _edit_channel),
    Route("DELETE", "/channels/{channel_id}", _delete_channel),
    Route("POST", "/channels/{channel_id}/typing", _trigger_typing, SEND_LIMIT),
    Route("POST", "/channels/{channel_id}/threads", _start_thread, SEND_LIMIT),
    Route(
        "POST", "/channels/{channel_id}/messages/{message_id}/threads", _start_thread, SEND_LIMIT
    ),
    Route("PUT", "/channels/{channel_id}/thread-members/@me", _join_or_leave_thread),
    Route("DELETE", "/channels/{channel_id}/thread-members/@me", _join_or_leave_thread),
]

"""Routes about channels and threads."""

import time

from sandbox.discord import payloads
from sandbox.discord.errors import ApiError
from sandbox.discord.models import FORUM_TYPES, Channel
from sandbox.discord.permissions import Permission
from sandbox.discord.protocol import ChannelType, Intent, JsonObject
from sandbox.discord.ratelimits import SEND_LIMIT
from sandbox.discord.rest.request import ResponseBody, RestRequest, Route, require_permissions
from sandbox.discord.rules.errors import FormErrors
from sandbox.discord.rules.threads import check_edit, check_room
from sandbox.discord.state import Event

MAX_NAME = 100
AUTO_ARCHIVE_MINUTES = (60, 1440, 4320, 10080)


def _get_channel(request: RestRequest) -> ResponseBody:
    return payloads.channel(request.channel())


def _edit_channel(request: RestRequest) -> ResponseBody:
    channel = request.channel()
    body = request.body()
    errors = FormErrors()
    errors.check_text(("name",), body.get("name"), MAX_NAME, min_length=1)
    minutes = _auto_archive_minutes(errors, body, channel.auto_archive_minutes)
    errors.raise_if_any()
    if channel.is_thread:
        changes = {name: value for name, value in body.items() if value is not None}
        check_edit(channel, request.state.bot, changes)
        if channel.archived:
            check_room(channel.guild, request.state.max_active_threads)
        channel.auto_archive_minutes = minutes
        request.state.archive(
            channel,
            archived=bool(changes.get("archived", channel.archived)),
            locked=bool(changes.get("locked", channel.locked)),
        )
        if "name" in changes or "auto_archive_duration" in changes:
            request.state.edit_channel(channel, changes.get("name", channel.name))
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
    channel = request.channel()
    start = request.message(channel) if "message_id" in request.params else None
    body = request.body()
    # without a message Discord's default is a private thread
    private = start is None and body.get("type", ChannelType.PRIVATE_THREAD) == (
        ChannelType.PRIVATE_THREAD
    )
    needed = Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS
    require_permissions(channel, request.state.bot, needed)
    errors = FormErrors()
    errors.check_text(("name",), body.get("name"), MAX_NAME, min_length=1, required=True)
    minutes = _auto_archive_minutes(errors, body, 1440)
    errors.raise_if_any()
    if channel.type in FORUM_TYPES:
        raise ApiError.not_modelled("posts of bots in forums")
    if channel.type not in {ChannelType.TEXT, ChannelType.ANNOUNCEMENT}:
        raise ApiError(50024)
    if start is not None and start.thread is not None:
        raise ApiError(160004)
    check_room(channel.guild, request.state.max_active_threads)
    thread = request.state.new_thread(
        body["name"],
        channel,
        owner=request.state.bot,
        start=start,
        private=private,
        members=(),
        auto_archive_minutes=minutes,
    )
    return payloads.channel(thread)


def _auto_archive_minutes(errors: FormErrors, body: JsonObject, default: int) -> int:
    minutes = body.get("auto_archive_duration")
    if minutes is None:
        return default
    if minutes not in AUTO_ARCHIVE_MINUTES:
        message = f"Value must be one of {AUTO_ARCHIVE_MINUTES}."
        errors.add(("auto_archive_duration",), "BASE_TYPE_CHOICES", message)
    return minutes


def _join_thread(request: RestRequest) -> ResponseBody:
    request.state.invite_to_thread(_thread(request), request.state.bot)


def _leave_thread(request: RestRequest) -> ResponseBody:
    request.state.remove_from_thread(_thread(request), request.state.bot)


def _thread(request: RestRequest) -> Channel:
    channel = request.channel()
    if not channel.is_thread:
        raise ApiError(50024)
    if channel.archived:
        raise ApiError(50083)
    return channel


ROUTES = [
    Route("GET", "/channels/{channel_id}", _get_channel),
    Route("PATCH", "/channels/{channel_id}", _edit_channel),
    Route("DELETE", "/channels/{channel_id}", _delete_channel),
    Route("POST", "/channels/{channel_id}/typing", _trigger_typing, SEND_LIMIT),
    Route(
        "POST",
        "/channels/{channel_id}/threads",
        _start_thread,
        SEND_LIMIT,
        accepts_forms=True,
        status=201,
    ),
    Route(
        "POST",
        "/channels/{channel_id}/messages/{message_id}/threads",
        _start_thread,
        SEND_LIMIT,
        status=201,
    ),
    Route("PUT", "/channels/{channel_id}/thread-members/@me", _join_thread),
    Route("DELETE", "/channels/{channel_id}/thread-members/@me", _leave_thread),
]

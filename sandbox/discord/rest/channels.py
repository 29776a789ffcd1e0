"""Routes about channels and threads."""

import time

from sandbox.discord import payloads
from sandbox.discord.errors import ApiError
from sandbox.discord.permissions import Permission
from sandbox.discord.protocol import ChannelType, Intent, JsonObject
from sandbox.discord.ratelimits import SENDING
from sandbox.discord.rest.request import Answer, Call, Route, require
from sandbox.discord.rules.errors import Form
from sandbox.discord.state import Event

NAME = 100


def _channel(call: Call) -> Answer:
    return payloads.channel(call.channel())


def _change(call: Call) -> Answer:
    channel = call.channel()
    body = call.body()
    form = Form()
    form.text(("name",), body.get("name"), NAME, shortest=1)
    form.check()
    if channel.is_thread:
        managed = channel.owner_id == call.world.bot.id and not channel.locked
        if not managed:
            require(channel, call.world.bot, Permission.MANAGE_THREADS)
        archived = bool(body.get("archived", channel.archived))
        locked = bool(body.get("locked", channel.locked))
        if channel.archived and archived:
            raise ApiError(50083)
        channel.name = body.get("name") or channel.name
        call.world.archive(channel, archived=archived, locked=locked)
    else:
        require(channel, call.world.bot, Permission.MANAGE_CHANNELS)
        name = body.get("name") or channel.name
        call.world.rename(channel, name, topic=body.get("topic"))
    return payloads.channel(channel)


def _remove(call: Call) -> Answer:
    channel = call.channel()
    payload = payloads.channel(channel)
    if channel.guild is not None:
        needed = Permission.MANAGE_THREADS if channel.is_thread else Permission.MANAGE_CHANNELS
        require(channel, call.world.bot, needed)
        call.world.delete_channel(channel)
    return payload


def _typing(call: Call) -> Answer:
    channel = call.channel(Permission.SEND_MESSAGES)
    payload: JsonObject = {
        "channel_id": str(channel.id),
        "user_id": str(call.world.bot.id),
        "timestamp": int(time.time()),
    }
    if channel.guild is not None:
        payload["guild_id"] = str(channel.guild.id)
        payload["member"] = payloads.member(channel.guild.members[call.world.bot.id])
    intent = Intent.GUILD_TYPING if channel.guild else Intent.DM_TYPING
    call.world.emit(Event("TYPING_START", payload, channel.guild, channel, intent))


def _start_thread(call: Call) -> Answer:
    channel = call.channel(Permission.CREATE_PUBLIC_THREADS)
    start = call.message(channel) if "message_id" in call.params else None
    body = call.body()
    form = Form()
    form.text(("name",), body.get("name"), NAME, shortest=1, required=True)
    form.check()
    if channel.type != ChannelType.TEXT:
        raise ApiError(50024)
    if start is not None and start.thread is not None:
        raise ApiError(160004)
    world = call.world
    return payloads.channel(world.new_thread(body["name"], channel, owner=world.bot, start=start))


def _join(call: Call) -> Answer:
    if not call.channel().is_thread:
        raise ApiError(50024)


ROUTES = [
    Route("GET", "/channels/{channel_id}", _channel),
    Route("PATCH", "/channels/{channel_id}", _change),
    Route("DELETE", "/channels/{channel_id}", _remove),
    Route("POST", "/channels/{channel_id}/typing", _typing, SENDING),
    Route("POST", "/channels/{channel_id}/threads", _start_thread, SENDING),
    Route("POST", "/channels/{channel_id}/messages/{message_id}/threads", _start_thread, SENDING),
    Route("PUT", "/channels/{channel_id}/thread-members/@me", _join),
    Route("DELETE", "/channels/{channel_id}/thread-members/@me", _join),
]

"""The ways that lead to a reply, and what it means when one turns out to be closed. Pure."""

import datetime as dt
from dataclasses import replace
from enum import Enum, auto

import discord

from bot.domain.models import ReplyRef

UNKNOWN_MESSAGE = 10008
TOO_MANY_EDITS = 30046  # of a message older than an hour
NO_HISTORY = 160002  # a message can't be answered without the permission to read it
MISSING_PERMISSIONS = 50013
BAD_REQUEST = 400
TOO_LARGE = 413

# Unknown channel, message, webhook; missing access, can't message this member, missing
# permissions, invalid webhook token, archived thread.
GONE_CODES = frozenset({10003, 10008, 10015, 50001, 50007, 50013, 50027, 50083})
GONE_STATUSES = frozenset({401, 403, 404})


class Route(Enum):
    """How a reply can be reached."""

    INTERACTION = auto()  # through the interaction's webhook
    CHANNEL = auto()  # the message, edited by the bot itself
    REPOST = auto()  # the first reply never arrived: a message of the bot's own
    DIRECT = auto()  # a direct message to the member who asked


def next_route(reply: ReplyRef, *, is_final: bool, now: dt.datetime) -> Route | None:
    """Return the best way that is left to a reply, or None if nothing is to be sent now."""
    if reply.unreachable:
        return None
    if reply.token_expires_at is not None and now < reply.token_expires_at:
        return Route.INTERACTION
    if reply.editable_by_bot:
        return Route.REPOST if reply.message_id is None else Route.CHANNEL
    return Route.DIRECT if is_final and not reply.final_shown else None


def without_route(way: Route, reply: ReplyRef, *, deleted: bool) -> ReplyRef:
    """Return ``reply`` after ``way`` turned out to lead nowhere.

    A message that was ``deleted`` is gone by every way; one that was never seen may only not
    have been sent.
    """
    match way:
        case Route.INTERACTION if deleted and reply.message_id is not None:
            return replace(reply, token_expires_at=None, editable_by_bot=False)
        case Route.INTERACTION:
            return replace(reply, token_expires_at=None)
        case Route.CHANNEL | Route.REPOST:
            return replace(reply, editable_by_bot=False)
        case Route.DIRECT:
            return replace(reply, unreachable=True)


def is_permanent(error: discord.HTTPException) -> bool:
    """Whether asking again would meet the same wall: it is deleted, closed, or not ours."""
    return error.code in GONE_CODES or error.status in GONE_STATUSES

"""How a reply is reached: its routes, what is sent by them, and what Discord's errors mean.

The interaction's webhook is used while its token lives, the channel message after that, and a
direct message with the final result where neither leads anywhere. A closed route is stored and not
tried again. Makes no request.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

import discord

from bot.domain.attachments import Upload
from bot.domain.models import ReplyRef

UNKNOWN_MESSAGE = 10008
TOO_MANY_EDITS = 30046  # of a message older than an hour
NO_HISTORY = 160002  # a message can't be answered without the permission to read it
MISSING_PERMISSIONS = 50013
BAD_REQUEST = 400
TOO_LARGE_STATUS = 413
TOO_LARGE = 40005

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyMessage:
    """The content of a reply."""

    embeds: list[discord.Embed]
    view: discord.ui.View | None
    uploads: Sequence[Upload] | None = None  # in place of all files; None leaves them alone

    def edited(self) -> dict[str, Any]:
        """Return the arguments of an edit. Its files are opened; send them once."""
        whole: dict[str, Any] = {"embeds": self.embeds, "view": self.view}
        return whole if self.uploads is None else whole | {"attachments": self._files()}

    def sent(self) -> dict[str, Any]:
        """Return the arguments of a new message. Its files are opened; send them once."""
        return {"embeds": self.embeds, "view": self.view, "files": self._files()}

    def is_shown_by(self, posted: discord.Message) -> bool:
        """Return whether Discord made ``posted`` of this message.

        It answers a known nonce with the older message, unchanged. Only what it repeats to the
        letter is compared: it trims texts, and replaces links to pictures.
        """
        return (
            [_text_of(embed) for embed in posted.embeds] == [_text_of(each) for each in self.embeds]
            and len(posted.attachments) == len(self.uploads or ())
            and _custom_ids(_buttons_of(posted))
            == _custom_ids(self.view.children if self.view else ())
        )

    def _files(self) -> list[discord.File]:
        return [
            discord.File(each.path, filename=each.name, description=each.description or None)
            for each in self.uploads or ()
        ]


def next_route(reply: ReplyRef, *, is_final: bool, now: dt.datetime) -> Route | None:
    """Return the best route that is left to a reply, or None if nothing is to be sent now."""
    if reply.unreachable:
        return None
    if reply.token_expires_at is not None and now < reply.token_expires_at:
        return Route.INTERACTION
    if reply.editable_by_bot:
        return Route.REPOST if reply.message_id is None else Route.CHANNEL
    return Route.DIRECT if is_final and not reply.final_shown else None


def lock_key(route: Route | None, reply: ReplyRef) -> int | None:
    """Return the place where only one message at a time may be sent; None has no such limit."""
    match route:
        case None | Route.INTERACTION:
            return None
        case Route.CHANNEL | Route.REPOST:
            return reply.channel_id
        case Route.DIRECT:
            return 0


def without_route(route: Route, reply: ReplyRef, *, deleted: bool) -> ReplyRef:
    """Return ``reply`` after ``route`` turned out to be closed.

    A ``deleted`` message is unreachable by every route that edits; an unknown one without an id
    may only not have been sent yet.
    """
    match route:
        case Route.INTERACTION if deleted and reply.message_id is not None:
            return replace(reply, token_expires_at=None, editable_by_bot=False)
        case Route.INTERACTION:
            return replace(reply, token_expires_at=None)
        case Route.CHANNEL | Route.REPOST:
            return replace(reply, editable_by_bot=False)
        case Route.DIRECT:
            return replace(reply, unreachable=True)


def is_permanent(error: discord.HTTPException) -> bool:
    """Whether a repeated request would fail likewise: deleted, closed, or not ours to edit."""
    return error.code in GONE_CODES or error.status in GONE_STATUSES


def is_too_large(error: discord.HTTPException) -> bool:
    """Whether Discord refused the size of the files."""
    return error.status == TOO_LARGE_STATUS or error.code == TOO_LARGE


def is_refusal(error: discord.HTTPException) -> bool:
    """Whether Discord refused the content, which other content may mend."""
    return error.status == BAD_REQUEST and error.code != TOO_MANY_EDITS and not is_permanent(error)


def _text_of(embed: discord.Embed) -> tuple[object, ...]:
    texts = (embed.title, embed.description, embed.footer.text)
    return (embed.colour, *((text or "").strip() for text in texts))


def _buttons_of(message: discord.Message) -> list[object]:
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    return [button for row in rows for button in row.children]


def _custom_ids(items: Iterable[object]) -> set[str]:
    return {each for item in items if (each := getattr(item, "custom_id", None))}

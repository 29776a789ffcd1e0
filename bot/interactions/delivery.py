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
from bot.ui.message_digest import message_digest

UNKNOWN_CHANNEL = 10003
UNKNOWN_MESSAGE = 10008
TOO_MANY_EDITS = 30046  # of a message older than an hour
NO_ACCESS = 50001
NO_HISTORY = 160002  # a message can't be answered without the permission to read it
MISSING_PERMISSIONS = 50013
NO_UPLOADS_IN_GUILD = 400001  # "Access to file uploads has been limited for this guild"
BAD_REQUEST = 400
RATE_LIMITED = 429
SERVER_ERROR = 500
TOO_LARGE_STATUS = 413
TOO_LARGE = 40005

# Codes of https://discord.com/developers/docs/topics/opcodes-and-status-codes. The HTTP status says
# nothing: 401, 403 and 404 also come from Cloudflare, without a code, and with codes that pass,
# such as 40003 (direct messages opened too fast), 40004 (sending is disabled for a while), 40333.
#
# Unknown channel, message, webhook; no access; an operation on a direct message that it doesn't
# allow; a member who can't be told; no permission; invalid webhook token; no mutual guild.
GONE_CODES = frozenset({10003, 10008, 10015, 50001, 50005, 50007, 50013, 50027, 50278})
ARCHIVED_THREAD = 50083
# Archived thread, locked thread: both may be opened again.
CLOSED_THREAD_CODES = frozenset({ARCHIVED_THREAD, 160005})
# 4xx answers in a row after which a route counts as closed: about half an hour.
MAX_REFUSALS = 30


class Route(Enum):
    """How a reply can be reached."""

    INTERACTION = auto()  # through the interaction's webhook
    CHANNEL = auto()  # the message, edited by the bot itself
    REPOST = auto()  # the first reply never arrived: a message of the bot's own
    DIRECT = auto()  # a direct message to the member who asked


class Remedy(Enum):
    """What to do after Discord refused a request."""

    RETRY = auto()  # later, by the same route
    CLOSE_ROUTE = auto()  # for good, and take the next one
    DROP_NEWS = auto()  # the reply keeps what it shows; the route stays open
    SEND_DIRECT = auto()  # this one time; the route stays open
    LEAVE_OUT_FILES = auto()  # they are not allowed here
    OPEN_THREAD = auto()  # and repeat the request


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

    @property
    def digest(self) -> str:
        """The digest of the embeds and the buttons."""
        return message_digest(self.embeds, self.view)

    def is_shown_by(self, posted: discord.Message) -> bool:
        """Return whether Discord made ``posted`` of this message.

        It answers a known nonce with the older message, unchanged. Only what it repeats to the
        letter is compared: it trims texts, and replaces links to pictures.
        """
        return (
            embeds_match(posted.embeds, self.embeds)
            and self.has_all_files(len(posted.attachments))
            and _custom_ids(_buttons_of(posted))
            == _custom_ids(self.view.children if self.view else ())
        )

    def has_all_files(self, attached: int) -> bool:
        """Return whether a message with so many attachments carries all files of this one.

        Discord does not list a picture that an embed shows.
        """
        pictures = {embed.image.url for embed in self.embeds}
        files = self.uploads or ()
        listed = [each for each in files if f"attachment://{each.name}" not in pictures]
        return len(listed) <= attached <= len(files)

    def _files(self) -> list[discord.File]:
        return [
            discord.File(each.path, filename=each.name, description=each.description or None)
            for each in self.uploads or ()
        ]


def embeds_match(posted: Iterable[discord.Embed], sent: Iterable[discord.Embed]) -> bool:
    """Return whether Discord made the embeds ``posted`` of those that were ``sent``."""
    return [*map(_text_of, posted)] == [*map(_text_of, sent)]


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


def remedy_for(
    error: discord.HTTPException,
    route: Route,
    reply: ReplyRef,
    *,
    is_final: bool,
    has_files: bool = False,
    may_open_thread: bool = False,
    failures: int = 0,
) -> Remedy:
    """Return what to do after ``error``.

    Args:
        error: what Discord answered.
        route: by which the request was made.
        reply: the reply as it was before.
        is_final: whether the status to be shown is final.
        has_files: whether the request attached files.
        may_open_thread: whether opening an archived thread has not been tried yet.
        failures: refused requests in a row before this one.
    """
    if has_files and error.code in (MISSING_PERMISSIONS, NO_UPLOADS_IN_GUILD):
        return Remedy.LEAVE_OUT_FILES
    if route is not Route.DIRECT and error.code in CLOSED_THREAD_CODES:
        is_result = is_final and not reply.final_shown
        if error.code == ARCHIVED_THREAD and may_open_thread and (is_result or has_files):
            return Remedy.OPEN_THREAD
        return Remedy.SEND_DIRECT if is_result else Remedy.DROP_NEWS
    if route is Route.DIRECT and error.code == NO_ACCESS:
        # Discord answers this now and then to members who can be told
        # (github.com/discord/discord-api-docs/issues/7666).
        is_gone = False
    else:
        is_gone = error.code in GONE_CODES | CLOSED_THREAD_CODES
    is_refused_again = is_client_error(error) and failures + 1 >= MAX_REFUSALS
    return Remedy.CLOSE_ROUTE if is_gone or is_refused_again else Remedy.RETRY


def is_client_error(error: Exception) -> bool:
    """Whether Discord refused the request, other than for its rate."""
    return (
        isinstance(error, discord.HTTPException)
        and BAD_REQUEST <= error.status < SERVER_ERROR
        and error.status != RATE_LIMITED
        and error.code != TOO_MANY_EDITS
    )


def is_too_large(error: discord.HTTPException) -> bool:
    """Whether Discord refused the size of the files."""
    return error.status == TOO_LARGE_STATUS or error.code == TOO_LARGE


def is_refusal(error: discord.HTTPException) -> bool:
    """Whether Discord refused the content, which other content may mend."""
    known = GONE_CODES | CLOSED_THREAD_CODES | {TOO_MANY_EDITS, NO_UPLOADS_IN_GUILD}
    return error.status == BAD_REQUEST and error.code not in known


def _text_of(embed: discord.Embed) -> tuple[object, ...]:
    texts = (embed.title, embed.description, embed.footer.text)
    return (embed.colour, *((text or "").strip() for text in texts))


def _buttons_of(message: discord.Message) -> list[object]:
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    return [button for row in rows for button in row.children]


def _custom_ids(items: Iterable[object]) -> set[str]:
    return {each for item in items if (each := getattr(item, "custom_id", None))}

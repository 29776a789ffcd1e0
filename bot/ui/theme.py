"""Colours and text fragments shared by all embeds; they escape all texts from outside. Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import discord

from bot.domain.attachments import Attachment, AttachmentStatus
from bot.domain.failures import NotPlayable
from bot.domain.models import Clip, ClipStatus, Extension, Status
from bot.domain.text import (
    collapse_whitespace,
    escape_line,
    strip_invisible,
    truncate,
    utf16_length,
)
from bot.domain.timecode import format_length
from bot.services.reply_context import ReplyContext

YELLOW = discord.Colour(0xFEE75C)
BLURPLE = discord.Colour(0x5865F2)
ORANGE = discord.Colour(0xFFA500)
GREEN = discord.Colour(0x57F287)
RED = discord.Colour(0xED4245)
GREY = discord.Colour(0x99AAB5)

COLOURS = {
    Status.WAITING: YELLOW,
    Status.SUBMITTING: BLURPLE,
    Status.SUBMITTED: BLURPLE,
    Status.STREAMING: ORANGE,
    Status.COMPLETE: GREEN,
    Status.CANCELLED: GREY,
}

ATTACHING = "-# attaching the audio …"

# UTF-16 units
MAX_ID_LENGTH = 128  # no provider's ids are longer
LINKED_TITLE_LENGTH = 40
_NOT_IN_LINKS = str.maketrans("[]", "()")
ERROR_LENGTH = 200
MAX_BUTTON_URL_LENGTH = 512  # Discord's limit, in characters

_BACKTICKS = {ord("`"): None, ord("\\"): None}
_BREAKING_A_LINK = str.maketrans(
    {"(": "%28", ")": "%29", " ": "%20", "<": "%3C", ">": "%3E", "\\": "%5C"}
)


def inline_code(clip_id: str) -> str:
    """Return a clip's id as inline code, to be copied.

    Markdown means nothing there, and an escape would be shown; only a backtick would end it.
    """
    text = truncate(collapse_whitespace(strip_invisible(clip_id)), MAX_ID_LENGTH)
    return f"`{text.translate(_BACKTICKS)}`"


def clip_name(clip: Clip, limit: int) -> str:
    """Return the title of ``clip``, or its id if it has none."""
    return escape_line(clip.title, limit) or inline_code(clip.id)


def linked(text: str, url: str | None) -> str:
    """Return ``text`` as a link to ``url``, if there is one.

    Discord shows no link whose text has a lone bracket, even if escaped, or an address.
    """
    if url is None:
        return text
    plain = text.translate(_NOT_IN_LINKS).replace("\\://", " ").replace("://", " ")
    return f"[{plain}]({url})"


def url_within(channel_id: int, url: str | None) -> str | None:
    """Return the link to a message of this channel, or None: a reader can't open all others."""
    return url if url and url.split("/")[-2:-1] == [str(channel_id)] else None


def mention(member_id: int) -> str:
    """Return the mention of a member; one who had their data deleted has none."""
    return f"<@{member_id}>" if member_id > 0 else "a former member"


def spaced_duration(clip: Clip) -> str:
    """Return the duration of ``clip`` after a space; empty if it is unknown."""
    return f" {format_length(clip.duration)}" if clip.duration else ""


def listen_link(clip: Clip, limit: int) -> str:
    """Return the link to a clip's audio in ``limit`` UTF-16 units, or why there is none."""
    if clip.audio_url and clip.public_url is None:
        return ""  # the attached file is the only way to hear it
    if clip.audio_url:
        label = "Listen" if clip.status is ClipStatus.COMPLETE else "Listen while it streams"
        return play_link(clip, f"▶ {label}", limit) or f"Its id: {inline_code(clip.id)}"
    if clip.status is ClipStatus.COMPLETE:
        return "It's finished, but Suno withdrew the link."
    if clip.status is ClipStatus.FAILED:
        error = escape_line(clip.error, ERROR_LENGTH)
        return f"Failed: *{error}*" if error else "Failed."
    return "Not finished."


def has_listen_button(clip: Clip) -> bool:
    """Whether a button can carry the link to a clip's audio."""
    return clip.public_url is not None and len(clip.public_url) <= MAX_BUTTON_URL_LENGTH


def listen_lines(lettered: Mapping[str, Clip], limit: int) -> list[str]:
    """Return a line for each clip whose link no button can carry.

    Args:
        lettered: the clips that are not attached, by what their links are called.
        limit: UTF-16 units that all links together may have.
    """
    return [
        play_link(clip, f"▶ {label}", limit // len(lettered))
        or f"-# {label}: its link is too long to be shown"
        for label, clip in lettered.items()
        if clip.public_url and not has_listen_button(clip)
    ]


def attached_ids(attachments: Iterable[Attachment]) -> frozenset[str]:
    """Return the ids of the clips whose audio a reply carries."""
    return frozenset(
        each.clip_id for each in attachments if each.outcome is AttachmentStatus.ATTACHED
    )


def pictures(attachments: Iterable[Attachment]) -> list[str]:
    """Return the names of the pictures that a reply carries; replies before 0.2 had several."""
    return list(dict.fromkeys(each.picture for each in attachments if each.picture))


def play_link(clip: Clip, label: str, limit: int) -> str:
    """Return ``label`` as the link to a clip's audio; empty if it has none of ``limit`` units."""
    url = (clip.public_url or "").translate(_BREAKING_A_LINK)
    return f"[{label}]({url})" if url and utf16_length(url) <= limit else ""


def truncated_list(lines: Sequence[str], limit: int) -> list[str]:
    """Return ``lines`` in ``limit`` UTF-16 units, without those in the middle if too many."""
    for omitted in range(len(lines)):
        begin = (len(lines) - omitted + 1) // 2
        middle = [f"… {omitted} more …"] if omitted else []
        truncated = [*lines[:begin], *middle, *lines[begin + omitted :]]
        if sum(utf16_length(line) + 1 for line in truncated) <= limit:
            return truncated
    return []


def common_title(ext: Extension, context: ReplyContext) -> str:
    """Return the title of a reply in a status with one title for extensions and full songs."""
    match ext.status:
        case Status.WAITING:
            return "⏳ Waiting" + (
                f" · {ordinal(context.queue_position)} in line" if context.queue_position else ""
            )
        case Status.UNCONFIRMED:
            return f"⚠️ No clear answer from {context.label}"
        case Status.FAILED if isinstance(ext.failure, NotPlayable):
            return "⚠️ Finished, but Suno withdrew the link"
        case Status.FAILED:
            return f"❌ {'No full song' if ext.kind.is_song else 'Not extended'}"
        case Status.EXPIRED:
            # only a splice has no deadline, and it never expires
            deadline_at = ext.deadline_at or ext.created_at
            span = deadline_at - (ext.submitted_at or ext.created_at)
            minutes = max(round(span / dt.timedelta(minutes=1)), 1)
            return f"⌛ Gave up after {minutes} minute{'s' * (minutes != 1)}"
        case _:
            return "🚫 Cancelled"


def started_text(ext: Extension) -> str:
    """Return how long ago work on ``ext`` started."""
    return f"Started {discord.utils.format_dt(ext.submitted_at or ext.created_at, 'R')}"


def ordinal(number: int) -> str:
    """Return a place in line as a word, e.g. ``3rd``."""
    teens = number % 100 in (11, 12, 13)
    return f"{number:,}" + ("th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th"))

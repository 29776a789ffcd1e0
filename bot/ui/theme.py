"""What the looks of all replies have in common: colours, links, and how things are counted."""

import datetime as dt
from collections.abc import Sequence

import discord

from bot.domain.models import Clip, ClipStatus, Extension, Status
from bot.domain.text import (
    collapse_whitespace,
    escape_markdown,
    strip_invisible,
    truncate,
    utf16_length,
)
from bot.services.reply_context import ReplyContext

ID_LENGTH = 128  # UTF-16 units; no provider's ids are longer

_BREAKING_CODE = {ord("`"): None, ord("\\"): None}


def escape_line(text: str, limit: int) -> str:
    """Return ``text`` cut to ``limit`` UTF-16 units and escaped, which may double its length."""
    return escape_markdown(truncate(collapse_whitespace(strip_invisible(text)), limit))


def inline_code(clip_id: str) -> str:
    """Return a clip's id within backticks, to be copied.

    In there an escape would be shown, and nothing but a backtick means anything to Discord.
    """
    shown = truncate(collapse_whitespace(strip_invisible(clip_id)), ID_LENGTH)
    return f"`{shown.translate(_BREAKING_CODE)}`"


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

LINKED_TITLE_LENGTH = 40
MAX_CONTINUATIONS = 5
ERROR_LENGTH = 200

_BREAKING_A_LINK = str.maketrans(
    {"(": "%28", ")": "%29", " ": "%20", "<": "%3C", ">": "%3E", "\\": "%5C"}
)


def common_title(ext: Extension, context: ReplyContext) -> str:
    """Return the title of a reply in a status that looks the same whatever was asked for."""
    match ext.status:
        case Status.WAITING:
            return "⏳ Waiting" + (
                f" · {_ordinal(context.queue_position)} in line" if context.queue_position else ""
            )
        case Status.UNCONFIRMED:
            return f"⚠️ No answer from {context.label}"
        case Status.EXPIRED:
            # only a splice has no deadline, and it never expires
            deadline_at = ext.deadline_at or ext.created_at
            span = deadline_at - (ext.submitted_at or ext.created_at)
            minutes = max(round(span / dt.timedelta(minutes=1)), 1)
            return f"⌛ Gave up after {minutes} minute{'s' * (minutes != 1)}"
        case _:
            return "🚫 Cancelled"


def continuation_links(exts: Sequence[Extension]) -> str:
    """Return in which replies a clip goes on: links to the latest, and how many there are more."""
    latest = exts[-MAX_CONTINUATIONS:]
    before = len(exts) - len(latest)
    return ", ".join(map(title_link, latest)) + (f", and {before:,} before" if before else "")


def title_link(ext: Extension) -> str:
    """Return the title of ``ext`` as a link to its reply, where it has one."""
    title = escape_line(ext.title, LINKED_TITLE_LENGTH) or "Untitled"
    return f"[{title}]({ext.reply.url})" if ext.reply.url else title


def listen_link(clip: Clip, longest: int) -> str:
    """Return the link to a clip's audio, at most ``longest`` UTF-16 units, or why there is none."""
    if clip.audio_url:
        words = "Listen" if clip.status is ClipStatus.COMPLETE else "Listen while it streams"
        url = clip.audio_url.translate(_BREAKING_A_LINK)
        if utf16_length(url) > longest:
            return f"Its id: {inline_code(clip.id)}"
        return f"[▶ {words}]({url})"
    if clip.status is ClipStatus.COMPLETE:
        name = inline_code(clip.id)
        return f"Finished, but its link was withdrawn and can't be played. Its id: {name}"
    if clip.status is ClipStatus.FAILED:
        error = escape_line(clip.error, ERROR_LENGTH)
        return f"Failed: *{error}*" if error else "Failed."
    return "Not finished."


def _ordinal(number: int) -> str:
    teens = number % 100 in (11, 12, 13)
    return f"{number:,}" + ("th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th"))

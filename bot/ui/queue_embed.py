"""What is in progress, for one member: Queue -> embed. Pure."""

from collections.abc import Sequence

import discord

from bot.domain.models import Extension, Status
from bot.domain.queue import MAX_ENTRIES, Queue, QueueEntry
from bot.ui.clip_names import title_link
from bot.ui.theme import BLURPLE, mention, ordinal, truncated_list

LIST_LENGTH = 1900  # UTF-16 units of each of the two lists

_NOTHING = "**Nothing is in progress in this channel, and nothing of yours elsewhere.**"


def queue_embed(queue: Queue) -> discord.Embed:
    """Return the embed of what is in progress; without any, it says what to do."""
    lines = _section("Yours", queue, queue.own)
    others = _section("From others in this channel", queue, queue.others)
    if lines and others:
        lines.append("")
    lines += others
    description = "\n".join(lines or [_NOTHING, "Start with `/extend`."])
    return discord.Embed(colour=BLURPLE, title="In progress", description=description)


def _section(heading: str, queue: Queue, entries: Sequence[QueueEntry]) -> list[str]:
    if not entries:
        return []
    lines = [_line(queue, entry) for entry in entries[:MAX_ENTRIES]]
    more = ["… and more"] if len(entries) > MAX_ENTRIES else []
    return [f"**{heading}**", *truncated_list(lines, LIST_LENGTH), *more]


def _line(queue: Queue, entry: QueueEntry) -> str:
    ext = entry.extension
    is_hidden = queue.is_hidden(ext)
    parts = ["In another channel" if is_hidden else title_link(ext)]
    parts.append(_status_text(ext, entry.queue_position))
    if ext.member_id != queue.viewer.member_id:
        parts.append(mention(ext.member_id))
    parts.append(discord.utils.format_dt(ext.created_at, "R"))
    return " · ".join(parts)


def _status_text(ext: Extension, queue_position: int | None) -> str:
    match ext.status:
        case Status.WAITING:
            place = f", {ordinal(queue_position)} in line" if queue_position else ""
            return f"⏳ waiting{place}"
        case Status.STREAMING if not ext.kind.is_song:
            return "🎧 streaming"
        case _:
            return "💿 joining the parts" if ext.kind.is_song else "📨 submitted"

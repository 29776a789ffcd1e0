"""What the reply of a full song looks like: what it is joined of, by whom, and where it stands.

Pure, like `embeds`; a lineage may be long, and still fits into one embed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import discord

from bot.domain.lineage import LineageClip, part_starts
from bot.domain.models import Extension, Status
from bot.domain.text import utf16_length
from bot.domain.timecode import format_time
from bot.services.reply_context import ReplyContext
from bot.ui.failure_texts import attachment_note, final_status_lines, postponement
from bot.ui.theme import (
    BLURPLE,
    COLOURS,
    LINKED_TITLE_LENGTH,
    RED,
    common_title,
    escape_line,
    inline_code,
    listen_link,
)

TITLE_LENGTH = 100
LINK_LENGTH = 600
LIST_LENGTH = 2600  # UTF-16 units of all parts together, so that the rest has room


@dataclass(frozen=True, slots=True)
class _SongOutline:
    """What the song is joined of.

    Attributes:
        parts: those that are in it.
        times: the second at which each begins, and last the length; None where it can't be told.
        left_out: those before them, whose audio could not be had.
    """

    parts: Sequence[LineageClip]
    times: Sequence[float | None]
    left_out: Sequence[LineageClip] = ()


def song_embeds(ext: Extension, context: ReplyContext) -> list[discord.Embed]:
    """Return the embed of a full song."""
    colour = BLURPLE if ext.status is Status.STREAMING else COLOURS.get(ext.status, RED)
    embed = discord.Embed(
        colour=colour, title=_title(ext, context), description="\n".join(_body(ext, context))
    )
    embed.set_footer(text=context.label)
    for attachment in context.attachments[:1]:
        if attachment.picture:
            embed.set_image(url=f"attachment://{attachment.picture}")
    for clip in ext.clips[:1]:
        if clip.image_url:
            embed.set_thumbnail(url=clip.image_url)
    return [embed]


def _title(ext: Extension, context: ReplyContext) -> str:
    match ext.status:
        case Status.SUBMITTING | Status.SUBMITTED | Status.STREAMING:
            return f"💿 Joining {len(context.parts)} parts…"
        case Status.COMPLETE:
            return f"💿 {escape_line(ext.title, TITLE_LENGTH) or 'Untitled'} — full song"
        case Status.FAILED:
            return "❌ No full song"
        case _:
            return common_title(ext, context)


def _body(ext: Extension, context: ReplyContext) -> list[str]:
    whole = _song_outline(ext, context)
    lines = final_status_lines(ext, context.label)
    if ext.status in (Status.STREAMING, Status.COMPLETE):
        lines += _sound(ext, context, whole)
    lines += _truncated_list(
        [
            f"{number}. {_named(step)}{_span(*span)} · {_maker(step)}"
            for number, (step, span) in enumerate(
                zip(whole.parts, pairwise(whole.times), strict=False), start=1
            )
        ]
    )
    lines.append(f"asked by <@{ext.member_id}>")
    match ext.status:
        case Status.WAITING if ext.failure is not None:
            lines.append(postponement(ext.failure, context.label, ext.due_at))
        case Status.SUBMITTING | Status.SUBMITTED | Status.STREAMING:
            started = discord.utils.format_dt(ext.submitted_at or ext.created_at, "R")
            lines.append(f"started {started}")
        case _:
            pass
    return lines


def _song_outline(ext: Extension, context: ReplyContext) -> _SongOutline:
    """Return what is known of the song: as Encore joined it, else as it has to be."""
    parts = context.parts
    for attachment in context.attachments[:1]:
        if attachment.starts:
            first = len(parts) - len(attachment.starts)
            times = (*attachment.starts, attachment.duration)
            return _SongOutline(parts[first:], times, parts[:first])
    times = part_starts(parts)
    for clip in ext.clips[:1]:
        times[-1] = clip.duration or times[-1]
    return _SongOutline(parts, times)


def _sound(ext: Extension, context: ReplyContext, whole: _SongOutline) -> list[str]:
    """Return what can be heard: how long it is, where, and what is lacking."""
    lines: list[str] = []
    length = whole.times[-1]
    if length is not None:
        lines.append(f"**{_clock(length)}** · {len(whole.parts)} parts")
    lines += [listen_link(clip, LINK_LENGTH) for clip in ext.clips[:1]]
    for attachment in context.attachments[:1]:
        lines += attachment_note(attachment)
    ids = " ".join(inline_code(step.known.clip.id) for step in whole.left_out)
    if ids:
        lines.append(f"*without its beginning, clip* {ids}")
    return lines


def _named(step: LineageClip) -> str:
    clip = step.known.clip
    if step.known.is_removed:
        return "a clip that was taken out of the library"
    name = escape_line(clip.title, LINKED_TITLE_LENGTH) or inline_code(clip.id)
    return f"[{name}]({step.known.reply_url})" if step.known.reply_url else name


def _span(start: float | None, end: float | None) -> str:
    if start is None or end is None:
        return ""
    return f" {_clock(start)}–{_clock(end)}"


def _maker(step: LineageClip) -> str:
    return f"<@{step.extension.member_id}>" if step.extension else "source"


def _clock(seconds: float) -> str:
    return format_time(round(seconds))


def _truncated_list(lines: Sequence[str]) -> list[str]:
    """Return ``lines``, without as many of those in the middle as are too many."""
    for left_out in range(len(lines)):
        begin = (len(lines) - left_out + 1) // 2
        middle = [f"… {left_out} more …"] if left_out else []
        shortened = [*lines[:begin], *middle, *lines[begin + left_out :]]
        if sum(utf16_length(line) + 1 for line in shortened) <= LIST_LENGTH:
            return shortened
    return []

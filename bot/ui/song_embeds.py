"""What the reply of a full song looks like: what it is joined of, by whom, and where it stands.

Pure, like `embeds`; a lineage may be long, and still fits into one embed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import discord

from bot.domain.lineage import Step, starts
from bot.domain.models import Extension, Status
from bot.domain.text import utf16_length
from bot.domain.timecode import format_time
from bot.services.surroundings import Surroundings
from bot.ui.looks import (
    BLURPLE,
    COLOURS,
    LINKED_TITLE_LENGTH,
    RED,
    common_title,
    listen,
)
from bot.ui.reasons import carrying, postponement
from bot.ui.song_reasons import song_outcome
from bot.ui.texts import id_shown, shown

TITLE_LENGTH = 100
LINK_LENGTH = 600
LIST_LENGTH = 2600  # UTF-16 units of all parts together, so that the rest has room


@dataclass(frozen=True, slots=True)
class _Whole:
    """What the song is joined of.

    Attributes:
        parts: those that are in it.
        times: the second at which each begins, and last the length; None where it can't be told.
        left_out: those before them, whose audio could not be had.
    """

    parts: Sequence[Step]
    times: Sequence[float | None]
    left_out: Sequence[Step] = ()


def song_embeds(ext: Extension, around: Surroundings) -> list[discord.Embed]:
    """Return the embed of a full song."""
    colour = BLURPLE if ext.status is Status.STREAMING else COLOURS.get(ext.status, RED)
    embed = discord.Embed(
        colour=colour, title=_title(ext, around), description="\n".join(_body(ext, around))
    )
    embed.set_footer(text=around.label)
    for attachment in around.attachments[:1]:
        if attachment.picture:
            embed.set_image(url=f"attachment://{attachment.picture}")
    for clip in ext.clips[:1]:
        if clip.image_url:
            embed.set_thumbnail(url=clip.image_url)
    return [embed]


def _title(ext: Extension, around: Surroundings) -> str:
    match ext.status:
        case Status.SUBMITTING | Status.SUBMITTED | Status.STREAMING:
            return f"💿 Joining {len(around.parts)} parts…"
        case Status.COMPLETE:
            return f"💿 {shown(ext.title, TITLE_LENGTH) or 'Untitled'} — full song"
        case Status.FAILED:
            return "❌ No full song"
        case _:
            return common_title(ext, around)


def _body(ext: Extension, around: Surroundings) -> list[str]:
    whole = _whole(ext, around)
    lines = song_outcome(ext, around.label)
    if ext.status in (Status.STREAMING, Status.COMPLETE):
        lines += _sound(ext, around, whole)
    lines += _fitting(
        [
            f"{number}. {_named(step)}{_span(*span)} · {_maker(step)}"
            for number, (step, span) in enumerate(
                zip(whole.parts, pairwise(whole.times), strict=False), start=1
            )
        ]
    )
    lines.append(f"asked by <@{ext.member_id}>")
    match ext.status:
        case Status.WAITING if ext.reason is not None:
            lines.append(postponement(ext.reason, around.label, ext.due_at))
        case Status.SUBMITTING | Status.SUBMITTED | Status.STREAMING:
            started = discord.utils.format_dt(ext.submitted_at or ext.created_at, "R")
            lines.append(f"started {started}")
        case _:
            pass
    return lines


def _whole(ext: Extension, around: Surroundings) -> _Whole:
    """Return what is known of the song: as Encore joined it, else as it has to be."""
    parts = around.parts
    for attachment in around.attachments[:1]:
        if attachment.starts:
            first = len(parts) - len(attachment.starts)
            times = (*attachment.starts, attachment.duration)
            return _Whole(parts[first:], times, parts[:first])
    times = starts(parts)
    for clip in ext.clips[:1]:
        times[-1] = clip.duration or times[-1]
    return _Whole(parts, times)


def _sound(ext: Extension, around: Surroundings, whole: _Whole) -> list[str]:
    """Return what can be heard: how long it is, where, and what is lacking."""
    lines: list[str] = []
    length = whole.times[-1]
    if length is not None:
        lines.append(f"**{_clock(length)}** · {len(whole.parts)} parts")
    lines += [listen(clip, LINK_LENGTH) for clip in ext.clips[:1]]
    for attachment in around.attachments[:1]:
        lines += carrying(attachment)
    ids = " ".join(id_shown(step.known.clip.id) for step in whole.left_out)
    if ids:
        lines.append(f"*without its beginning, clip* {ids}")
    return lines


def _named(step: Step) -> str:
    clip = step.known.clip
    if step.known.is_removed:
        return "a clip that was taken out of the library"
    name = shown(clip.title, LINKED_TITLE_LENGTH) or id_shown(clip.id)
    return f"[{name}]({step.known.reply_url})" if step.known.reply_url else name


def _span(start: float | None, end: float | None) -> str:
    if start is None or end is None:
        return ""
    return f" {_clock(start)}–{_clock(end)}"


def _maker(step: Step) -> str:
    return f"<@{step.extension.member_id}>" if step.extension else "source"


def _clock(seconds: float) -> str:
    return format_time(round(seconds))


def _fitting(lines: Sequence[str]) -> list[str]:
    """Return ``lines``, without as many of those in the middle as are too many."""
    for left_out in range(len(lines)):
        begin = (len(lines) - left_out + 1) // 2
        middle = [f"… {left_out} more …"] if left_out else []
        shortened = [*lines[:begin], *middle, *lines[begin + left_out :]]
        if sum(utf16_length(line) + 1 for line in shortened) <= LIST_LENGTH:
            return shortened
    return []

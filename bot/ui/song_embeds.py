"""The embed of a full song's reply: its status, its parts and who made them. Pure.

A lineage of any length fits into one embed.
"""

from itertools import pairwise

import discord

from bot.domain.lineage import LineageClip, SongOutline, song_outline
from bot.domain.models import Extension, Status
from bot.domain.text import display_title
from bot.services.reply_context import ReplyContext
from bot.ui.failure_texts import attachment_note, final_status_lines, postponement
from bot.ui.theme import (
    BLURPLE,
    COLOURS,
    LINKED_TITLE_LENGTH,
    RED,
    clip_name,
    common_title,
    duration_text,
    inline_code,
    linked,
    listen_link,
    started_text,
    truncated_list,
    url_within,
)

# UTF-16 units
TITLE_LENGTH = 100
LINK_LENGTH = 600
PARTS_LENGTH = 2600  # of all parts together, so that the rest fits into the embed


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
            return f"💿 {display_title(ext.title, TITLE_LENGTH)} — full song"
        case Status.FAILED:
            return "❌ No full song"
        case _:
            return common_title(ext, context)


def _body(ext: Extension, context: ReplyContext) -> list[str]:
    outline = _song_outline(ext, context)
    lines = final_status_lines(ext, context)
    if ext.status in (Status.STREAMING, Status.COMPLETE):
        lines += _audio_lines(ext, context, outline)
    lines += truncated_list(
        [
            f"{number}. {_part_link(ext.reply.channel_id, part)}{_span(*span)} · {_maker(part)}"
            for number, (part, span) in enumerate(
                zip(outline.parts, pairwise(outline.times), strict=False), start=1
            )
        ],
        PARTS_LENGTH,
    )
    lines.append(f"asked by <@{ext.member_id}>")
    match ext.status:
        case Status.WAITING if ext.failure is not None:
            lines.append(postponement(ext.failure, context.label, ext))
        case Status.SUBMITTING | Status.SUBMITTED | Status.STREAMING:
            lines.append(started_text(ext))
        case _:
            pass
    return lines


def _song_outline(ext: Extension, context: ReplyContext) -> SongOutline:
    attachment = next(iter(context.attachments), None)
    length = next((clip.duration for clip in ext.clips), None)
    return song_outline(context.parts, attachment, length)


def _audio_lines(ext: Extension, context: ReplyContext, outline: SongOutline) -> list[str]:
    """Return the length, the link, and what is missing."""
    lines: list[str] = []
    length = outline.length
    if length is not None:
        lines.append(f"**{duration_text(length)}** · {len(outline.parts)} parts")
    lines += [listen_link(clip, LINK_LENGTH) for clip in ext.clips[:1]]
    for attachment in context.attachments[:1]:
        lines += attachment_note(attachment)
    ids = " ".join(inline_code(part.known.clip.id) for part in outline.missing)
    if ids:
        lines.append(f"*without its beginning, clip* {ids}")
    return lines


def _part_link(channel_id: int, part: LineageClip) -> str:
    if part.known.is_removed:
        return "a clip that was taken out of the library"
    url = url_within(channel_id, part.known.reply_url)
    return linked(clip_name(part.known.clip, LINKED_TITLE_LENGTH), url)


def _span(start: float | None, end: float | None) -> str:
    if start is None or end is None:
        return ""
    return f" {duration_text(start)}–{duration_text(end)}"


def _maker(part: LineageClip) -> str:
    return f"<@{part.extension.member_id}>" if part.extension else "source"

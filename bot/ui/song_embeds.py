"""The embed of a full song's reply: its status, its parts and who made them. Pure.

A lineage of any length fits into one embed.
"""

from collections.abc import Iterator

import discord

from bot.domain.lineage import LineageClip, SongOutline, song_outline
from bot.domain.models import Extension, Status
from bot.domain.text import display_title, escape_line
from bot.domain.timecode import format_length
from bot.services.reply_context import ReplyContext
from bot.ui.clip_names import FULL_SONG, first_line
from bot.ui.failure_texts import attachment_notes, final_status_text, postponement
from bot.ui.theme import (
    ATTACHING,
    BLURPLE,
    COLOURS,
    LINKED_TITLE_LENGTH,
    RED,
    attached_ids,
    common_title,
    linked,
    listen_lines,
    mention,
    pictures,
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
        colour=colour, title=_title(ext, context), description=_body(ext, context)
    )
    embed.set_footer(text=context.label)
    for name in pictures(context.attachments)[:1]:
        embed.set_image(url=f"attachment://{name}")
    for clip in ext.clips[:1]:
        embed.set_thumbnail(url=clip.image_url)
    return [embed]


def _title(ext: Extension, context: ReplyContext) -> str:
    match ext.status:
        case Status.SUBMITTING | Status.SUBMITTED | Status.STREAMING:
            return f"💿 Joining {len(context.parts)} parts…"
        case Status.COMPLETE:
            return f"💿 {display_title(ext.title, TITLE_LENGTH)} — full song"
        case _:
            return common_title(ext, context)


def _body(ext: Extension, context: ReplyContext) -> str:
    outline = _song_outline(ext, context)
    status = [*_status_lines(ext, context, outline)]
    parts = [
        *truncated_list([*_part_lines(ext, outline)], PARTS_LENGTH),
        f"-# Asked by {mention(ext.member_id)}",
    ]
    return "\n".join([*status, "", *parts] if status else parts)


def _song_outline(ext: Extension, context: ReplyContext) -> SongOutline:
    attachment = next(iter(context.attachments), None)
    length = next((clip.duration for clip in ext.clips), None)
    return song_outline(context.parts, attachment, length)


def _status_lines(ext: Extension, context: ReplyContext, outline: SongOutline) -> Iterator[str]:
    """Yield what one waits for, or what came of it."""
    match ext.status:
        case Status.WAITING if ext.failure is not None:
            yield postponement(ext.failure, context.label, ext)
        case Status.SUBMITTING | Status.SUBMITTED:
            yield started_text(ext)
        case Status.STREAMING:
            yield started_text(ext)
            yield from _links(ext, context)
        case Status.COMPLETE:
            yield from _results(ext, context, outline)
        case _:
            if text := final_status_text(ext, context):
                yield text
            if ext.status is Status.EXPIRED:
                yield from _links(ext, context)


def _results(ext: Extension, context: ReplyContext, outline: SongOutline) -> Iterator[str]:
    """Yield the length, how the audio is attached, and what is missing."""
    if outline.length is not None:
        yield f"{format_length(outline.length)} · {len(outline.parts)} parts"
    if context.is_audio_awaited:
        yield ATTACHING
    else:
        yield from attachment_notes(dict(zip([""], context.attachments, strict=False)))
    if outline.missing:
        yield "-# without its beginning, whose audio can't be downloaded"
    for clip in ext.clips[:1]:
        if not clip.is_playable:
            yield "-# finished, but Suno withdrew the link"
    yield from _links(ext, context)


def _links(ext: Extension, context: ReplyContext) -> list[str]:
    """Return the link to the song, if neither a file nor a button plays it."""
    attached = attached_ids(context.attachments)
    loose = [clip for clip in ext.clips[:1] if clip.id not in attached]
    return listen_lines(dict(zip(["Listen"], loose, strict=False)), LINK_LENGTH)


def _part_lines(ext: Extension, outline: SongOutline) -> Iterator[str]:
    """Yield number, begin, name and member of each part."""
    song_title = escape_line(ext.title, LINKED_TITLE_LENGTH)
    for number, (part, start) in enumerate(
        zip(outline.parts, outline.times, strict=False), start=1
    ):
        begin = f"{format_length(start)} " if start is not None else ""
        name = _part_name(part, song_title, ext.reply.channel_id)
        yield f"{number}. {begin}{name}{_maker(part)}"


def _part_name(part: LineageClip, song_title: str, channel_id: int) -> str:
    """Return the title of a part where it is not the song's, else what is sung first."""
    known = part.known
    if known.is_removed:
        return "a clip that was removed from the library"
    title = escape_line(known.clip.title, LINKED_TITLE_LENGTH)
    if part.extension is None:
        words = "source"
    else:
        words = FULL_SONG if part.extension.kind.is_song else first_line(known)
    name = words if title in ("", song_title) else title
    return linked(name, url_within(channel_id, known.reply_url))


def _maker(part: LineageClip) -> str:
    return f" · {mention(part.extension.member_id)}" if part.extension else ""

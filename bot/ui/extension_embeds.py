"""The embeds of a reply: (Extension, ReplyContext) -> embeds. Pure.

Each status is drawn as experience.md, *The reply*, says. Members' and providers' texts are escaped
and truncated, so that they can neither inject markdown nor exceed Discord's limits.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import discord

from bot.domain.attachments import Attachment
from bot.domain.form import format_style
from bot.domain.models import Clip, Extension, Status
from bot.domain.text import display_title, escape_line
from bot.services.reply_context import ReplyContext
from bot.ui.clip_names import continuation_links, source_link, source_time, title_link
from bot.ui.failure_texts import attachment_note, final_status_lines, postponement
from bot.ui.lyrics import is_cut, quoted_beginning
from bot.ui.song_embeds import song_embeds
from bot.ui.theme import (
    BLURPLE,
    COLOURS,
    RED,
    common_title,
    duration_text,
    inline_code,
    listen_link,
    started_text,
    url_within,
)

# UTF-16 units
TITLE_LENGTH = 100
STYLE_LENGTH = 300
LYRICS_LENGTH = 300
LINKS_LENGTH = 2400  # of all clips together, so that their embeds fit into one message

MAX_CLIPS = 4
MAX_LYRICS_LINES = 4

_STEPS = ("Submitted", "Streaming", "Complete")


def extension_embeds(ext: Extension, context: ReplyContext) -> list[discord.Embed]:
    """Return the embeds of a reply: one for its status, and one for each clip with audio."""
    if ext.kind.is_song:
        return song_embeds(ext, context)
    colour = COLOURS.get(ext.status, RED)
    status_embed = discord.Embed(
        colour=colour, title=_title(ext, context), description="\n".join(_body(ext, context))
    )
    status_embed.set_footer(text=context.label)
    return [status_embed, *_clip_embeds(ext, colour, context)]


def plain_embeds(ext: Extension, context: ReplyContext) -> list[discord.Embed]:
    """Return the status without members' or providers' texts, in case Discord refuses those."""
    ids = "\n".join(inline_code(clip.id) for clip in ext.clips[:MAX_CLIPS])
    embed = discord.Embed(
        colour=COLOURS.get(ext.status, RED),
        title=f"Extension {ext.id}: {ext.status}",
        description=f"asked by <@{ext.member_id}>\n{ids}",
    )
    embed.set_footer(text=context.label)
    return [embed]


def refusal_embed(problem: str, remedy: str) -> discord.Embed:
    """Return an error: what is wrong, then what to do about it."""
    return discord.Embed(colour=RED, description=f"**{problem}**\n{remedy}")


def note_embed(text: str) -> discord.Embed:
    """Return a short answer that is neither a reply nor an error."""
    return discord.Embed(colour=BLURPLE, description=text)


def question_embed(question: str) -> discord.Embed:
    """Return a question that the buttons below it answer."""
    return discord.Embed(colour=BLURPLE, description=f"**{question}**")


def clip_letter(index: int) -> str:
    """Return the letter of the clip at ``index`` of an extension: A, B and so on."""
    return chr(ord("A") + index)


def _title(ext: Extension, context: ReplyContext) -> str:
    match ext.status:
        case Status.SUBMITTING | Status.SUBMITTED:
            return "📨 Submitted"
        case Status.STREAMING:
            return "🎧 Streaming — listen while it finishes"
        case Status.COMPLETE:
            return f"✅ {display_title(ext.title, TITLE_LENGTH)}"
        case Status.FAILED:
            return "❌ Not extended"
        case _:
            return common_title(ext, context)


def _body(ext: Extension, context: ReplyContext) -> list[str]:
    lines = [*final_status_lines(ext, context), _origin(ext)]
    if style := escape_line(format_style(ext.request.style), STYLE_LENGTH):
        lines.append(f"**Style** {style}")
    lines += _lyrics(ext.request.lyrics)
    lines.append(f"asked by <@{ext.member_id}>" + _retake_line(ext.reply.channel_id, context))
    if context.continuations:
        lines.append(_continued_in(ext, context.continuations))
    match ext.status:
        case Status.WAITING if ext.failure is not None:
            lines.append(postponement(ext.failure, context.label, ext))
        case Status.SUBMITTING | Status.SUBMITTED | Status.STREAMING:
            lines += _progress(ext, context)
        case _:
            pass
    return lines


def _origin(ext: Extension) -> str:
    linkable = replace(ext, source_url=url_within(ext.reply.channel_id, ext.source_url))
    return f"from {source_link(linkable, TITLE_LENGTH)} at {source_time(linkable)}"


def _continued_in(ext: Extension, continuations: Sequence[Extension]) -> str:
    """Return the line of continuations; those of other channels, which may be private, count."""
    here = [each for each in continuations if each.reply.channel_id == ext.reply.channel_id]
    parts = [continuation_links(here)] if here else []
    if elsewhere := len(continuations) - len(here):
        parts.append(f"{elsewhere:,} {'reply' if elsewhere == 1 else 'replies'} elsewhere")
    return f"continued in {', and '.join(parts)}"


def _retake_line(channel_id: int, context: ReplyContext) -> str:
    if context.retake_of is None:
        return ""
    if context.retake_of.reply.channel_id != channel_id:
        return " · another take"
    return f" · another take of {title_link(context.retake_of)}"


def _lyrics(lyrics: str) -> list[str]:
    if not lyrics:
        return ["*Instrumental*"]
    return quoted_beginning(lyrics, MAX_LYRICS_LINES, LYRICS_LENGTH)


def are_lyrics_cut(ext: Extension) -> bool:
    """Whether the reply shows only the beginning of the lyrics."""
    return is_cut(ext.request.lyrics, MAX_LYRICS_LINES, LYRICS_LENGTH)


def _progress(ext: Extension, context: ReplyContext) -> list[str]:
    reached = 1 if ext.status is not Status.STREAMING else 2
    steps = " ".join(f"{step} {'●' if i < reached else '○'}" for i, step in enumerate(_STEPS))
    started = started_text(ext)
    if context.typical_duration:
        started += f" · usually ready in {_minutes_range(context.typical_duration)}"
    return [steps, started]


def _clip_embeds(
    ext: Extension, colour: discord.Colour, context: ReplyContext
) -> list[discord.Embed]:
    if ext.status not in (Status.STREAMING, Status.COMPLETE):
        return []
    clips = ext.clips[:MAX_CLIPS]
    attachments = {each.clip_id: each for each in context.attachments}
    return [
        _clip_embed(
            ext,
            clip,
            clip_letter(index),
            colour,
            attachment=attachments.get(clip.id),
            max_link_length=LINKS_LENGTH // len(clips),
        )
        for index, clip in enumerate(clips)
        if clip.audio_url or ext.status is Status.COMPLETE
    ]


def _clip_embed(
    ext: Extension,
    clip: Clip,
    letter: str,
    colour: discord.Colour,
    *,
    attachment: Attachment | None,
    max_link_length: int,
) -> discord.Embed:
    title = display_title(clip.title or ext.title, TITLE_LENGTH)
    length = f" · {duration_text(clip.duration)}" if clip.duration else ""
    lines = [f"**{letter} · {title}**{length}"]
    lines += filter(None, [listen_link(clip, max_link_length)])
    embed = discord.Embed(colour=colour)
    if attachment is not None:
        has_link = clip.audio_url is None or clip.public_url is not None
        lines += attachment_note(attachment, has_link=has_link)
        if attachment.picture:
            embed.set_image(url=f"attachment://{attachment.picture}")
    embed.description = "\n".join(lines)
    if clip.image_url:
        embed.set_thumbnail(url=clip.image_url)
    return embed


def _minutes_range(duration: dt.timedelta) -> str:
    seconds = duration.total_seconds()
    if seconds < 60:  # noqa: PLR2004 - a minute
        return "less than a minute"
    minutes = int(seconds // 60)
    return f"{minutes}–{minutes + 1} minutes"

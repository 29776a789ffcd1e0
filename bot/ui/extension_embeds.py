"""What a reply looks like: (Extension, Surroundings) -> embeds. Pure.

Every status has its look (experience.md, *The reply*); members' and providers' texts are escaped
and shortened here, so that nothing they write can break out or exceed Discord's limits.
"""

import datetime as dt

import discord

from bot.domain.attachments import Attachment
from bot.domain.form import format_style
from bot.domain.models import Clip, Extension, Status
from bot.domain.timecode import format_time
from bot.services.reply_context import ReplyContext
from bot.ui.failure_texts import attachment_note, final_status_lines, postponement
from bot.ui.lyrics import first_lines
from bot.ui.song_embeds import song_embeds
from bot.ui.theme import (
    BLURPLE,
    COLOURS,
    RED,
    common_title,
    continuation_links,
    escape_line,
    inline_code,
    listen_link,
    title_link,
)

TITLE_LENGTH = 100
STYLE_LENGTH = 300
LYRICS_LINES = 4
LYRICS_LENGTH = 300
MAX_CLIPS = 4
LINKS_LENGTH = 2400  # of all clips together, so that an embed each fits into one message

_STEPS = ("Submitted", "Streaming", "Complete")


def extension_embeds(ext: Extension, context: ReplyContext) -> list[discord.Embed]:
    """Return the embeds of a reply: one that says where it stands, one for each clip to hear."""
    if ext.kind.is_song:
        return song_embeds(ext, context)
    colour = COLOURS.get(ext.status, RED)
    head = discord.Embed(
        colour=colour, title=_title(ext, context), description="\n".join(_body(ext, context))
    )
    head.set_footer(text=context.label)
    return [head, *_clip_embeds(ext, colour, context)]


def plain_embeds(ext: Extension, context: ReplyContext) -> list[discord.Embed]:
    """Return the same news without any text or link from outside, should Discord refuse those."""
    ids = "\n".join(inline_code(clip.id) for clip in ext.clips[:MAX_CLIPS])
    embed = discord.Embed(
        colour=COLOURS.get(ext.status, RED),
        title=f"Extension {ext.id}: {ext.status}",
        description=f"asked by <@{ext.member_id}>\n{ids}",
    )
    embed.set_footer(text=context.label)
    return [embed]


def refusal_embed(problem: str, remedy: str) -> discord.Embed:
    """Return the answer to something that can't be done: what is wrong, then what to do."""
    return discord.Embed(colour=RED, description=f"**{problem}**\n{remedy}")


def note_embed(text: str) -> discord.Embed:
    """Return a short answer that is neither a reply nor a refusal."""
    return discord.Embed(colour=BLURPLE, description=text)


def question_embed(question: str) -> discord.Embed:
    """Return the text over buttons that answer it."""
    return discord.Embed(colour=BLURPLE, description=f"**{question}**")


def clip_letter(index: int) -> str:
    """Return what to call the clip at ``index`` of an extension: A, then B, and so on."""
    return chr(ord("A") + index)


def _title(ext: Extension, context: ReplyContext) -> str:
    match ext.status:
        case Status.SUBMITTING | Status.SUBMITTED:
            return "📨 Submitted"
        case Status.STREAMING:
            return "🎧 Streaming — listen while it finishes"
        case Status.COMPLETE:
            return f"✅ {escape_line(ext.title, TITLE_LENGTH) or 'Untitled'}"
        case Status.FAILED:
            return "❌ Not extended"
        case _:
            return common_title(ext, context)


def _body(ext: Extension, context: ReplyContext) -> list[str]:
    lines = [*final_status_lines(ext, context.label), _origin(ext)]
    if style := escape_line(format_style(ext.request.style), STYLE_LENGTH):
        lines.append(f"**Style** {style}")
    lines += _lyrics(ext.request.lyrics)
    lines.append(f"asked by <@{ext.member_id}>" + _retake_line(context))
    if context.continuations:
        lines.append(f"continued in {continuation_links(context.continuations)}")
    match ext.status:
        case Status.WAITING if ext.failure is not None:
            lines.append(postponement(ext.failure, context.label, ext.due_at))
        case Status.SUBMITTING | Status.SUBMITTED | Status.STREAMING:
            lines += _progress(ext, context)
        case _:
            pass
    return lines


def _origin(ext: Extension) -> str:
    name = escape_line(ext.source_title, TITLE_LENGTH) or inline_code(ext.request.clip_id)
    if ext.source_url:
        name = f"[{name}]({ext.source_url})"
    point = ext.request.continue_at
    where = "the end" if point is None else format_time(round(point, 1))
    return f"from {name} at {where}"


def _retake_line(context: ReplyContext) -> str:
    if context.retake_of is None:
        return ""
    return f" · another take of {title_link(context.retake_of)}"


def _lyrics(lyrics: str) -> list[str]:
    return first_lines(lyrics, LYRICS_LINES, LYRICS_LENGTH) if lyrics else ["*Instrumental*"]


def _progress(ext: Extension, context: ReplyContext) -> list[str]:
    reached = 1 if ext.status is not Status.STREAMING else 2
    steps = " ".join(f"{step} {'●' if i < reached else '○'}" for i, step in enumerate(_STEPS))
    started = f"started {discord.utils.format_dt(ext.submitted_at or ext.created_at, 'R')}"
    usual = (
        f" · usually ready in {_duration_range(context.typical_duration)}"
        if context.typical_duration
        else ""
    )
    return [steps, started + usual]


def _clip_embeds(
    ext: Extension, colour: discord.Colour, context: ReplyContext
) -> list[discord.Embed]:
    if ext.status not in (Status.STREAMING, Status.COMPLETE):
        return []
    clips = ext.clips[:MAX_CLIPS]
    carried = {each.clip_id: each for each in context.attachments}
    return [
        _clip_embed(
            ext,
            clip,
            clip_letter(index),
            colour,
            carried=carried.get(clip.id),
            longest=LINKS_LENGTH // len(clips),
        )
        for index, clip in enumerate(clips)
        if clip.audio_url or ext.status is Status.COMPLETE
    ]


def _clip_embed(
    ext: Extension,
    clip: Clip,
    name: str,
    colour: discord.Colour,
    *,
    carried: Attachment | None,
    longest: int,
) -> discord.Embed:
    title = escape_line(clip.title or ext.title, TITLE_LENGTH) or "Untitled"
    length = f" · {format_time(round(clip.duration))}" if clip.duration else ""
    lines = [f"**{name} · {title}**{length}", listen_link(clip, longest)]
    embed = discord.Embed(colour=colour)
    if carried is not None:
        lines += attachment_note(carried)
        if carried.picture:
            embed.set_image(url=f"attachment://{carried.picture}")
    embed.description = "\n".join(lines)
    if clip.image_url:
        embed.set_thumbnail(url=clip.image_url)
    return embed


def _duration_range(usual: dt.timedelta) -> str:
    seconds = usual.total_seconds()
    if seconds < 60:  # noqa: PLR2004 - a minute
        return "less than a minute"
    minutes = int(seconds // 60)
    return f"{minutes}–{minutes + 1} minutes"

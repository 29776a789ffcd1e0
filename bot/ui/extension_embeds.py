"""The embed of a reply: (Extension, ReplyContext) -> embeds. Pure.

What one waits for stands first, then the beginning of the lyrics, then one line with the source,
the style and the member; nothing is said twice. Members' and providers' texts are escaped and
truncated, so that they can neither inject markdown nor exceed Discord's limits.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import discord

from bot.domain.failures import Unconfirmed
from bot.domain.form import format_style
from bot.domain.models import Clip, ClipStatus, Extension, Status
from bot.domain.text import escape_line
from bot.domain.timecode import format_length
from bot.domain.transitions import usual_end
from bot.services.reply_context import ReplyContext
from bot.ui.clip_names import (
    continuation_links,
    extension_name,
    source_link,
    source_time,
    title_link,
)
from bot.ui.failure_texts import attachment_notes, final_status_text, postponement
from bot.ui.lyrics import are_words_cut, quoted_words
from bot.ui.song_embeds import song_embeds
from bot.ui.theme import (
    ATTACHING,
    BLURPLE,
    COLOURS,
    ERROR_LENGTH,
    RED,
    attached_ids,
    common_title,
    inline_code,
    listen_lines,
    mention,
    pictures,
    started_text,
    url_within,
)

# UTF-16 units
TITLE_LENGTH = 100
SOURCE_LENGTH = 60
STYLE_LENGTH = 100
LYRICS_LENGTH = 300
LINKS_LENGTH = 2400  # of all clips together, so that they fit into the embed

MAX_CLIPS = 4
MAX_LYRICS_LINES = 4


def extension_embeds(ext: Extension, context: ReplyContext) -> list[discord.Embed]:
    """Return the embed of a reply; more follow only for pictures of replies made before 0.2."""
    if ext.kind.is_song:
        return song_embeds(ext, context)
    colour = COLOURS.get(ext.status, RED)
    embed = discord.Embed(
        colour=colour, title=_title(ext, context), description=_body(ext, context)
    )
    embed.set_footer(text=context.label)
    if ext.status in (Status.STREAMING, Status.COMPLETE):
        covers = (clip.image_url for clip in ext.clips if clip.image_url)
        embed.set_thumbnail(url=next(covers, None))
    embeds = [embed]
    for number, name in enumerate(pictures(context.attachments)):
        if number:
            embeds.append(discord.Embed(colour=colour))
        embeds[-1].set_image(url=f"attachment://{name}")
    return embeds


def plain_embeds(ext: Extension, context: ReplyContext) -> list[discord.Embed]:
    """Return the status without members' or providers' texts, in case Discord refuses those."""
    ids = "\n".join(inline_code(clip.id) for clip in ext.clips[:MAX_CLIPS])
    embed = discord.Embed(
        colour=COLOURS.get(ext.status, RED),
        title=f"Extension {ext.id}: {ext.status}",
        description=f"asked by {mention(ext.member_id)}\n{ids}",
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


def are_lyrics_cut(ext: Extension) -> bool:
    """Whether the reply shows only a part of the lyrics."""
    return are_words_cut(ext.request.lyrics, MAX_LYRICS_LINES, LYRICS_LENGTH)


def _title(ext: Extension, context: ReplyContext) -> str:
    match ext.status:
        case Status.SUBMITTING | Status.SUBMITTED:
            return "📨 Submitted"
        case Status.STREAMING:
            return "🎧 Streaming — listen while it finishes"
        case Status.COMPLETE:
            return f"✅ {extension_name(ext, TITLE_LENGTH)}"
        case _:
            return common_title(ext, context)


def _body(ext: Extension, context: ReplyContext) -> str:
    status = [*_status_lines(ext, context)]
    request = [
        *quoted_words(ext.request.lyrics, MAX_LYRICS_LINES, LYRICS_LENGTH),
        _request_line(ext),
        *_relations(ext, context),
    ]
    return "\n".join([*status, "", *request] if status else request)


def _status_lines(ext: Extension, context: ReplyContext) -> Iterator[str]:
    """Yield what one waits for, or what came of it."""
    match ext.status:
        case Status.WAITING if ext.failure is not None:
            yield postponement(ext.failure, context.label, ext)
        case Status.SUBMITTING | Status.SUBMITTED if isinstance(ext.failure, Unconfirmed):
            yield f"{context.label} gave no clear answer; looking whether it took the request."
        case Status.SUBMITTING | Status.SUBMITTED:
            yield "✓ Submitted → Streaming → Complete"
            yield from _progress(ext, context)
        case Status.STREAMING:
            yield "✓ Submitted → ✓ Streaming → Complete"
            yield from _progress(ext, context)
            yield from _links(ext, context)
        case Status.COMPLETE:
            yield from _results(ext, context)
        case _:
            if text := final_status_text(ext, context):
                yield text
            if ext.status is Status.EXPIRED:
                yield from _links(ext, context)


def _progress(ext: Extension, context: ReplyContext) -> Iterator[str]:
    started = started_text(ext)
    if context.is_late and ext.deadline_at is not None:
        until = discord.utils.format_dt(ext.deadline_at, "t")
        yield started
        yield f"Taking longer than usual; Encore keeps asking until {until}."
    elif context.typical_duration:
        yield f"{started} · usually {_minutes_range(context.typical_duration)}"
    else:
        yield started


def _results(ext: Extension, context: ReplyContext) -> Iterator[str]:
    """Yield how long the clips are, how their audio is attached, and what is wrong with others."""
    lettered, notes = _lettered_clips(ext), {each.clip_id: each for each in context.attachments}
    heard = {each.clip_id: each.duration for each in context.attachments}
    lengths = {
        letter: length - ext.new_part_start(clip)
        for letter, clip in lettered.items()
        if clip.is_playable and (length := heard.get(clip.id) or clip.duration)
    }
    if lengths:
        parts = " · ".join(
            f"{letter} {format_length(length)}" for letter, length in lengths.items()
        )
        line = f"{parts} new"
        if context.song_start is not None:
            whole = context.song_start + next(iter(lengths.values()))
            line += f" · song so far {format_length(whole)}"
        yield line
    if context.is_audio_awaited:
        yield ATTACHING
    else:
        yield from attachment_notes(
            {letter: notes[clip.id] for letter, clip in lettered.items() if clip.id in notes},
            has_link=all(clip.audio_url is None or clip.public_url for clip in lettered.values()),
        )
    for letter, clip in lettered.items():
        if not clip.is_playable:
            yield f"-# {letter}: {_problem(clip)}"
    yield from _links(ext, context)


def _links(ext: Extension, context: ReplyContext) -> list[str]:
    """Return links to what can be heard, as far as neither a file nor a button plays it."""
    attached = attached_ids(context.attachments)
    clips = _lettered_clips(ext).items()
    loose = {f"Listen {letter}": clip for letter, clip in clips if clip.id not in attached}
    return listen_lines(loose, LINKS_LENGTH)


def _lettered_clips(ext: Extension) -> Mapping[str, Clip]:
    return {clip_letter(index): clip for index, clip in enumerate(ext.clips[:MAX_CLIPS])}


def _problem(clip: Clip) -> str:
    """Return why a clip of a complete extension can't be heard."""
    match clip.status:
        case ClipStatus.COMPLETE:
            return "finished, but Suno withdrew the link"
        case ClipStatus.FAILED:
            error = escape_line(clip.error, ERROR_LENGTH)
            return f"failed: *{error}*" if error else "failed"
        case _:
            return "not finished"


def _request_line(ext: Extension) -> str:
    """Return the source, the style and the member in one line."""
    linkable = replace(ext, source_url=url_within(ext.reply.channel_id, ext.source_url))
    parts = (
        f"-# From {source_link(linkable, SOURCE_LENGTH)} at {source_time(linkable)}",
        escape_line(format_style(ext.request.style), STYLE_LENGTH),
        "" if quoted_words(ext.request.lyrics, 1, LYRICS_LENGTH) else "instrumental",
        mention(ext.member_id),
    )
    return " · ".join(filter(None, parts))


def _relations(ext: Extension, context: ReplyContext) -> Iterator[str]:
    """Yield of which extension this is another take, and which go on from it."""
    if context.retake_of is not None:
        is_here = context.retake_of.reply.channel_id == ext.reply.channel_id
        of = f" of {title_link(context.retake_of)}" if is_here else ""
        yield f"-# another take{of}"
    if context.continuations:
        yield f"-# {_continued_in(ext, context.continuations)}"


def _continued_in(ext: Extension, continuations: Sequence[Extension]) -> str:
    """Return the line of continuations; those of other channels, which may be private, count."""
    here = [each for each in continuations if each.reply.channel_id == ext.reply.channel_id]
    parts = [continuation_links(here)] if here else []
    if elsewhere := len(continuations) - len(here):
        parts.append(f"{elsewhere:,} {'reply' if elsewhere == 1 else 'replies'} elsewhere")
    return f"continued here: {', and '.join(parts)}"


def _minutes_range(duration: dt.timedelta) -> str:
    minutes = usual_end(duration) // dt.timedelta(minutes=1)
    return f"{minutes - 1}–{minutes} minutes" if minutes > 1 else "less than a minute"

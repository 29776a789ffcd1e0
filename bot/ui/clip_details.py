"""The details of one clip and its lineage: ClipDetails -> embeds and view. Pure."""

from collections.abc import Iterator

import discord

from bot.domain.form import format_style
from bot.domain.models import ClipRecord, ClipStatus, Extension
from bot.domain.text import display_title, escape_line, utf16_length
from bot.domain.timecode import format_length
from bot.services.library import ClipDetails, LineageEntry
from bot.ui.clip_names import (
    continuation_links,
    first_line,
    full_name,
    source_link,
    source_time,
    time_text,
)
from bot.ui.components import build_view, listen_button
from bot.ui.custom_ids import Action, Button
from bot.ui.lyrics import ALL_LYRICS, is_short, quoted_lyrics
from bot.ui.theme import (
    BLURPLE,
    GREEN,
    GREY,
    inline_code,
    linked,
    listen_link,
    mention,
    spaced_duration,
)

# UTF-16 units
TITLE_LENGTH = 80
LINEAGE_TITLE_LENGTH = 40
STYLE_LENGTH = 200
EXCLUDE_LENGTH = 100
MODEL_LENGTH = 40
LINK_LENGTH = 1000  # of a link that is too long for a button
LINEAGE_LENGTH = 1600

MAX_SIBLINGS = 4
MAX_INDENT = 6  # levels

# Discord does not strip an em space at the start of a line.
_INDENT = "\u2003"
_ELSEWHERE = "*(made elsewhere)*"
_REMOVED = "*(removed)*"


def clip_embeds(details: ClipDetails, *, with_file: bool = True) -> list[discord.Embed]:
    """Return the embeds of a clip: its facts, and its lineage below.

    Args:
        details: of the clip.
        with_file: whether long lyrics are attached as a file; else they follow as text.
    """
    clip, name = details.known.clip, _name(details)
    colour = GREEN if clip.is_playable else GREY if clip.status.is_final else BLURPLE
    facts = discord.Embed(
        colour=colour, title=name, description="\n".join(_facts(details, with_file=with_file))
    )
    if clip.image_url:
        facts.set_thumbnail(url=clip.image_url)
    facts.set_footer(text=details.label)
    lineage = "\n".join(lineage_lines(details, name))
    return [facts, discord.Embed(colour=colour, description=lineage)] if lineage else [facts]


def clip_view(details: ClipDetails) -> discord.ui.View | None:
    """Return the buttons of a clip: to hear it, to act on it, to show its siblings."""
    return build_view(_buttons(details))


def lineage_lines(details: ClipDetails, name: str) -> Iterator[str]:
    """Yield the lineage of the clip, which is called ``name``, its siblings and continuations."""
    if len(details.lineage) > 1:
        yield "**History**"
        yield from _lineage_tree(details.lineage, name)
    if details.siblings:
        names = ", ".join(_sibling_text(each) for each in details.siblings[:MAX_SIBLINGS])
        label = "Other versions" if len(details.siblings) > 1 else "Other version"
        yield f"**{label}** {names}"
    if details.continuations:
        yield f"**Continued here** {continuation_links(details.continuations)}"


def _buttons(details: ClipDetails) -> Iterator[Button]:
    clip = details.known.clip
    if clip.is_playable and (listen := listen_button(clip, "▶ Listen")):
        yield listen
    if clip.is_playable and Action.EXTEND_CLIP.accepts(clip.id):
        yield Action.EXTEND_CLIP.button(clip.id)
    if details.is_own and Action.REMOVE_CLIP.accepts(clip.id):
        yield Action.REMOVE_CLIP.button(clip.id)
    for each in details.siblings[:MAX_SIBLINGS]:
        if Action.SHOW_CLIP.accepts(each.clip.id):
            label = f"{Action.SHOW_CLIP.label} {each.letter}"
            yield Action.SHOW_CLIP.button(each.clip.id, label=label, row=2)


def _name(details: ClipDetails) -> str:
    return full_name(details.known, details.title, TITLE_LENGTH)


def _facts(details: ClipDetails, *, with_file: bool) -> Iterator[str]:
    clip, ext = details.known.clip, details.extension
    if clip.duration:
        yield f"**Length** {format_length(clip.duration)}"
    style = clip.style or format_style(ext.request.style if ext else ())
    if style := escape_line(style, STYLE_LENGTH):
        yield f"**Style** {style}"
    if ext is None:
        yield "made elsewhere, continued here"
    else:
        yield from _request_facts(ext)
        yield _origin(ext, details.lineage)
        yield from _lyrics(ext, with_file=with_file)
        when = discord.utils.format_dt(ext.created_at, "R")
        reply = f" · [reply]({details.known.reply_url})" if details.known.reply_url else ""
        yield f"asked by {mention(ext.member_id)} {when}{reply}"
    yield from _playback_notes(details)
    yield f"id {inline_code(clip.id)}"


def _request_facts(ext: Extension) -> Iterator[str]:
    if exclude := escape_line(format_style(ext.request.exclude), EXCLUDE_LENGTH):
        yield f"**Excluded styles** {exclude}"
    if model := escape_line(ext.request.model or "", MODEL_LENGTH):
        yield f"**Model** {model}"


def _origin(ext: Extension, lineage: tuple[LineageEntry, ...]) -> str:
    """Return the source clip and the second, as far as the viewer may see the source."""
    source = lineage[-2] if len(lineage) > 1 else None
    if source is not None and source.known is None:
        name = "a clip made elsewhere"
    elif source is not None and source.known is not None and source.known.is_removed:
        name = "a clip that was removed from the library"
    else:
        name = source_link(ext, TITLE_LENGTH)
    if ext.kind.is_song:
        return f"the full song up to {name}"
    return f"from {name} at {source_time(ext)}"


def _lyrics(ext: Extension, *, with_file: bool) -> list[str]:
    lyrics = ext.request.lyrics
    if not lyrics:
        return [] if ext.kind.is_song else ["*Instrumental*"]
    if is_short(lyrics):
        return quoted_lyrics(lyrics)
    return [
        *quoted_lyrics(lyrics),
        ALL_LYRICS if with_file else "All lyrics are below.",
    ]


def _playback_notes(details: ClipDetails) -> Iterator[str]:
    """Yield how the clip can be heard, as far as its button does not say so."""
    known, label = details.known, details.label
    clip = known.clip
    if clip.status is not ClipStatus.COMPLETE:
        yield listen_link(clip, LINK_LENGTH)
    elif clip.is_playable:
        if clip.public_url and listen_button(clip, "") is None:
            yield listen_link(clip, LINK_LENGTH)
        if clip.public_url is None and known.reply_url is not None:
            yield f"[Its reply]({known.reply_url}) carries its audio."
        elif clip.public_url and not details.is_confirmed:
            yield f"*{label} didn't say whether its link still works.*"
        if details.kept_until is not None:
            when = discord.utils.format_dt(details.kept_until, "D")
            stays = "; the file attached to the reply stays" if details.is_attached else ""
            yield f"{label} keeps it until {when}{stays}."
    elif known.extension_id is None and not details.is_confirmed:
        yield f"*{label} gave no link to it.*"
    else:
        yield "**It can't be played any more:** Suno withdrew the link."


def _lineage_tree(lineage: tuple[LineageEntry, ...], name: str) -> list[str]:
    """Return a line for each clip; of a long lineage, the first and the latest."""
    root, *rest = (_branch(depth, entry, name) for depth, entry in enumerate(lineage))
    available = LINEAGE_LENGTH - utf16_length(root)
    latest: list[str] = []
    while rest and (available := available - utf16_length(rest[-1])) >= 0:
        latest.append(rest.pop())
    omitted = [f"└ *{len(rest):,} more between*"] if rest else []
    return [root, *omitted, *reversed(latest)]


def _branch(depth: int, entry: LineageEntry, name: str) -> str:
    indent = _INDENT * min(depth - 1, MAX_INDENT) + "└ " if depth else ""
    known = entry.known
    if not entry.is_continued:
        return f"{indent}**{name}**{spaced_duration(known.clip) if known else ''}"
    onward = f", continued from {time_text(entry.continued_at)}"
    if known is None:
        return f"{indent}{_ELSEWHERE}{onward}"
    if known.is_removed:
        return f"{indent}{_REMOVED}{onward}"
    line = f" · {words}" if (words := first_line(known)) else ""
    return f"{indent}{_clip_link(known)}{spaced_duration(known.clip)}{line}{onward}"


def _clip_link(known: ClipRecord) -> str:
    return linked(full_name(known, known.clip.title, LINEAGE_TITLE_LENGTH), known.reply_url)


def _sibling_text(known: ClipRecord) -> str:
    title = display_title(known.clip.title, LINEAGE_TITLE_LENGTH)
    return f"{known.letter} · {title}{spaced_duration(known.clip)}"

"""One clip with all round it: ClipDetails -> embeds and buttons. Pure."""

from collections.abc import Iterator

import discord

from bot.domain.form import format_style
from bot.domain.models import ClipRecord, ClipStatus, Extension
from bot.domain.text import utf16_length
from bot.domain.timecode import format_time
from bot.services.library import ClipDetails, LineageEntry
from bot.ui.components import LINK_LENGTH, Button, build_view
from bot.ui.custom_ids import Action
from bot.ui.lyrics import FILE_NAME, is_short, quoted_lyrics
from bot.ui.theme import (
    BLURPLE,
    GREEN,
    GREY,
    continuation_links,
    escape_line,
    inline_code,
    listen_link,
)

NAME_LENGTH = 40
MAX_SIBLINGS = 4
MAX_INDENT = 6  # a long lineage is indented no further
TREE_LENGTH = 1600  # UTF-16 units

_INDENT = "\u2003"  # as wide as a letter is high, and not swallowed at the start of a line
_ELSEWHERE = "*(made elsewhere)*"
_REMOVED = "*(removed)*"


def lineage_lines(details: ClipDetails, name: str) -> Iterator[str]:
    """Yield the lineage up to this clip, which is called ``name``, and who is beside and behind."""
    if len(details.lineage) > 1:
        yield "**Lineage**"
        yield from _tree(details.lineage, name)
    if details.siblings:
        names = ", ".join(_brief(each) for each in details.siblings[:MAX_SIBLINGS])
        yield f"**Siblings** {names}"
    if details.continuations:
        yield f"**Continued in** {continuation_links(details.continuations)}"


def continue_at_text(continue_at: float | None) -> str:
    """Return where a clip goes on, in words that follow *at*."""
    return "its end" if continue_at is None else format_time(round(continue_at, 1))


def _tree(lineage: tuple[LineageEntry, ...], name: str) -> list[str]:
    """Return a line for each clip; of a long lineage, the first and the latest."""
    root, *rest = (_branch(depth, each, name) for depth, each in enumerate(lineage))
    room = TREE_LENGTH - utf16_length(root)
    latest: list[str] = []
    while rest and (room := room - utf16_length(rest[-1])) >= 0:
        latest.append(rest.pop())
    between = [f"└ *{len(rest):,} more between*"] if rest else []
    return [root, *between, *reversed(latest)]


def _branch(depth: int, ancestor: LineageEntry, name: str) -> str:
    indent = _INDENT * min(depth - 1, MAX_INDENT) + "└ " if depth else ""
    known = ancestor.known
    if not ancestor.goes_on:
        return f"{indent}**{name}**{_length(known)}"
    onward = f", goes on at {continue_at_text(ancestor.goes_on_at)}"
    if known is None:
        return f"{indent}{_ELSEWHERE}{onward}"
    if known.is_removed:
        return f"{indent}{_REMOVED}{onward}"
    return f"{indent}{_linked_name(known)}{_length(known)}{onward}"


def _linked_name(known: ClipRecord) -> str:
    name = escape_line(known.clip.title, NAME_LENGTH) or inline_code(known.clip.id)
    name = f"{name} · {known.letter}" if known.letter else name
    return f"[{name}]({known.reply_url})" if known.reply_url else name


def _length(known: ClipRecord | None) -> str:
    return f" {format_time(round(known.clip.duration))}" if known and known.clip.duration else ""


def _brief(known: ClipRecord) -> str:
    title = escape_line(known.clip.title, NAME_LENGTH) or "Untitled"
    return f"{known.letter} · {title}{_length(known)}"


TITLE_LENGTH = 80
STYLE_LENGTH = 200
EXCLUDE_LENGTH = 100
MODEL_LENGTH = 40
LONG_LINK = 1000  # UTF-16 units, of a link that no button can carry


def clip_embeds(details: ClipDetails, *, with_file: bool = True) -> list[discord.Embed]:
    """Return what is known of a clip, and below it where it comes from and goes on.

    Long lyrics are told to be in a file if there is to be one ``with_file``, else below.
    """
    clip, name = details.known.clip, _name(details)
    colour = GREEN if clip.is_playable else GREY if clip.status.is_final else BLURPLE
    card = discord.Embed(
        colour=colour, title=name, description="\n".join(_facts(details, with_file=with_file))
    )
    if clip.image_url:
        card.set_thumbnail(url=clip.image_url)
    card.set_footer(text=details.label)
    round_it = "\n".join(lineage_lines(details, name))
    return [card, discord.Embed(colour=colour, description=round_it)] if round_it else [card]


def clip_view(details: ClipDetails) -> discord.ui.View | None:
    """Return the buttons under a clip: to hear it, to act on it, to see its siblings."""
    return build_view(_buttons(details))


def _buttons(details: ClipDetails) -> Iterator[Button]:
    clip = details.known.clip
    if clip.is_playable and clip.audio_url and len(clip.audio_url) <= LINK_LENGTH:
        yield Button(label="▶ Listen", url=clip.audio_url, row=0)
    if clip.is_playable and Action.EXTEND_CLIP.accepts(clip.id):
        yield Button(label="➕ Extend", custom_id=Action.EXTEND_CLIP.custom_id_for(clip.id), row=1)
    if details.is_own and Action.REMOVE_CLIP.accepts(clip.id):
        custom_id = Action.REMOVE_CLIP.custom_id_for(clip.id)
        yield Button(label="🗑 Remove from library", custom_id=custom_id, row=1)
    for each in details.siblings[:MAX_SIBLINGS]:
        if Action.SHOW_CLIP.accepts(each.clip.id):
            custom_id = Action.SHOW_CLIP.custom_id_for(each.clip.id)
            yield Button(label=f"Show {each.letter}", custom_id=custom_id, row=2)


def _name(details: ClipDetails) -> str:
    known, ext = details.known, details.extension
    title = escape_line(details.title, TITLE_LENGTH) or inline_code(known.clip.id)
    which = "full song" if ext is not None and ext.kind.is_song else known.letter
    return f"{title} · {which}" if which else title


def _facts(details: ClipDetails, *, with_file: bool) -> Iterator[str]:
    clip, ext = details.known.clip, details.extension
    if clip.duration:
        yield f"**Length** {format_time(round(clip.duration))}"
    if style := escape_line(
        clip.style or format_style(ext.request.style if ext else ()), STYLE_LENGTH
    ):
        yield f"**Style** {style}"
    if ext is None:
        yield "not made here, but used as a source"
    else:
        yield from _wishes(ext)
        yield _origin(ext, details.lineage)
        yield from _lyrics(ext, with_file=with_file)
        when = discord.utils.format_dt(ext.created_at, "R")
        reply = f" · [reply]({details.known.reply_url})" if details.known.reply_url else ""
        yield f"asked by <@{ext.member_id}> {when}{reply}"
    yield from _hearing(details)
    yield f"id {inline_code(clip.id)}"


def _wishes(ext: Extension) -> Iterator[str]:
    if exclude := escape_line(format_style(ext.request.exclude), EXCLUDE_LENGTH):
        yield f"**Without** {exclude}"
    if model := escape_line(ext.request.model or "", MODEL_LENGTH):
        yield f"**Model** {model}"


def _origin(ext: Extension, lineage: tuple[LineageEntry, ...]) -> str:
    """Return from which clip and second it goes on, as far as that is to be told."""
    source = lineage[-2] if len(lineage) > 1 else None
    if source is not None and source.known is None:
        name = "a clip made elsewhere"
    elif source is not None and source.known is not None and source.known.is_removed:
        name = "a clip that was taken out of the library"
    else:
        name = escape_line(ext.source_title, TITLE_LENGTH) or inline_code(ext.request.clip_id)
        name = f"[{name}]({ext.source_url})" if ext.source_url else name
    if ext.kind.is_song:
        return f"all of the song up to {name}"
    return f"from {name} at {continue_at_text(ext.request.continue_at)}"


def _lyrics(ext: Extension, *, with_file: bool) -> list[str]:
    lyrics = ext.request.lyrics
    if not lyrics:
        return [] if ext.kind.is_song else ["*Instrumental*"]
    if is_short(lyrics):
        return quoted_lyrics(lyrics)
    return [
        *quoted_lyrics(lyrics),
        f"All of it: `{FILE_NAME}`" if with_file else "All of it is below.",
    ]


def _hearing(details: ClipDetails) -> Iterator[str]:
    """Yield what there is to know of how it can be heard, beside its button."""
    known, label = details.known, details.label
    clip = known.clip
    if clip.status is not ClipStatus.COMPLETE:
        yield listen_link(clip, LONG_LINK)
    elif clip.is_playable:
        if clip.audio_url and len(clip.audio_url) > LINK_LENGTH:
            yield listen_link(clip, LONG_LINK)
        if not details.is_confirmed:
            yield f"*{label} did not tell whether its link still works.*"
    elif known.extension_id is None and not details.is_confirmed:
        yield f"*{label} did not tell where it can be heard.*"
    else:
        yield "**It can't be played any more:** its link was withdrawn."

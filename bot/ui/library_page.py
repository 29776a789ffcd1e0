"""A page of the library: Page -> embed and buttons, and pages as buttons carry them. Pure."""

from collections.abc import Iterator

import discord

from bot.domain.library import LibraryEntry, LibraryPage, LibraryQuery, Scope
from bot.domain.timecode import format_time
from bot.services.library import OwnedClip
from bot.ui.components import Button, build_view
from bot.ui.custom_ids import Action
from bot.ui.extension_embeds import note_embed
from bot.ui.theme import BLURPLE, GREY, escape_line

TITLE_LENGTH = 60
BUTTONS_IN_A_ROW = 5

_TITLES = {
    Scope.MINE: "Your clips",
    Scope.CHANNEL: "Clips of this channel",
    Scope.SERVER: "Clips of this server",
}
_EMPTY = {
    Scope.MINE: "You have made no clips yet.",
    Scope.CHANNEL: "Nobody has made a clip in this channel yet.",
    Scope.SERVER: "There are no clips of this server for you to see yet.",
}


def page_embed(page: LibraryPage) -> discord.Embed:
    """Return what a page says; an empty library says what to do."""
    wanted = page.query
    title = _TITLES[wanted.scope]
    search = escape_line(wanted.search, TITLE_LENGTH)
    if not page.entries:
        return discord.Embed(colour=BLURPLE, title=title, description=_nothing(wanted, search))
    lines = [_line(number, made) for number, made in enumerate(page.entries, start=1)]
    embed = discord.Embed(
        colour=BLURPLE,
        title=f"{title} with “{search}”" if search else title,
        description="\n".join(lines),
    )
    count = f"{page.total:,} clip{'s' * (page.total != 1)}"
    embed.set_footer(text=f"page {wanted.page_number:,} of {page.page_count:,} · {count}")
    return embed


def page_view(page: LibraryPage) -> discord.ui.View | None:
    """Return the buttons of a page: to turn it, and to open each of its clips."""
    return build_view((*_turning(page), *_opening(page)))


def encode_query(wanted: LibraryQuery) -> str:
    """Return a page as a button carries it."""
    return f"{wanted.scope}:{wanted.page_number}:{wanted.search}"


def decode_query(name: str) -> LibraryQuery:
    """Return the page that a button carries."""
    scope, number, search = name.split(":", 2)
    return LibraryQuery(scope=Scope(scope), page_number=int(number), search=search)


def _line(number: int, made: LibraryEntry) -> str:
    known = made.known
    name = escape_line(made.title, TITLE_LENGTH) or "Untitled"
    which = "full song" if made.kind.is_song else known.letter
    length = f" {format_time(round(known.clip.duration))}" if known.clip.duration else ""
    when = discord.utils.format_dt(known.known_at, "R")
    reply = f" · [reply]({known.reply_url})" if known.reply_url else ""
    return f"`{number}` **{name} · {which}**{length} · {when} · by <@{made.member_id}>{reply}"


def _nothing(wanted: LibraryQuery, search: str) -> str:
    if wanted.search:
        return (
            f"**Nothing here has “{search}” in its title, style or id.**\n"
            "Leave `search` empty to see all there is."
        )
    return (
        f"**{_EMPTY[wanted.scope]}**\n"
        "Use `/extend` with a clip's id or a Suno link: what comes of it is kept here."
    )


def _turning(page: LibraryPage) -> Iterator[Button]:
    if page.page_count == 1:
        return
    scope, search, number = page.query.scope, page.query.search, page.query.page_number
    for label, other in (("◀ Newer", number - 1), ("Older ▶", number + 1)):
        name = encode_query(LibraryQuery(scope=scope, search=search, page_number=other))
        is_there = 1 <= other <= page.page_count
        yield Button(
            label=label,
            custom_id=Action.TURN_PAGE.custom_id_for(name),
            disabled=not is_there,
            row=0,
        )


def _opening(page: LibraryPage) -> Iterator[Button]:
    opened: set[str] = set()  # no two buttons of a message may have the same custom id
    for index, made in enumerate(page.entries):
        clip_id = made.known.clip.id
        if clip_id not in opened and Action.SHOW_CLIP.accepts(clip_id):
            opened.add(clip_id)
            yield Button(
                label=str(index + 1),
                custom_id=Action.SHOW_CLIP.custom_id_for(clip_id),
                row=1 + index // BUTTONS_IN_A_ROW,
            )


_QUOTED_TITLE_LENGTH = 80

_WHAT_STAYS = "Its reply and its audio stay, and so does all that others made of it."


def removal_question(own: OwnedClip) -> tuple[discord.Embed, discord.ui.View | None]:
    """Return what is asked before a clip is taken out of the library."""
    question = f"**Take {_named(own)} out of the library?**\n{_WHAT_STAYS}"
    choices = (
        ("Remove", Action.DROP_CLIP, discord.ButtonStyle.danger),
        ("Keep", Action.KEEP_CLIP, discord.ButtonStyle.secondary),
    )
    buttons = (
        Button(label=label, custom_id=action.custom_id_for(own.known.clip.id), style=style)
        for label, action, style in choices
    )
    return note_embed(question), build_view(buttons)


def removed_embed(own: OwnedClip) -> discord.Embed:
    """Return what is said once a clip was taken out."""
    url = own.known.reply_url
    where = f" [There it is.]({url})" if url else ""
    return _note(f"**{_named(own)} is out of the library.**\n{_WHAT_STAYS}{where}")


def kept_embed(own: OwnedClip) -> discord.Embed:
    """Return what is said when a clip is left where it is."""
    return _note(f"**{_named(own)} stays in the library.**")


def _note(text: str) -> discord.Embed:
    return discord.Embed(colour=GREY, description=text)


def _named(own: OwnedClip) -> str:
    title = escape_line(own.title, _QUOTED_TITLE_LENGTH) or "Untitled"
    return f"“{title}”" if own.extension.kind.is_song else f"“{title} · {own.known.letter}”"

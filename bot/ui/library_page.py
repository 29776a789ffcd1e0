"""A page of the library, and removing a clip from it: values -> embeds and views. Pure."""

from collections.abc import Iterator

import discord

from bot.domain.library import MAX_LISTED, LibraryEntry, LibraryPage, LibraryQuery, Scope
from bot.domain.text import escape_line
from bot.services.library import OwnedClip
from bot.ui.clip_names import first_line, full_name
from bot.ui.components import ROW_LENGTH, build_view
from bot.ui.custom_ids import Action, Button
from bot.ui.extension_embeds import note_embed
from bot.ui.theme import BLURPLE, GREY, mention, spaced_duration

# UTF-16 units
TITLE_LENGTH = 60
QUOTED_TITLE_LENGTH = 80

_TITLES = {
    Scope.MINE: "Your clips",
    Scope.CHANNEL: "Clips from this channel",
    Scope.SERVER: "Clips from this server",
}
_EMPTY = {
    Scope.MINE: "You haven't made any clips yet.",
    Scope.CHANNEL: "Nobody has made a clip in this channel yet.",
    Scope.SERVER: "There are no clips from this server that you can see yet.",
}
_REMAINS = "Its reply and its audio stay, and so does everything that was made from it."


def page_embed(page: LibraryPage) -> discord.Embed:
    """Return the embed of a page; an empty library says what to do."""
    query = page.query
    title = _TITLES[query.scope]
    search = escape_line(query.search, TITLE_LENGTH)
    if not page.entries:
        description = _empty_text(query, search)
        return discord.Embed(colour=BLURPLE, title=title, description=description)
    is_own = query.scope is Scope.MINE
    lines = [
        _entry_line(number, entry, is_own=is_own)
        for number, entry in enumerate(page.entries, start=1)
    ]
    embed = discord.Embed(
        colour=BLURPLE,
        title=f"{title} that match “{search}”" if search else title,
        description="\n".join(lines),
    )
    count = f"{page.total:,} clip{'s' * (page.total != 1)}"
    count = f"the newest {count}" if page.total == MAX_LISTED else count
    embed.set_footer(text=f"page {query.page_number:,} of {page.page_count:,} · {count}")
    return embed


def page_view(page: LibraryPage) -> discord.ui.View | None:
    """Return the buttons of a page: to turn it, and to show each of its clips."""
    return build_view((*_page_buttons(page), *_clip_buttons(page)))


def encode_query(query: LibraryQuery) -> str:
    """Return ``query`` as a custom id carries it: ``scope:page number:search``."""
    return f"{query.scope}:{query.page_number}:{query.search}"


def decode_query(text: str) -> LibraryQuery:
    """Return the query that `encode_query` wrote."""
    scope, page_number, search = text.split(":", 2)
    return LibraryQuery(scope=Scope(scope), page_number=int(page_number), search=search)


def removal_question(clip: OwnedClip) -> tuple[discord.Embed, discord.ui.View | None]:
    """Return the question whether to remove ``clip`` from the library, and its answers."""
    question = f"**Remove {_quoted_title(clip)} from the library?**\n{_REMAINS}"
    clip_id = clip.known.clip.id
    answers = (Action.CONFIRM_REMOVAL, Action.CANCEL_REMOVAL)
    return note_embed(question), build_view(answer.button(clip_id) for answer in answers)


def removed_embed(clip: OwnedClip) -> discord.Embed:
    """Return the embed that confirms the removal of ``clip``."""
    url = clip.known.reply_url
    link = f" [Go to its reply]({url})" if url else ""
    return _grey_embed(f"**{_quoted_title(clip)} was removed from the library.**\n{_REMAINS}{link}")


def kept_embed(clip: OwnedClip) -> discord.Embed:
    """Return the embed that says that ``clip`` was not removed."""
    return _grey_embed(f"**{_quoted_title(clip)} stays in the library.**")


def _entry_line(number: int, entry: LibraryEntry, *, is_own: bool) -> str:
    known = entry.known
    name = full_name(known, entry.title, TITLE_LENGTH)
    line = f" · {words}" if (words := first_line(known)) else ""
    member = "" if is_own else f"{mention(entry.member_id)}, "
    when = discord.utils.format_dt(known.known_at, "R")
    reply = f" · [reply]({known.reply_url})" if known.reply_url else ""
    return f"`{number}` **{name}**{spaced_duration(known.clip)}{line} · {member}{when}{reply}"


def _empty_text(query: LibraryQuery, search: str) -> str:
    if query.search:
        return f"**Nothing here matches “{search}”.**\nLeave `search` empty to see everything."
    return f"**{_EMPTY[query.scope]}**\nUse `/extend` with a Suno link: the result is kept here."


def _page_buttons(page: LibraryPage) -> Iterator[Button]:
    if page.page_count == 1:
        return
    scope, search, current = page.query.scope, page.query.search, page.query.page_number
    for label, number in (("◀ Newer", current - 1), ("Older ▶", current + 1)):
        target = encode_query(LibraryQuery(scope=scope, search=search, page_number=number))
        is_disabled = not 1 <= number <= page.page_count
        yield Action.TURN_PAGE.button(target, label=label, row=0, disabled=is_disabled)


def _clip_buttons(page: LibraryPage) -> Iterator[Button]:
    drawn: set[str] = set()  # no two buttons of a message may have the same custom id
    for index, entry in enumerate(page.entries):
        clip_id = entry.known.clip.id
        if clip_id not in drawn and Action.SHOW_CLIP.accepts(clip_id):
            drawn.add(clip_id)
            row = 1 + index // ROW_LENGTH
            yield Action.SHOW_CLIP.button(clip_id, label=str(index + 1), row=row)


def _grey_embed(description: str) -> discord.Embed:
    return discord.Embed(colour=GREY, description=description)


def _quoted_title(clip: OwnedClip) -> str:
    return f"“{full_name(clip.known, clip.title, QUOTED_TITLE_LENGTH)}”"

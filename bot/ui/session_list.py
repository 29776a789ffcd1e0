"""The sessions of a server, running and finished: SessionViews -> embeds and views. Pure."""

from collections.abc import Iterator, Sequence

import discord

from bot.domain.sessions.models import SessionStatus
from bot.domain.sessions.posts import CARD
from bot.services.session_view import SessionView
from bot.ui.components import build_view
from bot.ui.custom_ids import Action, Button
from bot.ui.session_texts import (
    counted,
    most_parts_text,
    newest_board_url,
    session_title,
    song_url,
)
from bot.ui.theme import BLURPLE, linked, mention, truncated_list

# UTF-16 units
TITLE_LENGTH = 40
LIST_LENGTH = 3900

_START = "`/session start` with a clip starts one."


def sessions_embed(
    views: Sequence[SessionView],
    *,
    number: int,
    page_count: int,
    total: int,
    most_parts: Sequence[tuple[int, int]] = (),
) -> discord.Embed:
    """Return the embed of a page of a server's sessions.

    Args:
        views: those of this page: running ones first, then the others, newest first.
        number: of this page, from 1.
        page_count: how many pages there are.
        total: sessions on all pages.
        most_parts: ids of the members with most parts in songs of the server, and how many.
    """
    title = "Sessions in this server"
    if not views:
        text = f"**There are none that you can see yet.**\n{_START}"
        return discord.Embed(colour=BLURPLE, title=title, description=text)
    lines = [_entry_line(view) for view in views]
    if most_parts:
        lines += ["", f"Most parts here: {most_parts_text(most_parts)}"]
    embed = discord.Embed(colour=BLURPLE, title=title, description="\n".join(lines))
    embed.set_footer(text=f"page {number:,} of {page_count:,} · {counted(total, 'session')}")
    return embed


def sessions_view(*, number: int, page_count: int) -> discord.ui.View | None:
    """Return the buttons that turn the page; None if there is only one."""
    return build_view(_buttons(number, page_count))


def running_embed(views: Sequence[SessionView]) -> discord.Embed:
    """Return the answer of `/session show` in a channel without a session: those elsewhere."""
    here = "**No session is running in this channel.**"
    if not views:
        return discord.Embed(colour=BLURPLE, description=f"{here}\n{_START}")
    lines = truncated_list([_entry_line(view) for view in views], LIST_LENGTH)
    return discord.Embed(colour=BLURPLE, description="\n".join([f"{here} These are:", *lines]))


def _entry_line(view: SessionView) -> str:
    session = view.state.session
    parts = counted(len(view.state.chosen_rounds), "part")
    url = newest_board_url(view) if session.is_running else None
    title = linked(session_title(session, TITLE_LENGTH), url or view.links.get(CARD))
    match session.status:
        case SessionStatus.RUNNING:
            facts = [f"🎶 **{title}**", f"round {len(view.state.rounds):,}", parts]
        case SessionStatus.FINISHED:
            facts = [f"🏁 **{title}**", parts]
            facts += [linked("💿 the full song", url)] if (url := song_url(view)) else []
        case SessionStatus.ENDED:
            facts = [f"**{title}**", "ended without a part"]
    verb = "active" if session.is_running else "over"
    when = discord.utils.format_dt(session.finished_at or session.active_at, "R")
    return " · ".join((*facts, f"started by {mention(session.host_id)}", f"{verb} {when}"))


def _buttons(number: int, page_count: int) -> Iterator[Button]:
    if page_count == 1:
        return
    for label, target in (("◀ Newer", number - 1), ("Older ▶", number + 1)):
        is_disabled = not 1 <= target <= page_count
        yield Action.TURN_SESSIONS.button(target, label=label, row=0, disabled=is_disabled)

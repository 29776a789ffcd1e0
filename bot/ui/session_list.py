"""The sessions of a server, running and finished: values -> embeds and views. Pure."""

from collections.abc import Iterator, Sequence

import discord

from bot.domain.sessions.models import SessionStatus
from bot.services.session_list import SessionEntry, SessionPage
from bot.ui.components import build_view
from bot.ui.custom_ids import Action, Button
from bot.ui.session_texts import counted, most_parts_text, session_title
from bot.ui.theme import BLURPLE, linked

TITLE_LENGTH = 40  # UTF-16 units


def sessions_embed(page: SessionPage) -> discord.Embed:
    """Return the embed of a page of a server's sessions."""
    title = "Sessions of this server"
    if not page.entries:
        text = "**Nobody has started one yet.**\n`/session start` with a clip starts one."
        return discord.Embed(colour=BLURPLE, title=title, description=text)
    lines = [_entry_line(entry) for entry in page.entries]
    if page.most_parts:
        lines += ["", f"Most parts here: {most_parts_text(page.most_parts)}"]
    embed = discord.Embed(colour=BLURPLE, title=title, description="\n".join(lines))
    count = counted(page.total, "session")
    embed.set_footer(text=f"page {page.number:,} of {page.page_count:,} · {count}")
    return embed


def sessions_view(page: SessionPage) -> discord.ui.View | None:
    """Return the buttons that turn the page."""
    return build_view(_buttons(page))


def running_embed(running: Sequence[SessionEntry]) -> discord.Embed:
    """Return the answer of a channel without a session: those that run elsewhere."""
    if not running:
        return discord.Embed(
            colour=BLURPLE,
            description="**No session is running here.**\n`/session start` with a clip starts one.",
        )
    lines = ["**No session is running in this channel.** These are:", *map(_entry_line, running)]
    return discord.Embed(colour=BLURPLE, description="\n".join(lines))


def _entry_line(entry: SessionEntry) -> str:
    session = entry.session
    title = f"**{linked(session_title(session, TITLE_LENGTH), entry.url)}**"
    when = discord.utils.format_dt(session.finished_at or session.active_at, "R")
    match session.status:
        case SessionStatus.RUNNING:
            facts = [f"🎶 {title}", f"round {entry.round_number:,}"]
            facts += [counted(entry.part_count, "part")]
        case SessionStatus.FINISHED:
            facts = [f"🏁 {title}", counted(entry.part_count, "part")]
            facts += [linked("💿 the full song", entry.song_url)] if entry.song_url else []
        case SessionStatus.ENDED:
            facts = [title, "ended without a part"]
    return " · ".join((*facts, f"started by <@{session.host_id}>", when))


def _buttons(page: SessionPage) -> Iterator[Button]:
    if page.page_count == 1:
        return
    for label, number in (("◀ Newer", page.number - 1), ("Older ▶", page.number + 1)):
        is_disabled = not 1 <= number <= page.page_count
        yield Action.TURN_SESSIONS.button(number, label=label, row=0, disabled=is_disabled)

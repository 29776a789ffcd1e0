"""The card of a session: the answer to `/session start`, from which the thread hangs. Pure."""

from collections.abc import Iterator

import discord

from bot.domain.clip_reference import suno_url
from bot.domain.models import ClipRecord
from bot.domain.sessions.models import EndReason, SessionStatus
from bot.domain.text import escape_line
from bot.domain.timecode import format_length
from bot.services.session_view import SessionView
from bot.ui.clip_names import SUNO_CLIP
from bot.ui.components import build_view, link_button
from bot.ui.custom_ids import Button
from bot.ui.session_texts import (
    END_TEXTS,
    counted,
    newest_board_url,
    parts_left_text,
    session_title,
    song_url,
    thread_url,
    time_words,
)
from bot.ui.theme import (
    BLURPLE,
    GREEN,
    GREY,
    linked,
    mention,
    url_within,
)

# UTF-16 units
SOURCE_LENGTH = 100
STYLE_LENGTH = 200

_COLOURS = {
    SessionStatus.RUNNING: BLURPLE,
    SessionStatus.FINISHED: GREEN,
    SessionStatus.ENDED: GREY,
}
_SAID_BY_SONG = (EndReason.VOTED, EndReason.BY_HAND, EndReason.ALL_PARTS)


def card_embed(view: SessionView) -> discord.Embed:
    """Return the embed of the card."""
    session = view.state.session
    symbol = "🏁" if session.status is SessionStatus.FINISHED else "🎶"
    return discord.Embed(
        colour=_COLOURS[session.status],
        title=f"{symbol} {session_title(session)}",
        description="\n".join(_lines(view)),
    )


def card_view(view: SessionView) -> discord.ui.View | None:
    """Return the links of the card: to take part, or to hear the song."""
    return build_view(_buttons(view))


def ending_text(view: SessionView) -> str:
    """Return how a session ended, and why if its members did not end it."""
    session = view.state.session
    why = END_TEXTS[session.end_reason] if session.end_reason else ""
    if session.status is SessionStatus.ENDED:
        return f"**Ended without a part.** {why}".rstrip()
    parts = counted(len(view.state.chosen_rounds), "part")
    length = f" · {format_length(view.duration)}" if view.duration else ""
    members = counted(view.totals.members, "member")
    text = f"finished: {parts}{length} · {members} wrote and voted"
    return text if session.end_reason in _SAID_BY_SONG else f"{text}\n{why}".rstrip()


def _lines(view: SessionView) -> Iterator[str]:
    session = view.state.session
    if session.is_running:
        where = "in the thread" if session.has_own_thread else "here"
        yield (
            f"**A song to write together.** Whoever can write {where} can propose what comes "
            "next, and vote."
        )
    yield _source(view)
    if not session.is_running:
        yield ending_text(view)
    elif len(view.state.rounds) > 1:
        yield _progress(view)
    yield " · ".join(_terms(view))


def _source(view: SessionView) -> str:
    session = view.state.session
    if not view.parts:
        return f"starts from {linked(SUNO_CLIP, suno_url(session.source_clip_id))}"
    known = view.parts[0].clip
    name = escape_line(known.clip.title, SOURCE_LENGTH) or SUNO_CLIP
    link = linked(name, _source_url(view, known))
    facts = [f"starts from {link}"]
    if known.clip.duration:
        facts.append(format_length(known.clip.duration))
    if style := escape_line(known.clip.style, STYLE_LENGTH):
        facts.append(style)
    return " · ".join(facts)


def _source_url(view: SessionView, known: ClipRecord) -> str | None:
    """Return the link to the source's reply in the card's channel, or to Suno's page."""
    if known.extension_id is not None or known.reply_url:
        return url_within(view.state.session.card_channel_id, known.reply_url)
    return suno_url(known.clip.id)


def _progress(view: SessionView) -> str:
    facts = [
        f"Round {len(view.state.rounds):,}",
        counted(len(view.state.chosen_rounds), "part"),
    ]
    if view.duration:
        facts.append(f"{format_length(view.duration)} so far")
    if view.totals.members:
        facts.append(counted(view.totals.members, "member"))
    return " · ".join(facts)


def _terms(view: SessionView) -> Iterator[str]:
    session = view.state.session
    yield f"-# started by {mention(session.host_id)}"
    if session.is_running:
        yield f"votes run {time_words(session.vote_seconds)}"
        yield parts_left_text(session)
    yield view.provider_label


def _buttons(view: SessionView) -> Iterator[Button]:
    session = view.state.session
    if session.is_running:
        if session.channel_id is not None:
            url = thread_url(session) if session.has_own_thread else newest_board_url(view)
            yield from link_button("Join in", url)
        return
    is_deleted = session.end_reason is EndReason.THREAD_DELETED
    if session.channel_id is not None and session.has_own_thread and not is_deleted:
        yield from link_button("The thread", thread_url(session))
    yield from link_button("💿 The full song", song_url(view))

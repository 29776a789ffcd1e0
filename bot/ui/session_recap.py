"""The song of a session: as far as it goes, and whole at the end, with its writers. Pure."""

from collections.abc import Iterator

import discord

from bot.domain.sessions.models import Round, SessionStatus
from bot.domain.sessions.structure import INSTRUMENTAL, sung_lines
from bot.domain.text import plain_line
from bot.domain.timecode import format_length
from bot.services.session_view import SessionView, SongPart
from bot.ui.components import build_view, link_button
from bot.ui.custom_ids import Action, Button
from bot.ui.lyrics import ALL_LYRICS, is_short, lyrics_file, quoted_beginning, quoted_lyrics
from bot.ui.session_card import ending_text
from bot.ui.session_texts import (
    MAX_MOST_PARTS,
    counted,
    most_parts_text,
    part_name,
    part_url,
    session_title,
    song_url,
    writers_of,
)
from bot.ui.theme import BLURPLE, GREEN, GREY, linked, mention, truncated_list

# UTF-16 units
PARTS_LENGTH = 2400  # of all parts together, so that the rest fits into the embed
LONG_LENGTH = 600  # of lyrics where no file is allowed
NAME_LENGTH = 80

MAX_LONG_LINES = 20


def recap_embed(view: SessionView) -> discord.Embed:
    """Return what stands in the thread once the session is over."""
    session = view.state.session
    if session.status is SessionStatus.ENDED:
        title = f"🎶 {session_title(session)}"
        return discord.Embed(colour=GREY, title=title, description=ending_text(view))
    lines = [
        " · ".join(_song_facts(view)),
        "",
        *truncated_list([*_part_lines(view, with_votes=True)], PARTS_LENGTH),
        "",
        _totals_text(view),
    ]
    title = f"🏁 {session_title(session)} is finished"
    return discord.Embed(colour=GREEN, title=title, description="\n".join(lines))


def recap_view(view: SessionView) -> discord.ui.View | None:
    """Return the link to the full song, once there is one."""
    return build_view(link_button("💿 The full song", song_url(view)))


def recap_file(view: SessionView) -> discord.File | None:
    """Return all lyrics as a file; None if nothing is sung."""
    lyrics = song_lyrics(view)
    return lyrics_file(lyrics) if lyrics else None


def song_so_far_embed(view: SessionView, *, with_file: bool = True) -> discord.Embed:
    """Return the embed of the song so far, with its lyrics.

    Args:
        view: of the session.
        with_file: whether long lyrics are attached, as `song_so_far_file` returns them.
    """
    length = f" · {format_length(view.duration)}" if view.duration else ""
    title = f"{session_title(view.state.session)}{length} so far"
    parts = truncated_list([*_part_lines(view, with_votes=False)], PARTS_LENGTH)
    lines = [*parts, *_lyrics(view, with_file=with_file)]
    return discord.Embed(
        colour=BLURPLE,
        title=title,
        description="\n".join(lines) or "Nothing is known about the clip that it starts from.",
    )


def song_so_far_file(view: SessionView) -> discord.File | None:
    """Return the lyrics of the song so far as a file, if they are too long to be quoted whole."""
    lyrics = song_lyrics(view)
    return None if is_short(lyrics) else lyrics_file(lyrics)


def song_so_far_view(view: SessionView) -> discord.ui.View | None:
    """Return the buttons to hear the last part, and to join the song so far."""
    return build_view(_so_far_buttons(view))


def song_lyrics(view: SessionView) -> str:
    """Return the lyrics of all parts, each under its time, section and writer.

    Empty if nothing is sung in any of them.
    """
    parts = list(enumerate(view.parts))
    if not any(part.proposal and sung_lines(part.proposal.lyrics) for _, part in parts):
        return ""
    return "\n\n".join(_part_lyrics(part, number) for number, part in parts) + "\n"


def _part_lyrics(part: SongPart, number: int) -> str:
    start = [format_length(part.starts_at)] if part.starts_at is not None else []
    if part.proposal is None:
        return " · ".join((*start, part_name(part, number)))
    name = plain_line(part.proposal.member_name, NAME_LENGTH)
    # the section stands in the lyrics themselves
    title = " · ".join(filter(None, (*start, f"part {number}", name)))
    return f"{title}\n\n{part.proposal.lyrics or f'({INSTRUMENTAL})'}"


def _lyrics(view: SessionView, *, with_file: bool) -> list[str]:
    proposals = [part.proposal for part in view.parts if part.proposal is not None]
    lyrics = "\n".join(proposal.lyrics for proposal in proposals if proposal.lyrics)
    if not lyrics:
        return []
    if is_short(song_lyrics(view)):
        return ["", *quoted_lyrics(lyrics)]
    if with_file:
        return ["", ALL_LYRICS]
    return ["", *quoted_beginning(lyrics, MAX_LONG_LINES, LONG_LENGTH)]


def _song_facts(view: SessionView) -> Iterator[str]:
    if url := song_url(view):
        yield linked("💿 The full song", url)
    yield counted(len(view.state.chosen_rounds), "part")
    if view.duration:
        yield format_length(view.duration)


def _part_lines(view: SessionView, *, with_votes: bool) -> Iterator[str]:
    for number, part in enumerate(view.parts):
        start = f"{format_length(part.starts_at)} " if part.starts_at is not None else ""
        if part.round is None:
            yield f"{start}{linked(part_name(part, number), part_url(view, part))}"
            continue
        name = linked(f"**{part_name(part, number)}**", part_url(view, part))
        by = mention(part.proposal.member_id) if part.proposal else ""
        votes = _votes_text(part.round) if with_votes else ""
        yield " · ".join(filter(None, (f"{start}{name}", by, votes)))


def _votes_text(each: Round) -> str:
    won = (count.votes for count in each.tally if count.choice == str(each.winner))
    total = sum(count.votes for count in each.tally)
    return f"{next(won, 0):,} of {counted(total, 'vote')}" if total else ""


def _totals_text(view: SessionView) -> str:
    totals = view.totals
    text = (
        f"{counted(totals.members, 'member')} wrote {counted(totals.proposals, 'proposal')} "
        f"and cast {counted(totals.votes, 'vote')}."
    )
    most = writers_of(view.state, view.state.chosen_rounds).most_common(MAX_MOST_PARTS)
    return f"{text} Most parts: {most_parts_text(most)}." if most else text


def _so_far_buttons(view: SessionView) -> Iterator[Button]:
    if view.parts:
        last = view.parts[-1]
        label = "▶ The last part" if last.round else "▶ The clip it starts from"
        yield from link_button(label, part_url(view, last))
    clip_id = view.state.session.latest_clip_id
    if len(view.parts) > 1 and Action.SONG_OF_CLIP.accepts(clip_id):
        yield Action.SONG_OF_CLIP.button(clip_id, label="💿 Join it so far", row=0)

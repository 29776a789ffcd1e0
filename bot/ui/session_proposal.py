"""A proposal's post, and the answers to votes for it. Pure."""

import datetime as dt
from collections.abc import Iterator

import discord

from bot.domain.form import format_style
from bot.domain.sessions.models import (
    DropReason,
    Proposal,
    ProposalKind,
    ProposalStatus,
    Round,
    RoundStatus,
)
from bot.domain.sessions.structure import sung_lines
from bot.domain.text import escape_line
from bot.domain.timecode import format_time
from bot.services.session_view import SessionView
from bot.ui.components import build_view
from bot.ui.custom_ids import Action, Button
from bot.ui.extension_embeds import note_embed, refusal_embed
from bot.ui.lyrics import ALL_LYRICS, is_short, lyrics_file, quoted_beginning, quoted_lyrics
from bot.ui.session_board import proposal_text
from bot.ui.session_texts import (
    escaped_section,
    last_part_before,
    newest_board_url,
    quoted_headline,
)
from bot.ui.theme import BLURPLE, GREY, mention

# UTF-16 units
STYLE_LENGTH = 300
LONG_LENGTH = 1200  # of lyrics where no file is allowed

MAX_LONG_LINES = 80


def proposal_embed(
    view: SessionView, proposal: Proposal, *, with_file: bool = True
) -> discord.Embed:
    """Return the embed of a proposal.

    Args:
        view: of its session.
        proposal: it.
        with_file: whether long lyrics are attached, as `proposal_file` returns them.
    """
    if proposal.status is not ProposalStatus.LISTED:
        return discord.Embed(colour=GREY, description=_taken_off(proposal))
    if proposal.kind is not ProposalKind.PART:
        text = f"{proposal_text(view, proposal)} · {mention(proposal.member_id)}"
        return discord.Embed(colour=BLURPLE, description=f"Proposal {proposal.number:,} · {text}")
    title = " · ".join(filter(None, (f"Proposal {proposal.number:,}", escaped_section(proposal))))
    lines = (
        *_lyrics(proposal, with_file=with_file),
        _style(proposal),
        _goes_on(view, proposal),
        " · ".join(_origin(view, proposal)),
    )
    return discord.Embed(colour=BLURPLE, title=title, description="\n".join(lines))


def proposal_file(proposal: Proposal) -> discord.File | None:
    """Return the lyrics as a file, if they are too long to be quoted whole."""
    is_shown = proposal.kind is ProposalKind.PART and proposal.is_listed
    if not is_shown or is_short(proposal.lyrics):
        return None
    return lyrics_file(proposal.lyrics)


def proposal_view(proposal: Proposal) -> discord.ui.View | None:
    """Return the buttons of a proposal; None once it is taken off."""
    return build_view(_buttons(proposal))


def withdraw_view(proposal: Proposal) -> discord.ui.View | None:
    """Return the button of a refusal that asks to withdraw a proposal."""
    return build_view([_withdraw_button(proposal)])


def part_draft_view(
    session_id: int, draft_id: int, *, wanted: Proposal | None = None
) -> discord.ui.View | None:
    """Return the button that opens the form of a session with a draft.

    Args:
        session_id: whose form.
        draft_id: with what is in it.
        wanted: the member's proposal that is to be withdrawn before; it has a button then.
    """
    buttons = [Action.OPEN_PART_DRAFT.button(f"{session_id}-{draft_id}")]
    if wanted is not None:
        buttons.append(_withdraw_button(wanted))
    return build_view(buttons)


def vote_confirmation(proposal: Proposal, ends_at: dt.datetime | None) -> discord.Embed:
    """Return the answer to a vote for a proposal; ``ends_at`` is None while no clock runs."""
    until = f" {discord.utils.format_dt(ends_at, 'R')}" if ends_at else ""
    return note_embed(
        f"🗳️ **Your vote: {_voted_text(proposal)}.** You can move it until the vote ends{until}."
    )


def change_confirmation(proposal: Proposal) -> discord.Embed:
    """Return the answer to a change of one's own part."""
    return note_embed(f"✏️ **Your proposal is now {_voted_text(proposal)}.** You vote for it.")


def choice_confirmation(letter: str, ends_at: dt.datetime | None) -> discord.Embed:
    """Return the answer to a vote for a clip, or for neither if ``letter`` is empty."""
    until = f" {discord.utils.format_dt(ends_at, 'R')}" if ends_at else ""
    text = f"🗳️ **You chose {letter or 'neither'}.** You can change it until the vote ends{until}."
    return note_embed(text)


def vote_over_embed(view: SessionView, each: Round) -> discord.Embed:
    """Return the answer to a vote that comes after the ballot of a round."""
    winner = view.state.winner_of(each)
    if winner is None:
        outcome = "Nothing went in"
    elif winner.kind is ProposalKind.PART:
        outcome = f"{quoted_headline(winner)} went in"
    elif winner.kind is ProposalKind.BACK:
        last = last_part_before(view.state, each.number)
        outcome = f"{quoted_headline(last)} was taken back"
    else:
        outcome = "The song ended there"
    return _over(view, outcome)


def vote_over_view(view: SessionView, proposal: Proposal) -> discord.ui.View | None:
    """Return the button to propose a part again that can't be voted for any more."""
    session, each = view.state.session, view.state.round(proposal.round_number)
    is_useful = (
        proposal.kind is ProposalKind.PART
        and proposal.number != each.winner
        and session.is_running
        and session.parts_left > 0
    )
    return build_view([Action.PROPOSE_AGAIN.button(proposal.id)]) if is_useful else None


def choice_over_embed(view: SessionView, each: Round) -> discord.Embed:
    """Return the answer to a choice that comes after the ballot over clips of a round."""
    chosen = next((part for part in view.parts if part.round == each), None)
    if each.drop_reason is DropReason.NEITHER:
        return _over(view, "Neither goes on")
    if each.status is RoundStatus.DROPPED:
        return _over(view, "Its clips can't be played any more")
    return _over(view, f"{chosen.clip.letter} goes on" if chosen else "It has been chosen")


def _over(view: SessionView, outcome: str) -> discord.Embed:
    outcome = outcome[:1].upper() + outcome[1:]
    url = newest_board_url(view)
    if view.state.session.is_running and url is not None:
        outcome = f"{outcome}; [the board]({url}) shows what comes next"
    return refusal_embed("That vote is over.", f"{outcome}.")


def _voted_text(proposal: Proposal) -> str:
    match proposal.kind:
        case ProposalKind.PART:
            text = quoted_headline(proposal)
        case ProposalKind.END:
            text = "🏁 the song ends here"
        case ProposalKind.BACK:
            text = "↩ take the last part back"
    return f"{proposal.number:,} · {text}"


def _taken_off(proposal: Proposal) -> str:
    number = f"~~Proposal {proposal.number:,}~~"
    if proposal.status is ProposalStatus.WITHDRAWN:
        return f"{number} withdrawn by {mention(proposal.member_id)}"
    by = f" by {mention(proposal.removed_by)}" if proposal.removed_by is not None else ""
    return f"{number} removed{by}"


def _lyrics(proposal: Proposal, *, with_file: bool) -> list[str]:
    lyrics = proposal.lyrics
    if not sung_lines(lyrics):
        return [*quoted_lyrics(lyrics), "*Instrumental*"]
    if is_short(lyrics):
        return quoted_lyrics(lyrics)
    if with_file:
        return [*quoted_lyrics(lyrics), ALL_LYRICS]
    return quoted_beginning(lyrics, MAX_LONG_LINES, LONG_LENGTH)


def _style(proposal: Proposal) -> str:
    style = escape_line(format_style(proposal.style), STYLE_LENGTH)
    return f"**Style** {style} (*changed*)" if style else "**Style** as before"


def _goes_on(view: SessionView, proposal: Proposal) -> str:
    """Return where the part begins; a second holds only for the clip that it was written for."""
    base = view.state.round(proposal.round_number).base_clip_id
    latest = base or view.state.session.latest_clip_id
    if proposal.continue_at is None or proposal.for_clip_id != latest:
        return "goes on from the end"
    return f"goes on at {format_time(round(proposal.continue_at, 1))} of the last part"


def _origin(view: SessionView, proposal: Proposal) -> Iterator[str]:
    yield f"-# by {mention(proposal.member_id)}"
    if proposal.changed_at is not None:
        yield f"changed {discord.utils.format_dt(proposal.changed_at, 'R')}"
    if proposal.listed_from is not None:
        before = view.state.round(proposal.listed_from)
        is_unwanted = before.drop_reason is DropReason.NEITHER
        why = "which kept neither clip" if is_unwanted else "whose part was not made"
        yield f"from round {before.number:,}, {why}"


def _withdraw_button(proposal: Proposal) -> Button:
    return Action.WITHDRAW_PROPOSAL.button(proposal.id, label="🗑️ Withdraw it")


def _buttons(proposal: Proposal) -> Iterator[Button]:
    if not proposal.is_listed:
        return
    yield Action.VOTE.button(proposal.id)
    if proposal.kind is ProposalKind.PART:
        yield Action.CHANGE_PROPOSAL.button(proposal.id)
        yield Action.WITHDRAW_PROPOSAL.button(proposal.id)

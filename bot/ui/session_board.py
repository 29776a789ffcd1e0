"""The board of a round: what comes next, who proposed what, and what won. Pure."""

from collections.abc import Callable, Iterator, Sequence

import discord

from bot.domain.form import format_style
from bot.domain.sessions.models import (
    DropReason,
    Proposal,
    ProposalKind,
    Round,
    RoundStatus,
)
from bot.domain.sessions.structure import headline, section, sung_lines
from bot.domain.text import escape_line, plain_line, utf16_length
from bot.domain.timecode import format_length
from bot.services.session_view import SessionView
from bot.ui.components import build_view
from bot.ui.custom_ids import Action, Button, Select
from bot.ui.failure_texts import failure_cause
from bot.ui.session_texts import (
    CHARGE_WARNING,
    END_TEXTS,
    counted,
    escaped_headline,
    escaped_section,
    is_free,
    last_part_before,
    part_name,
    part_url,
    parts_before,
    parts_left_text,
    proposal_url,
    quoted_headline,
    rest_text,
    time_words,
    writers_of,
)
from bot.ui.theme import BLURPLE, YELLOW, linked, mention

MAX_OPTIONS = 25  # Discord's limit for a select
MAX_SECTIONS = 6  # of the song so far that are named
SUNG_LINES = 4  # of the last part that are quoted

# UTF-16 units
SUNG_LENGTH = 60
PROPOSALS_LENGTH = 3900  # of all proposals, so that both embeds fit into one message
HEADLINE_LENGTHS = (60, 40, 25, 12)  # of each, the longest with which all fit
OPTION_LENGTH = 100  # Discord's limit for labels and descriptions
OPTION_NAME_LENGTH = 32
OPTION_SECTION_LENGTH = 20

_RULES = (
    "-# Most votes win, and you see for what only when it is over. A tie goes to whoever has the "
    "fewest parts. Ending the song takes more than half."
)


def board_embeds(view: SessionView, each: Round) -> list[discord.Embed]:
    """Return the embeds of a round's board: the round, and its proposals below."""
    if each.status is not RoundStatus.OPEN:
        return [_result_embed(view, each)]
    title = f"Round {each.number:,} · what comes next?"
    board = discord.Embed(
        colour=YELLOW, title=title, description="\n".join(_open_lines(view, each))
    )
    proposals = _listed(view, each)
    if not proposals:
        return [board]
    lines = _fitting(proposals, lambda known, limit: _proposal_line(view, known, limit))
    listing = discord.Embed(colour=YELLOW, title="Proposals", description="\n".join(lines))
    return [board, listing]


def board_view(view: SessionView, each: Round) -> discord.ui.View | None:
    """Return the select and the buttons of a round's board."""
    return build_view(board_items(view, each))


def proposal_text(view: SessionView, proposal: Proposal) -> str:
    """Return what ending the song, or taking a part back, is called."""
    if proposal.kind is ProposalKind.END:
        return "🏁 **the song ends here**"
    last = quoted_headline(last_part_before(view.state, proposal.round_number))
    return f"↩ **take {last} back**"


def proposal_options(view: SessionView, each: Round) -> list[discord.SelectOption]:
    """Return the options of a select among the proposals of a round; their values are the ids."""
    return [_option(view, proposal) for proposal in _listed(view, each)]


def _listed(view: SessionView, each: Round) -> Sequence[Proposal]:
    return view.state.proposals_of(each.number)[:MAX_OPTIONS]


# An open board


def _open_lines(view: SessionView, each: Round) -> Iterator[str]:
    if view.parts:
        yield _song_so_far(view)
        last = view.parts[-1].proposal
        for line in sung_lines(last.lyrics)[-SUNG_LINES:] if last else ():
            if text := escape_line(line, SUNG_LENGTH):
                yield f"> {text}"
        yield ""
    yield from _state_lines(view, each)
    if each.number == 1:
        yield _RULES
    yield f"-# {parts_left_text(view.state.session)} · {view.provider_label}"


def _song_so_far(view: SessionView) -> str:
    names = [part_name(part, number) for number, part in enumerate(view.parts)]
    shown = [*(["…"] if len(names) > MAX_SECTIONS else []), *names[-MAX_SECTIONS:]]
    facts = [*shown]
    if view.duration:
        facts.append(format_length(view.duration))
    last = view.parts[-1]
    if url := part_url(view, last):
        facts.append(f"[{'last part' if last.round else 'the clip'}]({url})")
    return f"The song so far: {' · '.join(facts)}"


def _state_lines(view: SessionView, each: Round) -> Iterator[str]:
    session = view.state.session
    if rest := rest_text(session):
        yield rest
    elif not view.state.proposals_of(each.number):
        yield _nobody_wrote(view)
    elif view.state.busy_round is not None:
        yield f"{_voted(each)}{_busy_text(view.state.busy_round)}; the clock waits for that."
    elif each.voters == 0 and (trouble := _trouble(view, each)):
        yield trouble
    elif each.voters == 0:
        usual = time_words(session.vote_seconds)
        yield f"**Nobody has voted yet.** The first vote starts the clock: {usual}."
    elif each.ends_at is None:
        yield f"{_voted(each)}The clock starts in a moment."
    else:
        ends = discord.utils.format_dt(each.ends_at, "R")
        early = ", or as soon as all who took part in the last round have voted"
        yield f"{_voted(each)}It ends {ends}{early if each.number > 1 else ''}."


def _nobody_wrote(view: SessionView) -> str:
    busy = view.state.busy_round
    if view.state.session.parts_left == 0 and busy is not None:
        return "**All parts are made.** The song is finished as soon as the last one is chosen."
    text = "**Nobody has written yet.**"
    if busy is not None:
        return f"{text} {_busy_text(busy)}: write the next one meanwhile."
    return f"{text} Lyrics, style, and where it goes on: press *Write a part*."


def _voted(each: Round) -> str:
    if each.voters == 0:
        return ""
    return f"**{each.voters:,} {'has' if each.voters == 1 else 'have'} voted.** "


def _busy_text(busy: Round) -> str:
    if busy.status is RoundStatus.MAKING:
        return f"The part of round {busy.number:,} is being made"
    return f"The clip of round {busy.number:,} is being chosen"


def _trouble(view: SessionView, each: Round) -> str:
    """Return why the part of the round before was not made; empty if it was."""
    before = view.state.round(each.number - 1) if each.number > 1 else None
    if before is None or before.drop_reason is not DropReason.FAILED:
        return ""
    part, label = view.state.part_of(before), view.provider_label
    kept = "The proposals are kept; the next vote tries again."
    if part is None:
        return f"**The part of round {before.number:,} was not made.** {kept}"
    charge = "Nothing was charged." if is_free(view, part) else CHARGE_WARNING
    return f"{failure_cause(part, label, with_text=False)} {charge} {kept}"


def _proposal_line(view: SessionView, proposal: Proposal, limit: int) -> str:
    by = f"{mention(proposal.member_id)}"
    if proposal.kind is not ProposalKind.PART:
        return f"{proposal.number:,} · {proposal_text(view, proposal)} · {by}"
    link = linked(escaped_headline(proposal, limit), proposal_url(view, proposal))
    named = escaped_section(proposal, limit // 3)
    return " · ".join(filter(None, (f"{proposal.number:,}", link, named, by)))


def _fitting(
    proposals: Sequence[Proposal], line_of: Callable[[Proposal, int], str]
) -> Sequence[str]:
    """Return a line for each proposal, with headlines so short that all lines fit."""
    lines: Sequence[str] = ()
    for limit in HEADLINE_LENGTHS:
        lines = [line_of(proposal, limit) for proposal in proposals]
        if sum(utf16_length(line) + 1 for line in lines) <= PROPOSALS_LENGTH:
            break
    return lines


def board_items(view: SessionView, each: Round) -> Iterator[Select | Button]:
    """Yield the select and the buttons of a round's board."""
    session, is_open = view.state.session, each.status is RoundStatus.OPEN
    if is_open and (options := proposal_options(view, each)):
        yield Action.PICK_PROPOSAL.select(each.id, options)
    if session.is_running and session.parts_left > 0:
        label = "" if is_open else "✍️ Write the next part"
        yield Action.WRITE_PART.button(session.id, label=label)
    yield Action.SONG_SO_FAR.button(session.id)
    if is_open:
        yield Action.MORE.button(session.id)


def _option(view: SessionView, proposal: Proposal) -> discord.SelectOption:
    name = plain_line(proposal.member_name, OPTION_NAME_LENGTH)
    match proposal.kind:
        case ProposalKind.PART:
            title = headline(proposal.lyrics)
            style = format_style(proposal.style)
            changed = f"style changed: {style}" if style else "style as before"
            facts = (plain_line(section(proposal.lyrics), OPTION_SECTION_LENGTH), name, changed)
        case ProposalKind.END:
            title, facts = "🏁 the song ends here", (name, "takes more than half of the votes")
        case ProposalKind.BACK:
            last = last_part_before(view.state, proposal.round_number)
            quoted = f"“{headline(last.lyrics)}”" if last else "the last part"
            title, facts = f"↩ take {quoted} back", (name, "takes more than half of the votes")
    return discord.SelectOption(
        label=plain_line(f"{proposal.number} · {title}", OPTION_LENGTH),
        description=plain_line(" · ".join(filter(None, facts)), OPTION_LENGTH),
        value=str(proposal.id),
    )


# A board whose ballot is over


def _result_embed(view: SessionView, each: Round) -> discord.Embed:
    winner = view.state.winner_of(each)
    return discord.Embed(
        colour=BLURPLE,
        title=f"Round {each.number:,} · {_outcome(view, each, winner)}",
        description="\n".join(_over_lines(view, each, winner)),
    )


def _outcome(view: SessionView, each: Round, winner: Proposal | None) -> str:
    if winner is None:
        return "the session is over"
    match winner.kind:
        case ProposalKind.PART:
            return f"{quoted_headline(winner)} goes in"
        case ProposalKind.BACK:
            return f"{quoted_headline(last_part_before(view.state, each.number))} is taken back"
        case ProposalKind.END:
            return "the song ends here"


def _over_lines(view: SessionView, each: Round, winner: Proposal | None) -> Iterator[str]:
    session = view.state.session
    if winner is None:
        yield END_TEXTS[session.end_reason] if session.end_reason else "Nothing was decided."
        return
    votes = {count.choice: count.votes for count in each.tally if count.votes}
    proposals = {
        str(known.number): known for known in view.state.proposals_of(each.number, listed=False)
    }
    voted = [proposals[choice] for choice in votes if choice in proposals][:MAX_OPTIONS]
    yield from _fitting(
        voted, lambda known, limit: _tally_line(view, known, votes[str(known.number)], limit)
    )
    yield " · ".join(_count_notes(view, each, winner))
    if each.status is RoundStatus.MAKING:
        yield ""
        yield (
            "**It is being made.** Write the next part meanwhile."
            if session.parts_left
            else "**It is being made.** It is the last one: then the song is finished."
        )


def _tally_line(view: SessionView, proposal: Proposal, votes: int, limit: int) -> str:
    is_part = proposal.kind is ProposalKind.PART
    name = (
        linked(escaped_headline(proposal, limit), proposal_url(view, proposal))
        if is_part
        else proposal_text(view, proposal)
    )
    return f"{counted(votes, 'vote')} · {name} · {mention(proposal.member_id)}"


def _count_notes(view: SessionView, each: Round, winner: Proposal) -> Iterator[str]:
    yield f"-# {counted(sum(count.votes for count in each.tally), 'vote')}"
    if each.tie_broken:
        yield _tie_text(view, each, winner)
    if each.closed_by is not None:
        yield f"closed by {mention(each.closed_by)}"


def _tie_text(view: SessionView, each: Round, winner: Proposal) -> str:
    """Return why the winner won a tie; both reasons are told from the rounds before."""
    state = view.state
    votes = {count.choice: count.votes for count in each.tally}
    in_song = writers_of(state, parts_before(state, each.number))
    tied = (
        known
        for known in state.proposals_of(each.number)
        if known.kind is ProposalKind.PART
        and known.number != winner.number
        and votes.get(str(known.number)) == votes.get(str(winner.number))
    )
    if all(in_song[winner.member_id] < in_song[known.member_id] for known in tied):
        return f"tied: {mention(winner.member_id)} has fewer parts in the song"
    return "tied: it was written first"

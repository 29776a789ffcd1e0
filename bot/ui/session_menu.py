"""What else can be done in a session: the answer to *More*, the question before its end. Pure."""

from collections.abc import Iterator

import discord

from bot.domain.sessions.clocks import ballot_of
from bot.domain.sessions.models import ProposalKind, RoundStatus
from bot.domain.sessions.structure import headline
from bot.domain.text import plain_line
from bot.services.session_view import SessionView
from bot.ui.components import build_view
from bot.ui.custom_ids import Action, Button, Select
from bot.ui.extension_embeds import note_embed
from bot.ui.session_board import proposal_options
from bot.ui.session_texts import last_part_before

LABEL_LENGTH = 80  # UTF-16 units, Discord's limit

Answer = tuple[discord.Embed, discord.ui.View | None]


def more(view: SessionView, *, is_host_or_moderator: bool) -> Answer:
    """Return what a member can do besides writing and voting, as far as it makes sense now."""
    proposals = list(_proposals(view))
    orders = list(_orders(view)) if is_host_or_moderator else []
    if not proposals and not orders:
        return note_embed("**There's nothing else to do now.** Vote on the board."), None
    lines = ["**What else?**"]
    if proposals:
        lines.append("What you propose here is put to the vote.")
    if orders:
        lines.append("What only the host and moderators can do is done at once, without a vote.")
    return note_embed("\n".join(lines)), build_view([*proposals, *orders])


def end_now_question(view: SessionView) -> Answer:
    """Return the question whether to end a session by hand, and its answer."""
    busy = view.state.busy_round
    if view.state.chosen_rounds:
        outcome = "The song is finished with the parts that it has."
    else:
        outcome = "It has no part yet, so there would be no song."
    if busy is not None:
        state = "made" if busy.status is RoundStatus.MAKING else "chosen"
        outcome = f"{outcome} The one that is being {state} would not be in it."
    question = f"**End it now?**\n{outcome}"
    return note_embed(question), build_view([Action.CONFIRM_END.button(view.state.session.id)])


def _proposals(view: SessionView) -> Iterator[Button]:
    """Yield the buttons of what can be proposed besides a part."""
    state, current = view.state, view.state.open_round
    if current is None:
        return
    session_id, busy = state.session.id, state.busy_round
    kinds = {proposal.kind for proposal in state.proposals_of(current.number)}
    if ProposalKind.END not in kinds:
        yield Action.PROPOSE_END.button(session_id)
    last = last_part_before(state, current.number)
    if last is not None and busy is None and ProposalKind.BACK not in kinds:
        label = plain_line(f"↩ Take “{headline(last.lyrics)}” back", LABEL_LENGTH)
        yield Action.PROPOSE_BACK.button(session_id, label=label)


def _orders(view: SessionView) -> Iterator[Button | Select]:
    """Yield what a host or a moderator can do without a vote."""
    state = view.state
    current = state.open_round
    if current is not None and (options := proposal_options(view, current)):
        yield Action.REMOVE_PROPOSAL.select(current.id, options)
    voted = state.busy_round or state.open_round
    if voted is None:
        return
    ballot = ballot_of(voted)
    if ballot is not None and state.votes_of(voted.number, ballot):
        yield Action.CLOSE_VOTE.button(voted.id)
    yield Action.END_NOW.button(state.session.id)

"""How a session answers: with a post of its own, with the form, or to one member alone.

Whoever can write where the session is held may take part. That is checked at each press.
"""

import logging
from dataclasses import replace

import discord

from bot.domain.errors import UserError
from bot.domain.form import Form
from bot.domain.sessions.actions import Press, ProposalWantedError
from bot.domain.sessions.models import PostKey, ProposalKind
from bot.domain.sessions.part_form import PartForm
from bot.domain.sessions.posts import proposal_key
from bot.interactions.access import (
    GRANT_IT,
    POST_IN_THREAD_PERMISSIONS,
    POST_PERMISSIONS,
    missing_permissions,
    missing_permissions_text,
    require_may_extend,
    viewable_channels,
)
from bot.interactions.client import Interaction
from bot.interactions.drafts import answer_with_draft
from bot.interactions.first_reply import UNREACHABLE, reply_ref
from bot.interactions.responses import answer, is_button_press
from bot.services.session_proposals import ProposalResult
from bot.ui.extension_embeds import note_embed, refusal_embed
from bot.ui.session_form import SubmittedPart, part_modal
from bot.ui.session_list import running_embed, sessions_embed, sessions_view
from bot.ui.session_posts import overview, post_message
from bot.ui.session_proposal import (
    change_confirmation,
    part_draft_view,
    vote_confirmation,
    vote_over_embed,
    vote_over_view,
)

log = logging.getLogger(__name__)


def press_from(interaction: Interaction, *, key: str = "", posts: bool = False) -> Press:
    """Return what the member does, if they may take part here.

    Args:
        interaction: a command, a press, or a submitted form.
        key: unique for what is asked; empty is the interaction.
        posts: whether its answer is a post of the session.

    Raises:
        UserError: there is no server with Encore here, or the member can't write.
    """
    if interaction.guild is None or not interaction.is_guild_integration():
        raise not_in_server()
    allowed = interaction.permissions
    is_thread = isinstance(interaction.channel, discord.Thread)
    may_write = allowed.send_messages_in_threads if is_thread else allowed.send_messages
    if not may_write or interaction.user.bot:
        raise UserError("You can't write here.", "Whoever can write in this thread can take part.")
    return interaction.client.services.sessions.press(
        member_id=interaction.user.id,
        member_name=interaction.user.display_name,
        interaction_id=interaction.id,
        key=key,
        may_manage=allowed.manage_messages,
        reply=reply_ref(interaction) if posts else None,
    )


def not_in_server() -> UserError:
    """Return the refusal of a session outside the servers of Encore."""
    return UserError(
        "Sessions are held in servers.", "Use it in a server that Encore is a member of."
    )


async def send_post(interaction: Interaction, session_id: int, key: PostKey) -> None:
    """Answer with a new post of a session; the boards send it if this does not arrive."""
    sessions = interaction.client.services.sessions
    view = await sessions.view(session_id)
    may_attach = interaction.app_permissions.attach_files
    drawn = post_message(view, key, may_attach=may_attach)
    try:
        shown = await interaction.response.send_message(**drawn.sent())
    except UNREACHABLE as error:
        log.warning("Session %s: a %s did not arrive: %s", session_id, key.kind, error)
        return
    known = replace(reply_ref(interaction), message_id=shown.message_id)
    await sessions.record_first_post(session_id, key, known)


async def open_part_form(interaction: Interaction, form: PartForm) -> None:
    """Answer with the form for a part.

    Raises:
        LimitError: the server does not let the member extend here.
    """
    await require_may_extend(interaction)
    await interaction.response.send_modal(part_modal(form, idempotency_key=interaction.id))


async def show_session(interaction: Interaction) -> None:
    """Answer a command with the session that is held here, or with those of the server.

    Raises:
        UserError: there is no server with Encore here.
    """
    press = press_from(interaction)
    sessions = interaction.client.services.sessions
    view = await sessions.running_in(interaction.channel_id or 0)
    if view is not None:
        drawn = overview(view, press.member_id)
        await interaction.response.send_message(**drawn.sent(), ephemeral=True)
        is_thread = isinstance(interaction.channel, discord.Thread)
        needed = POST_IN_THREAD_PERMISSIONS if is_thread else POST_PERMISSIONS
        if lacking := missing_permissions(interaction.app_permissions, needed):
            sentence = missing_permissions_text(lacking, interaction.channel_id or 0)
            await answer(interaction, embeds=[refusal_embed(sentence, GRANT_IT)])
        return
    running = await sessions.running_in_guild(interaction.guild_id or 0)
    ids = {each.state.session.card_channel_id for each in running}
    seen = await viewable_channels(interaction, ids)
    there = [each for each in running if each.state.session.card_channel_id in seen]
    await answer(interaction, embeds=[running_embed(there)])


async def show_sessions(interaction: Interaction, number: int) -> None:
    """Answer a command with a page of the server's sessions; after a press, replace the page."""
    guild_id = interaction.guild_id
    sessions = interaction.client.services.sessions
    if guild_id is None or not interaction.is_guild_integration():
        raise not_in_server()
    channels = await viewable_channels(interaction, await sessions.channels(guild_id))
    page = await sessions.page(guild_id, number, channels=channels)
    embed = sessions_embed(
        page.views,
        number=page.number,
        page_count=page.page_count,
        total=page.total,
        most_parts=page.most_parts,
    )
    buttons = sessions_view(number=page.number, page_count=page.page_count)
    if is_button_press(interaction):
        await interaction.response.edit_message(embed=embed, view=buttons)
    else:
        await answer(interaction, embeds=[embed], view=buttons)


async def accept_part(interaction: Interaction, submitted: SubmittedPart) -> None:
    """Put the part that a member sent on the board; what is refused is kept as a draft."""
    proposals = interaction.client.services.session_proposals
    try:
        press = press_from(interaction, key=submitted.idempotency_key, posts=True)
        await require_may_extend(interaction)
        result = await proposals.propose(submitted.form, press)
        await answer_proposal(interaction, result)
    except Exception as error:  # noqa: BLE001 - told to the member and logged there
        await _refuse_part(interaction, submitted.form, error)


async def _refuse_part(interaction: Interaction, form: PartForm, error: Exception) -> None:
    """Answer with the error, above a button that opens the form as it was typed."""
    wanted = error.proposal if isinstance(error, ProposalWantedError) else None
    typed = Form(clip="", at=form.at, style=form.style, lyrics=form.lyrics)
    await answer_with_draft(
        interaction,
        typed,
        error,
        lambda draft_id: part_draft_view(form.session_id, draft_id, wanted=wanted),
    )


async def answer_proposal(interaction: Interaction, result: ProposalResult) -> None:
    """Answer with the post of a new proposal, or with what has changed of one that is there."""
    proposal, view = result.proposal, result.view
    if result.is_new and proposal.changed_at is None:
        key = proposal_key(proposal.round_number, proposal.number)
        await send_post(interaction, view.state.session.id, key)
    elif proposal.kind is ProposalKind.PART:
        await answer(interaction, embeds=[change_confirmation(proposal)])
    else:
        current = view.state.open_round
        ends_at = current.ends_at if current is not None else None
        await answer(interaction, embeds=[vote_confirmation(proposal, ends_at)])


async def answer_vote(interaction: Interaction, proposal_id: int) -> None:
    """Vote for a proposal, and answer with the vote or with what went in."""
    sessions = interaction.client.services.sessions
    cast = await sessions.vote(proposal_id, press_from(interaction))
    if cast.is_counted and cast.proposal is not None:
        await answer(interaction, embeds=[vote_confirmation(cast.proposal, cast.ends_at)])
        return
    view = await sessions.view(cast.session_id)
    proposal = cast.proposal and view.state.proposal(cast.round_number, cast.proposal.number)
    await answer(
        interaction,
        embeds=[vote_over_embed(view, view.state.round(cast.round_number))],
        view=vote_over_view(view, proposal) if proposal else None,
    )


async def take_off(interaction: Interaction, proposal_id: int) -> None:
    """Withdraw the member's proposal, or remove another's, and answer."""
    proposals = interaction.client.services.session_proposals
    await proposals.take_off(proposal_id, press_from(interaction))
    await answer(interaction, embeds=[note_embed("It's off the board.")])

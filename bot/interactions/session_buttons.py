"""What the buttons and the select of a session do; the commands do the same by them.

Whoever can write where the session is held may take part. That is checked at each press.
"""

import logging
import re
from dataclasses import replace
from typing import Any, Self

import discord
from typing_extensions import override

from bot.domain.errors import UserError
from bot.domain.form import Form
from bot.domain.sessions.actions import Press, ProposalWantedError
from bot.domain.sessions.models import PostKey
from bot.domain.sessions.part_form import PartForm
from bot.domain.sessions.posts import proposal_key
from bot.interactions.access import (
    POST_IN_THREAD_PERMISSIONS,
    POST_PERMISSIONS,
    missing_permissions,
    missing_permissions_text,
    viewable_channels,
)
from bot.interactions.buttons import PersistentButton
from bot.interactions.client import Interaction
from bot.interactions.first_reply import UNREACHABLE, reply_ref
from bot.interactions.responses import answer, answer_error, is_button_press
from bot.services.session_proposals import ProposalResult
from bot.ui.custom_ids import Action, Select
from bot.ui.extension_embeds import note_embed, refusal_embed
from bot.ui.session_form import SubmittedPart, part_modal
from bot.ui.session_list import running_embed, sessions_embed, sessions_view
from bot.ui.session_menu import end_now_question, more
from bot.ui.session_posts import overview, post_message, song_so_far
from bot.ui.session_proposal import (
    choice_confirmation,
    choice_over_embed,
    part_draft_view,
    vote_confirmation,
    vote_over_embed,
    vote_over_view,
    withdraw_view,
)
from bot.ui.session_result import choice_of

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
    """Answer with the form for a part."""
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
            await answer(
                interaction, embeds=[refusal_embed(sentence, "Ask a moderator to give it.")]
            )
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
        result = await proposals.propose(submitted.form, press)
        await _answer_proposal(interaction, result)
    except Exception as error:  # noqa: BLE001 - told to the member and logged there
        await _refuse_part(interaction, submitted.form, error)


async def _refuse_part(interaction: Interaction, form: PartForm, error: Exception) -> None:
    """Answer with the error, above a button that opens the form as it was typed."""
    view, unsent_lyrics = None, ""
    try:
        draft_id = await interaction.client.services.extensions.keep_draft(
            Form(clip="", at=form.at, style=form.style, lyrics=form.lyrics),
            member_id=interaction.user.id,
        )
        wanted = error.proposal if isinstance(error, ProposalWantedError) else None
        view = part_draft_view(form.session_id, draft_id, wanted=wanted)
    except Exception:
        log.exception("A draft could not be stored; its lyrics are returned to the member")
        unsent_lyrics = form.lyrics
    await answer_error(interaction, error, view=view, unsent_lyrics=unsent_lyrics)


async def _answer_proposal(interaction: Interaction, result: ProposalResult) -> None:
    """Answer with the post of a new proposal, or with the vote for one that is there."""
    proposal, view = result.proposal, result.view
    if result.is_new and proposal.changed_at is None:
        key = proposal_key(proposal.round_number, proposal.number)
        await send_post(interaction, view.state.session.id, key)
        return
    current = view.state.open_round
    ends_at = current.ends_at if current is not None else None
    await answer(interaction, embeds=[vote_confirmation(proposal, ends_at)])


async def _answer_vote(interaction: Interaction, proposal_id: int) -> None:
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


class WritePart(PersistentButton, action=Action.WRITE_PART):
    """Opens the form for a part."""

    @override
    async def press(self, interaction: Interaction) -> None:
        press = press_from(interaction)
        proposals = interaction.client.services.session_proposals
        await open_part_form(
            interaction, await proposals.form(int(self.stored_id), press.member_id)
        )


class ChangeProposal(PersistentButton, action=Action.CHANGE_PROPOSAL):
    """Opens the form with the words of the member's proposal."""

    @override
    async def press(self, interaction: Interaction) -> None:
        press = press_from(interaction)
        proposals = interaction.client.services.session_proposals
        try:
            form = await proposals.form_of(int(self.stored_id), press)
        except ProposalWantedError as error:
            await answer_error(interaction, error, view=withdraw_view(error.proposal))
        else:
            await open_part_form(interaction, form)


class ProposeAgain(PersistentButton, action=Action.PROPOSE_AGAIN):
    """Opens the form with the words of a proposal of an earlier round."""

    @override
    async def press(self, interaction: Interaction) -> None:
        press_from(interaction)
        proposals = interaction.client.services.session_proposals
        await open_part_form(interaction, await proposals.form_again(int(self.stored_id)))


class OpenPartDraft(PersistentButton, action=Action.OPEN_PART_DRAFT):
    """Opens the form with what a member typed before it was refused."""

    @override
    async def press(self, interaction: Interaction) -> None:
        press = press_from(interaction)
        services = interaction.client.services
        session_id, draft_id = map(int, self.stored_id.split("-"))
        form = await services.session_proposals.form(session_id, press.member_id)
        typed = await services.extensions.draft(draft_id, member_id=press.member_id)
        typed_form = replace(form, lyrics=typed.lyrics, style=typed.style, at=typed.at)
        await open_part_form(interaction, typed_form)


class WithdrawProposal(PersistentButton, action=Action.WITHDRAW_PROPOSAL):
    """Withdraws the member's proposal, or removes another's."""

    @override
    async def press(self, interaction: Interaction) -> None:
        proposals = interaction.client.services.session_proposals
        await proposals.take_off(int(self.stored_id), press_from(interaction))
        await answer(interaction, embeds=[note_embed("It is off the board.")])


class Vote(PersistentButton, action=Action.VOTE):
    """Votes for a proposal."""

    @override
    async def press(self, interaction: Interaction) -> None:
        await _answer_vote(interaction, int(self.stored_id))


class ChooseClip(PersistentButton, action=Action.CHOOSE_CLIP):
    """Votes for the clip with which the song goes on, or for neither."""

    @override
    async def press(self, interaction: Interaction) -> None:
        round_id, letter = choice_of(self.stored_id)
        sessions = interaction.client.services.sessions
        cast = await sessions.choose(round_id, letter, press_from(interaction))
        if cast.is_counted:
            await answer(interaction, embeds=[choice_confirmation(letter, cast.ends_at)])
            return
        view = await sessions.view(cast.session_id)
        over = choice_over_embed(view, view.state.round(cast.round_number))
        await answer(interaction, embeds=[over])


class SongSoFar(PersistentButton, action=Action.SONG_SO_FAR):
    """Shows the parts of the song so far, with all lyrics."""

    @override
    async def press(self, interaction: Interaction) -> None:
        view = await interaction.client.services.sessions.view(int(self.stored_id))
        drawn = song_so_far(view, may_attach=interaction.app_permissions.attach_files)
        await interaction.response.send_message(**drawn.sent(), ephemeral=True)


class More(PersistentButton, action=Action.MORE):
    """Shows what else the member can do."""

    @override
    async def press(self, interaction: Interaction) -> None:
        press = press_from(interaction)
        view = await interaction.client.services.sessions.view(int(self.stored_id))
        is_host = press.may_manage or press.member_id == view.state.session.host_id
        embed, buttons = more(view, is_host_or_moderator=is_host)
        await answer(interaction, embeds=[embed], view=buttons)


class ProposeEnd(PersistentButton, action=Action.PROPOSE_END):
    """Proposes that the song is finished."""

    @override
    async def press(self, interaction: Interaction) -> None:
        proposals = interaction.client.services.session_proposals
        press = press_from(interaction, posts=True)
        result = await proposals.propose_end(int(self.stored_id), press)
        await _answer_proposal(interaction, result)


class ProposeBack(PersistentButton, action=Action.PROPOSE_BACK):
    """Proposes to take the last part out of the song."""

    @override
    async def press(self, interaction: Interaction) -> None:
        proposals = interaction.client.services.session_proposals
        press = press_from(interaction, posts=True)
        result = await proposals.propose_back(int(self.stored_id), press)
        await _answer_proposal(interaction, result)


class CloseVote(PersistentButton, action=Action.CLOSE_VOTE):
    """Ends the current vote of a round now."""

    @override
    async def press(self, interaction: Interaction) -> None:
        sessions = interaction.client.services.sessions
        await sessions.close(int(self.stored_id), press_from(interaction))
        await answer(interaction, embeds=[note_embed("The vote is closed.")])


class EndNow(PersistentButton, action=Action.END_NOW):
    """Asks whether to end the session without a vote."""

    @override
    async def press(self, interaction: Interaction) -> None:
        sessions = interaction.client.services.sessions
        view = await sessions.require_host(int(self.stored_id), press_from(interaction))
        embed, buttons = end_now_question(view)
        await answer(interaction, embeds=[embed], view=buttons)


class ConfirmEnd(PersistentButton, action=Action.CONFIRM_END):
    """Ends the session without a vote."""

    @override
    async def press(self, interaction: Interaction) -> None:
        sessions = interaction.client.services.sessions
        await sessions.end_now(int(self.stored_id), press_from(interaction))
        await interaction.response.edit_message(embed=note_embed("The session is over."), view=None)


class TurnSessions(PersistentButton, action=Action.TURN_SESSIONS):
    """Shows another page of the server's sessions in place of this one."""

    @override
    async def press(self, interaction: Interaction) -> None:
        await show_sessions(interaction, int(self.stored_id))


class PickProposal(discord.ui.DynamicItem[Select], template=Action.PICK_PROPOSAL.pattern):
    """The select of a board: votes for a proposal."""

    def __init__(self, stored_id: str, options: list[discord.SelectOption]) -> None:
        super().__init__(Action.PICK_PROPOSAL.select(stored_id, options))

    @override
    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        options = item.options if isinstance(item, discord.ui.Select) else []
        return cls(match["id"], options)

    @override
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        # discord.py would only log what this raises
        try:
            await _answer_vote(interaction, int(self.item.values[0]))
        except Exception as error:  # noqa: BLE001 - told to the member and logged there
            await answer_error(interaction, error)


SESSION_BUTTONS: tuple[type[discord.ui.DynamicItem[Any]], ...] = (
    WritePart,
    ChangeProposal,
    ProposeAgain,
    OpenPartDraft,
    WithdrawProposal,
    Vote,
    ChooseClip,
    SongSoFar,
    More,
    ProposeEnd,
    ProposeBack,
    CloseVote,
    EndNow,
    ConfirmEnd,
    TurnSessions,
    PickProposal,
)

"""What the buttons and the selects of a session do; the commands do the same by them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import discord
from typing_extensions import override

from bot.domain.sessions.actions import ProposalWantedError
from bot.interactions.buttons import PersistentButton, PersistentSelect
from bot.interactions.client import Interaction
from bot.interactions.responses import answer, answer_error
from bot.interactions.session_answers import (
    answer_proposal,
    answer_vote,
    open_part_form,
    press_from,
    show_sessions,
    take_off,
)
from bot.ui.custom_ids import Action
from bot.ui.extension_embeds import note_embed
from bot.ui.session_menu import end_now_question, more
from bot.ui.session_posts import song_so_far
from bot.ui.session_proposal import choice_confirmation, choice_over_embed, withdraw_view
from bot.ui.session_result import choice_of


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
        await take_off(interaction, int(self.stored_id))


class Vote(PersistentButton, action=Action.VOTE):
    """Votes for a proposal."""

    @override
    async def press(self, interaction: Interaction) -> None:
        await answer_vote(interaction, int(self.stored_id))


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
        await answer_proposal(interaction, result)


class ProposeBack(PersistentButton, action=Action.PROPOSE_BACK):
    """Proposes to take the last part out of the song."""

    @override
    async def press(self, interaction: Interaction) -> None:
        proposals = interaction.client.services.session_proposals
        press = press_from(interaction, posts=True)
        result = await proposals.propose_back(int(self.stored_id), press)
        await answer_proposal(interaction, result)


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


class PickProposal(PersistentSelect, action=Action.PICK_PROPOSAL):
    """The select of a board: votes for a proposal."""

    @override
    async def choose(self, interaction: Interaction, values: Sequence[str]) -> None:
        await answer_vote(interaction, int(values[0]))


class RemoveProposal(PersistentSelect, action=Action.REMOVE_PROPOSAL):
    """Takes a proposal off the board, for the host and moderators."""

    @override
    async def choose(self, interaction: Interaction, values: Sequence[str]) -> None:
        await take_off(interaction, int(values[0]))


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
    RemoveProposal,
)

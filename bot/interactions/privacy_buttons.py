"""What the buttons of `/privacy` do. They act on whoever presses them."""

from typing_extensions import override

from bot.interactions.buttons import PersistentButton
from bot.interactions.client import Interaction
from bot.interactions.responses import answer
from bot.ui.custom_ids import Action
from bot.ui.extension_embeds import note_embed
from bot.ui.privacy_embed import data_file, forget_question, forgotten_embed


class DownloadData(PersistentButton, action=Action.DOWNLOAD_DATA):
    """Sends what is kept of the member as a file."""

    @override
    async def press(self, interaction: Interaction) -> None:
        data = await interaction.client.services.store.data_of_member(interaction.user.id)
        note = note_embed("**Here is all that Encore keeps about you.**")
        await answer(interaction, embeds=[note], file=data_file(data))


class ForgetMe(PersistentButton, action=Action.FORGET_ME):
    """Asks whether to forget the member."""

    @override
    async def press(self, interaction: Interaction) -> None:
        embed, view = forget_question(interaction.user.id)
        await answer(interaction, embeds=[embed], view=view)


class ConfirmForget(PersistentButton, action=Action.CONFIRM_FORGET):
    """Forgets the member."""

    @override
    async def press(self, interaction: Interaction) -> None:
        store = interaction.client.services.store
        left = await store.forget_member(interaction.user.id, now=interaction.created_at)
        await interaction.response.edit_message(embed=forgotten_embed(left), view=None)


PRIVACY_BUTTONS: tuple[type[PersistentButton], ...] = (DownloadData, ForgetMe, ConfirmForget)

"""What pressing a button about the message of a reply does: all its lyrics."""

from typing_extensions import override

from bot.domain.errors import UserError
from bot.interactions.buttons import PersistentButton
from bot.interactions.client import Interaction
from bot.interactions.responses import answer
from bot.ui.custom_ids import Action
from bot.ui.extension_embeds import note_embed
from bot.ui.lyrics import FILE_NAME, lyrics_embeds, lyrics_file


class ShowLyrics(PersistentButton, action=Action.SHOW_LYRICS):
    """Shows all lyrics of a reply to the member alone; long ones are a file, where it may be."""

    @override
    async def press(self, interaction: Interaction) -> None:
        ext = await interaction.client.services.store.extension(int(self.stored_id))
        lyrics = ext.request.lyrics if ext is not None else ""
        parts = lyrics_embeds(lyrics)
        if not parts:
            raise UserError("That reply has no lyrics.", "It is instrumental, or a full song.")
        if len(parts) > 1 and interaction.app_permissions.attach_files:
            note = note_embed(f"All lyrics are in `{FILE_NAME}`.")
            await answer(interaction, embeds=[note], file=lyrics_file(lyrics))
            return
        for embed in parts:
            await answer(interaction, embeds=[embed])


MESSAGE_BUTTONS: tuple[type[PersistentButton], ...] = (ShowLyrics,)

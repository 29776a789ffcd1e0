"""What pressing a button about the message of a reply does: all its lyrics, its end."""

import discord
from typing_extensions import override

from bot.domain.errors import UserError
from bot.domain.models import Extension
from bot.domain.text import escape_line
from bot.interactions.buttons import PersistentButton, actor_from
from bot.interactions.client import Interaction
from bot.interactions.delivery import UNKNOWN_MESSAGE
from bot.interactions.first_reply import UNREACHABLE
from bot.interactions.responses import answer, defer, is_button_press
from bot.ui.custom_ids import Action
from bot.ui.extension_embeds import note_embed
from bot.ui.lyrics import ALL_LYRICS, lyrics_embeds, lyrics_file

MAX_REASON_LENGTH = 200  # UTF-16 units


class ShowLyrics(PersistentButton, action=Action.SHOW_LYRICS):
    """Shows all lyrics of a reply to the member alone; long ones are a file, where it may be."""

    @override
    async def press(self, interaction: Interaction) -> None:
        ext = await interaction.client.services.store.extension(int(self.stored_id))
        lyrics = ext.request.lyrics if ext is not None else ""
        parts = lyrics_embeds(lyrics)
        if not parts:
            raise UserError("That reply has no lyrics.", "It's instrumental, or a full song.")
        if len(parts) > 1 and interaction.app_permissions.attach_files:
            note = note_embed(ALL_LYRICS)
            await answer(interaction, embeds=[note], file=lyrics_file(lyrics))
            return
        for embed in parts:
            await answer(interaction, embeds=[embed])


class DeleteReply(PersistentButton, action=Action.DELETE_REPLY):
    """Deletes the reply of an extension that has ended without audio."""

    @override
    async def press(self, interaction: Interaction) -> None:
        extensions = interaction.client.services.extensions
        await defer(interaction)
        # stored first: the publisher would take a deleted reply for a lost one, and send it anew
        ext = await extensions.mark_reply_deleted(int(self.stored_id), actor_from(interaction))
        try:
            await _delete_message(interaction, ext)
        except UNREACHABLE as error:
            if not isinstance(error, discord.HTTPException) or error.code != UNKNOWN_MESSAGE:
                await extensions.unmark_reply_deleted(ext)
                raise UserError("I couldn't delete it.", _reason(error)) from error
        if not is_button_press(interaction):
            await answer(interaction, embeds=[note_embed("The reply was deleted.")])


async def _delete_message(interaction: Interaction, ext: Extension) -> None:
    """Delete the message that was pressed; after a command, that of the reply in its channel."""
    reply = ext.reply
    if is_button_press(interaction):
        await interaction.delete_original_response()
    elif reply.message_id is not None:
        await interaction.client.rate_limiter.acquire()
        channel = interaction.client.get_partial_messageable(
            reply.channel_id, guild_id=reply.guild_id
        )
        await channel.get_partial_message(reply.message_id).delete()


def _reason(error: Exception) -> str:
    """Return why Discord did not delete a message, in its own words."""
    if isinstance(error, discord.HTTPException) and error.text:
        return f"Discord says: *{escape_line(error.text, MAX_REASON_LENGTH)}*"
    return "Discord can't be reached. Try again in a minute."


MESSAGE_BUTTONS: tuple[type[PersistentButton], ...] = (ShowLyrics, DeleteReply)

"""What is shown of the library, and what its buttons do; like all, they live for ever."""

from typing import Any

import discord

from bot.domain.library import LibraryQuery
from bot.interactions.access import viewer_from
from bot.interactions.buttons import PersistentButton
from bot.interactions.client import Encore
from bot.interactions.responses import answer
from bot.services.extensions import ExtensionService
from bot.services.library import Library
from bot.ui.clip_details import clip_embeds, clip_view
from bot.ui.custom_ids import Action
from bot.ui.library_page import (
    decode_query,
    kept_embed,
    page_embed,
    page_view,
    removal_question,
    removed_embed,
)
from bot.ui.lyrics import is_short, lyrics_embeds, lyrics_file


async def show_page(interaction: discord.Interaction[Any], wanted: LibraryQuery) -> None:
    """Answer with a page of the library, or turn the message whose button was pressed to it.

    Raises:
        UserError: there is no such library, or the search is too long.
    """
    viewer = await viewer_from(interaction)
    page = await _library(interaction).page(viewer, wanted)
    if interaction.type is discord.InteractionType.component:
        await interaction.response.edit_message(embed=page_embed(page), view=page_view(page))
    else:
        await answer(interaction, embeds=[page_embed(page)], view=page_view(page))


async def show_clip(interaction: discord.Interaction[Any], clip_id: str) -> None:
    """Answer with all that is known of a clip; its provider may take seconds to tell.

    Raises:
        UserError: it is unknown, not theirs to see, or was taken out.
    """
    await interaction.response.defer(ephemeral=True, thinking=True)
    details = await _library(interaction).details(clip_id, await viewer_from(interaction))
    lyrics = details.extension.request.lyrics if details.extension else ""
    has_more = not is_short(lyrics)
    may_attach = interaction.app_permissions.attach_files
    await interaction.edit_original_response(
        embeds=clip_embeds(details, with_file=may_attach),
        view=clip_view(details),
        attachments=[lyrics_file(lyrics)] if has_more and may_attach else [],
    )
    if has_more and not may_attach:
        for embed in lyrics_embeds(lyrics):
            await interaction.followup.send(embed=embed, ephemeral=True)


class TurnPage(PersistentButton, action=Action.TURN_PAGE):
    """Turns to another page of the library."""

    async def press(self, interaction: discord.Interaction[Any], service: ExtensionService) -> None:
        """Show it in place of the one that is seen."""
        del service
        await show_page(interaction, decode_query(self.stored_id))


class ShowClip(PersistentButton, action=Action.SHOW_CLIP):
    """Shows one clip of a page, or a sibling."""

    async def press(self, interaction: discord.Interaction[Any], service: ExtensionService) -> None:
        """Show it below."""
        del service
        await show_clip(interaction, self.stored_id)


class RemoveClip(PersistentButton, action=Action.REMOVE_CLIP):
    """Asks whether a clip shall be taken out of the library."""

    async def press(self, interaction: discord.Interaction[Any], service: ExtensionService) -> None:
        """Ask."""
        del service
        own = await _library(interaction).owned_clip(self.stored_id, await viewer_from(interaction))
        question, view = removal_question(own)
        await answer(interaction, embeds=[question], view=view)


class ConfirmRemoval(PersistentButton, action=Action.DROP_CLIP):
    """Takes a clip out of the library."""

    async def press(self, interaction: discord.Interaction[Any], service: ExtensionService) -> None:
        """Take it out, and say so in place of the question."""
        del service
        own = await _library(interaction).remove(self.stored_id, await viewer_from(interaction))
        await interaction.response.edit_message(embed=removed_embed(own), view=None)


class CancelRemoval(PersistentButton, action=Action.KEEP_CLIP):
    """Leaves a clip in the library."""

    async def press(self, interaction: discord.Interaction[Any], service: ExtensionService) -> None:
        """Say so in place of the question."""
        del service
        own = await _library(interaction).owned_clip(self.stored_id, await viewer_from(interaction))
        await interaction.response.edit_message(embed=kept_embed(own), view=None)


LIBRARY_BUTTONS: tuple[type[PersistentButton], ...] = (
    TurnPage,
    ShowClip,
    RemoveClip,
    ConfirmRemoval,
    CancelRemoval,
)


def _library(interaction: discord.Interaction[Any]) -> Library:
    client: Encore = interaction.client
    return client.library

"""The library in Discord: answering with a page or a clip, and what pressing its buttons does."""

from typing_extensions import override

from bot.domain.library import LibraryQuery
from bot.interactions.access import viewer_from
from bot.interactions.buttons import PersistentButton
from bot.interactions.client import Interaction
from bot.interactions.responses import answer, defer, is_button_press
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


async def show_page(interaction: Interaction, query: LibraryQuery) -> None:
    """Answer a command with a page of the library; after a press, replace the page shown.

    Raises:
        UserError: there is no server here, or the search is too long.
    """
    viewer = await viewer_from(interaction)
    page = await interaction.client.services.library.page(viewer, query)
    if is_button_press(interaction):
        await interaction.response.edit_message(embed=page_embed(page), view=page_view(page))
    else:
        await answer(interaction, embeds=[page_embed(page)], view=page_view(page))


async def show_clip(interaction: Interaction, clip_id: str) -> None:
    """Answer with the details of a clip; asking its provider may take seconds.

    Raises:
        UserError: it is unknown, hidden from the member, or removed.
    """
    await defer(interaction, thinking=True)
    library = interaction.client.services.library
    details = await library.details(clip_id, await viewer_from(interaction))
    lyrics = details.extension.request.lyrics if details.extension else ""
    is_cut = not is_short(lyrics)
    may_attach = interaction.app_permissions.attach_files
    await answer(
        interaction,
        embeds=clip_embeds(details, with_file=may_attach),
        view=clip_view(details),
        file=lyrics_file(lyrics) if is_cut and may_attach else None,
    )
    if is_cut and not may_attach:
        for embed in lyrics_embeds(lyrics):
            await answer(interaction, embeds=[embed])


class TurnPage(PersistentButton, action=Action.TURN_PAGE):
    """Shows another page of the library in place of this one."""

    @override
    async def press(self, interaction: Interaction) -> None:
        await show_page(interaction, decode_query(self.stored_id))


class ShowClip(PersistentButton, action=Action.SHOW_CLIP):
    """Shows the details of a clip below."""

    @override
    async def press(self, interaction: Interaction) -> None:
        await show_clip(interaction, self.stored_id)


class RemoveClip(PersistentButton, action=Action.REMOVE_CLIP):
    """Asks whether to remove a clip from the library."""

    @override
    async def press(self, interaction: Interaction) -> None:
        library = interaction.client.services.library
        clip = await library.owned_clip(self.stored_id, await viewer_from(interaction))
        question, view = removal_question(clip)
        await answer(interaction, embeds=[question], view=view)


class ConfirmRemoval(PersistentButton, action=Action.CONFIRM_REMOVAL):
    """Removes a clip from the library, and says so in place of the question."""

    @override
    async def press(self, interaction: Interaction) -> None:
        library = interaction.client.services.library
        clip = await library.remove(self.stored_id, await viewer_from(interaction))
        await interaction.response.edit_message(embed=removed_embed(clip), view=None)


class CancelRemoval(PersistentButton, action=Action.CANCEL_REMOVAL):
    """Leaves a clip in the library, and says so in place of the question."""

    @override
    async def press(self, interaction: Interaction) -> None:
        library = interaction.client.services.library
        clip = await library.owned_clip(self.stored_id, await viewer_from(interaction))
        await interaction.response.edit_message(embed=kept_embed(clip), view=None)


LIBRARY_BUTTONS: tuple[type[PersistentButton], ...] = (
    TurnPage,
    ShowClip,
    RemoveClip,
    ConfirmRemoval,
    CancelRemoval,
)

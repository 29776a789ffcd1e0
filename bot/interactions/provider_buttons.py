"""Buttons that open the form for another provider, where one refused the request.

Nothing is sent until the member sends the form.
"""

from typing_extensions import override

from bot.interactions.buttons import PersistentButton, actor_from, open_form
from bot.interactions.client import Interaction
from bot.ui.custom_ids import Action


class TryProvider(PersistentButton, action=Action.TRY_PROVIDER):
    """Opens the form with the request of an extension, for another provider."""

    @override
    async def press(self, interaction: Interaction) -> None:
        extension_id, provider = self.stored_id.split(":")
        extensions = interaction.client.services.extensions
        form = await extensions.form_of(int(extension_id), actor_from(interaction))
        await open_form(interaction, extensions.for_provider(form, provider), as_typed=True)


class TryProviderWithDraft(PersistentButton, action=Action.TRY_PROVIDER_WITH_DRAFT):
    """Opens the form with a draft, for another provider."""

    @override
    async def press(self, interaction: Interaction) -> None:
        draft_id, provider = self.stored_id.split(":")
        extensions = interaction.client.services.extensions
        form = await extensions.draft(int(draft_id), member_id=interaction.user.id)
        await open_form(interaction, extensions.for_provider(form, provider), as_typed=True)


PROVIDER_BUTTONS: tuple[type[PersistentButton], ...] = (TryProvider, TryProviderWithDraft)

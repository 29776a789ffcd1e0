"""What pressing *Tell me*, and the buttons of its answer, does; each member for themselves."""

from typing_extensions import override

from bot.interactions.buttons import PersistentButton
from bot.interactions.client import Interaction
from bot.interactions.first_reply import renew_token
from bot.interactions.responses import answer, defer
from bot.services.extensions import unknown_reply
from bot.ui.custom_ids import Action
from bot.ui.notifications import (
    preference_embed,
    preference_view,
    request_embed,
    request_view,
    withdrawn_embed,
)


class TellMe(PersistentButton, action=Action.TELL_ME):
    """Has the member told when the extension has ended."""

    @override
    async def press(self, interaction: Interaction) -> None:
        extension_id = int(self.stored_id)
        await defer(interaction)
        await renew_token(interaction, extension_id)
        result = await interaction.client.services.store.request_notification(
            extension_id, interaction.user.id, now=interaction.created_at
        )
        if result is None:
            raise unknown_reply()
        ext, is_new, is_always = result
        await answer(
            interaction,
            embeds=[request_embed(ext, is_new=is_new)],
            view=request_view(ext, is_new=is_new, is_always=is_always),
        )


class NeverMind(PersistentButton, action=Action.NEVER_MIND):
    """Takes the member's request back."""

    @override
    async def press(self, interaction: Interaction) -> None:
        store = interaction.client.services.store
        await store.withdraw_notification(int(self.stored_id), interaction.user.id)
        await interaction.response.edit_message(embed=withdrawn_embed(), view=None)


class AlwaysTellMe(PersistentButton, action=Action.ALWAYS_TELL_ME):
    """Has the member told of all that they ask for from now on."""

    @override
    async def press(self, interaction: Interaction) -> None:
        await _set_always(interaction, int(self.stored_id), always=True)


class StopTellingMe(PersistentButton, action=Action.STOP_TELLING_ME):
    """Has the member told only of what they press *Tell me* for."""

    @override
    async def press(self, interaction: Interaction) -> None:
        await _set_always(interaction, int(self.stored_id), always=False)


async def _set_always(interaction: Interaction, extension_id: int, *, always: bool) -> None:
    store = interaction.client.services.store
    await store.set_always_notify(interaction.user.id, always=always)
    await interaction.response.edit_message(
        embed=preference_embed(is_always=always),
        view=preference_view(extension_id, is_always=always),
    )


NOTIFICATION_BUTTONS: tuple[type[PersistentButton], ...] = (
    TellMe,
    NeverMind,
    AlwaysTellMe,
    StopTellingMe,
)

"""The buttons of a reply. They carry their state in their custom id, and live for ever.

Custom ids are ``area:verb:id`` and are never given another meaning: replies that are a year old
carry them. Rights are checked where the button is pressed, not where it was drawn.
"""

import re
from abc import abstractmethod
from typing import Any, ClassVar, Self

import discord

from bot.client import Encore
from bot.domain.forms import Form
from bot.domain.models import Extension, Status
from bot.domain.text import escaped, shortened
from bot.domain.transitions import can_check_again
from bot.services.extensions import Asker, ExtensionService
from bot.ui.answers import answer_error
from bot.ui.embeds import letter
from bot.ui.modals import extend_modal

LINK_LENGTH = 512  # Discord's limit for a button's url
MOST_LINKS = 5  # a row
KEPT_LENGTH = 3900


def asker_of(interaction: discord.Interaction[Any]) -> Asker:
    """Return who acts, with the rights that Discord says they have in this channel now."""
    return Asker(
        member_id=interaction.user.id, is_moderator=interaction.permissions.manage_messages
    )


async def open_form(
    interaction: discord.Interaction[Any], service: ExtensionService, form: Form
) -> None:
    """Open the modal for ``form``; a refusal keeps everything that is in it."""
    try:
        prepared = await service.prepare(form)
        modal = extend_modal(prepared, asked_by=interaction.id)
    except Exception as error:  # noqa: BLE001 - told to the member and logged there
        kept = f">>> {escaped(shortened(form.lyrics, KEPT_LENGTH // 2))}" if form.lyrics else ""
        await answer_error(interaction, error, kept=kept)
        return
    await interaction.response.send_modal(modal)


class _StoredButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=""):
    """A button with the id of something in the store; subclasses say what pressing it does."""

    area: ClassVar[str]
    label: ClassVar[str]
    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.secondary

    def __init_subclass__(cls, *, area: str, label: str) -> None:
        cls.area, cls.label = area, label
        super().__init_subclass__(template=re.compile(rf"{area}:(?P<id>\d+)"))

    def __init__(self, stored_id: int) -> None:
        button = discord.ui.Button[discord.ui.View](
            label=self.label, style=self.style, custom_id=f"{self.area}:{stored_id}"
        )
        super().__init__(button)
        self.stored_id = stored_id

    @classmethod
    async def from_custom_id(  # the item is read from its id alone
        cls,
        _interaction: discord.Interaction[Any],
        _item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        return cls(int(match["id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the button says; discord.py would only log what it raises."""
        client: Encore = interaction.client
        try:
            await self.press(interaction, client.service)
        except Exception as error:  # noqa: BLE001 - told to the member and logged there
            await answer_error(interaction, error)

    @abstractmethod
    async def press(self, interaction: discord.Interaction[Any], service: ExtensionService) -> None:
        """Do what the button says."""


class Cancel(_StoredButton, area="ext:cancel", label="Cancel"):
    """Cancels a waiting extension."""

    async def press(self, interaction: discord.Interaction[Any], service: ExtensionService) -> None:
        """Cancel it; the reply shows it in a moment."""
        await service.cancel(self.stored_id, asker_of(interaction))
        await interaction.response.defer()


class CheckAgain(_StoredButton, area="ext:check", label="Check again"):
    """Asks the provider once more for a result that it still owes."""

    async def press(self, interaction: discord.Interaction[Any], service: ExtensionService) -> None:
        """Have it checked; the reply shows it in a moment."""
        await service.check_again(self.stored_id)
        await interaction.response.defer()


class SendAgain(_StoredButton, area="ext:again", label="Send again"):
    """Opens the form with what was asked for, to be sent as a new request."""

    async def press(self, interaction: discord.Interaction[Any], service: ExtensionService) -> None:
        """Open the form."""
        form = await service.form_of(self.stored_id, asker_of(interaction))
        await open_form(interaction, service, form)


class OpenDraft(_StoredButton, area="draft:open", label="Edit and send"):
    """Opens the form with what a member typed before it was refused."""

    async def press(self, interaction: discord.Interaction[Any], service: ExtensionService) -> None:
        """Open the form."""
        form = await service.draft(self.stored_id, member_id=interaction.user.id)
        await open_form(interaction, service, form)


STORED_BUTTONS: tuple[type[_StoredButton], ...] = (Cancel, CheckAgain, SendAgain, OpenDraft)


def extension_view(ext: Extension) -> discord.ui.View | None:
    """Return the buttons of a reply, or None where there is nothing to press."""
    items = [*_links(ext), *_actions(ext)]
    if not items:
        return None
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    return view


def draft_view(draft_id: int) -> discord.ui.View:
    """Return the button that opens a form again with everything that was typed."""
    view = discord.ui.View(timeout=None)
    view.add_item(OpenDraft(draft_id))
    return view


def _links(ext: Extension) -> list[discord.ui.Item[discord.ui.View]]:
    if ext.status not in (Status.STREAMING, Status.COMPLETE):
        return []
    return [
        discord.ui.Button(label=f"▶ Listen {letter(index)}", url=clip.audio_url)
        for index, clip in enumerate(ext.clips[:MOST_LINKS])
        if clip.audio_url and len(clip.audio_url) <= LINK_LENGTH
    ]


def _actions(ext: Extension) -> list[_StoredButton]:
    actions: list[_StoredButton] = []
    if ext.status is Status.WAITING:
        actions.append(Cancel(ext.id))
    if can_check_again(ext):
        actions.append(CheckAgain(ext.id))
    elif ext.status in (Status.FAILED, Status.UNCONFIRMED):
        actions.append(SendAgain(ext.id))
    return actions

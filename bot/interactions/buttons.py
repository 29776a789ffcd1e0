"""What pressing a button does. Its state is in its custom id, so it lives for ever.

Rights are checked where the button is pressed, not where it was drawn.
"""

import re
from abc import abstractmethod
from typing import Any, ClassVar, Self

import discord

from bot.domain.form import Form
from bot.domain.models import ReplyRef
from bot.interactions.access import require_access
from bot.interactions.client import Encore
from bot.interactions.first_reply import is_deleted, send_first_reply
from bot.interactions.responses import acknowledge, answer, answer_error, defer
from bot.services.acceptance import AcceptResult
from bot.services.extensions import Actor, ExtensionService
from bot.services.songs import Songs
from bot.ui.components import endings_view
from bot.ui.custom_ids import Action
from bot.ui.extension_embeds import question_embed
from bot.ui.modals import extend_modal


def actor_from(interaction: discord.Interaction[Any]) -> Actor:
    """Return who acts, with the rights that Discord says they have in this channel now."""
    return Actor(
        member_id=interaction.user.id, is_moderator=interaction.permissions.manage_messages
    )


async def open_form(
    interaction: discord.Interaction[Any],
    service: ExtensionService,
    form: Form,
    *,
    as_typed: bool = False,
) -> None:
    """Open the modal for ``form``; a refusal gives back the lyrics, so that they are not lost.

    Args:
        interaction: to be answered with the modal.
        service: checks the form.
        form: what is to stand in the modal.
        as_typed: open it with what is wrong in it too, so that it can be mended there.
    """
    try:
        opened = await (service.prefill(form) if as_typed else service.parse(form))
        modal = extend_modal(opened, idempotency_key=interaction.id)
    except Exception as error:  # noqa: BLE001 - told to the member and logged there
        await answer_error(interaction, error, unsent_lyrics=form.lyrics)
        return
    await interaction.response.send_modal(modal)


async def make_song(
    interaction: discord.Interaction[Any], service: ExtensionService, clip_id: str
) -> None:
    """Ask for the full song that ends with a clip, and answer with the first reply.

    Raises:
        UserError: it can't be made.
    """
    songs: Songs = interaction.client.songs

    async def accept(reply: ReplyRef) -> AcceptResult:
        who = interaction.user.id
        idempotency_key = str(interaction.id)
        asked = await songs.request(
            clip_id, idempotency_key=idempotency_key, member_id=who, reply=reply
        )
        if asked.is_new or not await is_deleted(interaction.client, asked.extension):
            return asked
        await songs.lost(asked.extension)
        return await songs.request(
            clip_id, idempotency_key=idempotency_key, member_id=who, reply=reply
        )

    await send_first_reply(interaction, service, accept)


class PersistentButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=""):
    """A button of any age that was pressed; subclasses say what that does."""

    action: ClassVar[Action]

    def __init_subclass__(cls, *, action: Action) -> None:
        cls.action = action
        super().__init_subclass__(template=action.pattern)

    def __init__(self, stored_id: str) -> None:
        super().__init__(
            discord.ui.Button[discord.ui.View](
                custom_id=self.action.custom_id_for(stored_id), label="…"
            )
        )
        self.stored_id = stored_id

    @classmethod
    async def from_custom_id(
        cls,
        _interaction: discord.Interaction[Any],
        _item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Return the button that discord.py found pressed."""
        return cls(match["id"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the button says; discord.py would only log what it raises."""
        client: Encore = interaction.client
        try:
            require_access(interaction)
            await self.press(interaction, client.service)
        except Exception as error:  # noqa: BLE001 - told to the member and logged there
            await answer_error(interaction, error)

    @abstractmethod
    async def press(self, interaction: discord.Interaction[Any], service: ExtensionService) -> None:
        """Do what the button says."""


class Cancel(PersistentButton, action=Action.CANCEL):
    """Cancels a waiting extension; its reply shows it in a moment."""

    async def press(self, interaction: discord.Interaction[Any], service: ExtensionService) -> None:
        """Cancel it."""
        await service.cancel(int(self.stored_id), actor_from(interaction))
        await acknowledge(interaction)


class CheckAgain(PersistentButton, action=Action.CHECK_AGAIN):
    """Asks the provider once more for a result; the reply shows it in a moment."""

    async def press(self, interaction: discord.Interaction[Any], service: ExtensionService) -> None:
        """Have it checked."""
        await defer(interaction)
        await service.check_again(int(self.stored_id))
        await acknowledge(interaction)


class SendAgain(PersistentButton, action=Action.SEND_AGAIN):
    """Opens the form with what was asked for, to be sent as a new request."""

    async def press(self, interaction: discord.Interaction[Any], service: ExtensionService) -> None:
        """Open the form."""
        form = await service.form_of(int(self.stored_id), actor_from(interaction))
        await open_form(interaction, service, form, as_typed=True)


class AnotherTake(PersistentButton, action=Action.ANOTHER_TAKE):
    """Asks for the same once more, in a reply of its own."""

    async def press(self, interaction: discord.Interaction[Any], service: ExtensionService) -> None:
        """Ask, and answer with the first reply."""
        await send_first_reply(
            interaction,
            service,
            lambda reply: service.retake(
                int(self.stored_id),
                idempotency_key=str(interaction.id),
                member_id=interaction.user.id,
                reply=reply,
            ),
        )


class ExtendClip(PersistentButton, action=Action.EXTEND_CLIP):
    """Opens the form to go on from the end of a clip."""

    async def press(self, interaction: discord.Interaction[Any], service: ExtensionService) -> None:
        """Open the form."""
        await open_form(interaction, service, Form(clip=self.stored_id))


class FullSong(PersistentButton, action=Action.FULL_SONG):
    """Makes the full song of a reply, after asking with which clip it shall end."""

    async def press(self, interaction: discord.Interaction[Any], service: ExtensionService) -> None:
        """Make it, or ask."""
        songs: Songs = interaction.client.songs
        ends = await songs.ending_clips(int(self.stored_id))
        choice = endings_view(ends) if len(ends) > 1 else None
        if choice is None:
            await make_song(interaction, service, ends[0].clip.id)
            return
        question = question_embed("With which clip shall the song end?")
        await answer(interaction, embeds=[question], view=choice)


class SongOfClip(PersistentButton, action=Action.SONG_OF_CLIP):
    """Makes the full song that ends with a clip."""

    async def press(self, interaction: discord.Interaction[Any], service: ExtensionService) -> None:
        """Make it."""
        await make_song(interaction, service, self.stored_id)


class OpenDraft(PersistentButton, action=Action.OPEN_DRAFT):
    """Opens the form with what a member typed before it was refused."""

    async def press(self, interaction: discord.Interaction[Any], service: ExtensionService) -> None:
        """Open the form."""
        form = await service.draft(int(self.stored_id), member_id=interaction.user.id)
        await open_form(interaction, service, form, as_typed=True)


REPLY_BUTTONS: tuple[type[PersistentButton], ...] = (
    Cancel,
    CheckAgain,
    SendAgain,
    AnotherTake,
    ExtendClip,
    OpenDraft,
    FullSong,
    SongOfClip,
)

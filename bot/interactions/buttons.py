"""What pressing a button of a reply does. The button's state is its custom id, so it never expires.

Rights are checked when a button is pressed, not when it was drawn. `bot.ui.custom_ids` has the
label, the style and the custom id of each.
"""

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self, cast

import discord
from typing_extensions import override

from bot.domain.errors import (
    ClipNotFoundError,
    FormError,
    LimitError,
    UnknownClipError,
    UserError,
)
from bot.domain.form import NO_DEFAULTS, Form
from bot.domain.models import ReplyRef
from bot.interactions.access import require_access, require_may_extend_now
from bot.interactions.client import Interaction
from bot.interactions.clip_search import offer_clips
from bot.interactions.drafts import refuse_form
from bot.interactions.first_reply import (
    is_deleted,
    renew_token,
    send_first_reply,
    sending_copy_again,
)
from bot.interactions.responses import acknowledge, answer, answer_error, defer
from bot.services.acceptance import AcceptResult
from bot.services.extensions import Actor
from bot.ui.components import song_endings_view
from bot.ui.custom_ids import Action, Button
from bot.ui.extension_embeds import note_embed, question_embed
from bot.ui.modals import extend_modal


def actor_from(interaction: Interaction) -> Actor:
    """Return the member who acts, with their rights in this channel now."""
    return Actor(
        member_id=interaction.user.id, is_moderator=interaction.permissions.manage_messages
    )


async def open_form(interaction: Interaction, form: Form, *, as_typed: bool = False) -> None:
    """Answer with the modal for ``form``, or with an error that returns what was typed.

    Args:
        interaction: to be answered.
        form: what the modal is filled with.
        as_typed: open the modal even if fields are wrong, so that they can be corrected there.
    """
    services = interaction.client.services
    try:
        settings = await require_may_extend_now(interaction)
        if as_typed:
            prefilled = await services.forms.prefill(form)
        else:
            defaults = settings.form_defaults if settings is not None else NO_DEFAULTS
            prefilled = await services.forms.parse(form, defaults)
        modal = extend_modal(prefilled, idempotency_key=interaction.id)
    except ClipNotFoundError as error:
        await offer_clips(interaction, error, Action.EXTEND_WITH_DRAFT, form=form)
        return
    except (FormError, LimitError, UnknownClipError) as error:
        await refuse_form(interaction, form, error)
        return
    except Exception as error:  # noqa: BLE001 - told to the member and logged there
        await answer_error(interaction, error, unsent_lyrics=form.lyrics)
        return
    await interaction.response.send_modal(modal)


async def make_song(interaction: Interaction, clip_id: str) -> None:
    """Request the full song that ends with a clip, and answer with its first reply.

    Raises:
        UserError: it can't be made.
    """
    songs = interaction.client.services.songs

    async def request(reply: ReplyRef) -> AcceptResult:
        return await songs.request(
            clip_id,
            idempotency_key=str(interaction.id),
            member_id=interaction.user.id,
            member_name=interaction.user.display_name,
            reply=reply,
        )

    async def accept(reply: ReplyRef) -> AcceptResult:
        result = await request(reply)
        if not result.is_new and await is_deleted(interaction.client, result.extension):
            await songs.mark_reply_deleted(result.extension)
            return await request(reply)
        return result

    await send_first_reply(interaction, accept)


async def _require_reply_here(interaction: Interaction, extension_id: int) -> None:
    """Raise UserError unless the reply is in this channel, or was sent directly to the member.

    An interaction has the member's permissions in its own channel only, and a moderator of one
    server is none in another.
    """
    ext = await interaction.client.services.store.extension(extension_id)
    if ext is None or ext.reply.channel_id == interaction.channel_id:
        return
    if interaction.guild_id is not None or interaction.user.id != ext.member_id:
        raise UserError("That reply is in another channel.", "Use its buttons, or `/reply`, there.")


class PersistentButton(discord.ui.DynamicItem[Button], template=""):
    """A button of a message of any age; a subclass says what pressing it does."""

    action: ClassVar[Action]

    def __init_subclass__(cls, *, action: Action) -> None:
        cls.action = action
        super().__init_subclass__(template=action.pattern)

    def __init__(self, stored_id: str) -> None:
        super().__init__(self.action.button(stored_id, label=self.action.label or "…"))
        self.stored_id = stored_id

    @override
    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        return cls(match["id"])

    @override
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        # discord.py would only log what this raises
        try:
            await self.check_and_press(interaction)
        except Exception as error:  # noqa: BLE001 - told to the member and logged there
            await answer_error(interaction, error)

    async def check_and_press(self, interaction: Interaction) -> None:
        """Check the rights of the member and press the button for them.

        Raises:
            UserError: they may not use it here.
        """
        require_access(interaction)
        if self.action.is_for_extension:
            extension_id, _, _ = self.stored_id.partition(":")
            await _require_reply_here(interaction, int(extension_id))
        await self.press(interaction)

    @abstractmethod
    async def press(self, interaction: Interaction) -> None:
        """Do what the button is for, and answer ``interaction``."""


class PersistentSelect(discord.ui.DynamicItem[discord.ui.Item[Any]], template=""):
    """A select of a message of any age; a subclass says what choosing does."""

    action: ClassVar[Action]

    def __init_subclass__(cls, *, action: Action) -> None:
        cls.action = action
        super().__init_subclass__(template=action.pattern)

    @override
    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        return cls(item)

    @override
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        # discord.py would only log what this raises
        try:
            data = cast("Mapping[str, Any]", interaction.data)
            await self.choose(interaction, data["values"])
        except Exception as error:  # noqa: BLE001 - told to the member and logged there
            await answer_error(interaction, error)

    @abstractmethod
    async def choose(self, interaction: Interaction, values: Sequence[str]) -> None:
        """Do what the select is for with the chosen ``values``, and answer ``interaction``."""


class Cancel(PersistentButton, action=Action.CANCEL):
    """Cancels a waiting extension; the publisher edits its reply."""

    @override
    async def press(self, interaction: Interaction) -> None:
        extension_id = int(self.stored_id)
        await defer(interaction)
        await renew_token(interaction, extension_id)
        extensions = interaction.client.services.extensions
        await extensions.cancel(extension_id, actor_from(interaction))
        await acknowledge(interaction)


class CheckAgain(PersistentButton, action=Action.CHECK_AGAIN):
    """Asks the provider for missing results, and answers what came of it.

    The publisher edits the reply.
    """

    @override
    async def press(self, interaction: Interaction) -> None:
        extension_id = int(self.stored_id)
        await defer(interaction)
        await renew_token(interaction, extension_id)
        async with sending_copy_again(interaction, extension_id):
            said = await interaction.client.services.extensions.check_again(extension_id)
        await answer(interaction, embeds=[note_embed(said)])


class SendAgain(PersistentButton, action=Action.SEND_AGAIN):
    """Opens the form with the request of an extension, to be sent as a new one."""

    @override
    async def press(self, interaction: Interaction) -> None:
        extensions = interaction.client.services.extensions
        form = await extensions.form_of(int(self.stored_id), actor_from(interaction))
        await open_form(interaction, form, as_typed=True)


class AnotherTake(PersistentButton, action=Action.ANOTHER_TAKE):
    """Requests the same once more, and answers with a reply of its own."""

    @override
    async def press(self, interaction: Interaction) -> None:
        await send_first_reply(
            interaction,
            lambda reply: interaction.client.services.extensions.retake(
                int(self.stored_id),
                idempotency_key=str(interaction.id),
                member_id=interaction.user.id,
                member_name=interaction.user.display_name,
                reply=reply,
            ),
        )


class ExtendClip(PersistentButton, action=Action.EXTEND_CLIP):
    """Opens the form to continue a clip from its end."""

    @override
    async def press(self, interaction: Interaction) -> None:
        await open_form(interaction, Form(clip=self.stored_id))


class FullSong(PersistentButton, action=Action.FULL_SONG):
    """Makes the full song of a reply, after asking which clip it ends with."""

    @override
    async def press(self, interaction: Interaction) -> None:
        endings = await interaction.client.services.songs.ending_clips(int(self.stored_id))
        choice = song_endings_view(endings) if len(endings) > 1 else None
        if choice is None:
            await make_song(interaction, endings[0].clip.id)
            return
        question = question_embed("Which version should it end with?")
        await answer(interaction, embeds=[question], view=choice)


class SongOfClip(PersistentButton, action=Action.SONG_OF_CLIP):
    """Makes the full song that ends with a clip."""

    @override
    async def press(self, interaction: Interaction) -> None:
        await make_song(interaction, self.stored_id)


class OpenDraft(PersistentButton, action=Action.OPEN_DRAFT):
    """Opens the form with what a member typed before it was refused."""

    @override
    async def press(self, interaction: Interaction) -> None:
        extensions = interaction.client.services.extensions
        form = await extensions.draft(int(self.stored_id), member_id=interaction.user.id)
        await open_form(interaction, form, as_typed=True)


class ExtendWithDraft(PersistentButton, action=Action.EXTEND_WITH_DRAFT):
    """Opens the form with what a member typed, for a clip that they picked."""

    @override
    async def press(self, interaction: Interaction) -> None:
        draft_id, clip_id = self.stored_id.split(":")
        extensions = interaction.client.services.extensions
        form = await extensions.draft(int(draft_id), member_id=interaction.user.id)
        await open_form(interaction, replace(form, clip=clip_id), as_typed=True)


REPLY_BUTTONS: tuple[type[PersistentButton], ...] = (
    Cancel,
    CheckAgain,
    SendAgain,
    AnotherTake,
    ExtendClip,
    FullSong,
    SongOfClip,
    OpenDraft,
    ExtendWithDraft,
)

"""Answers that only the member sees, and the one place where errors are told to members."""

import logging
import secrets
from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands
from typing_extensions import override

from bot.domain.errors import UserError
from bot.domain.text import escape_markdown, truncate, utf16_length
from bot.interactions.client import Encore, Interaction
from bot.interactions.lost_answers import is_lost_answer, log_lost_answer, retry_if_lost
from bot.services.operator_contact import tell_operator
from bot.ui.extension_embeds import note_embed, refusal_embed
from bot.ui.lyrics import FILE_NAME, lyrics_file

log = logging.getLogger(__name__)

# UTF-16 units shown as text; escaping may double them. Longer lyrics become a file.
MAX_INLINE_LENGTH = 1900
THINKING = discord.InteractionResponseType.deferred_channel_message
_IS_SHOWN = "is_shown"  # in the extras of an interaction whose deferred response is shown
# In the extras of an interaction: it was deferred, but the connection broke before that was said.
_DEFERRED = "deferred"


class EncoreCog(commands.Cog):
    """A cog whose commands answer errors with `answer_error`."""

    @override
    async def cog_app_command_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError
    ) -> None:
        await answer_error(interaction, error)


async def answer_error(
    interaction: Interaction,
    error: BaseException,
    *,
    view: discord.ui.View | None = None,
    unsent_lyrics: str = "",
) -> None:
    """Tell the member, and only the member, what went wrong.

    A `UserError` is shown as it is; anything else becomes one sentence with an id that is also
    in the log. Nothing is answered where an answer was lost (`lost_answers`).

    Args:
        interaction: to be answered.
        error: what was raised.
        view: buttons under the answer, such as the one that opens a draft.
        unsent_lyrics: lyrics to return to the member, if they are not kept as a draft.
    """
    cause = getattr(error, "original", error)
    if is_lost_answer(cause):
        log_lost_answer(cause)
        return
    if isinstance(cause, UserError):
        embeds = [refusal_embed(cause.problem, cause.remedy)]
    else:
        error_id = secrets.token_hex(4)
        log.error("Error %s in interaction %s", error_id, interaction.id, exc_info=cause)
        operator = interaction.client.services.operator_contact.operator
        embeds = [
            refusal_embed(
                "Something went wrong.",
                f"Try once more. Still broken? {tell_operator(operator, f'error `{error_id}`')}",
            )
        ]
    file = None
    if utf16_length(unsent_lyrics) > MAX_INLINE_LENGTH and interaction.app_permissions.attach_files:
        file = lyrics_file(unsent_lyrics)
        embeds.append(_typed_text_embed(f"All of it: `{FILE_NAME}`"))
    elif unsent_lyrics:
        embeds.append(
            _typed_text_embed(f">>> {escape_markdown(truncate(unsent_lyrics, MAX_INLINE_LENGTH))}")
        )
    try:
        await answer(interaction, embeds=embeds, view=view, file=file)
    except Exception as failure:  # noqa: BLE001 - there is nobody left to tell
        if is_lost_answer(failure):
            log_lost_answer(failure)
        else:
            log.warning("Interaction %s could not be answered: %s", interaction.id, failure)


async def answer(
    interaction: Interaction,
    *,
    embeds: list[discord.Embed],
    view: discord.ui.View | None = None,
    file: discord.File | None = None,
) -> None:
    """Answer so that only the member sees it: as the response, or as a follow-up after one."""
    buttons, attached = view or discord.utils.MISSING, file or discord.utils.MISSING
    if interaction.response.type is THINKING and not interaction.extras.get(_IS_SHOWN):
        interaction.extras[_IS_SHOWN] = True
        files = [file] if file else []
        # Discord deprecates a follow-up in place of the deferred response
        await retry_if_lost(
            lambda: interaction.edit_original_response(embeds=embeds, view=view, attachments=files)
        )
    elif _is_answered(interaction):
        await interaction.followup.send(embeds=embeds, view=buttons, file=attached, ephemeral=True)
    else:
        await interaction.response.send_message(
            embeds=embeds, view=buttons, file=attached, ephemeral=True
        )


async def defer(interaction: Interaction, *, thinking: bool = False) -> None:
    """Defer the answer beyond three seconds: silently after a press, else with *thinking*.

    Should the connection break, what the member asked for is done all the same.

    Args:
        interaction: to be answered.
        thinking: show *thinking* to the member also after a press.
    """
    is_ephemeral = thinking or not is_button_press(interaction)
    try:
        await interaction.response.defer(ephemeral=is_ephemeral, thinking=thinking)
    except aiohttp.ClientError as error:
        log_lost_answer(error)
        interaction.extras[_DEFERRED] = True


async def acknowledge(interaction: Interaction) -> None:
    """Confirm that it is done: silently after a press, else in a text only for the member."""
    if not is_button_press(interaction):
        await answer(interaction, embeds=[note_embed("Done: the reply shows it in a moment.")])
    elif not _is_answered(interaction):
        await interaction.response.defer()


def is_button_press(interaction: Interaction) -> bool:
    """Whether the member pressed a button, rather than used a command or sent a modal."""
    return interaction.type is discord.InteractionType.component


async def send_dm(bot: Encore, member_id: int, embed: discord.Embed) -> None:
    """Send a member a direct message, or log why that is not possible."""
    await bot.rate_limiter.acquire(2)
    try:
        channel = await bot.create_dm(discord.Object(member_id))
        await channel.send(embed=embed)
    except discord.HTTPException as error:
        log.info("Member %s can't be told directly (%s)", member_id, error.code)


def _is_answered(interaction: Interaction) -> bool:
    """Whether the interaction has a response, as far as is known."""
    return interaction.response.is_done() or _DEFERRED in interaction.extras


def _typed_text_embed(description: str) -> discord.Embed:
    return discord.Embed(title="What you typed", description=description)

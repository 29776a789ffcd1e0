"""The one answer to errors: every error that a member could meet is told here, and only here."""

import io
import logging
import secrets
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.errors import UserError
from bot.domain.text import escape_markdown, truncate, utf16_length
from bot.interactions.client import Encore
from bot.ui.extension_embeds import note_embed, refusal_embed

log = logging.getLogger(__name__)

# Unknown interaction, unknown webhook, already acknowledged, invalid webhook token.
EXPIRED_CODES = frozenset({10015, 10062, 40060, 50027})
# UTF-16 units that are shown as text: escaped, they may be twice as many. More becomes a file.
MAX_INLINE_LENGTH = 1900


class EncoreCog(commands.Cog):
    """A cog whose commands answer every error to the member who used them."""

    async def cog_app_command_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError
    ) -> None:
        """Tell the member what went wrong."""
        await answer_error(interaction, error)


async def answer_error(
    interaction: discord.Interaction,
    error: BaseException,
    *,
    view: discord.ui.View | None = None,
    unsent_lyrics: str = "",
) -> None:
    """Tell the member, and only the member, what went wrong.

    A `UserError` is shown as it is; anything else becomes one sentence with an id that the log
    has too. Survives an interaction that nobody can answer any more.

    Args:
        interaction: what could not be done.
        error: why.
        view: buttons under the answer, such as the one that opens the form again.
        unsent_lyrics: the lyrics that the member typed, given back where no button can keep them.
    """
    cause = getattr(error, "original", error)
    if isinstance(cause, UserError):
        embeds = [refusal_embed(cause.problem, cause.remedy)]
    else:
        error_id = secrets.token_hex(4)
        log.error("Error %s in interaction %s", error_id, interaction.id, exc_info=cause)
        embeds = [
            refusal_embed(
                "Something went wrong.",
                f"Try once more. If it stays so, tell who runs this bot: error `{error_id}`.",
            )
        ]
    file = None
    if utf16_length(unsent_lyrics) > MAX_INLINE_LENGTH and interaction.app_permissions.attach_files:
        file = discord.File(io.BytesIO(unsent_lyrics.encode(errors="replace")), "lyrics.txt")
        embeds.append(_typed_text_embed("All of it is in `lyrics.txt`."))
    elif unsent_lyrics:
        embeds.append(
            _typed_text_embed(f">>> {escape_markdown(truncate(unsent_lyrics, MAX_INLINE_LENGTH))}")
        )
    try:
        await answer(interaction, embeds=embeds, view=view, file=file)
    except discord.HTTPException as gone:
        if gone.code not in EXPIRED_CODES:
            log.warning("Interaction %s could not be answered: %s", interaction.id, gone)


async def answer(
    interaction: discord.Interaction,
    *,
    embeds: list[discord.Embed],
    view: discord.ui.View | None = None,
    file: discord.File | None = None,
) -> None:
    """Answer so that only the member sees it, as response or, after one, as follow-up."""
    buttons, attached = view or discord.utils.MISSING, file or discord.utils.MISSING
    if interaction.response.is_done():
        await interaction.followup.send(embeds=embeds, view=buttons, file=attached, ephemeral=True)
    else:
        await interaction.response.send_message(
            embeds=embeds, view=buttons, file=attached, ephemeral=True
        )


async def defer(interaction: discord.Interaction[Any]) -> None:
    """Have Discord wait longer than three seconds: unseen after a press, else with *thinking*."""
    is_press = interaction.type is discord.InteractionType.component
    await interaction.response.defer(ephemeral=not is_press)


async def acknowledge(interaction: discord.Interaction[Any]) -> None:
    """Say that it is done: unseen after a press, else in words that only the member sees."""
    if interaction.type is not discord.InteractionType.component:
        await answer(interaction, embeds=[note_embed("Done: the reply shows it in a moment.")])
    elif not interaction.response.is_done():
        await interaction.response.defer()


async def send_dm(bot: Encore, member_id: int, embed: discord.Embed) -> None:
    """Send a member a direct message; nobody is bothered if that is not possible."""
    await bot.rate_limiter.acquire(2)
    try:
        channel = await bot.create_dm(discord.Object(member_id))
        await channel.send(embed=embed)
    except discord.HTTPException as error:
        log.info("Member %s can't be told directly (%s)", member_id, error.code)


def _typed_text_embed(shown: str) -> discord.Embed:
    return discord.Embed(title="What you typed", description=shown)

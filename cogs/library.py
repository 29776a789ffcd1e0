"""`/library` and `/clip`: what was made here, a page at a time, and one clip with all round it."""

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.domain.clock import Clock
from bot.domain.library import LibraryQuery, Scope
from bot.interactions.autocomplete import clip_choices
from bot.interactions.client import Encore
from bot.interactions.library_buttons import LIBRARY_BUTTONS, show_clip, show_page
from bot.interactions.responses import EncoreCog
from bot.services.extensions import ExtensionService

SCOPES = [
    Choice(name="mine", value=Scope.MINE.value),
    Choice(name="this channel", value=Scope.CHANNEL.value),
    Choice(name="this server", value=Scope.SERVER.value),
]

Text = app_commands.Range[str, 0, 1000]


class LibraryCog(EncoreCog):
    """Shows what was made here."""

    def __init__(self, bot: Encore, service: ExtensionService, clock: Clock) -> None:
        self._bot = bot
        self._service = service
        self._clock = clock

    async def cog_load(self) -> None:
        """Bring buttons from before this start back to life."""
        self._bot.add_dynamic_items(*LIBRARY_BUTTONS)

    @app_commands.command()
    @app_commands.describe(
        of="Whose clips; empty = yours",
        search="Part of a title, a style or an id",
    )
    @app_commands.choices(of=SCOPES)
    async def library(
        self,
        interaction: discord.Interaction[Any],
        of: Choice[str] | None = None,
        search: Text = "",
    ) -> None:
        """Look through clips made here, the newest first."""
        scope = Scope(of.value) if of else Scope.MINE
        await show_page(interaction, LibraryQuery(scope=scope, search=search))

    @app_commands.command()
    @app_commands.describe(clip="Pick one, or paste an id, a Suno link or a reply's link")
    async def clip(self, interaction: discord.Interaction[Any], clip: Text) -> None:
        """See all about one clip: what was asked, its lyrics, where it comes from and goes on."""
        await show_clip(interaction, await self._service.clip_id_of(clip))

    @clip.autocomplete("clip")
    async def suggest_clips(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[Choice[str]]:
        """Offer clips made or used here."""
        return await clip_choices(interaction, typed, now=self._clock())

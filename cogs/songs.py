"""`/song`: all parts up to a clip as one song."""

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.domain.clock import Clock
from bot.interactions.autocomplete import clip_choices
from bot.interactions.buttons import make_song
from bot.interactions.responses import EncoreCog
from bot.services.extensions import ExtensionService

Text = app_commands.Range[str, 0, 1000]


class SongsCog(EncoreCog):
    """Makes full songs."""

    def __init__(self, service: ExtensionService, clock: Clock) -> None:
        self._service = service
        self._clock = clock

    @app_commands.command()
    @app_commands.describe(
        clip="The clip that the song ends with: pick one, or paste an id, a Suno link or a "
        "reply's link"
    )
    async def song(self, interaction: discord.Interaction[Any], clip: Text) -> None:
        """Have the whole song up to a clip in one piece."""
        clip_id = await self._service.clip_id_of(clip)
        await make_song(interaction, self._service, clip_id)

    @song.autocomplete("clip")
    async def suggest_clips(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[Choice[str]]:
        """Offer clips made or used here, as far as the member may see them."""
        return await clip_choices(interaction, typed, now=self._clock())

"""`/song`: all parts up to a clip as one song."""

from discord import app_commands
from discord.app_commands import Choice

from bot.interactions.autocomplete import clip_choices
from bot.interactions.buttons import make_song
from bot.interactions.client import Interaction
from bot.interactions.clip_search import named_clip
from bot.interactions.responses import EncoreCog
from bot.ui.custom_ids import Action

Text = app_commands.Range[str, 0, 1000]


class SongsCog(EncoreCog):
    """Makes full songs."""

    @app_commands.command()
    @app_commands.describe(
        clip="The clip that the song ends with: pick one, or paste a Suno link or a reply's link"
    )
    async def song(self, interaction: Interaction, clip: Text) -> None:
        """Join all parts of a song into one file."""
        clip_id = await named_clip(interaction, clip, Action.SONG_OF_CLIP)
        if clip_id is not None:
            await make_song(interaction, clip_id)

    @song.autocomplete("clip")
    async def suggest_clips(self, interaction: Interaction, typed: str) -> list[Choice[str]]:
        """Offer clips that the member may see."""
        return await clip_choices(interaction, typed)

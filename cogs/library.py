"""`/library` and `/clip`: a page of the clips made here, and the details of one clip."""

from discord import app_commands
from discord.app_commands import Choice

from bot.domain.library import LibraryQuery, Scope
from bot.interactions.autocomplete import clip_choices
from bot.interactions.client import Interaction
from bot.interactions.clip_search import named_clip
from bot.interactions.library_buttons import show_clip, show_page
from bot.interactions.responses import EncoreCog
from bot.ui.custom_ids import Action

SCOPES = [
    Choice(name="mine", value=Scope.MINE.value),
    Choice(name="this channel", value=Scope.CHANNEL.value),
    Choice(name="this server", value=Scope.SERVER.value),
]

Text = app_commands.Range[str, 0, 1000]


class LibraryCog(EncoreCog):
    """Shows the library."""

    @app_commands.command()
    @app_commands.describe(
        show="Whose clips to show; empty = yours",
        search="Words from a title, a style, lyrics or a member's name",
    )
    @app_commands.choices(show=SCOPES)
    async def library(
        self, interaction: Interaction, show: Choice[str] | None = None, search: Text = ""
    ) -> None:
        """Browse the clips made here, newest first."""
        scope = Scope(show.value) if show else Scope.MINE
        await show_page(interaction, LibraryQuery(scope=scope, search=search))

    @app_commands.command()
    @app_commands.describe(clip="The clip: pick one, or paste a Suno link or a reply's link")
    async def clip(self, interaction: Interaction, clip: Text) -> None:
        """Show a clip: settings, lyrics, history, link."""
        clip_id = await named_clip(interaction, clip, Action.SHOW_CLIP)
        if clip_id is not None:
            await show_clip(interaction, clip_id)

    @clip.autocomplete("clip")
    async def suggest_clips(self, interaction: Interaction, typed: str) -> list[Choice[str]]:
        """Offer clips that the member may see."""
        return await clip_choices(interaction, typed)

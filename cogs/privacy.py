"""`/privacy`: what Encore keeps of a member."""

from discord import app_commands

from bot.interactions.client import Interaction
from bot.interactions.responses import EncoreCog, answer
from bot.ui.privacy_embed import privacy_answer


class PrivacyCog(EncoreCog):
    """Tells members what is kept of them, and forgets it."""

    @app_commands.command()
    async def privacy(self, interaction: Interaction) -> None:
        """See what this bot keeps about you, download it, or have it deleted."""
        member_id = interaction.user.id
        data = await interaction.client.services.store.data_of_member(member_id)
        embed, view = privacy_answer(data, member_id)
        await answer(interaction, embeds=[embed], view=view)

"""`/help` and `/queue`: how to begin, and what is in progress."""

from discord import app_commands

from bot.interactions.access import guild_settings_of, viewer_from
from bot.interactions.client import Interaction
from bot.interactions.responses import EncoreCog, answer
from bot.ui.help_embed import help_embed
from bot.ui.queue_embed import queue_embed


class HelpCog(EncoreCog):
    """Tells members what they can do, and what is being done."""

    @app_commands.command()
    async def help(self, interaction: Interaction) -> None:
        """How to extend a song, and what else this bot can do."""
        client = interaction.client
        in_guild = interaction.guild_id is not None
        settings = await guild_settings_of(interaction)
        embed = help_embed(
            [each.label for each in client.services.forms.capabilities.values()],
            operator=client.services.operator_contact.operator,
            has_sessions=client.services.session_starter.is_enabled
            and (settings is None or settings.has_sessions),
            may_set=settings is not None and interaction.permissions.manage_guild,
            has_reactions=interaction.is_guild_integration()
            if in_guild
            else interaction.context.dm_channel,
        )
        await answer(interaction, embeds=[embed])

    @app_commands.command()
    async def queue(self, interaction: Interaction) -> None:
        """Show what's in progress in this channel, and your own elsewhere."""
        viewer = await viewer_from(interaction)
        queue = await interaction.client.services.store.queue(viewer)
        await answer(interaction, embeds=[queue_embed(queue)])

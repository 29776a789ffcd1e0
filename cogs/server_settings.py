"""`/settings` and `/usage`: what a server allows its members, and how much of it is used."""

from discord import app_commands
from discord.ext import commands

from bot.interactions.access import guild_settings_of
from bot.interactions.client import Interaction
from bot.interactions.responses import EncoreCog, answer, defer
from bot.interactions.settings_panel import accept_settings, show_panel
from bot.ui.settings_forms import submitted_form
from bot.ui.usage_embed import usage_embed


class ServerSettingsCog(EncoreCog):
    """Lets moderators set who may extend where and how often, and shows what is left."""

    @app_commands.command()
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def settings(self, interaction: Interaction) -> None:
        """Set who may extend here, where, with which service, and how much."""
        await show_panel(interaction)

    @app_commands.command()
    async def usage(self, interaction: Interaction) -> None:
        """Show how much you and this server have used, and what is left."""
        await defer(interaction, thinking=True)
        settings = await guild_settings_of(interaction)
        budgets = interaction.client.services.budgets
        usage = await budgets.usage(interaction.user.id, settings)
        await answer(interaction, embeds=[usage_embed(usage)])

    @commands.Cog.listener("on_interaction")
    async def accept_form(self, interaction: Interaction) -> None:
        """Store what a moderator sent with a form of the panel."""
        submitted = submitted_form(interaction.data or {})
        if submitted is not None:
            await accept_settings(interaction, submitted)

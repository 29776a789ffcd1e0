"""The bot that Encore is measured against: opens a modal and answers it, and nothing else."""

import os

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route


class Form(discord.ui.Modal, title="Form"):
    """A modal with one field."""

    field = discord.ui.TextInput["Form"](label="Text", required=False)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        """Answer with one line."""
        await interaction.response.send_message("Thank you.")


class Bot(discord.Client):
    """A client with one command."""

    async def setup_hook(self) -> None:
        """Make the command and tell Discord of it."""
        _, gateway, _ = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
        tree = discord.app_commands.CommandTree(self)

        @tree.command()
        async def form(interaction: discord.Interaction) -> None:
            """Open the modal."""
            await interaction.response.send_modal(Form())

        await tree.sync()


Route.BASE = os.environ["DISCORD_API_URL"]
Bot(intents=discord.Intents(guilds=True)).run(os.environ["DISCORD_TOKEN"], log_handler=None)

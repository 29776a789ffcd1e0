import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Self

import discord
import yarl
from discord import app_commands
from discord.ext import commands

from sandbox.discord.server import DiscordServer

Answer = Callable[[discord.Interaction], Awaitable[None]]


async def nothing(_interaction: discord.Interaction) -> None:
    return


class SongModal(discord.ui.Modal, title="A song"):
    lyrics = discord.ui.Label(
        text="Lyrics",
        description="What is sung",
        component=discord.ui.TextInput(
            style=discord.TextStyle.paragraph,
            custom_id="lyrics",
            max_length=3000,
            required=False,
        ),
    )
    style = discord.ui.Label(
        text="Style",
        component=discord.ui.TextInput(custom_id="style", default="jazz", max_length=200),
    )

    def __init__(self, clip: str) -> None:
        super().__init__(custom_id=f"song:{clip}")
        self.clip = clip

    async def on_submit(self, interaction: discord.Interaction) -> None:
        embed = discord.Embed(title=self.clip, description=self.lyrics.component.value or "silence")
        embed.add_field(name="Style", value=self.style.component.value)
        await interaction.response.send_message(embed=embed, view=song_buttons(self.clip))


class AgainButton(discord.ui.DynamicItem[discord.ui.Button], template=r"song:again:(?P<clip>\w+)"):
    def __init__(self, clip: str) -> None:
        super().__init__(discord.ui.Button(label="Again", custom_id=f"song:again:{clip}"))
        self.clip = clip

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction, _item: discord.ui.Item, match: re.Match[str]
    ) -> Self:
        return cls(match["clip"])

    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(SongModal(self.clip))


class HushButton(discord.ui.DynamicItem[discord.ui.Button], template=r"song:hush:(?P<clip>\w+)"):
    def __init__(self, clip: str) -> None:
        super().__init__(discord.ui.Button(label="Hush", custom_id=f"song:hush:{clip}"))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction, _item: discord.ui.Item, match: re.Match[str]
    ) -> Self:
        return cls(match["clip"])

    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.edit_message(content="hushed", view=None)


def song_buttons(clip: str) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    view.add_item(AgainButton(clip))
    view.add_item(HushButton(clip))
    view.add_item(discord.ui.Button(label="Off", custom_id="off", disabled=True))
    view.add_item(discord.ui.Button(label="Listen", url="https://example.com/listen"))
    return view


class SampleBot(commands.AutoShardedBot):
    """A small bot with the features that Encore uses; tests set ``answer``."""

    def __init__(self) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        intents.guild_reactions = intents.dm_reactions = True
        super().__init__(
            "!", intents=intents, allowed_mentions=discord.AllowedMentions.none(), help_command=None
        )
        self.answer: Answer = nothing
        self.reactions: list[tuple[str, int, int]] = []
        self.received_messages: list[discord.Message] = []
        self.resumed = asyncio.Event()
        self.errors: list[Exception] = []
        self.add_dynamic_items(AgainButton, HushButton)
        installs = app_commands.AppInstallationType(guild=True, user=True)
        self.tree.allowed_installs = installs

        @self.tree.command(name="extend", description="Extend a song")
        @app_commands.describe(clip="Which one", at="Where", loud="How loud")
        async def extend(
            interaction: discord.Interaction, clip: str, at: str = "", loud: int = 1
        ) -> None:
            del at, loud
            await interaction.response.send_modal(SongModal(clip))

        @extend.autocomplete("clip")
        async def complete(
            _interaction: discord.Interaction, current: str
        ) -> list[app_commands.Choice[str]]:
            return [app_commands.Choice(name=f"{current}-{n}", value=f"v{n}") for n in range(3)]

        @self.tree.command(name="do", description="What the test wants")
        async def do(
            interaction: discord.Interaction, file: discord.Attachment | None = None
        ) -> None:
            del file
            await self.answer(interaction)

        @self.tree.context_menu(name="Extend this song")
        async def menu(interaction: discord.Interaction, message: discord.Message) -> None:
            await interaction.response.send_message(f"of {message.id}", ephemeral=True)

        @self.tree.error
        async def failed(_interaction: discord.Interaction, error: Exception) -> None:
            self.errors.append(getattr(error, "original", error))

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        self.reactions.append((str(event.emoji), event.user_id, event.message_id))

    async def on_message(self, message: discord.Message) -> None:
        self.received_messages.append(message)

    async def on_shard_resumed(self, _shard_id: int) -> None:
        self.resumed.set()


@contextlib.asynccontextmanager
async def connected_bot(
    server: DiscordServer, bot: SampleBot | None = None
) -> AsyncIterator[SampleBot]:
    before = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    discord.http.Route.BASE = server.api_url
    # where discord.py connects when a resume failed
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(server.gateway.url)
    bot = bot or SampleBot()
    async with bot:
        task = asyncio.create_task(bot.start(server.token))
        try:
            ready = asyncio.create_task(server.wait_until_ready())
            await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                ready.cancel()
                task.result()
            yield bot
        finally:
            await bot.close()
            await asyncio.wait([task])
            discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = before

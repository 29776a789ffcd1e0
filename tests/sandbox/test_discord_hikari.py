"""A bot of hikari on the local Discord: another library than discord.py, which validates strictly
what the server sends."""

import asyncio
import os
from collections.abc import AsyncIterator

import hikari
import pytest

from sandbox.discord.server import DiscordServer

INTENTS = hikari.Intents.GUILDS | hikari.Intents.GUILD_MESSAGE_REACTIONS


class HikariBot:
    """A bot with a command that opens a modal and edits its reply; it collects reactions."""

    def __init__(self, server: DiscordServer) -> None:
        self.errors: list[BaseException] = []
        self.reactions: list[tuple[int, str | None]] = []
        self.ready = asyncio.Event()
        self.bot = hikari.GatewayBot(
            token=server.token,
            rest_url=server.api_url,
            intents=INTENTS,
            banner=None,
            logs=None,
            suppress_optimization_warning=True,
        )
        self.bot.listen(hikari.StartedEvent)(self.register)
        self.bot.listen(hikari.InteractionCreateEvent)(self.answer)
        self.bot.listen(hikari.GuildReactionAddEvent)(self.hear)
        self.bot.listen(hikari.ExceptionEvent)(self.note)

    async def register(self, _event: hikari.StartedEvent) -> None:
        application = await self.bot.rest.fetch_application()
        command = self.bot.rest.slash_command_builder("sing", "Sings something").add_option(
            hikari.CommandOption(
                type=hikari.OptionType.STRING, name="song", description="Which", is_required=True
            )
        )
        await self.bot.rest.set_application_commands(application, [command])
        self.ready.set()

    async def answer(self, event: hikari.InteractionCreateEvent) -> None:
        interaction = event.interaction
        if isinstance(interaction, hikari.CommandInteraction):
            assert interaction.options
            song = str(interaction.options[0].value)
            row = self.bot.rest.build_modal_action_row().add_text_input(
                "words", "Words", value=song, style=hikari.TextInputStyle.PARAGRAPH
            )
            await interaction.create_modal_response("Sing", f"sing:{song}", component=row)
        elif isinstance(interaction, hikari.ModalInteraction):
            words = interaction.components[0].components[0].value
            await interaction.create_initial_response(
                hikari.ResponseType.MESSAGE_CREATE, hikari.Embed(title="Singing", description=words)
            )
            sung = hikari.Embed(title="Sung", description=words).set_footer("to the end")
            button = self.bot.rest.build_message_action_row().add_interactive_button(
                hikari.ButtonStyle.PRIMARY, "again", label="Again"
            )
            await interaction.edit_initial_response(embed=sung, component=button)
        elif isinstance(interaction, hikari.ComponentInteraction):
            await interaction.create_initial_response(
                hikari.ResponseType.MESSAGE_CREATE, "Again!", flags=hikari.MessageFlag.EPHEMERAL
            )

    async def hear(self, event: hikari.GuildReactionAddEvent) -> None:
        self.reactions.append((event.user_id, event.emoji_name))

    async def note(self, event: hikari.ExceptionEvent[hikari.Event]) -> None:
        self.errors.append(event.exception)


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(openapi=os.environ.get("SANDBOX_OPENAPI")) as running:
        yield running


@pytest.fixture
async def hikari_bot(server: DiscordServer) -> AsyncIterator[HikariBot]:
    hikari_bot = HikariBot(server)
    await hikari_bot.bot.start(check_for_updates=False)
    try:
        await asyncio.wait_for(hikari_bot.ready.wait(), 10)
        yield hikari_bot
    finally:
        await hikari_bot.bot.close()
    assert hikari_bot.errors == []
    assert [str(each) for each in server.violations] == []


async def test_hikari_bot_runs_commands(server: DiscordServer, hikari_bot: HikariBot) -> None:
    ada = server.member("Ada")
    called = await ada.slash("sing", song="Night Bus")
    assert called.error is None
    assert called.modal is not None
    assert called.modal.title == "Sing"
    sent = await ada.submit(called.modal, {"Words": "On the night bus"})
    assert sent.error is None
    reply = sent.message
    assert reply is not None
    await server.wait_for(lambda: reply.edit_count == 1)
    assert reply.embeds[0]["title"] == "Sung"
    assert reply.embeds[0]["description"] == "On the night bus"
    await ada.react(reply, "🔁")
    await server.wait_for(lambda: hikari_bot.reactions)
    assert hikari_bot.reactions == [(ada.id, "🔁")]
    again = await ada.click(reply, "Again")
    assert again.is_ephemeral
    assert again.message is not None
    assert again.message.content == "Again!"


async def test_hikari_bot_resumes_after_lost_connection(
    server: DiscordServer, hikari_bot: HikariBot
) -> None:
    server.gateway.drop_connections()
    await server.wait_for(lambda: server.gateway.is_connected, timeout=20)
    called = await server.member("Ben").slash("sing", song="Paper Boats")
    assert called.modal is not None
    assert hikari_bot.errors == []

"""Selects in messages: what a choice sends, and Discord's limits."""

from typing import Any

import discord
import pytest

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.models import Message
from sandbox.discord.protocol import ChannelType
from sandbox.discord.server import DiscordServer
from tests.support.raw_requests import code
from tests.support.sample_bot import SampleBot

Json = dict[str, Any]
PLACEHOLDER = "Vote for what comes next"


def select(amount: int = 2, **fields: object) -> Json:
    """Return a select of ``amount`` options; ``fields`` replace its own."""
    options = [
        {"label": f"{number} · Neon rain", "value": str(number), "description": "Verse · Bo"}
        for number in range(1, amount + 1)
    ]
    made: Json = {"type": 3, "custom_id": "pick", "placeholder": "Vote", "options": options}
    return made | fields


def option(**fields: object) -> Json:
    return {"label": "a", "value": "a", **fields}


async def posted(server: DiscordServer, menu: Json) -> int | None:
    """Post a message with ``menu``; return the error code."""
    body = {"content": "vote", "components": [{"type": 1, "components": [menu]}]}
    return await code(server, "POST", f"/channels/{server.state.channel.id}/messages", body)


@pytest.mark.parametrize(
    ("menu", "expected"),
    [
        (select(25), None),
        (select(26), 50035),
        (select(options=[]), 50035),
        (select(placeholder="x" * 150), None),
        (select(placeholder="x" * 151), 50035),
        (select(custom_id="x" * 101), 50035),
        (select(options=[option(label="x" * 100)]), None),
        (select(options=[option(label="x" * 101)]), 50035),
        (select(options=[option(label="")]), 50035),
        (select(options=[option(description="x" * 100)]), None),
        (select(options=[option(description="x" * 101)]), 50035),
        (select(options=[option(value="x" * 100)]), None),
        (select(options=[option(value="x" * 101)]), 50035),
        (select(options=[option(), option(label="b")]), 50035),
    ],
)
async def test_limits_of_a_select(server: DiscordServer, menu: Json, expected: int | None) -> None:
    assert await posted(server, menu) == expected
    assert len(server.violations) == (expected is not None)


async def board(server: DiscordServer, bot: SampleBot, place: Any) -> Message:  # noqa: ANN401
    """Use a command in ``place`` whose answer has a select."""

    async def answer(interaction: discord.Interaction) -> None:
        view = discord.ui.View(timeout=None)
        menu = discord.ui.Select(custom_id="pick", placeholder=PLACEHOLDER)
        for number, words in enumerate(("Neon rain", "Run, run"), start=1):
            menu.add_option(label=f"{number} · {words}", value=f"p{number}", description="Verse")
        view.add_item(menu)
        await interaction.response.send_message("board", view=view)

    bot.answer = answer
    message = (await server.member("Ada").slash("do", channel=place)).message
    assert message is not None
    return message


@pytest.mark.parametrize("kind", [*ChannelType])
async def test_choice_reaches_the_bot_in_each_kind_of_channel(
    server: DiscordServer, bot: SampleBot, kind: ChannelType
) -> None:
    received: list[discord.Interaction] = []

    async def on_interaction(interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.component:
            received.append(interaction)
            await interaction.response.send_message("Your vote: 2", ephemeral=True)

    bot.add_listener(on_interaction)
    state, ada = server.state, server.member("Ada")
    if kind in {ChannelType.FORUM, ChannelType.MEDIA}:
        place = (await ada.post(state.new_channel("ideas", type=kind), "An elegy", "la")).channel
    elif kind in {ChannelType.PUBLIC_THREAD, ChannelType.PRIVATE_THREAD}:
        private = kind == ChannelType.PRIVATE_THREAD
        place = state.new_thread("parts", state.channel, private=private)
    elif kind == ChannelType.ANNOUNCEMENT_THREAD:
        parent = state.new_channel("news", type=ChannelType.ANNOUNCEMENT)
        place = state.new_thread("parts", parent)
    elif kind == ChannelType.DM:
        place = ada.dm
    elif kind == ChannelType.GROUP_DM:
        place = state.new_private_channel(ada.user, server.member("Ben").user, name="band")
    else:
        place = state.new_channel("place", type=kind)
    message = await board(server, bot, place)
    chosen = await ada.select(message, PLACEHOLDER, "p2")
    assert chosen.is_ephemeral
    [interaction] = received
    assert interaction.data["component_type"] == 3
    assert interaction.data["values"] == ["p2"]
    assert interaction.message.id == message.id
    assert server.violations == []


async def test_select_takes_one_of_its_options(server: DiscordServer, bot: SampleBot) -> None:
    ada = server.member("Ada")
    message = await board(server, bot, server.state.channel)
    for wrong in (("p3",), ("p1", "p2"), ()):
        with pytest.raises(NotPossibleError):
            await ada.select(message, "pick", *wrong)
    with pytest.raises(NotPossibleError):
        await ada.click(message, "pick")


def entity_select(kind: int, *defaults: Json, **fields: object) -> Json:
    """Return a select of users, roles or channels that begins with ``defaults``."""
    return {"type": kind, "custom_id": "pick", "default_values": [*defaults], **fields}


def default(kind: str, number: int = 1) -> Json:
    return {"id": str(number), "type": kind}


@pytest.mark.parametrize(
    ("menu", "expected"),
    [
        (entity_select(8, default("channel")), None),
        (entity_select(6, default("role")), None),
        (entity_select(7, default("role"), default("user", 2), max_values=2), None),
        (entity_select(8, min_values=0), None),
        (entity_select(8, default("role")), 50035),
        (entity_select(5, default("channel")), 50035),
        (entity_select(6, default("role"), default("role", 2)), 50035),
        (entity_select(8, default("channel"), min_values=2, max_values=3), 50035),
    ],
)
async def test_default_values_fit_the_select(
    server: DiscordServer, menu: Json, expected: int | None
) -> None:
    assert await posted(server, menu) == expected


async def test_channel_select_offers_its_types_only(server: DiscordServer, bot: SampleBot) -> None:
    received: list[list[str]] = []

    async def answer(interaction: discord.Interaction) -> None:
        view = discord.ui.View(timeout=None)
        types = [discord.ChannelType.text]
        view.add_item(discord.ui.ChannelSelect(custom_id="pick", channel_types=types))
        await interaction.response.send_message("where", view=view)

    async def on_interaction(interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.component:
            received.append(interaction.data["values"])
            await interaction.response.defer()

    bot.answer = answer
    bot.add_listener(on_interaction)
    ada, state = server.member("Ada"), server.state
    message = (await ada.slash("do")).message
    voice = state.new_channel("stage", type=ChannelType.VOICE)
    with pytest.raises(NotPossibleError):
        await ada.select(message, "pick", voice)
    await ada.select(message, "pick", state.channel)
    assert received == [[str(state.channel.id)]]


async def test_untouched_select_of_a_modal_sends_its_default_values(
    server: DiscordServer, bot: SampleBot
) -> None:
    received: list[list[str]] = []
    channel = server.state.channel

    class Notices(discord.ui.Modal, title="Notices"):
        where = discord.ui.Label(
            text="Where",
            component=discord.ui.ChannelSelect(
                custom_id="where",
                default_values=[
                    discord.SelectDefaultValue(
                        id=channel.id, type=discord.SelectDefaultValueType.channel
                    )
                ],
                min_values=0,
                required=False,
            ),
        )

        async def on_submit(self, interaction: discord.Interaction) -> None:
            received.append(interaction.data["components"][0]["component"]["values"])
            await interaction.response.send_message("Told", ephemeral=True)

    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Notices())

    bot.answer = answer
    ada = server.member("Ada")
    await ada.submit((await ada.slash("do")).modal)
    await ada.submit((await ada.slash("do")).modal, {"where": []})
    assert received == [[str(channel.id)], []]

import asyncio
import datetime as dt
from typing import Any

import discord
import pytest
from aiohttp import ClientSession

from sandbox.discord.interaction_models import TIMEOUT_TEXT
from sandbox.discord.permissions import Permission
from sandbox.discord.ratelimits import Limit
from sandbox.discord.server import DiscordServer
from tests.support.sample_bot import SampleBot, connected_bot

Json = dict[str, Any]


async def raw(server: DiscordServer, method: str, path: str, body: object) -> tuple[int, Json]:
    headers = {"Authorization": f"Bot {server.token}"}
    url = server.api_url + path
    async with (
        ClientSession() as http,
        http.request(method, url, json=body, headers=headers) as got,
    ):
        return got.status, await got.json() if got.status != 204 else {}


def row(*components: Json) -> Json:
    return {"type": 1, "components": list(components)}


def button(number: int = 0, **more: object) -> Json:
    return {"type": 2, "style": 1, "label": "go", "custom_id": f"go{number}", **more}


LINK = {"type": 2, "style": 5, "label": "see", "url": "https://example.com"}
FIELD = {"name": "n", "value": "v"}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"content": "x" * 2001}, "content"),
        ({"embeds": [{"title": "x"}] * 11}, "embeds"),
        ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title"),
        ({"embeds": [{"description": "x" * 4097}]}, "embeds.0.description"),
        ({"embeds": [{"fields": [FIELD] * 26}]}, "embeds.0.fields"),
        ({"embeds": [{"fields": [{"name": "x" * 257, "value": "v"}]}]}, "embeds.0.fields.0.name"),
        ({"embeds": [{"fields": [{"name": "n", "value": "x" * 1025}]}]}, "embeds.0.fields.0.value"),
        ({"embeds": [{"fields": [{"name": "n", "value": ""}]}]}, "embeds.0.fields.0.value"),
        ({"embeds": [{"title": "t", "footer": {"text": "x" * 2049}}]}, "embeds.0.footer.text"),
        ({"embeds": [{"title": "t", "author": {"name": "x" * 257}}]}, "embeds.0.author.name"),
        ({"embeds": [{"description": "x" * 3001}] * 2}, "embeds"),
        ({"embeds": [{"title": "t", "url": "nowhere"}]}, "embeds.0.url"),
        ({"embeds": [{"title": "t", "image": {"url": "None.png"}}]}, "embeds.0.image.url"),
        ({"components": [row(button(n)) for n in range(6)]}, "components"),
        ({"components": [row(*map(button, range(6)))]}, "components.0.components"),
        ({"components": [row(button(), button())]}, "components"),
        ({"components": [row(button(custom_id="x" * 101))]}, "components.0.components.0.custom_id"),
        ({"components": [row(button(label="x" * 81))]}, "components.0.components.0.label"),
        ({"components": [row(LINK | {"url": "ftp://x"})]}, "components.0.components.0.url"),
        ({"components": [row(LINK | {"custom_id": "x"})]}, "components.0.components.0.custom_id"),
        ({"components": [{"type": 10, "content": "x"}]}, "components.0.type"),
        ({"content": "x", "attachments": [{"id": "7"}]}, "attachments.0"),
    ],
)
async def test_message_beyond_limit_is_refused(body: Json, place: str) -> None:
    async with DiscordServer() as server:
        path = f"/channels/{server.state.channel.id}/messages"
        status, answer = await raw(server, "POST", path, {"content": "x"} | body)
        assert (status, answer["code"]) == (400, 50035)
        node = answer["errors"]
        for step in place.split("."):
            node = node[step]
        assert node["_errors"][0]["message"]
        assert place in str(server.violations[0])
        assert server.state.channel.messages == {}


async def test_empty_message_is_refused() -> None:
    async with DiscordServer() as server:
        path = f"/channels/{server.state.channel.id}/messages"
        for body in ({}, {"content": "  "}, {"embeds": [{}]}, {"content": None}):
            assert (await raw(server, "POST", path, body))[1]["code"] == 50006


async def test_message_at_limit_is_accepted() -> None:
    async with DiscordServer() as server:
        path = f"/channels/{server.state.channel.id}/messages"
        body = {
            "content": "🎵" * 2000,
            "embeds": [{"description": "x" * 3000}] * 2,
            "components": [row(*(button(5 * n + m) for m in range(5))) for n in range(5)],
        }
        assert (await raw(server, "POST", path, body))[0] == 200
        assert server.violations == []


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Upper"},
        {"name": "with space"},
        {"name": "x" * 33},
        {"description": ""},
        {"description": "x" * 101},
        {"contexts": []},
        {"integration_types": [7]},
        {"options": [{"type": 3, "name": f"o{n}", "description": "d"} for n in range(26)]},
        {"options": [{"type": 3, "name": "o", "description": "d"}] * 2},
        {
            "options": [
                {"type": 3, "name": "a", "description": "d"},
                {"type": 3, "name": "b", "description": "d", "required": True},
            ]
        },
        {
            "options": [
                {
                    "type": 3,
                    "name": "a",
                    "description": "d",
                    "choices": [{"name": f"c{n}", "value": "v"} for n in range(26)],
                }
            ]
        },
    ],
)
async def test_command_beyond_limit_is_refused(change: Json) -> None:
    async with DiscordServer() as server:
        path = f"/applications/{server.application_id}/commands"
        body = {"name": "fine", "description": "d"} | change
        assert (await raw(server, "POST", path, body))[1]["code"] == 50035
        assert (await raw(server, "PUT", path, [body]))[1]["code"] == 50035
        assert server.commands.all() == []


async def test_commands_are_registered_edited_and_deleted() -> None:
    async with DiscordServer() as server:
        guild = server.state.guild.id
        for base in ("", f"/guilds/{guild}"):
            path = f"/applications/{server.application_id}{base}/commands"
            _, made = await raw(server, "POST", path, {"name": "sing", "description": "d"})
            one = f"{path}/{made['id']}"
            assert (await raw(server, "PATCH", one, {"description": "e"}))[1]["id"] == made["id"]
            assert (await raw(server, "GET", one, None))[1]["description"] == "e"
            assert (await raw(server, "DELETE", one, None))[0] == 204
            assert (await raw(server, "GET", one, None))[1]["code"] == 10063


async def test_wrong_token_or_type_is_a_violation_and_unknown_route_is_none() -> None:
    async with DiscordServer() as server, ClientSession() as http:
        path = f"{server.api_url}/channels/{server.state.channel.id}/messages"
        async with http.get(server.api_url + "/users/@me") as got:
            assert (got.status, (await got.json())["code"]) == (401, 0)
        bot = {"Authorization": f"Bot {server.token}"}
        kind = {"Content-Type": "application/json; charset=utf-8"}
        async with http.post(path, data=b'{"content": "x"}', headers=bot | kind) as got:
            assert got.status == 400
        async with http.post(
            path, data=b"{", headers=bot | {"Content-Type": "application/json"}
        ) as got:
            assert (await got.json())["code"] == 50109
        async with http.get(server.api_url + "/nothing/here", headers=bot) as got:
            assert (got.status, (await got.json())["code"]) == (501, 0)
        async with http.get(
            f"{server.api_url}/guilds/{server.state.guild.id}/members/search", headers=bot
        ) as got:
            assert got.status == 501
            assert "does not know this route" in (await got.json())["message"]
        assert [each.code for each in server.violations] == [0, 50035, 50109]
        assert server.invalid_requests == 1


async def test_late_response_is_refused() -> None:
    async with DiscordServer(acknowledge_timeout=0.1) as server, connected_bot(server) as bot:
        go = asyncio.Event()

        async def answer(interaction: discord.Interaction) -> None:
            await go.wait()
            await interaction.response.send_message("sorry")

        bot.answer = answer
        ada = server.member("Ada")
        call = await ada.slash("do")
        assert call.error == TIMEOUT_TEXT
        go.set()
        await server.wait_for(lambda: bot.errors)
        assert isinstance(bot.errors[0], discord.NotFound)
        assert bot.errors[0].code == 10062
        assert ada.read() == []
        assert [each.code for each in server.violations] == [10062]


async def test_second_response_is_refused(server: DiscordServer, bot: SampleBot) -> None:
    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("one")
        path = f"/interactions/{interaction.id}/{interaction.token}/callback"
        body = {"type": 4, "data": {"content": "two"}}
        assert (await raw(server, "POST", path, body))[1]["code"] == 40060
        await interaction.followup.send("end")

    bot.answer = answer
    ada = server.member("Ada")
    await ada.slash("do")
    await server.wait_for(lambda: len(ada.read()) > 1)
    assert [each.content for each in ada.read()] == ["one", "end"]
    assert [each.code for each in server.violations] == [40060]
    assert bot.errors == []


@pytest.mark.parametrize(
    "data",
    [
        {"title": "x" * 46},
        {"components": []},
        {"custom_id": "x" * 101},
        {"components": [{"type": 18, "label": "x" * 46, "component": {}}]},
        {"components": [{"type": 2}]},
        {"field": {"min_length": 5, "max_length": 4}},
        {"field": {"max_length": 4001}},
        {"field": {"max_length": 3, "value": "xxxx"}},
        {"field": {"placeholder": "x" * 101}},
        {"twice": True},
        {"count": 6},
    ],
)
async def test_modal_beyond_limit_is_refused(
    server: DiscordServer, bot: SampleBot, data: Json
) -> None:
    def label(number: int) -> Json:
        field = {"type": 4, "custom_id": f"t{number}", "style": 1} | data.get("field", {})
        return {"type": 18, "label": "L", "component": field}

    labels = [label(number) for number in range(data.get("count", 1))]
    labels += [label(0)] if data.get("twice") else []
    modal = {"custom_id": "m", "title": "T", "components": labels} | data
    answers: list[Json] = []

    async def answer(interaction: discord.Interaction) -> None:
        path = f"/interactions/{interaction.id}/{interaction.token}/callback"
        answers.append((await raw(server, "POST", path, {"type": 9, "data": modal}))[1])
        await interaction.response.send_message("refused")

    bot.answer = answer
    call = await server.member("Ada").slash("do")
    assert answers[0]["code"] == 50035
    assert call.modal is None
    assert call.message is not None


async def test_modal_as_response_to_modal_is_refused(server: DiscordServer, bot: SampleBot) -> None:
    seen: list[Json] = []

    async def on_interaction(interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.modal_submit:
            path = f"/interactions/{interaction.id}/{interaction.token}/callback"
            body = {"type": 9, "data": {"custom_id": "x", "title": "x", "components": []}}
            seen.append((await raw(server, "POST", path, body))[1])

    bot.add_listener(on_interaction)
    ada = server.member("Ada")
    await ada.submit((await ada.slash("extend", clip="elegy")).modal)
    await server.wait_for(lambda: seen)
    assert seen[0]["code"] in {50035, 40060}


@pytest.mark.parametrize("code", [50027, 10015])
async def test_token_expires_after_fifteen_minutes(
    server: DiscordServer, bot: SampleBot, code: int
) -> None:
    kept: list[discord.Interaction] = []

    async def answer(interaction: discord.Interaction) -> None:
        kept.append(interaction)
        await interaction.response.send_message("one")

    bot.answer = answer
    call = await server.member("Ada").slash("do")
    if code == 50027:
        call.age_token(dt.timedelta(minutes=16))
    else:
        call.invalidate_token(code)
    with pytest.raises(discord.HTTPException) as refused:
        await kept[0].edit_original_response(content="two")
    assert refused.value.code == code
    assert call.message is not None
    # the message is still there for the bot itself
    channel = bot.get_channel(server.state.channel.id)
    assert isinstance(channel, discord.TextChannel)
    await channel.get_partial_message(call.message.id).edit(content="two")
    assert call.message.content == "two"
    assert server.violations == []


async def test_ephemeral_message_is_unknown_to_channel_routes(
    server: DiscordServer, bot: SampleBot
) -> None:
    ada = server.member("Ada")
    call = await ada.context_menu("Extend this song", await ada.say(None, "x"))
    assert call.message is not None
    channel = bot.get_channel(server.state.channel.id)
    assert isinstance(channel, discord.TextChannel)
    with pytest.raises(discord.NotFound) as refused:
        await channel.get_partial_message(call.message.id).edit(content="two")
    assert refused.value.code == 10008


async def test_missing_permission_is_refused(server: DiscordServer, bot: SampleBot) -> None:
    state = server.state
    channel = bot.get_channel(state.channel.id)
    assert isinstance(channel, discord.TextChannel)
    message = await channel.send("x")
    state.set_overwrite(state.channel, state.bot, deny=Permission.SEND_MESSAGES)
    with pytest.raises(discord.Forbidden) as refused:
        await channel.send("y")
    assert refused.value.code == 50013
    await message.edit(content="z")
    state.set_overwrite(state.channel, state.bot, deny=Permission.ADD_REACTIONS)
    with pytest.raises(discord.Forbidden) as refused:
        await message.add_reaction("🎵")
    assert refused.value.code == 50013
    state.set_overwrite(state.channel, state.bot_role(), deny=Permission.VIEW_CHANNEL)
    state.set_overwrite(state.channel, state.bot)
    with pytest.raises(discord.Forbidden) as refused:
        await message.edit(content="z")
    assert refused.value.code == 50001
    state.delete_channel(state.channel)
    with pytest.raises(discord.NotFound) as gone:
        await message.edit(content="z")
    assert gone.value.code == 10003
    assert server.violations == []
    assert server.invalid_requests == 3


async def test_bot_receives_no_events_of_hidden_channel(
    server: DiscordServer, bot: SampleBot
) -> None:
    state, ada = server.state, server.member("Ada")
    other = state.new_channel("open")
    state.set_overwrite(state.channel, state.bot, deny=Permission.VIEW_CHANNEL)
    await ada.say(None, "secret")
    await ada.say(other, "public")
    await server.wait_for(lambda: bot.received_messages)
    assert [each.channel.id for each in bot.received_messages] == [other.id]
    # without the intent for it, other people's words are not told
    assert bot.received_messages[0].content == ""


async def test_interaction_contains_permissions(server: DiscordServer, bot: SampleBot) -> None:
    seen: list[discord.Permissions] = []

    async def answer(interaction: discord.Interaction) -> None:
        seen.extend((interaction.app_permissions, interaction.permissions))
        await interaction.response.send_message("x")

    bot.answer = answer
    state = server.state
    state.set_overwrite(state.channel, state.bot, deny=Permission.ATTACH_FILES)
    await server.member("Ada").slash("do")
    assert (seen[0].attach_files, seen[1].attach_files) == (False, True)


async def test_edits_of_messages_older_than_an_hour_are_limited(
    server: DiscordServer, bot: SampleBot
) -> None:
    channel = bot.get_channel(server.state.channel.id)
    assert isinstance(channel, discord.TextChannel)
    sent = await channel.send("0")
    message = server.state.channel.messages[sent.id]
    server.age(message, dt.timedelta(hours=2))
    server.rate_limits.is_enforced = False
    path = f"/channels/{channel.id}/messages/{sent.id}"
    other = server.state.channel.messages[(await channel.send("other")).id]
    server.age(other, dt.timedelta(hours=2))
    answers = [await raw(server, "PATCH", path, {"content": str(n)}) for n in range(1, 5)]
    assert [status for status, _ in answers] == [200] * 3 + [429]
    assert answers[-1][1]["code"] == 30046
    assert 5 < answers[-1][1]["retry_after"] <= 6
    assert message.content == "3"
    # the limit is the channel's, and new messages have none
    assert (
        await raw(server, "PATCH", path.replace(str(sent.id), str(other.id)), {"content": "x"})
    )[1]["code"] == 30046
    await (await channel.send("new")).edit(content="newer")
    assert server.violations == []


async def test_edits_of_old_messages_are_free_again_after_the_window(
    server: DiscordServer, bot: SampleBot
) -> None:
    server.state.old_edit_limit = Limit(1, 0.3)
    channel = bot.get_channel(server.state.channel.id)
    assert isinstance(channel, discord.TextChannel)
    sent = await channel.send("0")
    message = server.state.channel.messages[sent.id]
    server.age(message, dt.timedelta(hours=2))
    await sent.edit(content="1")
    await sent.edit(content="2")  # discord.py waits and repeats
    assert message.content == "2"
    statuses = [request.code for request in server.requests if request.method == "PATCH"]
    assert statuses == [None, 30046, None]

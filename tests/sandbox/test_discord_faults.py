import asyncio

import aiohttp
import discord
import pytest

from sandbox.discord.server import DiscordServer
from tests.support.sample_bot import SampleBot

MESSAGES = "/channels/{channel_id}/messages"
ORIGINAL = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"


def text_channel(server: DiscordServer, bot: SampleBot) -> discord.TextChannel:
    channel = bot.get_channel(server.state.channel.id)
    assert isinstance(channel, discord.TextChannel)
    return channel


async def test_fault_answer_applies_to_planned_number_of_requests(
    server: DiscordServer, bot: SampleBot
) -> None:
    channel = text_channel(server, bot)
    fault = server.faults.answer("POST", MESSAGES, status=403, code=50013, times=2)
    for _ in range(2):
        with pytest.raises(discord.Forbidden) as refused:
            await channel.send("x")
        assert refused.value.code == 50013
    await channel.send("y")
    assert [each.content for each in server.state.channel.messages.values()] == ["y"]
    assert [request.status for request in fault.matched_requests] == [403, 403]


async def test_bot_waits_for_retry_after_of_fault(server: DiscordServer, bot: SampleBot) -> None:
    server.faults.answer("POST", MESSAGES, status=429, retry_after=0.1)
    await text_channel(server, bot).send("x")
    sent = [request.status for request in server.requests if request.route == MESSAGES]
    assert sent == [429, 200]
    assert server.invalid_requests == 1


async def test_fault_applies_only_to_requests_matching_when(
    server: DiscordServer, bot: SampleBot
) -> None:
    channel = text_channel(server, bot)
    server.faults.answer(
        "*",
        "/channels/*",
        status=404,
        code=10003,
        when=lambda request: (request.json or {}).get("content") == "bad",
    )
    await channel.send("good")
    with pytest.raises(discord.NotFound):
        await channel.send("bad")


@pytest.mark.parametrize("applied", [True, False])
async def test_closed_connection_before_or_after_applying(*, applied: bool) -> None:
    async with DiscordServer() as server, aiohttp.ClientSession() as http:
        server.faults.close("POST", MESSAGES, applied=applied)
        path = server.api_url + MESSAGES.format(channel_id=server.state.channel.id)
        headers = {"Authorization": f"Bot {server.token}"}
        with pytest.raises(aiohttp.ClientConnectionError):
            await http.post(path, json={"content": "x"}, headers=headers)
        assert len(server.state.channel.messages) == applied


@pytest.mark.parametrize("applied", [True, False])
async def test_hanging_request_ends_on_release(*, applied: bool) -> None:
    async with DiscordServer() as server, aiohttp.ClientSession() as http:
        fault = server.faults.hang("POST", MESSAGES, applied=applied)
        path = server.api_url + MESSAGES.format(channel_id=server.state.channel.id)
        headers = {"Authorization": f"Bot {server.token}"}
        asked = asyncio.create_task(http.post(path, json={"content": "x"}, headers=headers))
        await server.wait_for(lambda: fault.matched_requests)
        assert len(server.state.channel.messages) == applied
        assert not asked.done()
        fault.release()
        if applied:
            async with await asked as got:
                assert got.status == 200
        else:
            with pytest.raises(aiohttp.ClientConnectionError):
                await asked


async def test_request_log_contains_no_token(server: DiscordServer, bot: SampleBot) -> None:
    tokens = [server.token]

    async def answer(interaction: discord.Interaction) -> None:
        tokens.append(interaction.token)
        await interaction.response.send_message("x")
        await interaction.edit_original_response(content="y")

    bot.answer = answer
    call = await server.member("Ada").slash("do")
    await server.wait_for(lambda: call.message and call.message.edit_count)
    async with aiohttp.ClientSession() as http:
        await http.get(f"{server.api_url}/webhooks/1/{tokens[1]}/what/is/this")
    book = repr(server.requests) + repr(server.violations)
    assert ORIGINAL in book
    assert not any(token in book for token in tokens)


async def test_deleted_message_is_unknown(server: DiscordServer, bot: SampleBot) -> None:
    channel = text_channel(server, bot)
    sent = await channel.send("x")
    message = server.state.channel.messages[sent.id]
    server.delete(message)
    with pytest.raises(discord.NotFound) as gone:
        await sent.edit(content="y")
    assert gone.value.code == 10008
    assert message.deleted

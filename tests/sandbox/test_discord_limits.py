import asyncio

import discord
import pytest
from aiohttp import ClientSession

from sandbox.discord.server import DiscordServer
from tests.support.sample_bot import SampleBot


async def test_exceeded_bucket_answers_429_with_retry_after() -> None:
    async with DiscordServer() as server, ClientSession() as http:
        path = f"{server.api_url}/channels/{server.state.channel.id}/messages"
        headers = {"Authorization": f"Bot {server.token}"}
        left: list[str] = []
        for number in range(5):
            async with http.post(path, json={"content": str(number)}, headers=headers) as got:
                left.append(got.headers["X-RateLimit-Remaining"])
                assert got.headers["X-RateLimit-Limit"] == "5"
                assert got.headers["X-RateLimit-Bucket"]
        assert left == ["4", "3", "2", "1", "0"]
        async with http.post(path, json={"content": "6"}, headers=headers) as got:
            body = await got.json()
            assert got.status == 429
            assert got.headers["X-RateLimit-Scope"] == "user"
            assert got.headers["Via"]
            assert float(got.headers["Retry-After"]) >= body["retry_after"] > 4
            assert body["global"] is False
        # another channel has its own
        other = server.state.new_channel("other")
        path = f"{server.api_url}/channels/{other.id}/messages"
        async with http.post(path, json={"content": "6"}, headers=headers) as got:
            assert got.status == 200
        assert server.invalid_requests == 1
        assert server.violations == []


async def test_global_limit_is_fifty_requests_per_second() -> None:
    async with DiscordServer() as server, ClientSession() as http:
        headers = {"Authorization": f"Bot {server.token}"}

        async def ask(number: int) -> tuple[int, str | None]:
            path = f"{server.api_url}/channels/{number}/messages"
            async with http.get(path, headers=headers) as got:
                return got.status, got.headers.get("X-RateLimit-Global")

        answers = await asyncio.gather(*(ask(number) for number in range(55)))
        assert answers.count((404, None)) == 50
        assert answers.count((429, "true")) == 5


async def test_discord_py_waits_for_its_bucket(server: DiscordServer, bot: SampleBot) -> None:
    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("0")
        await asyncio.gather(
            *(interaction.edit_original_response(content=str(n)) for n in range(1, 8))
        )

    bot.answer = answer
    call = await server.member("Ada").slash("do")
    message = call.message
    assert message is not None
    await server.wait_for(lambda: message.edit_count == 7, timeout=6)
    assert message.history[-1][0] - message.history[0][0] > 1.5
    assert server.violations == []


@pytest.mark.usefixtures("bot")
async def test_interaction_responses_do_not_count_for_global_limit(server: DiscordServer) -> None:
    ada = server.member("Ada")
    calls = await asyncio.gather(*(ada.slash("extend", clip=f"c{n}") for n in range(60)))
    assert all(call.modal for call in calls)
    assert server.invalid_requests == 0

"""Refusals that Discord gives and a bot can't foresee, and how a test orders them."""

import discord
import pytest

from sandbox.discord.server import DiscordServer
from tests.support.raw_requests import code, raw
from tests.support.sample_bot import SampleBot

MESSAGES = "/channels/{channel_id}/messages"
DIRECT = "/users/@me/channels"


async def test_direct_message_to_closed_member_is_refused_at_creation(
    server: DiscordServer,
) -> None:
    ada = server.member("Ada")
    ada.user.accepts_dms = False
    status, answer = await raw(server, "POST", DIRECT, {"recipient_id": str(ada.id)})
    assert (status, answer["code"]) == (400, 50007)
    assert server.violations == []


async def test_direct_message_without_mutual_guild_is_refused(server: DiscordServer) -> None:
    ada, state = server.member("Ada"), server.state
    opened = await raw(server, "POST", DIRECT, {"recipient_id": str(ada.id)})
    state.leave(state.guild, ada.user)
    state.join(state.foreign_guild, ada.user)
    assert await code(server, "POST", DIRECT, {"recipient_id": str(ada.id)}) == 50278
    path = f"/channels/{opened[1]['id']}/messages"
    status, answer = await raw(server, "POST", path, {"content": "x"})
    assert (status, answer["code"]) == (403, 50278)
    assert server.violations == []


async def test_opening_many_direct_messages_is_too_fast(server: DiscordServer) -> None:
    ada, ben = server.member("Ada"), server.member("Ben")
    server.state.new_dms_left = 1
    assert await code(server, "POST", DIRECT, {"recipient_id": str(ada.id)}) is None
    status, answer = await raw(server, "POST", DIRECT, {"recipient_id": str(ben.id)})
    assert (status, answer["code"]) == (403, 40003)
    # an open one stays open
    assert await code(server, "POST", DIRECT, {"recipient_id": str(ada.id)}) is None
    server.state.new_dms_left = None
    assert await code(server, "POST", DIRECT, {"recipient_id": str(ben.id)}) is None


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (20009, 400),
        (40004, 403),
        (40333, 403),
        (160005, 400),
        (200000, 400),
        (240000, 400),
        (400001, 403),
    ],
)
async def test_refusal_has_status_and_message_of_its_code(
    server: DiscordServer, number: int, status: int
) -> None:
    server.faults.refuse("POST", MESSAGES, number)
    path = f"/channels/{server.state.channel.id}/messages"
    answered, body = await raw(server, "POST", path, {"content": "x"})
    assert (answered, body["code"]) == (status, number)
    assert body["message"] != "Refused"
    assert await code(server, "POST", path, {"content": "x"}) is None
    assert server.violations == []


async def test_ordered_limit_of_old_edits_tells_when_to_retry(server: DiscordServer) -> None:
    server.faults.refuse("POST", MESSAGES, 30046)
    path = f"/channels/{server.state.channel.id}/messages"
    status, body = await raw(server, "POST", path, {"content": "x"})
    assert (status, body["code"]) == (429, 30046)
    assert body["retry_after"] > 0


async def test_cloudflare_answers_with_a_page(server: DiscordServer, bot: SampleBot) -> None:
    server.faults.block("POST", MESSAGES)
    channel = bot.get_channel(server.state.channel.id)
    assert isinstance(channel, discord.TextChannel)
    with pytest.raises(discord.Forbidden) as refused:
        await channel.send("x")
    assert refused.value.code == 0
    assert "Cloudflare" in refused.value.text
    await channel.send("y")


async def test_poll_is_refused_as_not_modelled(server: DiscordServer) -> None:
    body = {"poll": {"question": {"text": "q"}, "answers": [{"poll_media": {"text": "a"}}]}}
    path = f"/channels/{server.state.channel.id}/messages"
    status, answer = await raw(server, "POST", path, body)
    assert status == 501
    assert "polls" in answer["message"]
    assert server.violations == []


# the application's settings


async def test_command_for_disabled_installation_is_refused(server: DiscordServer) -> None:
    server.commands.integration_types = {0}
    path = f"/applications/{server.application_id}/commands"
    command = {"name": "sing", "description": "d"}
    status, answer = await raw(server, "PUT", path, [command | {"integration_types": [0, 1]}])
    assert (status, answer["code"]) == (400, 50035)
    assert answer["errors"]["0"]["integration_types"]["1"]["_errors"]
    status, [made] = await raw(server, "PUT", path, [command])
    assert (status, made["integration_types"]) == (200, [0])
    _, application = await raw(server, "GET", "/applications/@me")
    assert application["integration_types_config"] == {"0": {}}


async def test_commands_can_change_behind_the_bots_back(
    server: DiscordServer, bot: SampleBot
) -> None:
    server.commands.replace_all(None, [{"name": "other", "description": "d"}])
    assert [each.name for each in await bot.tree.fetch_commands()] == ["other"]
    server.commands.replace_all(None, [])
    assert await bot.tree.fetch_commands() == []


async def test_interactions_go_to_the_endpoint_if_there_is_one(
    server: DiscordServer, bot: SampleBot
) -> None:
    server.state.interactions_endpoint_url = "https://example.com/interactions"
    server.interactions.acknowledge_timeout = 0.2
    call = await server.member("Ada").slash("do")
    assert call.error
    assert (await bot.application_info()).interactions_endpoint_url

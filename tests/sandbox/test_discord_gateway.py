import asyncio
import json
import zlib

import discord
import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from sandbox.discord.protocol import Intent
from sandbox.discord.server import DiscordServer
from tests.support.sample_bot import SampleBot, connected_bot


async def test_dropped_bot_resumes_and_receives_missed_events(
    server: DiscordServer, bot: SampleBot
) -> None:
    ada = server.member("Ada")
    message = await ada.say(None, "x")
    server.gateway.drop_connections()
    await ada.react(message, "🔁")
    await server.wait_for(lambda: bot.reactions, timeout=10)
    assert bot.reactions == [("🔁", ada.id, message.id)]
    assert (server.gateway.identify_count, server.gateway.resume_count) == (1, 1)


async def test_bot_resumes_after_abrupt_disconnect(server: DiscordServer, bot: SampleBot) -> None:
    server.gateway.drop_connections(abrupt=True)
    call = asyncio.create_task(server.member("Ada").slash("extend", clip="x"))
    await server.wait_for(lambda: server.gateway.resume_count == 1, timeout=10)
    assert (await call).modal is not None
    assert not bot.is_closed()


async def test_bot_resumes_after_reconnect_request(server: DiscordServer, bot: SampleBot) -> None:
    server.gateway.request_reconnect()
    await asyncio.wait_for(bot.resumed.wait(), 10)
    assert server.gateway.identify_count == 1


async def test_bot_is_away_while_the_gateway_is_out(server: DiscordServer, bot: SampleBot) -> None:
    ada = server.member("Ada")
    server.interactions.acknowledge_timeout = 0.2
    message = await ada.say(None, "x")
    with server.gateway.outage():
        assert not server.gateway.is_connected
        assert (await ada.slash("do")).error == "The application did not respond"
        await ada.react(message, "🔁")
        assert not server.gateway.is_connected
        async with ClientSession() as http:
            with pytest.raises(WSServerHandshakeError, match="503"):
                await http.ws_connect(server.gateway.url)
    await server.wait_for(lambda: server.gateway.is_connected, timeout=15)
    assert server.gateway.identify_count == 2
    server.interactions.acknowledge_timeout = 3.0
    assert (await ada.slash("extend", clip="x")).modal is not None
    assert bot.reactions == []


async def test_resend_last_repeats_event(server: DiscordServer, bot: SampleBot) -> None:
    ada = server.member("Ada")
    message = await ada.say(None, "x")
    await ada.react(message, "🔁")
    server.gateway.resend_last("MESSAGE_REACTION_ADD")
    await server.wait_for(lambda: len(bot.reactions) > 1)
    assert bot.reactions[0] == bot.reactions[1]
    with pytest.raises(LookupError):
        server.gateway.resend_last("MESSAGE_REACTION_REMOVE")


async def test_identify_without_granted_privileged_intent_is_refused() -> None:
    class Curious(SampleBot):
        def __init__(self) -> None:
            super().__init__()
            self._connection._intents.message_content = True  # noqa: SLF001

    async with DiscordServer() as server:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            async with connected_bot(server, Curious()):
                pass
    async with (
        DiscordServer(privileged_intents=Intent.MESSAGE_CONTENT) as server,
        connected_bot(server, Curious()) as bot,
    ):
        await server.member("Ada").say(None, "hello")
        await server.wait_for(lambda: bot.received_messages)
        assert bot.received_messages[0].content == "hello"


async def test_identify_with_wrong_token_is_refused(server: DiscordServer) -> None:
    server.token = "sandbox.wrong"
    with pytest.raises(discord.LoginFailure):
        async with connected_bot(server):
            pass


class GatewayClient:
    """A bare gateway client, for what discord.py hides."""

    def __init__(self, ws: ClientWebSocketResponse, *, packed: bool) -> None:
        self.ws = ws
        self.stream = zlib.decompressobj() if packed else None

    async def next(self) -> dict:
        frame = await self.ws.receive(timeout=2)
        if frame.type is WSMsgType.CLOSE:
            return {"op": "close", "d": frame.data}
        if self.stream is not None:
            assert frame.data.endswith(b"\x00\x00\xff\xff")
            return json.loads(self.stream.decompress(frame.data))
        return json.loads(frame.data)

    async def say(self, op: int, d: object) -> None:
        await self.ws.send_json({"op": op, "d": d})

    async def identify(self, server: DiscordServer, intents: int, shard: list[int]) -> dict:
        assert (await self.next())["op"] == 10
        data = {"token": server.token, "intents": intents, "shard": shard, "properties": {}}
        await self.say(2, data)
        return await self.next()


@pytest.mark.parametrize("packed", [True, False])
async def test_guilds_are_distributed_over_shards(*, packed: bool) -> None:
    query = "?v=10&encoding=json" + ("&compress=zlib-stream" if packed else "")
    async with DiscordServer(shards=2) as server, ClientSession() as http:
        guild = server.state.guild
        seen = {}
        for shard in (0, 1):
            async with http.ws_connect(server.gateway.url + query) as ws:
                listener = GatewayClient(ws, packed=packed)
                ready = await listener.identify(server, 1, [shard, 2])
                assert ready["t"] == "READY"
                seen[shard] = [int(each["id"]) for each in ready["d"]["guilds"]]
        own = (guild.id >> 22) % 2
        assert seen[own] == [guild.id]
        assert seen[1 - own] == []


async def test_guilds_of_each_shard_can_be_made() -> None:
    async with DiscordServer(shards=3) as server, ClientSession() as http:
        state = server.state
        guilds = [state.new_guild(f"Guild {n}", shard=(n % 3, 3)) for n in range(9)]
        assert len({guild.id for guild in guilds}) == 9
        async with http.ws_connect(server.gateway.url) as ws:
            listener = GatewayClient(ws, packed=False)
            ready = await listener.identify(server, 1, [2, 3])
            seen = {int(each["id"]) for each in ready["d"]["guilds"]}
            assert seen - {state.guild.id} == {guilds[n].id for n in (2, 5, 8)}
            assert server.gateway.connected_shards == {2}


async def test_unknown_session_is_invalid_and_invalid_payload_closes_socket() -> None:
    async with DiscordServer() as server, ClientSession() as http:
        async with http.ws_connect(server.gateway.url) as ws:
            listener = GatewayClient(ws, packed=False)
            await listener.next()
            await listener.say(6, {"token": server.token, "session_id": "gone", "seq": 1})
            assert await listener.next() == {"t": None, "s": None, "op": 9, "d": False}
            await listener.say(1, None)
            assert (await listener.next())["op"] == 11
            await listener.say(77, {})
            assert await listener.next() == {"op": "close", "d": 4001}
        async with http.ws_connect(server.gateway.url) as ws:
            listener = GatewayClient(ws, packed=False)
            assert await listener.identify(server, 1, [2, 2]) == {"op": "close", "d": 4010}


async def test_interactions_need_no_intent() -> None:
    async with DiscordServer(acknowledge_timeout=0.01) as server, ClientSession() as http:
        server.commands.upsert(None, {"name": "sing", "description": "d"})
        async with http.ws_connect(server.gateway.url) as ws:
            listener = GatewayClient(ws, packed=False)
            await listener.identify(server, 0, [0, 1])
            ada = server.member("Ada")
            await ada.react(await ada.say(None, "x"), "🔁")
            await ada.slash("sing")
            assert (await listener.next())["t"] == "INTERACTION_CREATE"

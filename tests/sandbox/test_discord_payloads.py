"""The sandbox's responses validated against Discord's OpenAPI document."""

import importlib
import io
import os
import pathlib
from typing import Any

import discord
import pytest
from aiohttp import ClientSession

from sandbox.discord.openapi import OpenApiDocument
from sandbox.discord.protocol import ChannelType
from sandbox.discord.server import DiscordServer
from tests.support.sample_bot import SampleBot, song_buttons

PATH = os.environ.get("SANDBOX_OPENAPI")
pytestmark = pytest.mark.skipif(
    PATH is None, reason="SANDBOX_OPENAPI names no copy of Discord's OpenAPI document"
)
CHANNEL = "/channels/{channel_id}"
MESSAGE = "/channels/{channel_id}/messages/{message_id}"
WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"
CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"


class ResponseValidator:
    """Sends requests and validates the responses against the OpenAPI document."""

    def __init__(self, server: DiscordServer, http: ClientSession) -> None:
        assert PATH is not None
        self.server = server
        self.http = http
        self.document = OpenApiDocument(pathlib.Path(PATH))

    async def find_error(
        self, method: str, template: str, body: object = None, query: str = "", **ids: object
    ) -> str | None:
        url = self.server.api_url + template.format(**ids) + query
        headers = {"Authorization": f"Bot {self.server.token}"}
        async with self.http.request(method, url, json=body, headers=headers) as got:
            answer = await got.json()
            status = got.status
        if status >= 400:
            return f"{status} {answer}"
        operation = f"/paths/{template.replace('/', '~1')}/{method.lower()}"
        schema = f"{operation}/responses/{status}/content/application~1json/schema"
        errors = self.document.validator_at(schema).iter_errors(answer)
        found: Any = importlib.import_module("jsonschema.exceptions").best_match(errors)
        return None if found is None else f"{template}: {list(found.path)} {found.message}"


async def test_responses_match_openapi_schemas(server: DiscordServer, bot: SampleBot) -> None:
    complaints: list[str | None] = []
    server.rate_limits.is_enforced = False
    state, ada = server.state, server.member("Ada")

    async with ClientSession() as http:
        examiner = ResponseValidator(server, http)

        async def ask(method: str, template: str, body: object = None, **ids: object) -> None:
            complaints.append(await examiner.find_error(method, template, body, **ids))

        async def answer(interaction: discord.Interaction) -> None:
            ids = {"interaction_id": interaction.id, "interaction_token": interaction.token}
            body = {"type": 4, "data": {"content": "x"}}
            await ask("POST", CALLBACK, body, query="?with_response=true", **ids)
            ids = {"webhook_id": server.application_id, "webhook_token": interaction.token}
            await ask("POST", WEBHOOK, {"content": "y"}, **ids)
            await ask("GET", WEBHOOK + "/messages/@original", **ids)
            await ask("PATCH", WEBHOOK + "/messages/@original", {"content": "z"}, **ids)
            embed = discord.Embed(title="t", description="d").set_image(url="attachment://w.png")
            embed.add_field(name="n", value="v").set_footer(text="f")
            file = discord.File(io.BytesIO(b"png"), "w.png")
            await interaction.followup.send(embed=embed, file=file, view=song_buttons("x"))

        bot.answer = answer
        call = await ada.slash("do")
        await server.wait_for(lambda: len(call.followups) > 1)
        call = await ada.slash("do", channel=ada.dm)
        await server.wait_for(lambda: len(call.followups) > 1)
        sent_message = await ada.say(None, f"hi {state.bot.mention}", reply_to=ada.read()[0])
        await ada.react(sent_message, "🔁")
        thread = state.new_thread("t", state.channel, start=sent_message)
        song = await ada.submit((await ada.slash("extend", clip="a")).modal)
        assert song.message is not None
        again = await ada.click(song.message, "Again")
        await ada.submit(again.modal)

        for message in (*ada.read(), *ada.read(ada.dm)):
            await ask("GET", MESSAGE, channel_id=message.channel.id, message_id=message.id)
        for channel in (state.channel, thread, ada.dm):
            await ask("GET", CHANNEL, channel_id=channel.id)
            await ask("GET", CHANNEL + "/messages", channel_id=channel.id)
        await ask("POST", CHANNEL + "/messages", {"content": "x"}, channel_id=state.channel.id)
        await ask("POST", "/users/@me/channels", {"recipient_id": ada.id})
        for template in ("/users/@me", "/users/@me/guilds", "/gateway", "/gateway/bot"):
            await ask("GET", template)
        await ask("GET", "/applications/@me")
        await ask("GET", "/oauth2/applications/@me")
        await ask("GET", "/users/{user_id}", user_id=ada.id)
        for part in ("", "/channels", "/roles", "/members", "/threads/active"):
            await ask("GET", "/guilds/{guild_id}" + part, guild_id=state.guild.id)
        await ask(
            "GET", "/guilds/{guild_id}/members/{user_id}", guild_id=state.guild.id, user_id=ada.id
        )
        await ask("GET", "/applications/{application_id}/commands", application_id=state.bot.id)
    assert [each for each in complaints if each] == []
    assert len(complaints) > 30
    assert server.violations == []


async def test_channels_of_each_type_match_openapi_schemas(server: DiscordServer) -> None:
    state, ada = server.state, server.member("Ada")
    kinds = (ChannelType.VOICE, ChannelType.STAGE, ChannelType.FORUM, ChannelType.ANNOUNCEMENT)
    places = [state.new_channel("place", type=kind) for kind in kinds]
    places.append((await ada.post(places[2], "title", "text")).channel)
    places.append(state.new_thread("secret", state.channel, private=True))
    body = {"name": "t", "type": 11, "auto_archive_duration": 60}
    async with ClientSession() as http:
        examiner = ResponseValidator(server, http)
        for place in places:
            assert await examiner.find_error("GET", CHANNEL, channel_id=place.id) is None
        template = CHANNEL + "/threads"
        found = await examiner.find_error("POST", template, body, channel_id=state.channel.id)
        assert found is None
    assert server.violations == []

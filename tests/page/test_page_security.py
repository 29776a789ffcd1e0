"""Access to the sandbox: only from this machine, with the page's secret, and no other origins."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import aiohttp
import pytest

from sandbox.discord.server import DiscordServer
from sandbox.page.server import PageServer
from sandbox.providers.server import ProviderServer

FOREIGN = [
    {"Host": "evil.example"},
    {"Host": "evil.example:80"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
]


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        yield running


@pytest.fixture
async def page(discord: DiscordServer) -> AsyncIterator[PageServer]:
    async with PageServer(discord) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def status(http: aiohttp.ClientSession, url: str, **options: object) -> int:
    async with http.request(str(options.pop("method", "GET")), url, **options) as answer:
        return answer.status


async def test_page_address_opens_page(page: PageServer, http: aiohttp.ClientSession) -> None:
    async with http.get(page.address) as answer:
        assert answer.status == 200
        assert "<title>Encore" in await answer.text()
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


async def test_servers_listen_on_loopback_only(page: PageServer) -> None:
    assert urlsplit(page.address).hostname == "127.0.0.1"


@pytest.mark.parametrize("path", ["", "index.html", "events", "act", "panel", "js/main.js"])
async def test_path_without_secret_is_404(
    page: PageServer, http: aiohttp.ClientSession, path: str
) -> None:
    parts = urlsplit(page.address)
    for secret in ("", "guess/", parts.path[1:-2] + "/"):
        assert await status(http, f"http://{parts.netloc}/{secret}{path}") == 404


@pytest.mark.parametrize("headers", FOREIGN)
async def test_page_refuses_other_hosts_and_origins(
    page: PageServer, http: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    assert await status(http, page.address, headers=headers) == 403
    assert await status(http, page.address + "events", headers=headers) == 403
    act = {"method": "POST", "json": {"do": "say"}, "headers": headers}
    assert await status(http, page.address + "act", **act) == 403


@pytest.mark.parametrize("headers", FOREIGN)
async def test_discord_and_providers_refuse_other_hosts_and_origins(
    discord: DiscordServer, http: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    assert await status(http, discord.api_url + "/gateway", headers=headers) == 403
    async with ProviderServer() as providers:
        order = {"method": "POST", "json": {"speed": 2}, "headers": headers}
        assert await status(http, providers.base_url + "/sandbox/speed", **order) == 403


async def test_page_refuses_origin_with_other_port(
    page: PageServer, http: aiohttp.ClientSession
) -> None:
    headers = {"Origin": "http://127.0.0.1:1"}
    assert await status(http, page.address + "events", headers=headers) == 403


async def test_html_form_post_is_refused(
    page: PageServer, http: aiohttp.ClientSession, discord: DiscordServer
) -> None:
    ada = discord.member("Ada")
    text = f'{{"do": "say", "member": "{ada.id}", "channel": "{discord.state.channel.id}"}}'
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        post = {"method": "POST", "data": text, "headers": {"Content-Type": kind}}
        assert await status(http, page.address + "act", **post) == 415
        assert await status(http, page.address + "upload?name=a", **post) == 415
    assert ada.read() == []


@pytest.mark.parametrize(
    "path", ["../server.py", "..%2fserver.py", "js", "js/", "css/../../security.py"]
)
async def test_only_static_files_are_served(
    page: PageServer, http: aiohttp.ClientSession, path: str
) -> None:
    assert await status(http, page.address + path) == 404


@pytest.mark.parametrize(
    "action",
    [
        {},
        {"do": "say"},
        {"do": "say", "member": "1"},
        {"do": "explode", "member": "ADA", "channel": "HERE"},
        {"do": "say", "member": "ADA", "channel": "7", "text": "hello"},
        {"do": "say", "member": "ADA", "channel": "HERE", "text": ["hello"]},
        {"do": "say", "member": "ADA", "channel": "HERE", "text": ""},
        {"do": "say", "member": "ADA", "channel": "HERE", "text": "x", "uploads": ["none"]},
        {"do": "click", "member": "ADA", "channel": "HERE", "message": "1", "custom_id": "x"},
        {"do": "slash", "member": "ADA", "channel": "HERE", "name": "none", "options": {}},
        {"do": "slash", "member": "ADA", "channel": "HERE", "name": "none", "options": []},
        {"do": "autocomplete", "member": "ADA", "channel": "HERE", "name": "none"},
        {"do": "submit", "member": "ADA", "channel": "HERE", "modal": "1"},
        {"do": "thread", "member": "ADA", "channel": "HERE", "name": " "},
    ],
)
async def test_invalid_action_is_answered_with_error_text(
    discord: DiscordServer,
    page: PageServer,
    http: aiohttp.ClientSession,
    action: dict[str, object],
) -> None:
    known = {"ADA": str(discord.member("Ada").id), "HERE": str(discord.state.channel.id)}
    sent = {
        key: known.get(value, value) if isinstance(value, str) else value
        for key, value in action.items()
    }
    async with http.post(page.address + "act", json=sent) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]


async def test_page_receives_message_changes(
    discord: DiscordServer, page: PageServer, http: aiohttp.ClientSession
) -> None:
    ada = discord.member("Ada")
    async with http.ws_connect(page.address + "events") as socket:
        hello = (await socket.receive_json())["hello"]
        assert [each["name"] for each in hello["members"]] == ["Ada", "Ben", "Owner"]
        post = await ada.say(None, "Hello **there**")
        await ada.react(post, "🔁")
        received = await _next(socket, "messages")
        [message] = received["messages"]
        assert message["content"] == "Hello **there**"
        assert message["reactions"] == [
            {"key": "🔁", "emoji": {"id": None, "name": "🔁"}, "users": [str(ada.id)]}
        ]
        await ada.delete(post)
        assert (await _next(socket, "gone"))["gone"] == [[str(post.channel.id), str(post.id)]]


async def test_server_close_closes_open_pages(
    discord: DiscordServer, http: aiohttp.ClientSession
) -> None:
    async with PageServer(discord) as page:
        socket = await http.ws_connect(page.address + "events")
        await socket.receive_json()
    async with asyncio.timeout(2):
        while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
    assert discord.state.message_listeners == []


async def _next(socket: aiohttp.ClientWebSocketResponse, what: str) -> dict[str, list]:
    async with asyncio.timeout(3):
        while True:
            received = await socket.receive_json()
            if received.get(what):
                return received

"""One real browser for all tests of the page. Tests with the real bot share a sandbox, each in its
own channel; tests with a scripted bot have their own Discord."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from sandbox.app import Sandbox
from sandbox.browser import MISSING_BROWSER, find_browser, launch_browser
from sandbox.discord.server import DiscordServer
from sandbox.page.server import PageServer
from tests.support.browser_user import BrowserUser, OpenBrowser
from tests.support.scripted_bot import ScriptedBot

SPEED = 40.0
TIMEOUT = 30_000  # milliseconds; many tests may share two cores


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=TIMEOUT)
    if find_browser() is None:
        pytest.skip(MISSING_BROWSER)
    async with launch_browser() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(speed=SPEED) as sandbox:
        await sandbox.start_bot()
        # short parts: their audio is made in no time
        async with aiohttp.ClientSession(sandbox.providers_url) as http:
            await http.post("/sandbox/timeline", json={"length": [4, 6]})
        yield sandbox


@pytest_asyncio.fixture(loop_scope="session")
async def open_browser(
    request: pytest.FixtureRequest, browser: Browser, sandbox: Sandbox
) -> AsyncIterator[OpenBrowser]:
    """Return a function that opens the page in a new browser context, in the test's channel."""
    channel = sandbox.discord.state.new_channel(request.node.name.removeprefix("test_")[:40])
    contexts = []
    users: list[BrowserUser] = []

    async def open_page(width: int = 1280, height: int = 800) -> BrowserUser:
        context = await browser.new_context(viewport={"width": width, "height": height})
        context.set_default_timeout(TIMEOUT)
        contexts.append(context)
        user = BrowserUser(await context.new_page(), sandbox, channel)
        users.append(user)
        await user.open_page()
        return user

    yield open_page
    for context in contexts:
        await context.close()
    assert [error for user in users for error in user.errors] == []


@pytest_asyncio.fixture(loop_scope="session")
async def discord() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(acknowledge_timeout=0.5) as running:
        yield running


@pytest.fixture
def bot(discord: DiscordServer) -> ScriptedBot:
    return ScriptedBot(discord)


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, discord: DiscordServer) -> AsyncIterator[Page]:
    errors: list[str] = []
    async with PageServer(discord) as server:
        context = await browser.new_context(viewport={"width": 1000, "height": 800})
        context.set_default_timeout(TIMEOUT)
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(server.address)
        await page.get_by_role("heading", name="songs", exact=True).wait_for()
        yield page
        await context.close()
    assert errors == []

"""A real browser on the sandbox's page. One house and one browser serve all tests; each test has a
channel of its own."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from visitor import Visit, Visitor

from sandbox.browser import MISSING, chromium, found_browser
from sandbox.house import House

SPEED = 40.0
PATIENCE = 15_000  # milliseconds


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    if found_browser() is None:
        pytest.skip(MISSING)
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house() -> AsyncIterator[House]:
    async with House(speed=SPEED) as house:
        await house.start_bot()
        # short parts: their audio is made in no time
        async with aiohttp.ClientSession(house.providers_url) as http:
            await http.post("/sandbox/timeline", json={"length": [4, 6]})
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def visit(
    request: pytest.FixtureRequest, browser: Browser, house: House
) -> AsyncIterator[Visit]:
    """Open the page in a browser of its own, in the test's channel."""
    channel = house.discord.world.new_channel(request.node.name.removeprefix("test_")[:40])
    contexts = []
    visitors: list[Visitor] = []

    async def open_page(width: int = 1280, height: int = 800) -> Visitor:
        context = await browser.new_context(viewport={"width": width, "height": height})
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        visitor = Visitor(await context.new_page(), house, channel)
        visitors.append(visitor)
        await visitor.enter()
        return visitor

    yield open_page
    for context in contexts:
        await context.close()
    assert [error for visitor in visitors for error in visitor.errors] == []

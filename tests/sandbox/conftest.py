import os
from collections.abc import AsyncIterator

import pytest

from sandbox.discord.server import DiscordServer
from tests.support.sample_bot import SampleBot, connected_bot


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(openapi=os.environ.get("SANDBOX_OPENAPI")) as running:
        yield running


@pytest.fixture
async def bot(server: DiscordServer) -> AsyncIterator[SampleBot]:
    async with connected_bot(server) as sample_bot:
        yield sample_bot

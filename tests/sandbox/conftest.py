import os
from collections.abc import AsyncIterator

import pytest
from player import Player, logged_in

from sandbox.discord.server import DiscordServer


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(openapi=os.environ.get("SANDBOX_OPENAPI")) as running:
        yield running


@pytest.fixture
async def bot(server: DiscordServer) -> AsyncIterator[Player]:
    async with logged_in(server) as player:
        yield player

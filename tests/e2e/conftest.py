"""The real bot, in this process, against the sandbox over real sockets."""

import asyncio
import datetime as dt
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from stage import PROVIDERS, Stage

from sandbox.discord.server import DiscordServer
from sandbox.providers.server import ProviderServer
from sandbox.providers.timeline import Timeline

# Short clips on a fast clock: what takes minutes at Suno takes seconds here.
QUICK = Timeline(queued=(0.1, 0.2), streaming=(1.8, 2.0), complete=(3.7, 4.0), length=(4.0, 6.0))


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A sandbox with a connected bot; at the end, nothing it did may have broken a rule."""
    async with (
        DiscordServer(openapi=os.environ.get("SANDBOX_OPENAPI")) as discord,
        ProviderServer(timeline=QUICK) as providers,
    ):
        made = Stage(discord, providers, database=tmp_path / "encore.db")
        async with made.bot():
            yield made
        assert [str(violation) for violation in discord.violations] == made.expected_violations


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    """Each of the five, by name."""
    name: str = request.param
    return name

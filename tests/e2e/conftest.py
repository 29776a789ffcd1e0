"""The real bot, in this process, against the sandbox over real sockets."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.discord.server import DiscordServer
from sandbox.providers.server import ProviderServer
from sandbox.providers.timeline import Timeline
from tests.support.bot_harness import PROVIDERS, BotHarness
from tests.support.session_evening import Evening

# Short clips that are soon ready: what takes minutes at Suno takes a second here.
QUICK = Timeline(queued=(0.1, 0.2), streaming=(0.4, 0.5), complete=(0.8, 0.9), length=(4.0, 6.0))


@pytest.fixture
async def offline_harness(tmp_path: Path) -> AsyncIterator[BotHarness]:
    """A sandbox without a bot; at the end, no bot on it may have broken a rule."""
    async with (
        DiscordServer(openapi=os.environ.get("SANDBOX_OPENAPI")) as discord,
        ProviderServer(timeline=QUICK) as providers,
    ):
        made = BotHarness(discord, providers, database=tmp_path / "encore.db")
        yield made
        assert [str(violation) for violation in discord.violations] == made.violations
        for account in providers.accounts.values():
            assert [violation.reason for violation in account.violations] == []


@pytest.fixture
async def harness(offline_harness: BotHarness) -> AsyncIterator[BotHarness]:
    """A sandbox with a connected bot."""
    async with offline_harness.bot():
        yield offline_harness


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    """Each of them, by name."""
    name: str = request.param
    return name


@pytest.fixture
async def evening(offline_harness: BotHarness) -> AsyncIterator[Evening]:
    """An evening with a connected bot, before anybody starts a session.

    At the end, no post of a session may have been edited too soon or without news.
    """
    async with offline_harness.bot() as bot:
        made = Evening(offline_harness, bot)
        yield made
        assert made.edits_without_news() == []
        assert made.hasty_edits() == []

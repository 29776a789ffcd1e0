"""Sessions whose bot is killed at any moment: nothing is sent twice, nothing is lost."""

from pathlib import Path

import pytest

from tests.support.bot_harness import PROVIDERS, BotHarness
from tests.support.killed_evening import KilledEvening
from tests.support.torture import EVENINGS, KILLS_AN_EVENING


@pytest.mark.torture
@pytest.mark.parametrize("number", range(EVENINGS))
async def test_an_evening_goes_on_whenever_the_bot_is_killed(
    offline_harness: BotHarness, tmp_path: Path, number: int
) -> None:
    provider = ("suno_api", *PROVIDERS)[number % len(PROVIDERS)]
    evening = KilledEvening(offline_harness, tmp_path / "bot.log", provider=provider, seed=number)
    await evening.go(KILLS_AN_EVENING)
    await evening.check()

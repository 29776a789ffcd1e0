"""Sessions whose bot is killed at any moment: nothing is sent twice, nothing is lost."""

import datetime as dt
import re
from pathlib import Path

import pytest

from tests.support.bot_harness import BotHarness, text
from tests.support.killed_evening import KilledEvening
from tests.support.session_evening import Evening
from tests.support.torture import EVENINGS, KILLS_AN_EVENING

# those that can tell how long a clip is, or are given its audio
PROVIDERS = ("suno_api", "aimlapi", "sunoapi_com", "acestep")


@pytest.mark.torture
@pytest.mark.parametrize("number", range(EVENINGS))
async def test_an_evening_goes_on_whenever_the_bot_is_killed(
    offline_harness: BotHarness, tmp_path: Path, number: int
) -> None:
    provider = PROVIDERS[number % len(PROVIDERS)]
    offline_harness.has_acestep = provider == "acestep"
    offline_harness.overrides["ACESTEP_LENGTH"] = "10"
    evening = KilledEvening(offline_harness, tmp_path / "bot.log", provider=provider, seed=number)
    await evening.go(KILLS_AN_EVENING)
    await evening.check()


async def test_a_vote_gets_the_time_back_in_which_encore_was_restarted(
    offline_harness: BotHarness,
) -> None:
    away = 40  # seconds; a connection may be lost for so long without being made up for
    async with offline_harness.bot() as bot:
        evening = await Evening(offline_harness, bot).start("suno_api", parts=1)
        await evening.write(evening.bo, "[Verse]\nNeon rain on the window")
        await evening.until(lambda: evening.found("**1 has voted.** It ends"))
        ends_at = _end_shown(evening)
    offline_harness.clock.move(dt.timedelta(seconds=away))
    async with offline_harness.bot():
        await evening.until(lambda: _end_shown(evening) >= ends_at + away)


def _end_shown(evening: Evening) -> int:
    """Return when the vote ends, as its board says."""
    assert evening.board is not None
    found = re.search(r"It ends <t:(\d+):R>", text(evening.board))
    return int(found[1]) if found else 0

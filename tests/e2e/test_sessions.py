"""Sessions: members write a song together, part by part, and vote on it."""

from tests.support.bot_harness import BotHarness, labels
from tests.support.session_evening import Evening

VERSE = "[Verse]\nNeon rain on the window\nRunning down in silver lines"


async def test_a_session_goes_from_its_start_to_the_full_song(offline_harness: BotHarness) -> None:
    harness = offline_harness
    async with harness.bot() as bot:
        evening = await Evening(harness, bot).start("suno_api", parts=1)
        await evening.write(evening.bo, VERSE)
        await evening.until(lambda: evening.found("**1 has voted.** It ends"))
        await evening.pass_time(61)
        await evening.until(lambda: evening.result)
        await evening.choose(evening.ada, "B goes on")
        await evening.until(lambda: evening.found("**1 has chosen.**"))
        await evening.pass_time(200)
        await evening.until(lambda: evening.found("Night Bus is finished"))
        await evening.until(lambda: labels(evening.card) == ["The thread", "💿 The full song"])

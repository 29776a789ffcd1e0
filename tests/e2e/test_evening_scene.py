"""The scene *An evening* with the real bot: four members write a song, and a newcomer joins in."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sandbox.discord.models import Channel
from sandbox.evening import NAMES, run_evening
from sandbox.members import ScriptedMember, latest_with, text_of
from tests.support.bot_harness import BotHarness
from tests.support.session_evening import Evening

NO_PAUSE = (0.0, 0.0)
VOTE = "30"  # seconds, as in `make demo`
FASTER = 60  # times, that the bot's clock runs
TICK = 0.05  # seconds


@asynccontextmanager
async def hurried(harness: BotHarness) -> AsyncIterator[None]:
    """Let the bot's clock run faster, as long as the context lasts."""
    harness.overrides["ENCORE_SESSION_VOTE"] = VOTE
    async with harness.bot() as bot:
        evening = Evening(harness, bot)

        async def move_clock() -> None:
            while True:
                await asyncio.sleep(TICK)
                await evening.pass_time(TICK * FASTER)

        moving = asyncio.create_task(move_clock())
        yield
        moving.cancel()


async def test_four_members_write_a_song_with_a_newcomer_who_leaves(
    offline_harness: BotHarness,
) -> None:
    harness, told = offline_harness, list[str]()
    ada = ScriptedMember(harness.discord, "Ada", lambda: 0.0)

    def thread() -> Channel | None:
        found = [each for each in harness.discord.state.channels.values() if each.is_thread]
        return found[0] if found and latest_with(found[0], "ses:write") else None

    async def join_in() -> None:
        place = await ada.wait_for(thread, timeout=20)
        board = latest_with(place, "ses:write")
        assert board is not None
        opened = await ada.press(board, "Write a part")
        await ada.fill(opened, {"Lyrics": "[Verse]\nA line of my own"})

    async with hurried(harness):
        clip = harness.source("aimlapi")
        playing = run_evening(harness.discord, clip, told.append, pause=NO_PAUSE, patience=0.3)
        scene = asyncio.create_task(playing)
        await join_in()
        await asyncio.wait_for(scene, timeout=60)
        place = thread()
        assert place is not None
    written = [line for line in told if " writes “" in line]
    assert len(written) == 6
    assert {line.split(":")[0] for line in written} == set(NAMES)
    assert "Dee: proposes to end the song" in told
    assert "Bo: closes the choice of the clip" in told
    # each does what is possible: nothing is refused
    known = r"\w+: (/session start|writes|votes for|chooses|proposes|closes)|The song is finished:"
    assert [line for line in told if not re.match(known, line)] == []
    said = "\n".join(map(text_of, place.messages.values()))
    assert "A line of my own" in said
    assert "is finished" in said

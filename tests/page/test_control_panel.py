"""What the control panel does with the gateway and the scenes."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable

import pytest

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.server import DiscordServer
from sandbox.page.control_panel import ControlPanel
from sandbox.page.fault_choices import fault_choices, fault_name
from sandbox.providers.faults import Fault
from tests.support.sample_bot import SampleBot, connected_bot


class StoppedProcess:
    is_running = False

    async def stop(self) -> None:
        return

    async def kill(self) -> None:
        return


class Scenes:
    """A supervisor whose scenes last until ``ended`` is set; ``played`` are their names."""

    def __init__(self) -> None:
        self.bot = StoppedProcess()
        self.providers_url = "http://127.0.0.1:1"
        self.played: list[str] = []
        self.ended = asyncio.Event()

    async def start_bot(self) -> None:
        return

    def latest_log_lines(self) -> list[str]:
        return []

    async def run_demo(self, report: Callable[[str], None]) -> None:
        await self._play("demo", report)

    async def run_evening(self, report: Callable[[str], None]) -> None:
        await self._play("evening", report)

    async def _play(self, name: str, report: Callable[[str], None]) -> None:
        report("begins")
        self.played.append(name)
        await self.ended.wait()
        raise RuntimeError("it rains")


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        yield running


@pytest.fixture
async def bot(discord: DiscordServer) -> AsyncIterator[SampleBot]:
    async with connected_bot(discord) as bot:
        yield bot


@pytest.fixture
async def scenes() -> Scenes:
    return Scenes()


@pytest.fixture
async def panel(discord: DiscordServer, scenes: Scenes) -> AsyncIterator[ControlPanel]:
    made = ControlPanel(discord, scenes)
    yield made
    await made.close()


async def test_gateway_is_cut_until_it_is_mended(
    panel: ControlPanel, discord: DiscordServer, bot: SampleBot
) -> None:
    await panel.perform({"do": "cut"})
    assert not discord.gateway.is_connected
    with pytest.raises(NotPossibleError, match="already"):
        await panel.perform({"do": "cut"})
    await panel.perform({"do": "mend"})
    await discord.wait_for(lambda: discord.gateway.is_connected, timeout=15)
    assert not bot.is_closed()


@pytest.mark.usefixtures("bot")
async def test_dropped_connection_comes_back_in_a_stated_time(panel: ControlPanel) -> None:
    note = await panel.perform({"do": "drop"})
    assert note is not None
    assert re.fullmatch(r"Reconnected after \d+\.\d s; the bot resumed its session\.", note)


def test_every_fault_is_offered_once_and_in_words() -> None:
    offered = [each for group in fault_choices() for each in group["faults"]]
    assert sorted(each["name"] for each in offered) == sorted(Fault)
    assert all("_" not in each["label"] for each in offered)
    assert fault_name("new_fault") == "New fault"


async def test_evening_needs_the_command_and_the_bot(
    panel: ControlPanel, discord: DiscordServer
) -> None:
    with pytest.raises(NotPossibleError, match="/session"):
        await panel.perform({"do": "evening"})
    discord.commands.upsert(None, {"name": "session", "description": "d"})
    for scene in ("evening", "play"):
        with pytest.raises(NotPossibleError, match="Start the bot first"):
            await panel.perform({"do": scene})


@pytest.mark.usefixtures("bot")
async def test_one_scene_is_played_at_a_time(
    panel: ControlPanel, discord: DiscordServer, scenes: Scenes
) -> None:
    discord.commands.upsert(None, {"name": "session", "description": "d"})
    await panel.perform({"do": "evening"})
    with pytest.raises(NotPossibleError, match="playing already"):
        await panel.perform({"do": "play"})
    scenes.ended.set()
    await discord.wait_for(lambda: scenes.played)
    for _ in range(3):
        await asyncio.sleep(0)
    assert [*panel.scene_lines] == ["begins", "It ended early: it rains"]
    await panel.perform({"do": "play"})
    await discord.wait_for(lambda: scenes.played == ["evening", "demo"])

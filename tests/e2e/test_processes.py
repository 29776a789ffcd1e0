"""Two processes of the bot on one PostgreSQL: each serves its shards, and they share the work."""

import time
from pathlib import Path

import pytest

from sandbox.providers.timeline import Timeline
from tests.support.bot_harness import GREEN, BotHarness, colour
from tests.support.bot_processes import BotProcesses, Request, running_processes

TAKEN_OVER_WITHIN = 30.0  # seconds: a process counts as dead after 25, and others look every 5
PROCESSES = "SELECT count(*) FROM processes"
# held back by the provider for so long that only the end of a claim lets another process ask
SLOW = Timeline(queued=(1.0, 1.5), streaming=(12.0, 13.0), complete=(14.0, 15.0), length=(4.0, 6.0))


@pytest.fixture
def slow_harness(offline_harness: BotHarness) -> BotHarness:
    """A provider that is waited on for long, so that each claim is held for long."""
    offline_harness.account("aimlapi").timeline = SLOW
    offline_harness.overrides["ENCORE_POLL_EVERY"] = ""
    return offline_harness


async def is_shown(processes: BotProcesses, asked: list[Request], *, within: float) -> None:
    def is_done() -> bool:
        shown = processes.replies()
        return all([colour(each) for each in shown.get(one.marker, [])] == [GREEN] for one in asked)

    await processes.harness.until(is_done, within=within)


async def test_each_process_answers_where_its_shard_is_and_one_syncs_the_commands(
    offline_harness: BotHarness, postgres_url: str, tmp_path: Path
) -> None:
    async with running_processes(offline_harness, postgres_url, tmp_path, count=2) as processes:
        asked = [await processes.ask("suno_api", shard) for shard in (0, 1, 0, 1)]
        assert all(each.is_answered for each in asked)
        await is_shown(processes, asked, within=30)
        assert processes.commands_synced == 1
        assert processes.problems() == []
    for number in range(2):
        assert "Traceback" not in processes.log(number), processes.log(number)


async def test_process_that_is_killed_is_replaced_within_a_lease(
    slow_harness: BotHarness, postgres_url: str, tmp_path: Path
) -> None:
    async with running_processes(slow_harness, postgres_url, tmp_path, count=2) as processes:
        asked = [await processes.ask("aimlapi", shard) for shard in (0, 0, 1, 1)]
        await processes.until_rows(
            "SELECT count(*) FROM extensions WHERE status IN ('submitted')", 4, within=30
        )
        await processes.kill(0)
        killed_at = time.monotonic()
        await processes.until_rows(PROCESSES, 1, within=TAKEN_OVER_WITHIN + 5)
        assert time.monotonic() - killed_at < TAKEN_OVER_WITHIN + 1
        await is_shown(processes, asked, within=20)
        assert processes.problems() == []
        await processes.start(0)
        await is_shown(processes, [await processes.ask("suno_api", 0)], within=30)
    assert "Another process has died" in processes.log(1)
    assert "Traceback" not in processes.log(1), processes.log(1)


async def test_process_that_is_stopped_hands_its_work_over_at_once(
    slow_harness: BotHarness, postgres_url: str, tmp_path: Path
) -> None:
    async with running_processes(slow_harness, postgres_url, tmp_path, count=2) as processes:
        asked = [await processes.ask("aimlapi", 0) for _ in range(3)]
        await processes.until_rows(
            "SELECT count(*) FROM extensions WHERE status IN ('submitted')", 3, within=30
        )
        await processes.children[0].stop()
        await is_shown(processes, asked, within=22)
        assert processes.problems() == []
    for number in range(2):
        assert "Traceback" not in processes.log(number), processes.log(number)

"""The bot as its own process, killed at any moment: nothing is sent twice, nothing is lost."""

import asyncio
import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.interaction_models import Modal
from sandbox.discord.models import Message
from sandbox.providers.faults import Fault
from tests.support.bot_harness import (
    GREEN,
    PROVIDERS,
    RED,
    BotHarness,
    BotProcess,
    colour,
    lyrics_of,
    text,
)
from tests.support.torture import KILLS

EVERY_PROVIDER = (*PROVIDERS, "acestep")
ASKS_PER_LIFE = 3
FINAL_TIMEOUT = 60.0  # seconds after the last start until every reply is final


@dataclass
class Asked:
    """One request of a member, who sends the modal again until the bot has answered."""

    marker: str
    provider: str
    modal: Modal
    is_answered: bool = False


class CrashScenario:
    """A member who keeps asking, and a bot that keeps being killed."""

    def __init__(self, harness: BotHarness, log: Path, seed: int) -> None:
        self.harness = harness
        self.random = random.Random(seed)
        self.asked: list[Asked] = []
        self.bot = BotProcess(harness, log, ENCORE_LOG="console")

    async def run_until_killed(self) -> None:
        """Start the bot, ask it for extensions, and kill it at a random moment.

        The moment lies anywhere in the time that it takes to ask and to be answered; one start in
        ten is interrupted itself.
        """
        starting = asyncio.create_task(self.bot.start())
        if self.random.random() < 0.1:
            await asyncio.wait([starting], timeout=self.random.uniform(0.3, 1.0))
        else:
            await starting
        asking = asyncio.create_task(self.ask_for_extensions())
        await asyncio.wait([asking], timeout=self.random.uniform(0.0, 1.2))
        await self.bot.child.kill()
        starting.cancel()
        asking.cancel()
        await asyncio.gather(starting, asking, return_exceptions=True)
        await self.harness.until(lambda: not self.harness.discord.gateway.is_connected)

    async def ask_for_extensions(self) -> None:
        for again in [each for each in self.asked if not each.is_answered]:
            await self.send(again)
        for _ in range(ASKS_PER_LIFE):
            await self.ask()
            await asyncio.sleep(self.random.uniform(0.0, 0.3))

    async def ask(self) -> None:
        """Open a modal and send it; three providers in ten don't answer until the bot is killed."""
        marker = f"song number {len(self.asked)}"
        # the first is one whose outcome can't be found out later
        provider = self.random.choice(EVERY_PROVIDER) if self.asked else PROVIDERS[0]
        if not self.asked or self.random.random() < 0.3:
            hangs = (Fault.HANG_AFTER, Fault.HANG_BEFORE)
            # what suno-api never took would be searched for until the timeout
            fault = self.random.choice(hangs[: 1 if provider == "suno_api" else 2])
            self.harness.account(provider).fail_next(fault, on="submit")
        opened = await self.harness.open_modal(provider, at="0:10", lyrics=marker)
        if opened.modal is not None:
            self.asked.append(Asked(marker, provider, opened.modal))
            await self.send(self.asked[-1])

    async def send(self, asked: Asked) -> None:
        try:
            sent = await self.harness.ada.submit(asked.modal)
        except NotPossibleError:  # the modal closed: an answer came although we did not see it
            asked.is_answered = True
            return
        asked.is_answered = sent.message is not None

    def sent(self, asked: Asked) -> int:
        """How often the provider took this request."""
        submissions = self.harness.account(asked.provider).submissions
        return sum(lyrics_of(each) == asked.marker for each in submissions)

    def replies(self, asked: Asked) -> list[Message]:
        ada = self.harness.ada
        quote = f"> {asked.marker}\n"
        seen = [*ada.read(), *ada.read(ada.dm)]
        return [each for each in seen if quote in text(each) and not each.is_ephemeral]


@pytest.mark.torture
async def test_bot_sends_nothing_twice_and_loses_nothing_whenever_it_is_killed(
    offline_harness: BotHarness, tmp_path: Path
) -> None:
    log = tmp_path / "bot.log"
    offline_harness.has_acestep = True
    offline_harness.overrides["ACESTEP_LENGTH"] = "10"
    scenario = CrashScenario(offline_harness, log, seed=7)
    for _ in range(KILLS):
        await scenario.run_until_killed()
    for account in offline_harness.providers.accounts.values():
        account.faults.clear()
    await scenario.bot.start()
    async with scenario.bot.child:
        for asked in scenario.asked:
            while not asked.is_answered:
                await scenario.send(asked)
        await offline_harness.until(
            lambda: all(
                colour(reply) in {GREEN, RED}
                for asked in scenario.asked
                for reply in scenario.replies(asked)[-1:]
            ),
            within=FINAL_TIMEOUT,
        )
        await offline_harness.until(
            lambda: _unfinished(offline_harness.database) == 0, within=FINAL_TIMEOUT
        )

    assert len(scenario.asked) >= KILLS // 2
    for asked in scenario.asked:
        assert scenario.sent(asked) <= 1, f"{asked.marker} was paid twice"
        replies = scenario.replies(asked)
        assert len(replies) == 1, f"{asked.marker} has {len(replies)} replies"
        assert colour(replies[0]) in {GREEN, RED}, text(replies[0])
        if colour(replies[0]) == RED:
            assert "No clear answer from" in text(replies[0])
        if scenario.sent(asked) and asked.provider == "suno_api":
            assert colour(replies[0]) == GREEN, "what suno_api took can be found again"
    unconfirmed = [each for each in scenario.asked if colour(scenario.replies(each)[0]) == RED]
    assert 0 < len(unconfirmed) < len(scenario.asked) * 3 / 4
    assert "Traceback" not in log.read_text()


def _unfinished(database: Path) -> int:
    """How many extensions are not final, or not shown as they are."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        query = (
            "SELECT count(*) FROM extensions WHERE status IN "
            "('waiting', 'submitting', 'submitted', 'streaming') OR published < revision"
        )
        return db.execute(query).fetchone()[0]

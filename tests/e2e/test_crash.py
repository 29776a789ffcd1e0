"""The bot as its own process, killed at any moment: nothing is sent twice, nothing is lost."""

import asyncio
import random
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.interaction_models import Modal
from sandbox.discord.models import Message
from sandbox.providers.faults import Fault
from tests.support.bot_harness import GREEN, PROVIDERS, RED, BotHarness, BotProcess, colour, text

KILLS = 50
ASKS_PER_LIFE = 3
SETTLED_WITHIN = 150.0  # a suno-api is asked for two minutes what became of a request


@dataclass
class Asked:
    """One request of a member, who sends the modal again until the bot has answered."""

    marker: str
    provider: str
    modal: Modal
    is_answered: bool = False


class Ordeal:
    """A member who keeps asking, and a bot that keeps being killed."""

    def __init__(self, stage: BotHarness, log: Path, seed: int) -> None:
        self.stage = stage
        self.random = random.Random(seed)
        self.asked: list[Asked] = []
        self.bot = BotProcess(stage, log, ENCORE_LOG="console")

    async def life(self) -> None:
        """Start the bot, have it asked for things, and kill it at a random moment.

        The moment lies anywhere in the time that it takes to ask and to be answered; one life in
        ten ends while the bot is still starting.
        """
        starting = asyncio.create_task(self.bot.start())
        if self.random.random() < 0.1:
            await asyncio.wait([starting], timeout=self.random.uniform(0.3, 1.0))
        else:
            await starting
        asking = asyncio.create_task(self.ask_for_things())
        await asyncio.wait([asking], timeout=self.random.uniform(0.0, 1.2))
        await self.bot.child.kill()
        starting.cancel()
        asking.cancel()
        await asyncio.gather(starting, asking, return_exceptions=True)
        await self.stage.until(lambda: not self.stage.discord.gateway.is_connected)

    async def ask_for_things(self) -> None:
        for again in [each for each in self.asked if not each.is_answered]:
            await self.send(again)
        for _ in range(ASKS_PER_LIFE):
            provider = self.random.choice(PROVIDERS)
            marker = f"song number {len(self.asked)}"
            if self.random.random() < 0.3:  # the provider is slow to answer: a deadly moment
                hangs = (Fault.HANG_AFTER, Fault.HANG_BEFORE)
                # what suno-api never took would be looked for, for two long minutes
                fault = self.random.choice(hangs[: 1 if provider == "suno_api" else 2])
                self.stage.studio(provider).fail_next(fault, on="submit")
            opened = await self.stage.open_modal(provider, at="0:10", lyrics=marker)
            if opened.modal is not None:
                self.asked.append(Asked(marker, provider, opened.modal))
                await self.send(self.asked[-1])
            await asyncio.sleep(self.random.uniform(0.0, 0.3))

    async def send(self, asked: Asked) -> None:
        try:
            sent = await self.stage.ada.submit(asked.modal)
        except NotPossibleError:  # the modal closed: an answer came although we did not see it
            asked.is_answered = True
            return
        asked.is_answered = sent.message is not None

    def sent(self, asked: Asked) -> int:
        """How often the provider took this request."""
        submissions = self.stage.studio(asked.provider).submissions
        return sum(each.request["prompt"] == asked.marker for each in submissions)

    def replies(self, asked: Asked) -> list[Message]:
        seen = [*self.stage.ada.read(), *self.stage.ada.read(self.stage.ada.dm)]
        quote = f"> {asked.marker}\n"
        return [each for each in seen if quote in text(each) and not each.is_ephemeral]


async def test_nothing_is_sent_twice_and_nothing_is_lost_whenever_it_is_killed(
    offline_stage: BotHarness, tmp_path: Path
) -> None:
    stage = offline_stage
    # Dying bots leave requests half sent; what counts is what they do about it.
    log = tmp_path / "bot.log"
    ordeal = Ordeal(stage, log, seed=7)
    for _ in range(KILLS):
        await ordeal.life()
    for studio in stage.providers.accounts.values():
        studio.faults.clear()
    await ordeal.bot.start()
    async with ordeal.bot.child:
        for asked in ordeal.asked:
            while not asked.is_answered:
                await ordeal.send(asked)
        await stage.until(
            lambda: all(
                colour(reply) in {GREEN, RED}
                for asked in ordeal.asked
                for reply in ordeal.replies(asked)[-1:]
            ),
            within=SETTLED_WITHIN,
        )
        await stage.until(lambda: _unsettled(stage.database) == 0, within=SETTLED_WITHIN)

    assert len(ordeal.asked) >= KILLS
    for asked in ordeal.asked:
        assert ordeal.sent(asked) <= 1, f"{asked.marker} was paid twice"
        replies = ordeal.replies(asked)
        assert len(replies) == 1, f"{asked.marker} has {len(replies)} replies"
        assert colour(replies[0]) in {GREEN, RED}, text(replies[0])
        if colour(replies[0]) == RED:
            assert "No answer from" in text(replies[0])
        if ordeal.sent(asked) and asked.provider == "suno_api":
            assert colour(replies[0]) == GREEN, "what suno_api took can be found again"
    unconfirmed = [asked for asked in ordeal.asked if colour(ordeal.replies(asked)[0]) == RED]
    # The deadly moment was met, and yet almost everything was extended.
    assert 0 < len(unconfirmed) < len(ordeal.asked) / 2
    assert "Traceback" not in log.read_text()


def _unsettled(database: Path) -> int:
    """How many extensions are not final, or not shown as they are."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        question = (
            "SELECT count(*) FROM extensions WHERE status IN "
            "('waiting', 'submitting', 'submitted', 'streaming') OR published < revision"
        )
        return db.execute(question).fetchone()[0]

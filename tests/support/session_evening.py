"""An evening: what members do in a session, with the bot's clock moved on by the test."""

import datetime as dt
import re
from collections.abc import Iterator

from bot.interactions.client import Encore
from cogs.loops import LoopsCog
from sandbox.discord.interaction_models import Interaction
from sandbox.discord.member import Member
from sandbox.discord.models import Channel, Message
from tests.support.bot_harness import BotHarness, labels, text

STEP = 30.0  # seconds; less than the gap that counts as a downtime
PICK = re.compile(r"ses:pick:\d+")


class Evening:
    """A session on the sandbox, with members in it."""

    def __init__(self, harness: BotHarness, bot: Encore) -> None:
        self.harness = harness
        self.ada = harness.ada
        self.bo, self.cy, self.dee, self.eli = (
            harness.discord.member(name) for name in ("Bo", "Cy", "Dee", "Eli")
        )
        self._bot = bot
        self.card: Message | None = None
        self.place: Channel | None = None

    async def start(
        self,
        provider: str,
        *,
        member: Member | None = None,
        channel: Channel | None = None,
        **options: object,
    ) -> "Evening":
        """Start a session by command, and wait for its first board."""
        given = {"clip": self.harness.source(provider), "provider": provider, "vote": 60} | options
        started = await (member or self.ada).slash("session start", channel=channel, **given)
        assert started.message is not None, started.error
        assert started.message.visible_to is None, text(started.message)
        self.card = started.message
        card = started.message
        if card.channel.is_thread or (channel is not None and channel.type not in (0, 5)):
            self.place = card.channel
        else:
            await self.until(lambda: self.harness.discord.state.channels.get(card.id))
            self.place = self.harness.discord.state.channels[card.id]
        await self.until(lambda: self.board)
        return self

    # what stands in the thread

    @property
    def thread(self) -> Channel:
        assert self.place is not None
        return self.place

    def messages(self) -> list[Message]:
        return [each for each in self.thread.messages.values() if each.visible_to is None]

    def found(self, *words: str) -> Message | None:
        """The newest message in the thread that says all ``words``."""
        return next(self._saying(*words), None)

    def _saying(self, *words: str) -> Iterator[Message]:
        for message in reversed(self.messages()):
            if all(word in text(message) for word in words):
                yield message

    @property
    def board(self) -> Message | None:
        """The open board."""
        return self.found("what comes next?")

    @property
    def result(self) -> Message | None:
        """The result that waits for votes."""
        return self.found("which one goes on?")

    # what members do

    async def write(
        self, member: Member, lyrics: str, *, on: Message | None = None, **fields: object
    ) -> Interaction:
        """Write a part by the newest button for it; return the form's interaction."""
        board = on or next(
            each
            for each in reversed(self.messages())
            if any(label.startswith("✍️") for label in labels(each))
        )
        button = next(label for label in labels(board) if label.startswith("✍️"))
        opened = await member.click(board, button)
        assert opened.modal is not None, opened.message and text(opened.message)
        return await member.submit(opened.modal, {"lyrics": lyrics, **fields})

    async def vote(self, member: Member, number: int) -> Interaction:
        """Vote for a proposal by the select of the open board."""
        board = self.board
        assert board is not None
        select = next(
            item for row in board.components for item in row["components"] if "options" in item
        )
        value = select["options"][number - 1]["value"]
        return await member.select(board, select["custom_id"], value)

    async def choose(self, member: Member, label: str) -> Interaction:
        """Vote for a clip, or for neither, by its button."""
        result = self.result
        assert result is not None
        return await member.click(result, label)

    # time

    async def pass_time(self, seconds: float) -> None:
        """Move the bot's clock on, as if it had been connected all the while."""
        cog = self._bot.get_cog("LoopsCog")
        assert isinstance(cog, LoopsCog)
        while seconds > 0:
            self.harness.clock.move(dt.timedelta(seconds=min(seconds, STEP)))
            seconds -= STEP
            await cog.beats.beat()
        cog.wakeups.session_runner.notify()
        cog.wakeups.boards.notify()

    async def until(self, condition: object, *, within: float = 20.0) -> None:
        await self.harness.until(condition, within=within)  # pyright: ignore[reportArgumentType]

    def dump(self) -> str:
        """All that stands in the thread, for a failing test."""
        return "\n\n".join(f"{text(each)}\n{labels(each)}" for each in self.messages())

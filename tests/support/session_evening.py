"""An evening: what members do in a session, with the bot's clock moved on by the test."""

import asyncio
import datetime as dt
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise

from bot.interactions.client import Encore
from cogs.loops import LoopsCog
from sandbox.discord.interaction_models import Interaction
from sandbox.discord.member import Member
from sandbox.discord.models import Channel, Message
from tests.support.bot_harness import BotHarness, labels, text

STEP = 30.0  # seconds; less than the gap that counts as a downtime
EDIT_INTERVAL = 2.0  # seconds between two edits of a post
OLD_EDIT_INTERVAL = 60.0  # of one that is older than an hour
HOUR = 3600.0
END_TIME = re.compile(r"It ends <t:(\d+):R>")
# what members can tell apart in a message
SHOWN = ("content", "embeds", "components")


class Evening:
    """A session on the sandbox, with members in it."""

    def __init__(self, harness: BotHarness, bot: Encore) -> None:
        self.harness = harness
        self.ada = harness.ada
        self.bo, self.cy, self.dee, self.eli = (
            harness.discord.member(name) for name in ("Bo", "Cy", "Dee", "Eli")
        )
        self.members = (self.ada, self.bo, self.cy, self.dee, self.eli)
        # an evening is told in seconds: neither Discord nor the provider takes its time
        harness.discord.rate_limits.is_enforced = False
        harness.providers.clock.speed = 5
        self._bot = bot
        self._card: Message | None = None
        self.place: Channel | None = None
        # when each version of a message was shown, by the bot's clock
        self._shown_at: defaultdict[Message, list[dt.datetime]] = defaultdict(list)
        harness.discord.state.message_listeners.append(self._note_version)

    def _note_version(self, message: Message) -> None:
        times = self._shown_at[message]
        times += [self.harness.clock()] * (len(message.history) - len(times))

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
        self._card = card = started.message
        if card.channel.is_thread or (channel is not None and channel.type not in (0, 5)):
            self.place = card.channel
        else:
            await self.until(lambda: self.harness.discord.state.channels.get(card.id))
            self.place = self.harness.discord.state.channels[card.id]
        await self.until(lambda: self.board)
        return self

    # what stands in the thread

    @property
    def card(self) -> Message:
        assert self._card is not None
        return self._card

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

    def proposal(self, number: int) -> Message:
        """The newest post of a proposal with this number."""
        found = self.found(f"Proposal {number} ·")
        assert found is not None, self.dump()
        return found

    @property
    def refusals(self) -> int:
        """How many requests of the bot Discord has refused as forbidden."""
        return self.harness.discord.invalid_requests

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
        """Vote for a proposal by the select of the open board, once that offers it."""
        if number not in offered_by(self.board):
            await self.pass_time(EDIT_INTERVAL + 0.5)
            await self.until(lambda: number in offered_by(self.board))
        assert self.board is not None
        return await self.vote_on(self.board, member, number)

    async def vote_on(self, shown: Message, member: Member, number: int) -> Interaction:
        """Vote for a proposal by the select of a message."""
        custom_id, value = offered_by(shown)[number]
        return await member.select(shown, custom_id, value)

    async def choose(self, member: Member, label: str) -> Interaction:
        """Vote for a clip, or for neither, by its button."""
        result = self.result
        assert result is not None
        return await member.click(result, label)

    async def vote_for(self, number: int, *members: Member) -> None:
        """Vote for a proposal, one member after the other, and wait until the board shows it."""
        for member in members:
            voted = await self.vote(member, number)
            assert voted.message is not None, voted.error
            assert "Your vote: " in text(voted.message), text(voted.message)

    async def vote_together(self, number: int, *members: Member) -> None:
        """Vote for a proposal, all at once."""
        calls = await asyncio.gather(*(self.vote(member, number) for member in members))
        for call in calls:
            assert call.message is not None, call.error
            assert "Your vote: " in text(call.message), text(call.message)

    async def choose_all(self, label: str, *members: Member) -> None:
        """Choose a clip, one member after the other."""
        for member in members:
            chosen = await self.choose(member, label)
            assert chosen.message is not None, chosen.error
            assert "You chose " in text(chosen.message), text(chosen.message)

    async def write_and_send(self, member: Member, lyrics: str, **fields: object) -> None:
        """Write a part, for which nobody else votes, and let the vote run out."""
        await self.write(member, lyrics, **fields)
        await self.count_votes(1)

    async def add_part(self, member: Member, lyrics: str, **fields: object) -> None:
        """Have a part written and made, of which the first clip goes on."""
        await self.write_and_send(member, lyrics, **fields)
        await self.until(lambda: self.result)
        await self.count_choices(0)
        await self.until_shown("what comes next?")

    async def more(self, member: Member, label: str) -> Interaction:
        """Press a button that stands behind *More*."""
        assert self.board is not None
        opened = await member.click(self.board, "⋯ More")
        assert opened.message is not None, opened.error
        return await member.click(opened.message, label)

    # time

    async def pass_time(self, seconds: float) -> None:
        """Move the bot's clock on, as if it had been connected all the while."""
        while seconds > 0:
            self.harness.clock.move(dt.timedelta(seconds=min(seconds, STEP)))
            seconds -= STEP
            await self._loops.beats.beat()
        self.wake_loops()

    @contextmanager
    def held_submissions(self) -> Iterator[None]:
        """Have nothing sent to a provider meanwhile."""
        self._loops.submit.cancel()
        try:
            yield
        finally:
            self._loops.submit.start()

    def wake_loops(self) -> None:
        """Have the bot look at the clock, which a test has moved."""
        self._loops.wakeups.session_runner.notify()
        self._loops.wakeups.boards.notify()

    @property
    def _loops(self) -> LoopsCog:
        cog = self._bot.get_cog("LoopsCog")
        assert isinstance(cog, LoopsCog)
        return cog

    async def until(self, condition: Callable[[], object], *, within: float = 20.0) -> None:
        try:
            await self.harness.until(condition, within=within)
        except TimeoutError as error:
            error.add_note(self.dump())
            raise

    async def until_shown(self, *words: str) -> Message:
        """Wait until a message in the thread says all ``words``, past the pause between edits."""
        await self.pass_time(EDIT_INTERVAL + 0.5)
        await self.until(lambda: self.found(*words))
        found = self.found(*words)
        assert found is not None
        return found

    async def until_voted(self, voters: int) -> Message:
        """Wait until the open board shows so many votes and its clock."""
        have = "has" if voters == 1 else "have"
        return await self.until_shown("what comes next?", f"**{voters} {have} voted.** It ends")

    async def until_chosen(self, voters: int) -> Message:
        """Wait until the result shows so many votes."""
        have = "has" if voters == 1 else "have"
        said = f"**{voters} {have} chosen.** It ends" if voters else "**Nobody has chosen yet.**"
        return await self.until_shown("which one goes on?", said)

    async def count_votes(self, voters: int) -> None:
        """Wait until so many votes are shown, and let the vote on what comes next run out."""
        await self.run_out(await self.until_voted(voters))

    async def count_choices(self, voters: int) -> None:
        """Wait until so many votes are shown, and let the vote over the clips run out."""
        await self.run_out(await self.until_chosen(voters))

    async def pass_days(self, days: float) -> None:
        """Let days go by in which nobody does anything and Encore is there.

        Beats of days would take long, so what is stored becomes older instead.
        """
        moved = int(days * 24 * HOUR * 1e6)
        with sqlite3.connect(self.harness.database) as db:
            older = "UPDATE sessions SET active_at = active_at - :by, due_at = due_at - :by"
            db.execute(older, {"by": moved})
        db.close()
        await self.pass_time(1)

    async def until_stored(self, voters: int) -> None:
        """Wait until the open round is stored with so many voters, which its board shows next."""
        path = f"file:{self.harness.database}?mode=ro"

        def is_stored() -> bool:
            with sqlite3.connect(path, uri=True) as db:
                found = db.execute("SELECT voters FROM rounds WHERE status = 'open'").fetchall()
            db.close()
            return found == [(voters,)]

        await self.until(is_stored)

    async def run_out(self, shown: Message) -> None:
        """Move the clock to just behind the end of the vote that a post tells."""
        ends = END_TIME.search(text(shown))
        assert ends is not None, text(shown)
        left = int(ends[1]) - self.harness.clock().timestamp()
        await self.pass_time(max(left, 0) + 1.5)

    # what is to hold at the end

    def posts(self) -> list[Message]:
        """All messages that sessions have kept up to date."""
        path = f"file:{self.harness.database}?mode=ro"
        with sqlite3.connect(path, uri=True) as db:
            rows = db.execute("SELECT reply_message_id FROM posts").fetchall()
        db.close()
        ids = {number for (number,) in rows}
        return [each for each in self._shown_at if each.id in ids]

    def edits_without_news(self) -> list[str]:
        """The versions of posts in which a member sees nothing that was not there before."""
        return [
            text(post)
            for post in self.posts()
            for (_, before), (_, after) in pairwise(post.history)
            if _content(before) == _content(after)
        ]

    def hasty_edits(self) -> list[str]:
        """The edits of posts that came too soon after the version before."""
        return [
            f"{(later - before).total_seconds():.2f} s: {text(post)}"
            for post in self.posts()
            for before, later in pairwise(self._shown_at[post])
            if (later - before).total_seconds() < _pause(post, before)
        ]

    def dump(self) -> str:
        """All that stands in the thread, for a failing test."""
        return "\n\n".join(f"{text(each)}\n{labels(each)}" for each in self.messages())


def offered_by(message: Message | None) -> dict[int, tuple[str, str]]:
    """By the numbers of the proposals that a select offers: its custom id, and the value."""
    rows = message.components if message is not None else []
    return {
        int(option["label"].split(" ")[0]): (item["custom_id"], option["value"])
        for row in rows
        for item in row["components"]
        for option in item.get("options", ())
    }


def _content(version: dict[str, object]) -> list[object]:
    files = version["attachments"]
    assert isinstance(files, list)
    names = [each["filename"] for each in files]
    return [*(version[name] for name in SHOWN), names]


def _pause(post: Message, shown_at: dt.datetime) -> float:
    is_old = (shown_at - post.created_at).total_seconds() > HOUR
    return OLD_EDIT_INTERVAL if is_old else EDIT_INTERVAL

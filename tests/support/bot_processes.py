"""Several processes of the bot on one PostgreSQL, each with its own shards of the sandbox."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.interaction_models import Interaction, Modal
from sandbox.discord.member import Member
from sandbox.discord.models import Channel, Message
from sandbox.processes import ManagedProcess
from tests.support.bot_harness import GREEN, GREY, RED, BotHarness, colour, lyrics_of
from tests.support.bot_harness import text as text_of

FINAL = {GREEN, RED, GREY}
START_TIMEOUT = 120.0  # seconds
WENT_WRONG = "Something went wrong"
USED_UP = re.compile(r"This server's budget for (today|this month) is used up")
MARKER = re.compile(r"^> (song number \d+)$", re.MULTILINE)
COMMANDS = re.compile(r"/applications/\d+/commands$")


@dataclass(repr=False)
class Request:
    """What a member asked for: they send the modal until they are answered."""

    marker: str
    provider: str
    member: Member
    channel: Channel
    modal: Modal | None = None
    is_closed: bool = False
    calls: list[Interaction] = field(default_factory=list[Interaction])

    @property
    def is_answered(self) -> bool:
        """Whether the form was answered, or the member was told to write none."""
        is_sent = any(call.message for call in self.calls if call.submitted_modal)
        return self.is_closed or is_sent or self.is_over_budget

    @property
    def is_refused(self) -> bool:
        """Whether nobody knows if it was stored, as PostgreSQL was away."""
        sent = [call.message for call in self.calls if call.submitted_modal and call.message]
        return any(WENT_WRONG in text_of(each) for each in sent)

    @property
    def is_over_budget(self) -> bool:
        """Whether the member was told that a budget of the server is used up."""
        answers = [call.message for call in self.calls if call.message]
        return any(USED_UP.search(text_of(each)) for each in answers)

    @property
    def is_told_alone(self) -> bool:
        """Whether nobody else saw what the member was told."""
        return all(call.message.is_ephemeral for call in self.calls if call.message)


@dataclass(repr=False)
class BotProcesses:
    """The processes, what members ask of them, and what the providers have got."""

    harness: BotHarness
    url: str
    folder: Path
    count: int
    requests: list[Request] = field(default_factory=list[Request])

    def __post_init__(self) -> None:
        state = self.harness.discord.state
        guilds = [
            state.new_guild(f"Guild {shard}", shard=(shard, self.count))
            for shard in range(self.count)
        ]
        self.channels = [state.new_channel("songs", guild) for guild in guilds]
        self.children = [self._child(number) for number in range(self.count)]
        self.process_ids = [0] * self.count  # by which rows name who claimed them
        self._known_ids: set[int] = set()
        self._engine = create_async_engine(self.url)

    def _child(self, number: int) -> ManagedProcess:
        settings = {
            "ENCORE_DATABASE_URL": self.url,
            "ENCORE_SHARDS": f"{number}/{self.count}",
            "ENCORE_LOG": "console",
        }
        return ManagedProcess("bot", ("-m", "bot"), self.harness.environment() | settings)

    def log(self, number: int) -> str:
        return (self.folder / f"bot-{number}.log").read_text()

    async def start(self, number: int) -> None:
        """Start a process and wait until its shard is connected.

        It ends at once while PostgreSQL is away, and is started again, as an operator has it.
        """
        discord = self.harness.discord

        def is_connected() -> bool:
            return number in discord.gateway.connected_shards and discord.commands.has_commands()

        async with asyncio.timeout(START_TIMEOUT):
            while not is_connected():
                if not self.children[number].is_running:
                    with (self.folder / f"bot-{number}.log").open("ab") as sink:
                        await self.children[number].start(log=sink)
                with suppress(TimeoutError):
                    await self.harness.until(is_connected, within=1)
            self.process_ids[number] = await self._new_process_id()

    async def _new_process_id(self) -> int:
        """Return the id of the process that has started last."""
        query = "SELECT id FROM processes ORDER BY seen_at"
        while True:
            ids = [row[0] for row in await self.rows(query)]
            if new := [each for each in ids if each not in self._known_ids]:
                self._known_ids.update(new)
                return new[-1]
            await asyncio.sleep(0.1)

    async def kill(self, number: int) -> None:
        await self.children[number].kill()
        gateway = self.harness.discord.gateway
        await self.harness.until(lambda: number not in gateway.connected_shards)

    async def ask(self, provider: str, shard: int, *, number: int | None = None) -> Request:
        """Have a new member ask for an extension in the guild of ``shard``."""
        count = len(self.requests) if number is None else number
        state, channel = self.harness.discord.state, self.channels[shard]
        member = self.harness.discord.member(f"member{count}")
        assert channel.guild is not None
        state.join(channel.guild, member.user)
        asked = Request(f"song number {count}", provider, member, channel)
        self.requests.append(asked)
        await self.send(asked)
        return asked

    async def send(self, asked: Request) -> None:
        """Open a modal if there is none, and send it; the bot may be away."""
        if asked.modal is None:
            opened = await self.harness.open_modal(
                asked.provider,
                member=asked.member,
                channel=asked.channel,
                at="0:10",
                lyrics=asked.marker,
            )
            asked.calls.append(opened)
            asked.modal = opened.modal
        if asked.modal is None or asked.is_answered:
            return
        try:
            asked.calls.append(await asked.member.submit(asked.modal))
        except NotPossibleError:  # it closed: an answer came although nobody saw it
            asked.is_closed = True

    async def answer(self, waiting: Iterable[Request]) -> None:
        """Have the members send what they wrote until they are answered, some at a time."""
        while waiting := [each for each in waiting if not each.is_answered]:
            for start in range(0, len(waiting), 10):
                await asyncio.gather(*map(self.send, waiting[start : start + 10]))

    def requests_in(self, channel: Channel) -> list[Request]:
        """Return what members asked for in a channel."""
        return [each for each in self.requests if each.channel is channel]

    @property
    def commands_synced(self) -> int:
        """How often the commands were synced."""
        return sum(
            each.method == "PUT"
            and re.search(r"/applications/\d+/commands$", each.path) is not None
            for each in self.harness.discord.requests
        )

    def replies(self) -> dict[str, list[Message]]:
        """Return the public messages that show each request, by its marker."""
        found: dict[str, list[Message]] = {}
        state = self.harness.discord.state
        for channel in [*self.channels, *state.dm_channels.values()]:
            for message in channel.messages.values():
                quoted = MARKER.search(text_of(message))
                if quoted and not message.is_ephemeral and not message.deleted:
                    found.setdefault(quoted[1], []).append(message)
        return found

    def problems(self) -> list[str]:
        """Return what went wrong: requests that were lost or sent twice, replies that wait."""
        found: list[str] = []
        taken = Counter(
            lyrics_of(each)
            for account in self.harness.providers.accounts.values()
            for each in account.submissions
        )
        replies = self.replies()
        for asked in self.requests:
            shown = replies.get(asked.marker, [])
            if asked.is_over_budget:
                if shown or taken[asked.marker] or not asked.is_told_alone:
                    found.append(f"{asked.marker} was refused, and was not told so alone")
                continue
            if taken[asked.marker] > 1:
                found.append(f"{asked.marker} was sent {taken[asked.marker]} times")
            is_unstored = asked.is_refused and not taken[asked.marker]
            if len(shown) != 1 and not (is_unstored and not shown):
                found.append(f"{asked.marker} has {len(shown)} replies")
            found += [
                f"{asked.marker}: {text_of(each)}" for each in shown if colour(each) not in FINAL
            ]
        return found

    async def rows(self, query: str, **parameters: object) -> list[Row[Any]]:
        """Return the rows of ``query``, as soon as PostgreSQL can be reached."""
        async with asyncio.timeout(START_TIMEOUT):
            while True:
                try:
                    async with self._engine.connect() as connection:
                        return list(await connection.execute(text(query), parameters))
                except ProgrammingError:
                    raise
                except (OSError, DBAPIError):
                    await asyncio.sleep(0.1)

    async def close(self) -> None:
        """Close the connections; the processes are stopped already."""
        await self._engine.dispose()

    async def until_rows(self, query: str, expected: object, *, within: float) -> None:
        """Wait until ``query`` returns ``expected``."""
        async with asyncio.timeout(within):
            while [tuple(row) for row in await self.rows(query)] != [(expected,)]:  # noqa: ASYNC110
                await asyncio.sleep(0.1)


@asynccontextmanager
async def running_processes(
    harness: BotHarness, url: str, folder: Path, *, count: int
) -> AsyncIterator[BotProcesses]:
    """Yield so many running processes, each with one of so many shards."""
    made = BotProcesses(harness, url, folder, count)
    try:
        for number in range(count):  # one after the other: that tells their ids apart
            await made.start(number)
        yield made
    finally:
        await asyncio.gather(*(child.stop() for child in made.children))
        await made.close()

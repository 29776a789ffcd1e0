"""Several processes of the bot on one PostgreSQL, each with its own shards of the sandbox."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.interaction_models import Modal
from sandbox.discord.member import Member
from sandbox.discord.models import Channel, Message
from sandbox.processes import ManagedProcess
from tests.support.bot_harness import GREEN, GREY, RED, BotHarness, colour, lyrics_of
from tests.support.bot_harness import text as text_of

FINAL = {GREEN, RED, GREY}
START_TIMEOUT = 120.0  # seconds
WENT_WRONG = "Something went wrong"
MARKER = re.compile(r"^> (song number \d+)$", re.MULTILINE)
COMMANDS = re.compile(r"/applications/\d+/commands$")


@dataclass
class Request:
    """What a member asked for: they send the modal until they are answered."""

    marker: str
    provider: str
    member: Member
    channel: Channel
    modal: Modal | None = None
    is_answered: bool = False
    is_refused: bool = False


@dataclass
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
            asked.modal = opened.modal
        if asked.modal is None or asked.is_answered:
            return
        try:
            sent = await asked.member.submit(asked.modal)
        except NotPossibleError:  # it closed: an answer came although nobody saw it
            asked.is_answered = True
        else:
            asked.is_answered = sent.message is not None
            # while PostgreSQL is away nobody knows whether it was stored
            asked.is_refused = sent.message is not None and WENT_WRONG in text_of(sent.message)

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
            if taken[asked.marker] > 1:
                found.append(f"{asked.marker} was sent {taken[asked.marker]} times")
            if len(shown) != 1 and not (asked.is_refused and not shown):
                found.append(f"{asked.marker} has {len(shown)} replies")
            found += [
                f"{asked.marker}: {text_of(each)}" for each in shown if colour(each) not in FINAL
            ]
        return found

    async def fetch(self, query: str) -> object:
        engine = create_async_engine(self.url)
        try:
            async with engine.connect() as connection:
                return (await connection.execute(text(query))).scalar()
        finally:
            await engine.dispose()

    async def until_rows(self, query: str, expected: object, *, within: float) -> None:
        """Wait until ``query`` returns ``expected``."""
        async with asyncio.timeout(within):
            while await self.fetch(query) != expected:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.1)


@asynccontextmanager
async def running_processes(
    harness: BotHarness, url: str, folder: Path, *, count: int
) -> AsyncIterator[BotProcesses]:
    """Yield so many running processes, each with one of so many shards."""
    made = BotProcesses(harness, url, folder, count)
    try:
        await asyncio.gather(*map(made.start, range(count)))
        yield made
    finally:
        await asyncio.gather(*(child.stop() for child in made.children))

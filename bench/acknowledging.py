"""How soon Encore answers, beside a bot of twenty lines that opens a modal and answers it.

    python bench/acknowledging.py [--smoke]

Each bot is a process of its own on a local Discord of its own. They are used in turn, so
that whatever else the machine does is in the way of both. Encore checks what was asked
for, keeps it, has a provider extend the clip and edits its reply while it is used on.
"""

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from _harness import (
    LYRICS,
    PROVIDER,
    Crowd,
    Row,
    answered_in,
    encore,
    is_smoke,
    middle,
    opened_providers,
    percentile,
    report,
    started,
)

from sandbox.discord.server import DiscordServer
from sandbox.processes import ManagedProcess

MODAL_BOUND, REPLY_BOUND = 1.5, 5.0
BETWEEN = (0.1, 0.2)  # seconds


@dataclass
class Contestant:
    """A bot, who uses it and how, and the milliseconds that it took."""

    command: str
    options: dict[str, str]
    fields: dict[str, object]
    crowd: Crowd
    modals: list[float] = field(default_factory=list[float])
    replies: list[float] = field(default_factory=list[float])

    async def use(self) -> None:
        """Have the next member use the command and send the modal."""
        member, channel = self.crowd.step_forward()
        opened = await member.slash(self.command, channel=channel, **self.options)
        self.modals.append(answered_in(opened))
        self.replies.append(answered_in(await member.submit(opened.modal, self.fields)))


@asynccontextmanager
async def contestants(folder: Path, calls: int) -> AsyncIterator[tuple[Contestant, Contestant]]:
    """Yield Encore and the other bot, both connected."""
    async with (
        DiscordServer() as ours,
        DiscordServer() as theirs,
        opened_providers() as providers,
        encore(ours, providers, folder) as our_bot,
        small_bot(theirs) as their_bot,
    ):
        crowds = [Crowd(discord, calls) for discord in (ours, theirs)]
        await started(our_bot, ours, folder)
        await started(their_bot, theirs, folder)
        clip = providers.account(PROVIDER).source_clips()[0].id
        options = {"clip": clip, "at": "1:00", "tags": "synthpop, dreamy"}
        yield (
            Contestant("extend", options, {"lyrics": LYRICS}, crowds[0]),
            Contestant("form", {}, {}, crowds[1]),
        )


def small_bot(discord: DiscordServer) -> ManagedProcess:
    """Return the bot of twenty lines as a process."""
    path = Path(__file__).with_name("_baseline_bot.py")
    environment = {"DISCORD_TOKEN": discord.token, "DISCORD_API_URL": discord.api_url}
    return ManagedProcess("bot of twenty lines", (str(path),), environment)


async def run(*, calls: int, warm_up: int) -> list[Row]:
    """Use both bots in turn; return what they took."""
    with tempfile.TemporaryDirectory(prefix="encore-bench-") as name:
        async with contestants(Path(name), warm_up + calls) as (ours, theirs):
            for turn in range(warm_up + calls):
                for contestant in random.sample((ours, theirs), 2):
                    await asyncio.sleep(random.uniform(*BETWEEN))  # noqa: S311 - not in step with loops
                    await contestant.use()
                if turn + 1 == warm_up:
                    for each in (ours, theirs):
                        each.modals.clear()
                        each.replies.clear()
    print(f"{calls} calls of each bot, after {warm_up} to warm up")
    return [
        *rows("modal", ours.modals, theirs.modals, MODAL_BOUND),
        *rows("first reply", ours.replies, theirs.replies, REPLY_BOUND),
    ]


def rows(name: str, ours: list[float], theirs: list[float], bound: float) -> list[Row]:
    """Return the lines for one kind of answer."""
    lines = [
        Row(f"{name}, {who}, {what}", value, "ms")
        for who, times in (("Encore", ours), ("twenty lines", theirs))
        for what, value in (("median", middle(times)), ("p99", percentile(times, 0.99)))
    ]
    return [*lines, Row(f"{name}, ratio of the medians", middle(ours) / middle(theirs), "", bound)]


def main() -> None:
    """Run it."""
    smoke = is_smoke(__doc__)
    calls, warm_up = (5, 2) if smoke else (200, 40)
    report(asyncio.run(run(calls=calls, warm_up=warm_up)), smoke=smoke)


if __name__ == "__main__":
    main()

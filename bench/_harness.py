"""What the benchmarks of the bot share: its settings, the figures, and how they are printed."""

import argparse
import math
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.discord.interaction_models import Interaction
from sandbox.discord.member import Member
from sandbox.discord.models import Channel
from sandbox.discord.permissions import Permission
from sandbox.discord.server import DiscordServer
from sandbox.processes import ManagedProcess, bot_process
from sandbox.providers.server import ProviderServer

PROVIDER = "suno_api"  # the one without a rate limit: nothing waits but for us
LYRICS = """[Verse]
Neon on the water, engines in the rain
Every mile behind us hums a new refrain

[Chorus]
Carry on, carry on"""


@dataclass(frozen=True)
class Row:
    """A line of the result: a figure and, where one is set, the most that it may be, or the least.

    A figure that is not a number is beyond its bound.
    """

    name: str
    value: float
    unit: str = ""
    bound: float | None = None
    is_least: bool = False

    @property
    def is_over(self) -> bool:
        """Whether the figure is beyond its bound."""
        if self.bound is None:
            return False
        return not (self.value >= self.bound if self.is_least else self.value <= self.bound)

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """Return name, figure, bound and verdict as they are printed."""
        shown = f"{self.value:.2f} {self.unit}".strip()
        if self.bound is None:
            return self.name, shown, "", ""
        beyond, sign = ("UNDER", ">=") if self.is_least else ("OVER", "<=")
        verdict = beyond if self.is_over else "within"
        return self.name, shown, f"{sign} {self.bound:.2f} {self.unit}".strip(), verdict


def is_smoke(doc: str | None) -> bool:
    """Return whether the command line only wants to see whether the benchmark works."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--smoke", action="store_true", help="only see whether it works")
    return parser.parse_args().smoke


async def started(bot: ManagedProcess, discord: DiscordServer, folder: Path) -> None:
    """Start ``bot`` with its log in ``folder``, and return when it is connected."""
    with (folder / "log").open("ab") as log:
        await bot.start(log=log)
    await discord.wait_until_ready(timeout=30)


def print_table(rows: Sequence[Row]) -> None:
    """Print the lines below each other, in columns."""
    widths = [max(map(len, column)) for column in zip(*(row.cells for row in rows), strict=True)]
    for row in rows:
        name, *others = row.cells
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        print("  ".join([f"{name:<{widths[0]}}", *cells]).rstrip())


def report(rows: Sequence[Row], *, smoke: bool) -> None:
    """Print the lines; end with exit code 1 if one is beyond its bound."""
    print_table(rows)
    exit_if_over(rows, smoke=smoke)


def exit_if_over(rows: Sequence[Row], *, smoke: bool) -> None:
    """End with exit code 1 if a figure is beyond its bound, but of a smoke run they may be."""
    if not smoke and any(row.is_over for row in rows):
        sys.exit(1)


def middle(values: Sequence[float]) -> float:
    """Return the median, not a number where there is nothing."""
    return statistics.median(values) if values else math.nan


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value that ``part`` (0 to 1) of all do not exceed."""
    ordered = sorted(values)
    return ordered[math.ceil(part * len(ordered)) - 1] if ordered else math.nan


class Crowd:
    """Members of a Discord: each asks for one thing, so that no limit of the bot is in the way."""

    A_CHANNEL = 8

    def __init__(self, discord: DiscordServer, size: int, *, takes_files: bool = True) -> None:
        """Have ``size`` members join, and channels made for them, which may take no files."""
        state = discord.state
        channels = -(-size // self.A_CHANNEL)
        self._places = [state.new_channel(f"songs-{number}") for number in range(channels)]
        for place in [] if takes_files else self._places:
            state.set_overwrite(place, state.bot, deny=Permission.ATTACH_FILES)
        self._members = [discord.member(f"member{number}") for number in range(size)]
        self._next = 0

    def step_forward(self) -> tuple[Member, Channel]:
        """Return the next member, and where they write."""
        number, self._next = self._next, self._next + 1
        return self._members[number], self._places[number // self.A_CHANNEL]


def answered_in(call: Interaction) -> float:
    """Return the milliseconds from INTERACTION_CREATE to the bot's answer.

    Raises:
        RuntimeError: it did not answer in time.
    """
    if call.acknowledged_at is None:
        raise RuntimeError(f"The bot did not answer: {call.error}")
    return 1000 * (call.acknowledged_at - call.begun_at)


def opened_providers(**options: Any) -> ProviderServer:  # noqa: ANN401 - as the server takes them
    """Return providers in this process, with credits without end."""
    server = ProviderServer(**options)
    for account in server.accounts.values():
        account.credits = 10**9
    return server


def encore(
    discord: DiscordServer,
    server: ProviderServer,
    folder: Path,
    *,
    provider: str = PROVIDER,
    **settings: str,
) -> ManagedProcess:
    """Return Encore as a process of its own, with a database in ``folder`` and one provider."""
    prefix = provider.upper()
    access = {"BASE_URL": server.provider_url(provider), "SUBMIT_EVERY": "0", "QUERY_EVERY": "0"}
    if server.provider_key(provider):
        access["API_KEY"] = server.provider_key(provider)
    return bot_process(
        api_url=discord.api_url,
        token=discord.token,
        database=folder / "encore.db",
        providers={f"{prefix}_{name}": value for name, value in access.items()},
        ENCORE_TRUSTED_AUDIO_HOSTS=server.host,
        ENCORE_LOG="json",
        **settings,
    )

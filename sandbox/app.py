"""The whole sandbox: Discord and its page in this process, the providers and the bot in others.

It uses loopback only. The database and the log are in a temporary folder.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

import aiohttp

from sandbox.demo import run_demo
from sandbox.discord.server import DiscordServer
from sandbox.evening import run_evening
from sandbox.page.server import PageServer
from sandbox.processes import ManagedProcess, ProcessError, ProviderProcess, bot_process

START_TIMEOUT = 30.0  # seconds
EVENING_PROVIDER = "aimlapi"
POLL_INTERVAL = "0.5"  # seconds; clips are ready within seconds here
VOTE_SECONDS = "30"  # the shortest that a session takes
DEADLINE = 15 * 60.0  # seconds of the providers' clock
SHORTEST_DEADLINE = 60.0  # seconds of real time; a slow machine needs them
LATEST_LOG_LINES = 20
LOG_TAIL_BYTES = 16 * 1024  # the panel reads the log's end twice a second, however long it is


class Sandbox:
    """A Discord, its page, the providers and a bot, which ``start_bot`` connects to them.

    Args:
        speed: how many times faster than real time the providers work.
        port: the page's port; 0 takes a free one.
    """

    def __init__(self, *, speed: float, port: int = 0) -> None:
        self.discord = DiscordServer(openapi=os.environ.get("SANDBOX_OPENAPI"), bot_name="Encore")
        self.providers = ProviderProcess(speed=speed)
        self._deadline = max(DEADLINE / speed, SHORTEST_DEADLINE)
        self._port = port
        self._stack = AsyncExitStack()
        self._folder = Path()
        self.bot: ManagedProcess
        self.page: PageServer

    @property
    def log_path(self) -> Path:
        """The bot's log file."""
        return self._folder / "bot.log"

    @property
    def providers_url(self) -> str:
        """The base URL of the providers and of their control API."""
        return self.providers.base_url

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            folder = tempfile.TemporaryDirectory(prefix="encore-sandbox-")
            self._folder = Path(stack.enter_context(folder))
            await stack.enter_async_context(self.discord)
            await stack.enter_async_context(self.providers)
            await self.providers.start_and_wait()
            self.bot = bot_process(
                api_url=self.discord.api_url,
                token=self.discord.token,
                database=self._folder / "encore.db",
                providers=self.providers.bot_environment,
                ENCORE_LOG="console",
                ENCORE_POLL_EVERY=POLL_INTERVAL,
                # one person tries all providers, while another extension may be in progress
                ENCORE_MEMBER_LIMIT="0",
                ENCORE_CHANNEL_LIMIT="0",
                ENCORE_DEADLINE=str(self._deadline),
                ENCORE_SESSION_VOTE=VOTE_SECONDS,
            )
            await stack.enter_async_context(self.bot)
            self.page = PageServer(self.discord, supervisor=self, port=self._port)
            await stack.enter_async_context(self.page)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._stack.aclose()

    async def start_bot(self) -> None:
        """Start the bot, or restart it after it ended, and wait until it is connected.

        Raises:
            ProcessError: the bot ended while starting.
            TimeoutError: the bot is not connected within 30 seconds.
        """
        with self.log_path.open("ab") as log:
            await self.bot.start(log=log)
        ready = asyncio.create_task(self.discord.wait_until_ready(timeout=START_TIMEOUT))
        ended = asyncio.create_task(self.bot.wait())
        try:
            await asyncio.wait((ready, ended), return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                raise ProcessError("The bot ended as soon as it was started.")
            await ready
        finally:
            for task in (ready, ended):
                task.cancel()
            await asyncio.gather(ready, ended, return_exceptions=True)

    def latest_log_lines(self) -> list[str]:
        """Return the last lines of the bot's log, oldest first."""
        if not self.log_path.exists():
            return []
        with self.log_path.open("rb") as log:
            start = max(0, log.seek(0, os.SEEK_END) - LOG_TAIL_BYTES)
            log.seek(start)
            lines = log.read().decode(errors="replace").splitlines()
        # the first line is cut unless the reading began with the file
        return lines[1 if start else 0 :][-LATEST_LOG_LINES:]

    async def sample_clip_ids(self) -> dict[str, str]:
        """Return the id of a clip that can be extended, by provider.

        A provider that continues any audio has none of its own, and takes the first one's.
        """
        async with aiohttp.ClientSession(self.providers.base_url) as http:
            async with http.get("/sandbox/clips") as answer:
                clips = (await answer.json())["clips"]
            async with http.get("/sandbox/health") as answer:
                names: list[str] = (await answer.json())["providers"]
        first = {
            clip["provider"]: clip["id"] for clip in reversed(clips) if not clip["continue_at"]
        }
        return {name: first.get(name, clips[0]["id"]) for name in names}

    async def run_demo(self, report: Callable[[str], None]) -> None:
        """Extend a clip on each provider as a member; ``report`` gets each line of output.

        Raises:
            DemoError: an extension did not become complete.
        """
        await run_demo(self.discord, await self.sample_clip_ids(), report)

    async def run_evening(self, report: Callable[[str], None]) -> None:
        """Have four members write a song in a session; ``report`` gets each line of output.

        Raises:
            EveningError: the song was not finished.
        """
        clip_id = (await self.sample_clip_ids())[EVENING_PROVIDER]
        started_at = time.monotonic()

        def report_with_time(line: str) -> None:
            minutes, seconds = divmod(int(time.monotonic() - started_at), 60)
            report(f"{minutes}:{seconds:02}  {line}")

        await run_evening(self.discord, clip_id, report_with_time)

"""Child processes of the sandbox: the providers and the bot.

The bot is started by its command line; the sandbox imports nothing of it.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Self, cast

STOP_TIMEOUT = 30.0  # seconds from SIGINT to SIGKILL


class ProcessError(Exception):
    """A process ended while starting; the text names it."""


class ManagedProcess:
    """A Python child process, which is stopped when the context ends."""

    def __init__(self, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self.arguments = arguments
        self.environment = environment
        self._process: asyncio.subprocess.Process | None = None

    @property
    def is_running(self) -> bool:
        """Whether the process was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        """The process id; None before the start."""
        return self._process.pid if self._process else None

    async def start(self, *, log: IO[bytes] | int | None = None, pipe: bool = False) -> None:
        """Start the process; stderr goes to ``log``, and stdout too unless ``pipe`` is set."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self.arguments,
            env={**_inherited_environment(), **self.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if pipe else log,
            stderr=log,
        )

    async def read_first_line(self) -> str:
        """Return the first line of stdout; needs ``start(pipe=True)``.

        Raises:
            ProcessError: the process ended without output.
        """
        process = cast("asyncio.subprocess.Process", self._process)
        line = await cast("asyncio.StreamReader", process.stdout).readline()
        if not line:
            raise ProcessError(f"The {self.name} did not start.")
        return line.decode()

    async def wait(self) -> int:
        """Wait for the process to end and return its exit code."""
        return await cast("asyncio.subprocess.Process", self._process).wait()

    async def stop(self) -> None:
        """Send SIGINT, and SIGKILL if the process has not ended after 30 seconds."""
        if not self.is_running:
            return
        self.signal(signal.SIGINT)
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await self.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """Send SIGKILL and wait for the end."""
        self.signal(signal.SIGKILL)
        await self.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if the process is running."""
        if self.is_running:
            cast("asyncio.subprocess.Process", self._process).send_signal(number)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()


class ProviderProcess(ManagedProcess):
    """The providers as a child process, which prints its URL and the bot's settings."""

    def __init__(self, *, speed: float, port: int = 0, seed: int = 0) -> None:
        options = ("--speed", str(speed), "--port", str(port), "--seed", str(seed))
        super().__init__("providers", ("-m", "sandbox.providers", *options), {})
        self.base_url = ""
        self.bot_environment: dict[str, str] = {}

    async def start_and_wait(self) -> None:
        """Start the process and wait until it accepts requests.

        Raises:
            ProcessError: the process ended while starting.
        """
        await self.start(pipe=True)
        ready = json.loads(await self.read_first_line())
        self.base_url = ready["base_url"]
        self.bot_environment = ready["environment"]


def bot_process(
    *, api_url: str, token: str, database: Path, providers: Mapping[str, str], **settings: str
) -> ManagedProcess:
    """Return the bot as a process on the sandbox; ``settings`` override its environment."""
    environment = {
        "DISCORD_TOKEN": token,
        "DISCORD_API_URL": api_url,
        "ENCORE_DATABASE_URL": f"sqlite+aiosqlite:///{database}",
        **providers,
        **settings,
    }
    return ManagedProcess("bot", ("-m", "bot"), environment)


def _inherited_environment() -> dict[str, str]:
    """Return our environment without the settings of a real Encore."""
    prefixes = ("DISCORD_", "ENCORE_", "AIMLAPI_", "SUNOAPI_", "SUNO_", "SUNOSAY_")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}

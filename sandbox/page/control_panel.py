"""The page's control panel: starts and stops the bot, breaks connections, injects faults."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.protocol import JsonObject
from sandbox.discord.server import DiscordServer
from sandbox.page.provider_control import FAULTS, ProviderControl
from sandbox.processes import ProcessError


class BotProcess(Protocol):
    """The bot as a process."""

    @property
    def is_running(self) -> bool:
        """Whether the process was started and has not ended."""
        ...

    async def stop(self) -> None:
        """Stop the process and wait for its end."""
        ...

    async def kill(self) -> None:
        """Send SIGKILL and wait for the end."""
        ...


class Supervisor(Protocol):
    """Owns the bot's process and the providers, and can run the scripted demo."""

    @property
    def bot(self) -> BotProcess:
        """The bot's process, running or not."""
        ...

    @property
    def providers_url(self) -> str:
        """The base URL of the providers."""
        ...

    async def start_bot(self) -> None:
        """Start the bot and wait until it is connected."""
        ...

    async def run_demo(self, report: Callable[[str], None]) -> None:
        """Extend a clip on each provider as a member."""
        ...


class ControlPanel:
    """Performs the panel's actions one at a time."""

    def __init__(self, discord: DiscordServer, supervisor: Supervisor) -> None:
        self.providers = ProviderControl(supervisor.providers_url)
        self._discord = discord
        self._supervisor = supervisor
        self._lock = asyncio.Lock()
        self._demo_task: asyncio.Task[None] | None = None
        self._handlers: dict[str, Callable[[JsonObject], Awaitable[None]]] = {
            "start": self._start,
            "stop": self._stop,
            "restart": self._restart,
            "kill": self._kill,
            "drop": self._drop,
            "speed": self._speed,
            "fault": self._fault,
            "clear": self._clear,
            "play": self._start_demo,
        }

    async def status(self, since: float) -> JsonObject:
        """Return the state of bot and providers; ``since`` comes from the previous status."""
        return await self.providers.status(since) | {
            "running": self._supervisor.bot.is_running,
            "connected": self._discord.gateway.is_connected,
            "playing": self._demo_task is not None and not self._demo_task.done(),
            "known_faults": FAULTS,
            "violations": [str(each) for each in self._discord.violations],
        }

    async def perform(self, order: JsonObject) -> None:
        """Perform the action ``order["do"]``.

        Raises:
            NotPossibleError: the action is unknown or not possible now; the text says why.
        """
        act = self._handlers.get(str(order.get("do")))
        if act is None:
            raise NotPossibleError("The panel can't do that")
        async with self._lock:
            try:
                await act(order)
            except (ProcessError, TimeoutError, ValueError, OSError) as error:
                raise NotPossibleError(str(error) or "It took too long") from error

    async def close(self) -> None:
        """Cancel the demo and close connections."""
        if self._demo_task is not None:
            self._demo_task.cancel()
            await asyncio.wait([self._demo_task])
        await self.providers.close()

    async def _start(self, _order: JsonObject) -> None:
        if not self._supervisor.bot.is_running:
            await self._supervisor.start_bot()

    async def _stop(self, _order: JsonObject) -> None:
        await self._supervisor.bot.stop()

    async def _restart(self, _order: JsonObject) -> None:
        await self._supervisor.bot.stop()
        await self._supervisor.start_bot()

    async def _kill(self, _order: JsonObject) -> None:
        if not self._supervisor.bot.is_running:
            raise NotPossibleError("The bot is not running")
        await self._supervisor.bot.kill()

    async def _drop(self, _order: JsonObject) -> None:
        if not self._discord.gateway.is_connected:
            raise NotPossibleError("The bot is not connected")
        self._discord.gateway.drop_connections(abrupt=True)

    async def _speed(self, order: JsonObject) -> None:
        await self.providers.set_speed(float(order.get("speed") or 1))

    async def _fault(self, order: JsonObject) -> None:
        provider, fault = str(order.get("provider")), str(order.get("fault"))
        await self.providers.fail_next(provider, fault, str(order.get("on") or "any"))

    async def _clear(self, _order: JsonObject) -> None:
        await self.providers.clear_faults()

    async def _start_demo(self, _order: JsonObject) -> None:
        if self._demo_task is not None and not self._demo_task.done():
            raise NotPossibleError("The demo is playing already")
        if not self._discord.gateway.is_connected:
            raise NotPossibleError("Start the bot first")
        self._demo_task = asyncio.create_task(self._run_demo())

    async def _run_demo(self) -> None:
        """Run the demo and ignore its errors, since the channel shows them."""
        try:
            await self._supervisor.run_demo(lambda _line: None)
        except Exception:  # noqa: BLE001 - the channel shows it
            return

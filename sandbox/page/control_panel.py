"""The page's control panel: starts and stops the bot, breaks connections, injects faults."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.protocol import JsonObject
from sandbox.discord.server import DiscordServer
from sandbox.page.fault_choices import fault_choices
from sandbox.page.provider_control import ProviderControl
from sandbox.processes import ProcessError

SCENE_LINES = 8  # that the panel shows
RECONNECT_TIMEOUT = 20.0  # seconds; a library waits longer after each failed attempt

Scene: TypeAlias = Callable[[Callable[[str], None]], Awaitable[None]]


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
    """Owns the bot's process and the providers, and can run the scripted scenes."""

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

    def latest_log_lines(self) -> list[str]:
        """Return the last lines of the bot's log, oldest first."""
        ...

    async def run_demo(self, report: Callable[[str], None]) -> None:
        """Extend a clip on each provider as a member."""
        ...

    async def run_evening(self, report: Callable[[str], None]) -> None:
        """Have four members write a song in a session."""
        ...


class ControlPanel:
    """Performs the panel's actions one at a time."""

    def __init__(self, discord: DiscordServer, supervisor: Supervisor) -> None:
        self.providers = ProviderControl(supervisor.providers_url)
        self._discord = discord
        self._supervisor = supervisor
        self._lock = asyncio.Lock()
        self._scene: asyncio.Task[None] | None = None
        self.scene_lines: deque[str] = deque(maxlen=SCENE_LINES)
        self._outage = contextlib.ExitStack()
        self._handlers: dict[str, Callable[[JsonObject], Awaitable[str | None]]] = {
            "start": self._start,
            "stop": self._stop,
            "restart": self._restart,
            "kill": self._kill,
            "drop": self._drop,
            "cut": self._cut,
            "mend": self._mend,
            "speed": self._speed,
            "fault": self._fault,
            "clear": self._clear,
            "forget": self._forget,
            "play": self._start_demo,
            "evening": self._start_evening,
        }

    async def status(self, since: float) -> JsonObject:
        """Return the state of bot and providers; ``since`` comes from the previous status."""
        return await self.providers.status(since) | {
            "running": self._supervisor.bot.is_running,
            "connected": self._discord.gateway.is_connected,
            "playing": self._is_playing,
            "scene": list(self.scene_lines),
            "reachable": self._discord.gateway.is_reachable,
            "fault_choices": fault_choices(),
            "log": self._supervisor.latest_log_lines(),
            "violations": [str(each) for each in self._discord.violations],
        }

    async def perform(self, order: JsonObject) -> str | None:
        """Perform the action ``order["do"]``, and return what came of it if that is worth a note.

        Raises:
            NotPossibleError: the action is unknown or not possible now; the text says why.
        """
        act = self._handlers.get(str(order.get("do")))
        if act is None:
            raise NotPossibleError("The panel can't do that")
        async with self._lock:
            try:
                return await act(order)
            except (ProcessError, TimeoutError, ValueError, OSError) as error:
                raise NotPossibleError(str(error) or "It took too long") from error

    async def close(self) -> None:
        """Cancel the scene and close connections."""
        self._outage.close()
        if self._scene is not None:
            self._scene.cancel()
            await asyncio.wait([self._scene])
        await self.providers.close()

    async def _start(self, _order: JsonObject) -> str:
        if not self._supervisor.bot.is_running:
            await self._supervisor.start_bot()
        return "The bot is connected."

    async def _stop(self, _order: JsonObject) -> None:
        await self._supervisor.bot.stop()

    async def _restart(self, _order: JsonObject) -> str:
        await self._supervisor.bot.stop()
        await self._supervisor.start_bot()
        return "The bot is connected."

    async def _kill(self, _order: JsonObject) -> None:
        if not self._supervisor.bot.is_running:
            raise NotPossibleError("The bot is not running")
        await self._supervisor.bot.kill()

    async def _drop(self, _order: JsonObject) -> str:
        if not self._discord.gateway.is_connected:
            raise NotPossibleError("The bot is not connected")
        self._discord.gateway.drop_connections(abrupt=True)
        return await self._reconnected()

    async def _cut(self, _order: JsonObject) -> None:
        if not self._discord.gateway.is_reachable:
            raise NotPossibleError("The gateway is cut already")
        self._outage.enter_context(self._discord.gateway.outage())

    async def _mend(self, _order: JsonObject) -> str:
        self._outage.close()
        if not self._supervisor.bot.is_running:
            return "The gateway is back; the bot is not running."
        return await self._reconnected()

    async def _reconnected(self) -> str:
        """Wait until the bot is connected again, and say how long that took."""
        gateway, started_at = self._discord.gateway, time.monotonic()
        resumed = gateway.resume_count
        try:
            await self._discord.wait_for(lambda: gateway.is_connected, timeout=RECONNECT_TIMEOUT)
        except TimeoutError:
            return "The bot has not connected again yet."
        how = "resumed its session" if gateway.resume_count > resumed else "began a new session"
        return f"Reconnected after {time.monotonic() - started_at:.1f} s; the bot {how}."

    async def _speed(self, order: JsonObject) -> None:
        await self.providers.set_speed(float(order.get("speed") or 1))

    async def _fault(self, order: JsonObject) -> None:
        provider, fault = str(order.get("provider")), str(order.get("fault"))
        await self.providers.fail_next(provider, fault, str(order.get("on") or "any"))

    async def _clear(self, _order: JsonObject) -> None:
        await self.providers.clear_faults()

    async def _forget(self, order: JsonObject) -> None:
        await self.providers.restart(str(order.get("provider")))

    @property
    def _is_playing(self) -> bool:
        return self._scene is not None and not self._scene.done()

    async def _start_demo(self, _order: JsonObject) -> None:
        await self._start_scene(self._supervisor.run_demo)

    async def _start_evening(self, _order: JsonObject) -> None:
        if not any(each["name"] == "session" for each in self._discord.commands.all()):
            raise NotPossibleError("The bot has no command /session")
        await self._start_scene(self._supervisor.run_evening)

    async def _start_scene(self, scene: Scene) -> None:
        if self._is_playing:
            raise NotPossibleError("A scene is playing already")
        if not self._discord.gateway.is_connected:
            raise NotPossibleError("Start the bot first")
        self.scene_lines.clear()
        self._scene = asyncio.create_task(self._play(scene))

    async def _play(self, scene: Scene) -> None:
        """Play a scene; what happens in it, and why it ended early, is in the status."""
        try:
            await scene(self.scene_lines.append)
        except Exception as error:  # noqa: BLE001 - told in the panel
            self.scene_lines.append(f"It ended early: {error}")

"""`python -m sandbox`: the sandbox with the bot on it, and a member who shows what it does."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from sandbox.demo import DemoError, play
from sandbox.house import House
from sandbox.processes import ProcessError

SPEED = 20.0
LAST_LINES = 20


def main() -> int:
    """Read the command line and run the sandbox; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the demo")
    parser.add_argument("--speed", type=float, default=SPEED, help="of the providers' clock")
    parser.add_argument("--port", type=int, default=0, help="of the local Discord; 0 is any")
    options = parser.parse_args()
    house = House(speed=options.speed, port=options.port)
    return asyncio.run(_run(house, once=options.once))


async def _run(house: House, *, once: bool) -> int:
    """Play the demo, and keep the sandbox open unless ``once``; a signal ends it at any moment."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    showing = asyncio.create_task(_show(house, stopped, once=once))
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait((showing, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not showing.done():
        _tell("Closing the sandbox …")
        showing.cancel()
    try:
        return await showing
    except asyncio.CancelledError:
        return 0


async def _show(house: House, stopped: asyncio.Event, *, once: bool) -> int:
    _tell("Starting a local Discord, five local providers, and Encore …")
    async with house:
        try:
            await house.start_bot()
            await play(house.discord, await house.sources(), _tell)
        except (DemoError, ProcessError, TimeoutError) as error:
            _tell(f"The demo failed: {error}\nThe bot's log ends with:\n{_end_of(house.log)}")
            return 1
        _tell("All five are complete.")
        if not once:
            _tell(f"The sandbox stays open at {house.discord.api_url} until Ctrl-C.")
            await stopped.wait()
    return 0


def _tell(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a demo speaks


def _end_of(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(lines[-LAST_LINES:])


if __name__ == "__main__":
    sys.exit(main())

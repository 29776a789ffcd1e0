"""``python -m sandbox``: a local Discord, the bot, and a page to try it in a browser."""

import argparse
import asyncio
import os
import signal
import sys
import webbrowser

from sandbox.app import Sandbox
from sandbox.demo import DemoError
from sandbox.evening import EveningError
from sandbox.processes import ProcessError

DEFAULT_SPEED = 10.0  # an extension takes about 15 seconds
ONCE_SPEED = 20.0


def main() -> int:
    """Read the command line and run the sandbox; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--play", action="store_true", help="have a member show what the bot does")
    parser.add_argument("--evening", action="store_true", help="have four members write a song")
    parser.add_argument(
        "--once", action="store_true", help="end after it; without --evening as --play"
    )
    parser.add_argument("--no-open", action="store_true", help="don't open the browser")
    parser.add_argument("--speed", type=float, help="of the providers' clock")
    parser.add_argument("--port", type=int, default=0, help="of the page; 0 is any")
    options = parser.parse_args()
    speed = options.speed or (ONCE_SPEED if options.once else DEFAULT_SPEED)
    return asyncio.run(_run(Sandbox(speed=speed, port=options.port), options))


async def _run(sandbox: Sandbox, options: argparse.Namespace) -> int:
    """Run the sandbox until the demo ends (``--once``) or SIGINT or SIGTERM arrives."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stopped.set)
    run_task = asyncio.create_task(_run_sandbox(sandbox, stopped, options))
    stop_task = asyncio.create_task(stopped.wait())
    await asyncio.wait((run_task, stop_task), return_when=asyncio.FIRST_COMPLETED)
    stop_task.cancel()
    if not run_task.done():
        _print("Closing the sandbox …")
        run_task.cancel()
    try:
        return await run_task
    except asyncio.CancelledError:
        return 0


async def _run_sandbox(
    sandbox: Sandbox, stopped: asyncio.Event, options: argparse.Namespace
) -> int:
    _print("Starting a local Discord, local providers, and Encore …")
    async with sandbox:
        try:
            await sandbox.start_bot()
            if not options.once:
                _print(f"Try Encore here: {sandbox.page.address}\nCtrl-C ends the sandbox.")
                await _open_browser(sandbox.page.address, wanted=not options.no_open)
            if options.play or (options.once and not options.evening):
                await sandbox.run_demo(_print)
                _print("All of them are complete.")
            if options.evening:
                await sandbox.run_evening(_print)
        except (DemoError, EveningError, ProcessError, TimeoutError) as error:
            log = "\n".join(sandbox.latest_log_lines())
            _print(f"The demo failed: {error}\nThe bot's log ends with:\n{log}")
            return 1
        if not options.once:
            await stopped.wait()
    return 0


async def _open_browser(address: str, *, wanted: bool) -> None:
    """Open the page if there is a graphical display: a text browser would block the terminal."""
    has_screen = not sys.platform.startswith("linux") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    if wanted and has_screen:
        await asyncio.to_thread(webbrowser.open, address)


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - output of the command


if __name__ == "__main__":
    sys.exit(main())

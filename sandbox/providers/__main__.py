"""Run the providers as a process: ``python -m sandbox.providers --port 8090 --speed 10``.

When ready it prints one line of JSON: ``base_url``, and the ``environment`` of the bot. SIGTERM
and SIGINT end it.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import sys

from sandbox.providers.server import ProviderServer
from sandbox.providers.timeline import Timeline


def main() -> int:
    """Read the command line and serve; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.providers")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast clips get ready")
    parser.add_argument("--seed", type=int, default=0, help="decides ids, songs and times")
    parser.add_argument(
        "--length",
        type=float,
        nargs=2,
        default=Timeline().length,
        metavar=("MIN", "MAX"),
        help="seconds that a new part lasts",
    )
    options = parser.parse_args()
    try:
        server = ProviderServer(
            options.host,
            options.port,
            speed=options.speed,
            seed=options.seed,
            timeline=Timeline(length=(options.length[0], options.length[1])),
        )
        asyncio.run(_serve(server))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


async def _serve(server: ProviderServer) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # Windows does not support handlers; there Ctrl-C ends asyncio.run itself
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, ended.set)
    async with server:
        ready = {"base_url": server.base_url, "environment": server.environment()}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await ended.wait()


if __name__ == "__main__":
    sys.exit(main())

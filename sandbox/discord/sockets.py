"""One connection to the gateway: messages out in order, and when it has to be closed."""

import asyncio
import json
import time

from aiohttp import web

from sandbox.discord.compression import CompressionStream
from sandbox.discord.protocol import Json, is_array
from sandbox.discord.sessions import Session

MAX_COMMANDS, COMMAND_WINDOW = 120, 60.0


class CloseError(Exception):
    """The socket is to be closed with a code of Discord's."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"{code} {reason}")


class Socket:
    """One connection; what is pushed goes out in order."""

    def __init__(
        self, ws: web.WebSocketResponse, request: web.Request, packer: CompressionStream | None
    ) -> None:
        self.ws = ws
        self.session: Session | None = None
        self._request = request
        self._packer = packer
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._opened = time.monotonic()
        self._commands = 0

    def push(self, text: str) -> None:
        """Send ``text`` after everything before."""
        self._queue.put_nowait(text)

    async def send_queued(self) -> None:
        """Send what is pushed, until cancelled or the other side is gone."""
        try:
            while True:
                text = await self._queue.get()
                if self._packer is None:
                    await self.ws.send_str(text)
                else:
                    await self.ws.send_bytes(self._packer.compress(text.encode()))
        except (ConnectionError, RuntimeError):
            # gone in the middle of a message; the reading side notices
            return

    def count_command(self) -> None:
        """Hold the bot to 120 commands a minute.

        Raises:
            CloseError: 4008.
        """
        now = time.monotonic()
        if now - self._opened > COMMAND_WINDOW:
            self._opened, self._commands = now, 0
        self._commands += 1
        if self._commands > MAX_COMMANDS:
            raise CloseError(4008, "Rate limited.")

    def abort(self) -> None:
        """Cut the line without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()


def parse_shard(value: Json) -> tuple[int, int]:
    """The shard and the number of shards that IDENTIFY names.

    Raises:
        CloseError: 4010.
    """
    pair = 2
    if is_array(value) and len(value) == pair:
        shard, shards = value
        if isinstance(shard, int) and isinstance(shards, int) and 0 <= shard < shards:
            return shard, shards
    raise CloseError(4010, "Invalid shard.")


def opcode_payload(op: int, d: Json) -> str:
    """A message of the gateway that is no event."""
    return json.dumps({"t": None, "s": None, "op": op, "d": d})

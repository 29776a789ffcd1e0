"""One websocket of the gateway: sends messages in order, and limits the client's commands."""

import asyncio
import json
import time

from aiohttp import web

from sandbox.discord.compression import CompressionStream
from sandbox.discord.protocol import Json, is_array
from sandbox.discord.sessions import Session

MAX_COMMANDS, COMMAND_WINDOW = 120, 60.0


class CloseError(Exception):
    """The socket has to be closed with one of Discord's close codes."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"{code} {reason}")


class Socket:
    """One websocket with a queue of outgoing messages."""

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
        """Queue ``text`` for sending."""
        self._queue.put_nowait(text)

    async def send_queued(self) -> None:
        """Send queued messages until cancelled or disconnected."""
        try:
            while True:
                text = await self._queue.get()
                if self._packer is None:
                    await self.ws.send_str(text)
                else:
                    await self.ws.send_bytes(self._packer.compress(text.encode()))
        except (ConnectionError, RuntimeError):
            # disconnected while sending; the reading side handles it
            return

    def count_command(self) -> None:
        """Count a command of the client.

        Raises:
            CloseError: 4008 for more than 120 commands in a minute.
        """
        now = time.monotonic()
        if now - self._opened > COMMAND_WINDOW:
            self._opened, self._commands = now, 0
        self._commands += 1
        if self._commands > MAX_COMMANDS:
            raise CloseError(4008, "Rate limited.")

    def abort(self) -> None:
        """Close the connection without a close frame."""
        if self._request.transport is not None:
            self._request.transport.abort()


def parse_shard(value: Json) -> tuple[int, int]:
    """Return the shard and the number of shards in IDENTIFY.

    Raises:
        CloseError: 4010 if they are invalid.
    """
    pair = 2
    if is_array(value) and len(value) == pair:
        shard, shards = value
        if isinstance(shard, int) and isinstance(shards, int) and 0 <= shard < shards:
            return shard, shards
    raise CloseError(4010, "Invalid shard.")


def opcode_payload(op: int, d: Json) -> str:
    """Return a gateway message that is no event."""
    return json.dumps({"t": None, "s": None, "op": op, "d": d})

"""A server that answers byte for byte what it is told, also what no server should."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field


@dataclass
class RawServer:
    """Answers by path: raw bytes, repeated for ever if the path is in ``endless``.

    After its answer it closes the connection, unless the path is in ``open``.
    """

    port: int = 0
    answers: dict[str, bytes] = field(default_factory=dict)
    endless: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.requests.append(head)
            path = head.split()[1]
            answer = self.answers.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            writer.write(answer)
            await writer.drain()
            while path in self.endless:
                writer.write(b"\xff" * 65_536)
                await writer.drain()
            if path in self.open:
                await reader.read()  # until the other side is gone
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    wire = RawServer()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        await wire.serve(reader, writer)
        tasks.discard(task)

    if tls:

        def note(_socket: object, name: str | None, _context: object) -> None:
            wire.names.append(name)

        tls.sni_callback = note
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    wire.port = server.sockets[0].getsockname()[1]
    async with server:
        yield wire
        server.close()
        if tasks:
            await asyncio.wait(tasks)


def answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = -1) -> bytes:
    """Return a whole answer; ``length`` None says none, -1 the truth."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if length is not None:
        lines.append(f"Content-Length: {len(body) if length < 0 else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body

"""An HTTP server that sends given bytes, also those that no server should."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field


@dataclass
class RawServer:
    """Sends raw bytes by path, and endless more if the path is in ``endless`` or ``dripping``.

    After its response it closes the connection, unless the path is in ``keep_open``.
    """

    port: int = 0
    responses: dict[str, bytes] = field(default_factory=dict)
    endless: set[str] = field(default_factory=set)
    dripping: set[str] = field(default_factory=set)
    keep_open: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    sni_names: list[str | None] = field(default_factory=list)

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
            not_found = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
            writer.write(self.responses.get(path, not_found))
            await writer.drain()
            while path in self.endless:
                writer.write(b"\xff" * 65_536)
                await writer.drain()
            while path in self.dripping:
                writer.write(b"\xff")
                await writer.drain()
                await asyncio.sleep(0.01)
            if path in self.keep_open:
                await reader.read()  # until the client closes the connection
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def running_server(tls: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    raw_server = RawServer()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        await raw_server.serve(reader, writer)
        tasks.discard(task)

    if tls:

        def record_name(_socket: object, name: str | None, _context: object) -> None:
            raw_server.sni_names.append(name)

        tls.sni_callback = record_name
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    raw_server.port = server.sockets[0].getsockname()[1]
    async with server:
        yield raw_server
        server.close()
        if tasks:
            await asyncio.wait(tasks)


def http_response(
    body: bytes, *headers: str, status: str = "200 OK", length: int | None = -1
) -> bytes:
    """Return a whole response; ``length`` None states none, -1 the true one."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if length is not None:
        lines.append(f"Content-Length: {len(body) if length < 0 else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body

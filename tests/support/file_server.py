"""A web server with the files that clips link to, and short pieces of real audio."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np
from aiohttp import web
from PIL import Image

from bot.audio.mp3 import Mp3Writer

RATE = 44_100


@dataclass
class FileServer:
    """Serves ``files`` by name; a number in place of a file is the status it answers with."""

    port: int = 0
    files: dict[str, bytes | int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    def put(self, name: str, file: bytes | int) -> str:
        """Serve ``file`` from now on; return its link."""
        self.files[name] = file
        return f"http://{self.name}/{name}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self.asked.append(name)
        file = self.files.get(name, 404)
        return web.Response(status=file) if isinstance(file, int) else web.Response(body=file)


@asynccontextmanager
async def hosting() -> AsyncGenerator[FileServer]:
    host = FileServer()
    app = web.Application()
    app.router.add_get("/{name}", host.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host.port = runner.addresses[0][1]
    yield host
    await runner.cleanup()


def song(folder: Path, seconds: float, *, bit_rate: int = 192_000) -> bytes:
    """Return an MP3 of a tone."""
    path = folder / "tone.mp3"
    time = np.arange(round(seconds * RATE)) / RATE
    tone = (0.4 * np.sin(2 * np.pi * 220 * time)).astype(np.float32)
    with Mp3Writer(path, rate=RATE, channels=2, bit_rate=bit_rate) as mp3:
        mp3.write(np.stack((tone, tone)))
    return path.read_bytes()


def cover() -> bytes:
    """Return a picture."""
    made = BytesIO()
    Image.new("RGB", (64, 64), "#336699").save(made, "PNG")
    return made.getvalue()

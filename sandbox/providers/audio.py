"""Serves the clips' audio and covers like Suno's CDN."""

import asyncio
import collections
import concurrent.futures
from collections.abc import Callable
from typing import Final

from aiohttp import web

from sandbox.providers.clips import Clip, LinkKind
from sandbox.providers.clock import Clock
from sandbox.providers.cover import render_cover
from sandbox.providers.mp3 import render_mp3
from sandbox.providers.music import Segment
from sandbox.providers.timeline import Status

_CHUNK: Final = 16_384
_MAX_CACHE_BYTES: Final = 64 * 2**20
# pages from another port may read the bytes, for instance to draw a waveform
_CORS_HEADERS: Final = {"Access-Control-Allow-Origin": "*"}


class AudioCache:
    """Renders MP3s in threads when first requested; keeps the latest 64 MiB."""

    def __init__(self) -> None:
        self._threads = concurrent.futures.ThreadPoolExecutor(2, "sandbox-recorder")
        self._files: collections.OrderedDict[tuple[Segment, ...], bytes] = collections.OrderedDict()
        self._pending: dict[tuple[Segment, ...], asyncio.Future[bytes]] = {}

    async def mp3(self, clip: Clip) -> bytes:
        """Return the clip's MP3 file."""
        segments = clip.segments
        if segments in self._files:
            self._files.move_to_end(segments)
            return self._files[segments]
        if segments not in self._pending:
            loop = asyncio.get_running_loop()
            making = loop.run_in_executor(self._threads, render_mp3, segments)
            self._pending[segments] = making
            making.add_done_callback(lambda done: self._store(segments, done))
        # shielded: one client that disconnects must not cancel it for others
        return await asyncio.shield(self._pending[segments])

    def _store(self, segments: tuple[Segment, ...], done: asyncio.Future[bytes]) -> None:
        del self._pending[segments]
        if done.cancelled() or done.exception() is not None:
            return
        self._files[segments] = done.result()
        while len(self._files) > 1 and sum(map(len, self._files.values())) > _MAX_CACHE_BYTES:
            self._files.popitem(last=False)

    async def close(self) -> None:
        """Wait for running renderings and drop all files."""
        await asyncio.gather(*self._pending.values(), return_exceptions=True)
        self._threads.shutdown(cancel_futures=True)
        self._files.clear()


class AudioHost:
    """The routes below ``/audio``. A file exists once its clip is complete and playable."""

    def __init__(self, find: Callable[[str], Clip | None], clock: Clock) -> None:
        self._find = find
        self._clock = clock
        self._cache = AudioCache()

    def add_routes(self, app: web.Application) -> None:
        """Add the routes for files, live streams and covers."""
        app.router.add_get("/audio/stream", self._stream, allow_head=False)
        app.router.add_get("/audio/image_{clip_id}.png", self._image)
        app.router.add_get("/audio/{clip_id}.mp3", self._file)

    async def close(self) -> None:
        """Stop rendering audio."""
        await self._cache.close()

    async def _file(self, request: web.Request) -> web.Response:
        """Respond with the file or a range of it; missing files are 403 as at the CDN."""
        clip = self._find(request.match_info["clip_id"])
        if clip is None or clip.link_kind is not LinkKind.PLAYABLE:
            raise web.HTTPForbidden(text="Missing Key-Pair-Id")
        if clip.status(self._clock.now()) is not Status.COMPLETE:
            raise web.HTTPForbidden(text="Missing Key-Pair-Id")
        content = await self._cache.mp3(clip)
        headers = {"Accept-Ranges": "bytes", "Content-Type": "audio/mpeg"} | _CORS_HEADERS
        if "Range" not in request.headers:
            return web.Response(body=content, headers=headers)
        try:
            wanted = content[request.http_range]
        except ValueError:
            wanted = b""
        if not wanted:
            unsatisfied = {"Content-Range": f"bytes */{len(content)}"}
            raise web.HTTPRequestRangeNotSatisfiable(headers=unsatisfied)
        first = request.http_range.indices(len(content))[0]
        last = first + len(wanted) - 1
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        return web.Response(status=206, body=wanted, headers=headers)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Respond with a stream of unknown length that grows until the clip is complete."""
        clip = self._find(request.query.get("item_id", ""))
        if clip is None or clip.status(self._clock.now()) not in {
            Status.STREAMING,
            Status.COMPLETE,
        }:
            raise web.HTTPNotFound
        content = await self._cache.mp3(clip)
        response = web.StreamResponse(headers={"Content-Type": "audio/mpeg"} | _CORS_HEADERS)
        response.enable_chunked_encoding()
        await response.prepare(request)
        sent = 0
        while sent < len(content) and not self._clock.is_stopped:
            ready = self._available_bytes(clip, len(content))
            if ready > sent:
                await response.write(content[sent:ready])
                sent = ready
            else:
                await self._clock.wait_until(self._clock.now() + 0.5)
        await response.write_eof()
        return response

    def _available_bytes(self, clip: Clip, size: int) -> int:
        """Return how many of ``size`` bytes exist now: one chunk, and more as time passes."""
        begun, ended = clip.milestones.streaming, clip.milestones.complete
        # a clip that never completes still grows, at the speed of its playback
        span = min(ended - begun, clip.duration)
        if span <= 0 or clip.status(self._clock.now()) is Status.COMPLETE:
            return size
        share = (self._clock.now() - begun) / span
        return min(size, _CHUNK + max(0, int(share * size)))

    async def _image(self, request: web.Request) -> web.Response:
        clip = self._find(request.match_info["clip_id"])
        if clip is None:
            raise web.HTTPNotFound
        return web.Response(
            body=render_cover(clip.id), content_type="image/png", headers=_CORS_HEADERS
        )

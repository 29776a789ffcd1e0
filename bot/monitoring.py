"""The HTTP server for operators: `/metrics` for Prometheus, and `/health` for a probe."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

log = logging.getLogger(__name__)


@asynccontextmanager
async def serve_monitoring(
    host: str,
    port: int,
    *,
    refresh: Callable[[], Awaitable[None]],
    problem: Callable[[], str | None],
) -> AsyncGenerator[int]:
    """Serve `/metrics` and `/health` while the context is open; yield the port.

    Args:
        host: address to listen at; it should not be a public one.
        port: 0 takes a free one.
        refresh: brings the gauges up to date before each answer to `/metrics`.
        problem: a sentence that says why Encore is not well, or None.

    Raises:
        OSError: the address is taken, or not this machine's.
    """

    async def metrics(_request: web.Request) -> web.Response:
        try:
            await refresh()
        except Exception:  # the rest is the more wanted when the database is away
            log.exception("The gauges could not be brought up to date")
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def health(_request: web.Request) -> web.Response:
        sentence = problem()
        status = 200 if sentence is None else 503
        return web.Response(text=f"{sentence or 'Encore is alive.'}\n", status=status)

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics), web.get("/health", health)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound: int = runner.addresses[0][1]
        log.info("Metrics at http://%s:%s/metrics", host, bound)
        yield bound
    finally:
        await runner.cleanup()

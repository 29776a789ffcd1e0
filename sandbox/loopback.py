"""The HTTP servers of the sandbox: on loopback only, and closed to web pages of other origins.

A web page in the user's browser can send requests to loopback, also through its own host name (DNS
rebinding). The headers ``Host``, ``Origin`` and ``Sec-Fetch-Site`` reveal such requests.
"""

import urllib.parse
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class LoopbackServer:
    """Serves an aiohttp application over HTTP while the context is entered.

    Args:
        host: the address to listen on.
        port: the port; 0 takes a free one, which ``port`` holds once the server runs.
        backlog: how many connections may wait to be accepted.
        cancel_handlers: cancel a request's handler when its client disconnects.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        backlog: int = 128,
        cancel_handlers: bool = False,
    ) -> None:
        self.host = host
        self.port = port
        self._backlog = backlog
        self._cancel_handlers = cancel_handlers
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        """The server's address, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    def _create_app(self) -> web.Application:
        """Return the application to serve; called when the context is entered."""
        raise NotImplementedError

    def _on_start(self) -> None:
        """React to the start: the server listens and ``port`` is known."""

    async def _before_stop(self) -> None:
        """Release what would keep connections open."""

    async def _after_stop(self) -> None:
        """Release what request handlers needed."""

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(
            self._create_app(),
            access_log=None,
            handler_cancellation=self._cancel_handlers,
            shutdown_timeout=1.0,
        )
        await self._runner.setup()
        try:
            site = web.TCPSite(self._runner, self.host, self.port, backlog=self._backlog)
            await site.start()
        except OSError:
            await self.__aexit__()
            raise
        self.port = self._runner.addresses[0][1]
        self._on_start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._before_stop()
        if self._runner is not None:
            await self._runner.cleanup()
        await self._after_stop()


def is_local_request(request: web.Request, *extra_hosts: str) -> bool:
    """Whether ``request`` names this machine (or one of ``extra_hosts``) as host and as origin."""
    names = LOCAL_HOSTS | set(extra_hosts)
    if _hostname(f"//{request.headers.get('Host', '')}") not in names:
        return False
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return False
    origin = request.headers.get("Origin")
    return origin is None or _hostname(origin) in names


def local_only(*extra_hosts: str) -> Middleware:
    """A middleware that refuses requests that are not local, see ``is_local_request``."""

    @web.middleware
    async def refuse_remote(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_local_request(request, *extra_hosts):
            raise web.HTTPForbidden(text="The sandbox answers this machine only.\n")
        return await handler(request)

    return refuse_remote


def _hostname(url: str) -> str | None:
    try:
        return urllib.parse.urlsplit(url).hostname
    except ValueError:
        return None

"""Who may talk to the sandbox's servers: this machine, and no web page from elsewhere.

A web page that somebody has open can send requests to loopback, or have its own name resolved to
it. Such requests give themselves away: by the ``Host`` they ask for, by their ``Origin``, and by
what the browser says of their origin in ``Sec-Fetch-Site``.
"""

import urllib.parse

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


def is_local_request(request: web.Request, *more: str) -> bool:
    """Whether ``request`` was sent to this machine by its name (or one of ``more``), from here."""
    names = LOCAL_HOSTS | set(more)
    if _hostname(f"//{request.headers.get('Host', '')}") not in names:
        return False
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return False
    origin = request.headers.get("Origin")
    return origin is None or _hostname(origin) in names


def local_only(*more: str) -> Middleware:
    """A middleware that refuses what is not local; ``more`` are names that count as this one."""

    @web.middleware
    async def refuse_remote(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_local_request(request, *more):
            raise web.HTTPForbidden(text="The sandbox answers this machine only.\n")
        return await handler(request)

    return refuse_remote


def _hostname(url: str) -> str | None:
    try:
        return urllib.parse.urlsplit(url).hostname
    except ValueError:
        return None

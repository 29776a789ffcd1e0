"""Broken responses: no response, a dropped connection, invalid content."""

from typing import Final

from aiohttp import web

from sandbox.providers.clock import Clock
from sandbox.providers.faults import Fault

_HTML_PAGE: Final = (
    "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
)
_HANGING: Final = frozenset({Fault.HANG_BEFORE, Fault.HANG_AFTER})
_CLOSING: Final = frozenset({Fault.CLOSE_BEFORE, Fault.CLOSE_AFTER})


async def faulty_response(
    fault: Fault, request: web.Request, answer: web.Response | None, clock: Clock
) -> web.Response | None:
    """Return the broken response for ``fault``; None if it is an ordinary error response.

    A hanging request ends when the client disconnects (its handler is cancelled) or the server
    closes.
    """
    if fault in _HANGING:
        while not clock.is_stopped:
            await clock.wait_until(float("inf"))
    if fault in _HANGING | _CLOSING:
        return _abort_connection(request)
    if fault is Fault.INVALID_JSON:
        text = answer.text if answer is not None and answer.text else '{"clips": '
        return web.Response(text=text[: len(text) // 2], content_type="application/json")
    if fault is Fault.HTML_PAGE:
        return web.Response(text=_HTML_PAGE.format("Welcome"), content_type="text/html")
    if fault is Fault.HTML_BAD_GATEWAY:
        page = _HTML_PAGE.format("502 Bad Gateway")
        return web.Response(status=502, text=page, content_type="text/html")
    return None


def is_disconnected(request: web.Request) -> bool:
    """Whether the client's connection is closed."""
    return request.transport is None or request.transport.is_closing()


def _abort_connection(request: web.Request) -> web.Response:
    """Drop the connection; the returned response only ends the handler."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()

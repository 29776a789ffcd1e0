"""Broken responses: no response, a dropped connection, invalid content."""

from typing import Final

from aiohttp import web

from sandbox.providers.clock import Clock
from sandbox.providers.faults import Fault

_HTML_PAGE: Final = (
    "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
)
_HANGING: Final = frozenset({Fault.HANG_BEFORE, Fault.CAPTCHA_HANGS, Fault.HANG_AFTER})
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
        return html_page(200, "Welcome")
    if fault is Fault.HTML_NOT_FOUND:
        return html_page(404, "404: This page could not be found.")
    if fault is Fault.HTML_BAD_GATEWAY:
        return html_page(502, "502 Bad Gateway")
    return None


def html_page(status: int, title: str) -> web.Response:
    """Return a page, as web servers and proxies answer."""
    return web.Response(status=status, text=_HTML_PAGE.format(title), content_type="text/html")


def is_disconnected(request: web.Request) -> bool:
    """Whether the client's connection is closed."""
    return request.transport is None or request.transport.is_closing()


def _abort_connection(request: web.Request) -> web.Response:
    """Drop the connection; the returned response only ends the handler."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()

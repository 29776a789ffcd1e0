"""Access control of the page's server, and the security headers of its responses.

All paths start with a secret; other paths are 404. The headers allow only the page's own scripts
and styles, plus audio and images of the sandbox's other two servers.
"""

import hmac

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.loopback import is_local_request

NOT_FOUND = "There is nothing here. Use the address that the sandbox printed.\n"
SECURITY_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


class PageSecurity:
    """Checks requests for the secret and the origin, and adds security headers to responses."""

    def __init__(self, secret: str) -> None:
        self.origin = ""
        self.media_origins: list[str] = []
        self._secret = secret.encode()

    @web.middleware
    async def check_request(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse other hosts and origins (403) and a wrong secret (404)."""
        origin = request.headers.get("Origin")
        if not is_local_request(request) or origin not in {None, self.origin}:
            raise web.HTTPForbidden(text="The sandbox's page answers itself only.\n")
        secret = request.path.split("/")[1].encode()
        if not hmac.compare_digest(secret, self._secret):
            raise web.HTTPNotFound(text=NOT_FOUND)
        return await handler(request)

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add the security headers to a response."""
        del request
        response.headers.update(SECURITY_HEADERS)
        response.headers["Content-Security-Policy"] = self.content_security_policy

    @property
    def content_security_policy(self) -> str:
        """The Content-Security-Policy of the page."""
        media = " ".join(["'self'", "blob:", *self.media_origins])
        socket = self.origin.replace("http", "ws", 1)
        return "; ".join(
            [
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                f"img-src {media}",
                f"media-src {media}",
                f"connect-src 'self' {socket}",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
            ]
        )

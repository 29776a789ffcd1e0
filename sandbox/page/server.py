"""The page's HTTP server: static files, a websocket with changes, and members' actions."""

import json
import pathlib
import secrets
from typing import Any

from aiohttp import web
from typing_extensions import override

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.member import Member
from sandbox.discord.models import Upload
from sandbox.discord.protocol import Json, JsonObject, is_object
from sandbox.discord.server import DiscordServer
from sandbox.loopback import LoopbackServer
from sandbox.page.actions import Actions
from sandbox.page.control_panel import ControlPanel, Supervisor
from sandbox.page.live_updates import PageConnection
from sandbox.page.security import PageSecurity
from sandbox.page.uploads import MAX_BYTES

STATIC = pathlib.Path(__file__).parent / "static"
CONTENT_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
DEFAULT_MEMBERS = ("Ada", "Ben", "Owner")
JSON_TYPE = "application/json"


class PageServer(LoopbackServer):
    """Shows a Discord in the browser, at ``address``, while the context is entered.

    Args:
        discord: the server to show.
        supervisor: enables the control panel of bot and providers.
        members: names of the members that the user can act as; each has a DM channel with the bot.
        port: the page's port; 0 takes a free one.
    """

    def __init__(
        self,
        discord: DiscordServer,
        *,
        supervisor: Supervisor | None = None,
        members: tuple[str, ...] = DEFAULT_MEMBERS,
        port: int = 0,
    ) -> None:
        super().__init__(port=port)
        self.address = ""
        self._discord = discord
        self._secret = secrets.token_urlsafe(18)
        self._security = PageSecurity(self._secret)
        self._files = {path.relative_to(STATIC).as_posix(): path for path in _static_files()}
        self._members: list[Member] = [discord.member(name) for name in members]
        for person in self._members:
            discord.state.dm_channel(person.user)
        self._actions = Actions(discord, {person.id: person for person in self._members})
        self._control_panel = ControlPanel(discord, supervisor) if supervisor else None
        self._supervisor = supervisor
        self._sockets: set[web.WebSocketResponse] = set()

    @override
    def _create_app(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BYTES, middlewares=[self._security.check_request])
        app.on_response_prepare.append(self._security.add_headers)
        base = f"/{self._secret}"
        app.router.add_get(base + "/events", self._events)
        app.router.add_post(base + "/act", self._action)
        app.router.add_post(base + "/upload", self._upload)
        app.router.add_get(base + "/sample-clips", self._sample_clips)
        app.router.add_get(base + "/panel", self._panel_status)
        app.router.add_post(base + "/panel", self._panel_action)
        app.router.add_get(base + "/{path:.*}", self._file)
        return app

    @override
    def _on_start(self) -> None:
        self._security.origin = self.base_url
        self._security.media_origins = [self._discord.base_url]
        if self._supervisor is not None:
            self._security.media_origins.append(self._supervisor.providers_url)
        self.address = f"{self.base_url}/{self._secret}/"

    @override
    async def _before_stop(self) -> None:
        for socket in list(self._sockets):
            await socket.close(code=1001, message=b"The sandbox closes.")
        if self._control_panel is not None:
            await self._control_panel.close()

    async def _file(self, request: web.Request) -> web.StreamResponse:
        found = self._files.get(request.match_info["path"] or "index.html")
        if found is None:
            raise web.HTTPNotFound
        return web.FileResponse(
            found, headers={"Content-Type": f"{CONTENT_TYPES[found.suffix]}; charset=utf-8"}
        )

    async def _events(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(heartbeat=20, max_msg_size=1024)
        await ws.prepare(request)
        self._sockets.add(ws)
        try:
            await PageConnection(ws, self._discord, [person.user for person in self._members]).run()
        finally:
            self._sockets.discard(ws)
        return ws

    async def _action(self, request: web.Request) -> web.Response:
        fields = await _json_object(request)
        try:
            return web.json_response(await self._actions.perform(fields))
        except NotPossibleError as error:
            return _error_response(error)

    async def _upload(self, request: web.Request) -> web.Response:
        """Store the body as a file; the required header keeps other origins out (CORS)."""
        if request.headers.get("X-Upload") != "1":
            raise web.HTTPUnsupportedMediaType
        kind = request.content_type
        upload = Upload(request.query.get("name") or "unknown", await request.read(), kind)
        return web.json_response({"upload": self._actions.uploads.add(upload)})

    # control panel

    async def _sample_clips(self, _request: web.Request) -> web.Response:
        """Return clips that a new user can extend."""
        sources = await self._control_panel.providers.sample_clips() if self._control_panel else []
        return web.json_response({"clips": sources})

    async def _panel_status(self, request: web.Request) -> web.Response:
        if self._control_panel is None:
            return web.json_response(None)
        try:
            since = float(request.query.get("since", "-1"))
        except ValueError:
            raise web.HTTPBadRequest from None
        return web.json_response(await self._control_panel.status(since))

    async def _panel_action(self, request: web.Request) -> web.Response:
        order = await _json_object(request)
        if self._control_panel is None:
            raise web.HTTPNotFound
        try:
            return web.json_response({"note": await self._control_panel.perform(order)})
        except NotPossibleError as error:
            return _error_response(error)


def _static_files() -> list[pathlib.Path]:
    return [path for path in STATIC.rglob("*") if path.suffix in CONTENT_TYPES]


def _error_response(error: Exception) -> web.Response:
    return web.json_response({"error": str(error)}, status=400)


async def _json_object(request: web.Request) -> JsonObject:
    """Return the JSON object in the body, or raise HTTP 400 or 415."""
    if request.content_type != JSON_TYPE:
        raise web.HTTPUnsupportedMediaType
    try:
        sent: Json = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise web.HTTPBadRequest from None
    if not is_object(sent):
        raise web.HTTPBadRequest
    found: dict[str, Any] = sent
    return found

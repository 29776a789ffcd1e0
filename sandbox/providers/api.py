"""What every API does with a request before and after it does its own work.

A request is recorded, may hit a planned fault, is checked for its key and its form, is answered,
and the answer may be spoilt. What the five APIs say in each case is their own business.
"""

import abc
import dataclasses
import json
from collections.abc import Awaitable, Callable
from typing import ClassVar, TypeAlias, cast

from aiohttp import web

from sandbox.providers.account import (
    NoCreditsError,
    NoSuchClipError,
    Studio,
    StudioError,
)
from sandbox.providers.clips import Clip, Links
from sandbox.providers.faults import (
    FETCH_FAULTS,
    HTTP_STATUS,
    REQUEST_FAULTS,
    TEXTS,
    Fault,
    Kind,
    PlannedFault,
)
from sandbox.providers.faulty_responses import is_cut, rubbish
from sandbox.providers.json_values import JsonObject
from sandbox.providers.request_log import RequestRecord, Violation

Action: TypeAlias = Callable[[web.Request, JsonObject], Awaitable[web.Response]]


class RefusedError(Exception):
    """The service refuses a request; ``broken`` says that the client broke the contract."""

    def __init__(self, status: int, message: str, *, broken: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.broken = broken


@dataclasses.dataclass(frozen=True, slots=True)
class Route:
    """An end point below the API's base address."""

    method: str
    path: str
    kind: Kind
    action: Action


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """The clips that an answer may show, and how: flaws planned for it are already in."""

    clips: list[Clip]
    status_word: str | None

    def word(self, clip: Clip, now: float) -> str:
        """Return the word for the clip's status."""
        return self.status_word or clip.status(now).value


class Api(abc.ABC):
    """One of the five services. ``key`` is the only bearer token that it takes; None: no check."""

    no_credits: ClassVar[tuple[int, str]]
    no_clip: ClassVar[tuple[int, str]]
    beyond_end: ClassVar[tuple[int, str]]
    hides_refusals: ClassVar[bool] = False  # refusals come with HTTP 200

    def __init__(self, studio: Studio, links: Links, key: str | None) -> None:
        self.studio = studio
        self.links = links
        self._key = key

    @abc.abstractmethod
    def routes(self) -> list[Route]:
        """Return the end points."""

    @abc.abstractmethod
    def envelope(self, request: web.Request, status: int, message: str) -> JsonObject:
        """Return the body of a refusal."""

    @abc.abstractmethod
    def nothing(self, kind: Kind) -> JsonObject | list[JsonObject]:
        """Return the answer that has no clips in it, as an overloaded Suno gives it."""

    def fault_text(self, fault: Fault) -> str:
        """Return what the service says when it refuses by a planned fault."""
        if fault in {Fault.FORBIDDEN_CREDITS, Fault.PAYMENT_REQUIRED}:
            return self.no_credits[1]
        return TEXTS.get(fault, "Something wrong with the server")

    def check_key(self, request: web.Request) -> None:
        """Raise RefusedError unless the request carries the key."""
        if self._key is not None and request.headers.get("Authorization") != f"Bearer {self._key}":
            raise RefusedError(401, self.unauthorized_text(request))

    def unauthorized_text(self, request: web.Request) -> str:
        """Return what the service says to a wrong key."""
        del request
        return "Unauthorized"

    def add_routes(self, app: web.Application) -> None:
        """Serve the end points, and refuse everything else, below the service's name."""
        prefix = f"/{self.studio.name}"
        for route in self.routes():
            app.router.add_route(route.method, prefix + route.path, self._handler(route))
        app.router.add_route("*", prefix + "/{tail:.*}", self._stray)

    def tolerate(self, request: web.Request, reason: str) -> None:
        """Record a breach of the contract that the service lets pass."""
        self._note(request, reason, refused=False)

    def tolerate_only(self, request: web.Request, body: JsonObject, known: set[str]) -> None:
        """Record the fields that the contract does not have."""
        for name in sorted(body.keys() - known):
            self.tolerate(request, f"unknown field {name}")

    def view(self, clips: list[Clip]) -> View:
        """Return ``clips`` as this answer shows them, taking the flaw planned for it."""
        planned = self.studio.faults.take("fetch", FETCH_FAULTS)
        if planned is None:
            return View(clips, None)
        if planned.fault is Fault.MISSING_ID:
            return View(clips[1:], None)
        return View(clips, "rehearsing")

    def _handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            body = await _json_body(request)
            record = self._record(request, body)
            planned = self.studio.faults.take(route.kind, REQUEST_FAULTS)
            if planned is None:
                response = await self._answer(route, request, body)
            else:
                response = await self._misbehave(planned, route, request, body)
            record.status = None if is_cut(request) else response.status
            return response

        return handle

    async def _answer(
        self, route: Route, request: web.Request, body: JsonObject | None
    ) -> web.Response:
        try:
            self.check_key(request)
            return await route.action(request, _form(route, body))
        except RefusedError as refused:
            if refused.broken:
                self._note(request, refused.message, refused=True)
            return self._refusal(request, refused.status, refused.message)
        except StudioError as error:
            return self._refusal(request, *self._words_for(error))

    async def _misbehave(
        self, planned: PlannedFault, route: Route, request: web.Request, body: JsonObject | None
    ) -> web.Response:
        fault = planned.fault
        answer = await self._answer(route, request, body) if planned.accepted else None
        response = await rubbish(fault, request, answer, self.studio.clock)
        if response is not None:
            return response
        if fault is Fault.EMPTY_CLIPS:
            return web.json_response(self.nothing(route.kind))
        status = HTTP_STATUS[fault]
        return web.json_response(
            self.envelope(request, status, self.fault_text(fault)),
            status=200 if fault is Fault.ERROR_BODY else status,
            headers=planned.retry_after_header(),
        )

    async def _stray(self, request: web.Request) -> web.StreamResponse:
        record = self._record(request, await _json_body(request))
        path = request.path.removeprefix(f"/{self.studio.name}")
        known = any(route.path == path for route in self.routes())
        record.status = 405 if known else 404
        message = "Method Not Allowed" if known else "Not Found"
        self._note(request, message, refused=True)
        body = self.envelope(request, record.status, message)
        return web.json_response(body, status=record.status)

    def _refusal(self, request: web.Request, status: int, message: str) -> web.Response:
        shown = 200 if self.hides_refusals else status
        return web.json_response(self.envelope(request, status, message), status=shown)

    def _words_for(self, error: StudioError) -> tuple[int, str]:
        if isinstance(error, NoCreditsError):
            return self.no_credits
        return self.no_clip if isinstance(error, NoSuchClipError) else self.beyond_end

    def _record(self, request: web.Request, body: JsonObject | None) -> RequestRecord:
        record = RequestRecord(
            request.method,
            request.path,
            list(request.query.items()),
            body,
            self.studio.clock.now(),
        )
        self.studio.requests.append(record)
        return record

    def _note(self, request: web.Request, reason: str, *, refused: bool) -> None:
        self.studio.violations.append(
            Violation(
                self.studio.name,
                request.method,
                request.path,
                reason,
                refused,
                self.studio.clock.now(),
            )
        )


async def _json_body(request: web.Request) -> JsonObject | None:
    """Return the body if it is a JSON object and says so."""
    if request.content_type != "application/json":
        return None
    try:
        body: object = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None
    return cast("JsonObject", body) if isinstance(body, dict) else None


def _form(route: Route, body: JsonObject | None) -> JsonObject:
    """Return the body that a route works on; a POST must have one."""
    if route.method == "POST" and body is None:
        message = "The body must be a JSON object with its Content-Type"
        raise RefusedError(400, message, broken=True)
    return body or {}

"""What all APIs share.

A request is logged, may hit a planned fault, is checked for its key and JSON body, and answered.
The subclasses define routes, schemas and error texts.
"""

import abc
import dataclasses
import json
from collections.abc import Awaitable, Callable
from typing import ClassVar, TypeAlias, cast

from aiohttp import web

from sandbox.providers.account import (
    AccountError,
    NoCreditsError,
    NoSuchClipError,
    ProviderAccount,
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
from sandbox.providers.faulty_responses import faulty_response, is_disconnected
from sandbox.providers.json_values import JsonObject
from sandbox.providers.request_log import LoggedRequest, Violation

RouteHandler: TypeAlias = Callable[[web.Request, JsonObject], Awaitable[web.Response]]


class RefusedError(Exception):
    """The service refuses a request; ``is_violation`` is whether the client broke the contract."""

    def __init__(self, status: int, message: str, *, is_violation: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.is_violation = is_violation


@dataclasses.dataclass(frozen=True, slots=True)
class Route:
    """An endpoint below the API's base URL."""

    method: str
    path: str
    kind: Kind
    handler: RouteHandler


@dataclasses.dataclass(frozen=True, slots=True)
class ClipView:
    """The clips in a response; planned faults have been applied to them."""

    clips: list[Clip]
    status_word: str | None

    def status_of(self, clip: Clip, now: float) -> str:
        """Return the provider's status word for the clip."""
        return self.status_word or clip.status(now).value


class Api(abc.ABC):
    """One of the services. ``key`` is the accepted bearer token; None accepts any."""

    no_credits: ClassVar[tuple[int, str]]
    unknown_clip: ClassVar[tuple[int, str]]
    continue_at_too_late: ClassVar[tuple[int, str]]
    always_200: ClassVar[bool] = False  # error responses have HTTP status 200

    def __init__(self, account: ProviderAccount, links: Links, key: str | None) -> None:
        self.account = account
        self.links = links
        self._key = key

    @abc.abstractmethod
    def routes(self) -> list[Route]:
        """Return the endpoints."""

    @abc.abstractmethod
    def envelope(self, request: web.Request, status: int, message: str) -> JsonObject:
        """Return the JSON body of an error."""

    @abc.abstractmethod
    def empty_answer(self, kind: Kind) -> JsonObject | list[JsonObject]:
        """Return the response without clips that an overloaded Suno gives."""

    async def read_body(self, request: web.Request) -> JsonObject | None:
        """Return the body as the log shows it and the handlers take it; None if it is no object."""
        return await _json_body(request)

    def fault_text(self, fault: Fault) -> str:
        """Return the error text of a planned fault."""
        if fault in {Fault.FORBIDDEN_CREDITS, Fault.PAYMENT_REQUIRED}:
            return self.no_credits[1]
        return TEXTS.get(fault, "Something wrong with the server")

    def check_key(self, request: web.Request) -> None:
        """Raise RefusedError unless the request carries the key."""
        if self._key is not None and request.headers.get("Authorization") != f"Bearer {self._key}":
            raise RefusedError(401, self.unauthorized_text(request))

    def unauthorized_text(self, request: web.Request) -> str:
        """Return the error text for a wrong key."""
        del request
        return "Unauthorized"

    def add_routes(self, app: web.Application) -> None:
        """Add the endpoints below the provider's name; all other paths are refused."""
        prefix = f"/{self.account.name}"
        for route in self.routes():
            app.router.add_route(route.method, prefix + route.path, self._handler(route))
        app.router.add_route("*", prefix + "/{tail:.*}", self._handle_unknown_route)

    def record_violation(self, request: web.Request, reason: str) -> None:
        """Record a breach of the contract that the service accepts."""
        self._add_violation(request, reason, refused=False)

    def record_unknown_fields(
        self, request: web.Request, body: JsonObject, known: set[str]
    ) -> None:
        """Record a violation for each field that the contract does not have."""
        for name in sorted(body.keys() - known):
            self.record_violation(request, f"unknown field {name}")

    def view(self, clips: list[Clip]) -> ClipView:
        """Return ``clips`` as the response shows them; applies the fault planned for it."""
        planned = self.account.faults.take("fetch", FETCH_FAULTS)
        if planned is None:
            return ClipView(clips, None)
        if planned.fault is Fault.MISSING_ID:
            return ClipView(clips[1:], None)
        return ClipView(clips, "rehearsing")

    def _handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            body = await self.read_body(request)
            record = self._record_request(request, body)
            planned = self.account.faults.take(route.kind, REQUEST_FAULTS)
            if planned is None:
                response = await self._answer(route, request, body)
            else:
                response = await self._answer_with_fault(planned, route, request, body)
            record.status = None if is_disconnected(request) else response.status
            return response

        return handle

    async def _answer(
        self, route: Route, request: web.Request, body: JsonObject | None
    ) -> web.Response:
        try:
            self.check_key(request)
            return await route.handler(request, _required_body(route, body))
        except RefusedError as refused:
            if refused.is_violation:
                self._add_violation(request, refused.message, refused=True)
            return self._refusal(request, refused.status, refused.message)
        except AccountError as error:
            return self._refusal(request, *self._refusal_of(error))

    async def _answer_with_fault(
        self, planned: PlannedFault, route: Route, request: web.Request, body: JsonObject | None
    ) -> web.Response:
        fault = planned.fault
        answer = await self._answer(route, request, body) if planned.accepted else None
        response = await faulty_response(fault, request, answer, self.account.clock)
        if response is not None:
            return response
        if fault is Fault.EMPTY_CLIPS:
            return web.json_response(self.empty_answer(route.kind))
        status = HTTP_STATUS[fault]
        return web.json_response(
            self.envelope(request, status, self.fault_text(fault)),
            status=200 if fault is Fault.ERROR_BODY else status,
            headers=planned.retry_after_header(),
        )

    async def _handle_unknown_route(self, request: web.Request) -> web.StreamResponse:
        record = self._record_request(request, await _json_body(request))
        path = request.path.removeprefix(f"/{self.account.name}")
        known = any(route.path == path for route in self.routes())
        record.status = 405 if known else 404
        message = "Method Not Allowed" if known else "Not Found"
        self._add_violation(request, message, refused=True)
        return self.unknown_route(request, record.status, message)

    def unknown_route(self, request: web.Request, status: int, message: str) -> web.StreamResponse:
        """Return the response to a wrong path (404) or method (405)."""
        return web.json_response(self.envelope(request, status, message), status=status)

    def _refusal(self, request: web.Request, status: int, message: str) -> web.Response:
        shown = 200 if self.always_200 else status
        return web.json_response(self.envelope(request, status, message), status=shown)

    def _refusal_of(self, error: AccountError) -> tuple[int, str]:
        if isinstance(error, NoCreditsError):
            return self.no_credits
        return (
            self.unknown_clip if isinstance(error, NoSuchClipError) else self.continue_at_too_late
        )

    def _record_request(self, request: web.Request, body: JsonObject | None) -> LoggedRequest:
        record = LoggedRequest(
            request.method,
            request.path,
            list(request.query.items()),
            body,
            self.account.clock.now(),
        )
        self.account.requests.append(record)
        return record

    def _add_violation(self, request: web.Request, reason: str, *, refused: bool) -> None:
        self.account.violations.append(
            Violation(
                self.account.name,
                request.method,
                request.path,
                reason,
                refused,
                self.account.clock.now(),
            )
        )


async def _json_body(request: web.Request) -> JsonObject | None:
    """Return the body if it is a JSON object with that content type."""
    if request.content_type != "application/json":
        return None
    try:
        body: object = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None
    return cast("JsonObject", body) if isinstance(body, dict) else None


def _required_body(route: Route, body: JsonObject | None) -> JsonObject:
    """Return the body; raise RefusedError if a POST has none."""
    if route.method == "POST" and body is None:
        message = "The body must be a JSON object with its Content-Type"
        raise RefusedError(400, message, is_violation=True)
    return body or {}

"""Handles REST requests: logs, validates, rate-limits and routes them, and injects faults."""

import json

from aiohttp import web

from sandbox.discord.errors import ApiError
from sandbox.discord.faults import Fault, FaultKind, Faults
from sandbox.discord.models import Upload
from sandbox.discord.openapi import OpenApiDocument
from sandbox.discord.protocol import Json
from sandbox.discord.ratelimits import RateLimits
from sandbox.discord.request_body import read_body
from sandbox.discord.request_log import LoggedRequest, Violation
from sandbox.discord.rest.request import AppContext, ResponseBody, RestRequest
from sandbox.discord.rest.router import RouteMatch, Router, redact_tokens
from sandbox.discord.rules.errors import describe_errors

API_PATH = "/api/v10"
INVALID_STATUSES = frozenset({401, 403, 429})
JSON_HEADERS = {"Content-Type": "application/json"}
NO_CONTENT = 204


class RestHandler:
    """Handles the bot's REST requests; keeps ``requests`` and ``violations``."""

    def __init__(self, site: AppContext, token: str, document: OpenApiDocument | None) -> None:
        self.requests: list[LoggedRequest] = []
        self.violations: list[Violation] = []
        self.invalid_requests = 0
        self.faults = Faults()
        self.rate_limits = RateLimits()
        self._context = site
        self._authorization = f"Bot {token}"
        self._document = document
        self._router = Router()

    async def handle(self, http: web.Request) -> web.StreamResponse:
        """Handle one request."""
        raw_path = http.rel_url.raw_path.removeprefix(API_PATH)
        match = self._router.find(http.method, raw_path)
        body, files, error = await read_body(http)
        path = match.redacted_path if match else redact_tokens(raw_path)
        template = match.route.template if match else path
        names = tuple(file.name for file in files)
        request = LoggedRequest(http.method, path, template, body, names)
        self.requests.append(request)
        fault = self.faults.take(request)
        if fault is not None:
            await self._apply_fault_before(fault, http)
        if fault is not None and fault.kind is FaultKind.ANSWER:
            response = self._refuse(request, _fault_error(fault), {})
        elif match is None:
            unknown = ApiError(0, status=404, message="404: Not Found", violation=True)
            response = self._refuse(request, unknown, {})
        else:
            response = self._call_route(http, match, request, (body, files, error))
        self._context.state.conditions.notify()
        if fault is not None:
            await self._apply_fault_after(fault, http)
        return response

    def _call_route(
        self,
        http: web.Request,
        match: RouteMatch,
        request: LoggedRequest,
        parsed_body: tuple[Json, list[Upload], ApiError | None],
    ) -> web.Response:
        route = match.route
        body, files, body_error = parsed_body
        headers: dict[str, str] = {}
        try:
            if not route.public:
                self._check_token(http)
                self.rate_limits.count_globally()
            if route.limit is not None:
                headers = self.rate_limits.count(route.key, match.major, route.limit)
            if body_error is not None:
                raise body_error
            self._check_openapi(http, request, body)
            call = RestRequest(self._context, match.params, http.query, body, files)
            answer: ResponseBody = route.handler(call)
        except ApiError as error:
            return self._refuse(request, error, headers)
        if answer is None:
            request.status = NO_CONTENT
            return web.Response(status=NO_CONTENT, headers=headers)
        request.status = 200
        text = json.dumps(answer, separators=(",", ":"), ensure_ascii=False)
        return web.Response(body=text.encode(), headers=headers | JSON_HEADERS)

    def _check_token(self, http: web.Request) -> None:
        if http.headers.get("Authorization") != self._authorization:
            raise ApiError(0, status=401, message="401: Unauthorized", violation=True)

    def _check_openapi(self, http: web.Request, request: LoggedRequest, body: Json) -> None:
        if self._document is None:
            return
        problem = self._document.find_error(request.method, request.route, http.query, body)
        if problem is not None:
            error = {"code": "OPENAPI", "message": problem}
            raise ApiError(50035, errors={"_errors": [error]})

    def _refuse(
        self, request: LoggedRequest, error: ApiError, headers: dict[str, str]
    ) -> web.Response:
        request.status, request.code = error.status, error.code
        if error.status in INVALID_STATUSES:
            self.invalid_requests += 1
        if error.violation:
            details = describe_errors(error.errors) if error.errors else []
            description = "; ".join([error.message, *details])
            self.violations.append(Violation(request, error.code, description))
        text = json.dumps(error.body)
        all_headers = headers | error.headers | JSON_HEADERS
        return web.Response(status=error.status, body=text.encode(), headers=all_headers)

    async def _apply_fault_before(self, fault: Fault, http: web.Request) -> None:
        if fault.kind is FaultKind.HANG_BEFORE:
            await fault.released.wait()
            _abort_connection(http)
        elif fault.kind is FaultKind.CLOSE_BEFORE:
            _abort_connection(http)

    async def _apply_fault_after(self, fault: Fault, http: web.Request) -> None:
        if fault.kind is FaultKind.HANG_AFTER:
            await fault.released.wait()
        elif fault.kind is FaultKind.CLOSE_AFTER:
            _abort_connection(http)


def _abort_connection(http: web.Request) -> None:
    if http.transport is not None:
        http.transport.abort()
    raise ConnectionResetError("The connection was cut by order of a test")


def _fault_error(fault: Fault) -> ApiError:
    return ApiError(
        fault.code,
        status=fault.status,
        message=fault.message,
        violation=False,
        headers=fault.headers,
        extra=fault.extra,
    )

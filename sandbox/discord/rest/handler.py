"""The one door of the REST API: every request is read, recorded, judged and answered here."""

import json

from aiohttp import web

from sandbox.discord.errors import ApiError
from sandbox.discord.faults import Fault, Faults, Trouble
from sandbox.discord.models import Upload
from sandbox.discord.openapi import Document
from sandbox.discord.protocol import Json
from sandbox.discord.ratelimits import RateLimits
from sandbox.discord.request_body import read_body
from sandbox.discord.request_log import Request, Violation
from sandbox.discord.rest.request import Answer, Call, Site
from sandbox.discord.rest.router import Found, Table, without_tokens
from sandbox.discord.rules.errors import sentences

BASE = "/api/v10"
INVALID = frozenset({401, 403, 429})
JSON_HEADERS = {"Content-Type": "application/json"}
NO_CONTENT = 204


class Door:
    """Answers the bot, and keeps book."""

    def __init__(self, site: Site, token: str, document: Document | None) -> None:
        self.requests: list[Request] = []
        self.violations: list[Violation] = []
        self.invalid_requests = 0
        self.faults = Faults()
        self.limits = RateLimits()
        self._site = site
        self._authorization = f"Bot {token}"
        self._document = document
        self._table = Table()

    async def handle(self, http: web.Request) -> web.StreamResponse:
        """Answer one request."""
        raw_path = http.rel_url.raw_path.removeprefix(BASE)
        found = self._table.find(http.method, raw_path)
        body, files, wrong = await read_body(http)
        path = found.path if found else without_tokens(raw_path)
        template = found.route.template if found else path
        names = tuple(file.name for file in files)
        request = Request(http.method, path, template, body, names)
        self.requests.append(request)
        fault = self.faults.match(request)
        if fault is not None:
            await self._trouble_before(fault, http)
        if fault is not None and fault.trouble is Trouble.ANSWER:
            response = self._refuse(request, _ordered(fault), {})
        elif found is None:
            unknown = ApiError(0, status=404, message="404: Not Found", violation=True)
            response = self._refuse(request, unknown, {})
        else:
            response = self._apply(http, found, request, (body, files, wrong))
        self._site.world.waiters.changed()
        if fault is not None:
            await self._trouble_after(fault, http)
        return response

    def _apply(
        self,
        http: web.Request,
        found: Found,
        request: Request,
        sent: tuple[Json, list[Upload], ApiError | None],
    ) -> web.Response:
        route = found.route
        body, files, wrong = sent
        headers: dict[str, str] = {}
        try:
            if not route.public:
                self._check_token(http)
                self.limits.count_globally()
            if route.limit is not None:
                headers = self.limits.count(route.key, found.major, route.limit)
            if wrong is not None:
                raise wrong
            self._check_document(http, request, body)
            call = Call(self._site, found.params, http.query, body, files)
            answer: Answer = route.handler(call)
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

    def _check_document(self, http: web.Request, request: Request, body: Json) -> None:
        if self._document is None:
            return
        complaint = self._document.complaint(request.method, request.route, http.query, body)
        if complaint is not None:
            wrong = {"code": "OPENAPI", "message": complaint}
            raise ApiError(50035, errors={"_errors": [wrong]})

    def _refuse(self, request: Request, error: ApiError, headers: dict[str, str]) -> web.Response:
        request.status, request.code = error.status, error.code
        if error.status in INVALID:
            self.invalid_requests += 1
        if error.violation:
            found = sentences(error.errors) if error.errors else []
            sentence = "; ".join([error.message, *found])
            self.violations.append(Violation(request, error.code, sentence))
        text = json.dumps(error.body)
        told = headers | error.headers | JSON_HEADERS
        return web.Response(status=error.status, body=text.encode(), headers=told)

    async def _trouble_before(self, fault: Fault, http: web.Request) -> None:
        if fault.trouble is Trouble.HANG_BEFORE:
            await fault.released.wait()
            _cut(http)
        elif fault.trouble is Trouble.CLOSE_BEFORE:
            _cut(http)

    async def _trouble_after(self, fault: Fault, http: web.Request) -> None:
        if fault.trouble is Trouble.HANG_AFTER:
            await fault.released.wait()
        elif fault.trouble is Trouble.CLOSE_AFTER:
            _cut(http)


def _cut(http: web.Request) -> None:
    if http.transport is not None:
        http.transport.abort()
    raise ConnectionResetError("The connection was cut by order of a test")


def _ordered(fault: Fault) -> ApiError:
    return ApiError(
        fault.code,
        status=fault.status,
        message=fault.message,
        violation=False,
        headers=fault.headers,
        extra=fault.extra,
    )

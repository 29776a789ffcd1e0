"""HTTP for the adapters: which requests may be repeated, and what each failure means.

`ApiClient.submit` sends what costs credits, `ApiClient.query` everything else. They differ in the
error that they raise when the outcome is unknown. Keys stay inside: no answer, exception or log
line carries one.
"""

import asyncio
import datetime as dt
import json
import logging
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

import httpx
from aiolimiter import AsyncLimiter
from pydantic import TypeAdapter, ValidationError

from bot.providers.base import (
    OutOfCredits,
    ProviderError,
    Unauthorized,
    Unavailable,
    Unconfirmed,
    WrongAddress,
)
from bot.providers.errors import ErrorResponse, error_for, extract_message, retry_after

_log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
Params = Sequence[tuple[str, str]]
UnknownOutcome = type[Unconfirmed] | type[Unavailable]

CONNECT_TIMEOUT = 10.0  # seconds
QUERY_TIMEOUT = 30.0  # seconds
MAX_ANSWER_BYTES = 1 << 20  # uncompressed; a page of 20 clips with all their lyrics has half of it
_ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS
_FIELD_NAME = re.compile(r"[a-z_]{1,32}|\d{1,3}", re.ASCII)
# the parts of a header that are keys; nothing shorter is a secret
_SECRET = re.compile(r"[^\s;=]{8,}")
# the request was never sent: no connection, or no free one in the pool
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class RateLimiter(Protocol):
    """Spaces the requests of one kind to one service."""

    async def acquire(self) -> None:
        """Return when the next request may be sent."""
        ...


# Returns the limiter to one request every so many seconds; 0 is no limit. The text names the
# service and the kind of requests: those with the same name share one rate.
RateLimiterFactory = Callable[[str, float], RateLimiter]


def rate_limiter(_name: str, interval: float) -> RateLimiter:
    """Return a limiter for a process that has the service's key for itself."""
    return AsyncLimiter(1, interval) if interval > 0 else Unlimited()


class Unlimited:
    """Lets every request pass."""

    async def acquire(self) -> None:
        """Return at once."""


@dataclass(frozen=True, slots=True)
class Form:
    """The body of a request as ``multipart/form-data``: text fields, and one file.

    Attributes:
        fields: the texts by name.
        file_field: name of the file's field.
        file: its path.
        content_type: of the file.
    """

    fields: Mapping[str, str]
    file_field: str
    file: Path
    content_type: str


class ApiClient:
    """The HTTP client for one provider's API.

    Args:
        client: of this provider alone; timeouts are set per request.
        label: the provider's name, for errors and the log.
        base_url: may have a path; the path of a request is appended.
        headers: for authorisation; their values never leave this object.
        query_limiter: acquired before each query.
        error_from: the provider's own reading of an error response; returns None to use
            `error_for`.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        label: str,
        base_url: str,
        headers: Mapping[str, str],
        query_limiter: RateLimiter,
        error_from: Callable[[ErrorResponse], ProviderError | None],
    ) -> None:
        self._client = client
        self._label = label
        self._base_url = base_url.rstrip("/")
        self._headers = dict(headers)
        self._secrets = [
            secret.encode() for text in headers.values() for secret in _SECRET.findall(text)
        ]
        self._query_limiter = query_limiter
        self._error_from = error_from

    async def submit(
        self,
        path: str,
        body: Mapping[str, object] | Form,
        schema: TypeAdapter[Answer],
        *,
        timeout_seconds: float,
    ) -> Answer:
        """POST what may cost credits, once, and return the answer.

        Args:
            path: appended to the base URL.
            body: sent as JSON, or as the form that it is.
            schema: of the answer.
            timeout_seconds: how long to wait for the answer.

        Raises:
            Unavailable: the request was never sent.
            Unconfirmed: it was sent, and the answer doesn't tell its outcome.
            ProviderError: it was refused, by the table in `errors`.
        """
        with ExitStack() as stack:
            file = stack.enter_context(body.file.open("rb")) if isinstance(body, Form) else None
            request = self._request(
                "POST", path, body=body, file=file, timeout_seconds=timeout_seconds
            )
            try:
                answer = await self._send(
                    request, path, Unconfirmed, timeout_seconds=timeout_seconds
                )
            except _ErrorStatusError as error:
                raise self.logged(self._error_for(error.response, Unconfirmed)) from None
        return self._parse(schema, answer, Unconfirmed)

    async def query(
        self,
        path: str,
        schema: TypeAdapter[Answer],
        *,
        method: str = "GET",
        params: Params = (),
        body: Mapping[str, object] | None = None,
        timeout_seconds: float = QUERY_TIMEOUT,
    ) -> Answer:
        """Send a request that changes nothing, when the query rate allows it.

        Errors are left to the caller to log, who may see the same one at each poll.

        Raises:
            Unavailable: there is no usable answer now.
            ProviderError: it was refused.
        """
        await self._query_limiter.acquire()
        request = self._request(
            method, path, params=params, body=body, timeout_seconds=timeout_seconds
        )
        try:
            answer = await self._send(request, path, Unavailable, timeout_seconds=timeout_seconds)
        except _ErrorStatusError as error:
            raise self._error_for(error.response, Unavailable) from None
        return self._parse(schema, answer, Unavailable)

    def logged(self, error: ProviderError) -> ProviderError:
        """Return the ``error`` of a submission, logged if only the operator can act on it."""
        if isinstance(error, Unauthorized | OutOfCredits):
            _log.warning("%s: %s: %s", self._label, error.kind, error.text or "no reason given")
        return error

    def _error_for(self, response: ErrorResponse, unknown_outcome: UnknownOutcome) -> ProviderError:
        return self._error_from(response) or error_for(response, unknown_outcome)

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: Params = (),
        body: Mapping[str, object] | Form | None = None,
        file: BinaryIO | None = None,
        timeout_seconds: float,
    ) -> httpx.Request:
        headers = {
            **self._headers,
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # answers are small, and a compressed one may be a bomb
        }
        content: dict[str, Any] = {}
        if isinstance(body, Form):
            upload = (body.file.name, file, body.content_type)
            content = {"data": body.fields, "files": {body.file_field: upload}}
        elif body is not None:
            headers["Content-Type"] = "application/json"
            content = {"content": json.dumps(body, allow_nan=False).encode()}
        try:
            return self._client.build_request(
                method,
                self._base_url + path,
                params=list(params) or None,
                headers=headers,
                **content,
                timeout=httpx.Timeout(
                    timeout_seconds, connect=CONNECT_TIMEOUT, pool=CONNECT_TIMEOUT
                ),
            )
        except (httpx.InvalidURL, UnicodeError):
            raise WrongAddress(f"The base URL or key of {self._label} can't be used.") from None

    async def _send(
        self,
        request: httpx.Request,
        path: str,
        unknown_outcome: UnknownOutcome,
        *,
        timeout_seconds: float,
    ) -> object:
        """Return the JSON of a 2xx answer.

        Raises:
            _ErrorStatusError: the answer is not a 2xx.
            Unavailable: the request was never sent.
            Unconfirmed: only if that is ``unknown_outcome``.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                response = await self._client.send(request, follow_redirects=False, stream=True)
                try:
                    content = await _read(response)
                finally:
                    await response.aclose()
        except _NOT_SENT as error:
            raise self._no_response(error, path, Unavailable) from None
        except (httpx.RequestError, TimeoutError) as error:
            raise self._no_response(error, path, unknown_outcome) from None
        for secret in self._secrets:
            content = content.replace(secret, b"")
        try:
            answer: object = json.loads(content)
        except (ValueError, RecursionError):
            answer = None
        if response.is_success:
            if answer is None:
                raise unknown_outcome(f"{self._label} gave an unreadable answer.")
            return answer
        _log.info("%s answered %s to %s", self._label, response.status_code, path)
        header = response.headers.get("Retry-After")
        raise _ErrorStatusError(
            ErrorResponse(
                response.status_code,
                extract_message(answer),
                content.decode(errors="replace"),
                retry_after(header, now=dt.datetime.now(dt.UTC)),
                is_json=answer is not None,
                is_query=unknown_outcome is Unavailable,
            )
        )

    def _no_response(self, error: Exception, path: str, kind: UnknownOutcome) -> ProviderError:
        """Return the error for a missing answer, and log its type without its details."""
        _log.info("%s gave no answer to %s: %s", self._label, path, type(error).__name__)
        return kind(f"{self._label} didn't answer.")

    def _parse(
        self, schema: TypeAdapter[Answer], answer: object, unknown_outcome: UnknownOutcome
    ) -> Answer:
        try:
            return schema.validate_python(answer)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            names = (str(part) for part in first["loc"])
            # the other parts are names of our types, and keys that the provider chose
            field = ".".join(filter(_FIELD_NAME.fullmatch, names)) or "all of it"
            text = f"{self._label} gave an unexpected answer: {field}"
            _log.warning("%s", text)
            raise unknown_outcome(text) from None


async def _read(response: httpx.Response) -> bytes:
    """Return the uncompressed body of ``response``, or nothing if it has no acceptable one.

    httpx would uncompress without a bound: 1 MB of gzip can become 1 GB.
    """
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            return b""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return bytes(content)
    if encoding not in ("gzip", "deflate"):
        return b""
    decompressor = zlib.decompressobj(_ZLIB_OR_GZIP)
    try:
        uncompressed = decompressor.decompress(content, MAX_ANSWER_BYTES)
    except zlib.error:
        return b""
    return uncompressed if decompressor.eof else b""


class _ErrorStatusError(Exception):
    """An answer that is not a 2xx; never leaves this module."""

    def __init__(self, response: ErrorResponse) -> None:
        super().__init__()
        self.response = response

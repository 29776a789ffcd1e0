"""The one door to HTTP: what may be repeated, and what a failure on the way means.

`Door.submit` is for what costs credits, `Door.ask` for everything else; the difference is what
they raise when nobody knows what happened. No key gets past it: not into an answer, an exception
or the log.
"""

import asyncio
import datetime as dt
import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import httpx
from aiolimiter import AsyncLimiter
from pydantic import TypeAdapter, ValidationError

from bot.providers.base import OutOfCredits, ProviderError, Unauthorized, Unavailable, Unconfirmed
from bot.providers.errors import ErrorResponse, error_for, extract_message, retry_after

_log = logging.getLogger(__name__)

Shape = TypeVar("Shape")
Params = Sequence[tuple[str, str]]
Lost = type[Unconfirmed] | type[Unavailable]

CONNECT_TIMEOUT = 10.0
QUERY_TIMEOUT = 30.0
# what in a header is a key, or a part of one; nothing shorter is a secret
_FIELD = re.compile(r"[a-z_]{1,32}|\d{1,3}", re.ASCII)
_KEY = re.compile(r"[^\s;=]{8,}")
# the request never left: no connection, or no free one in the pool
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def rate_limiter(every: float) -> AsyncLimiter | None:
    """Return a limiter to one request in so many seconds; 0 is no limit."""
    return AsyncLimiter(1, every) if every > 0 else None


class ApiClient:
    """The way to one provider's API.

    Args:
        client: of this provider alone; its timeouts are set per request.
        label: the provider's name, for errors and the log.
        base_url: may have a path of its own; what is asked for is appended.
        headers: that authorise; their values never leave this object.
        query_every: least seconds between two questions; 0 is no limit.
        refused: the provider's own reading of a refused submission, None where it has none.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        label: str,
        base_url: str,
        headers: Mapping[str, str],
        query_every: float,
        refused: Callable[[ErrorResponse], ProviderError | None],
    ) -> None:
        self._client = client
        self._label = label
        self._base_url = base_url.rstrip("/")
        self._headers = dict(headers)
        self._secrets = [key.encode() for text in headers.values() for key in _KEY.findall(text)]
        self._limiter = rate_limiter(query_every)
        self._refused = refused

    async def submit(
        self,
        path: str,
        body: Mapping[str, object],
        shape: TypeAdapter[Shape],
        *,
        timeout_seconds: float,
    ) -> Shape:
        """POST what may cost credits, once, and return the answer.

        Args:
            path: is appended to the base URL.
            body: is sent as JSON.
            shape: what the answer has to be.
            timeout_seconds: seconds to wait for the answer.

        Raises:
            Unavailable: the request never left.
            Unconfirmed: it left, and the answer doesn't tell what became of it.
            ProviderError: it was refused, by the table in providers.md §5.4.
        """
        request = self._request("POST", path, body=body, within=timeout_seconds)
        try:
            answer = await self._send(request, path, Unconfirmed, within=timeout_seconds)
        except _RefusedError as error:
            own = self._refused(error.refusal)
            raise self.logged(own or error_for(error.refusal, Unconfirmed)) from None
        return self._read(shape, answer, Unconfirmed)

    async def query(
        self,
        path: str,
        shape: TypeAdapter[Shape],
        *,
        method: str = "GET",
        params: Params = (),
        body: Mapping[str, object] | None = None,
        timeout_seconds: float = QUERY_TIMEOUT,
    ) -> Shape:
        """Ask for something that changes nothing, when the query rate allows it.

        Raises:
            Unavailable: there is no usable answer now.
            ProviderError: it was refused.
        """
        if self._limiter:
            await self._limiter.acquire()
        request = self._request(method, path, params=params, body=body, within=timeout_seconds)
        try:
            answer = await self._send(request, path, Unavailable, within=timeout_seconds)
        except _RefusedError as error:
            raise self.logged(error_for(error.refusal, Unavailable)) from None
        return self._read(shape, answer, Unavailable)

    def logged(self, error: ProviderError) -> ProviderError:
        """Return ``error``, after logging the words that only an operator can act on."""
        if isinstance(error, Unauthorized | OutOfCredits):
            _log.warning("%s: %s: %s", self._label, error.kind, error.text or "no reason given")
        return error

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: Params = (),
        body: Mapping[str, object] | None = None,
        within: float,
    ) -> httpx.Request:
        headers = {**self._headers, "Accept": "application/json"}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body, allow_nan=False).encode()
        try:
            return self._client.build_request(
                method,
                self._base_url + path,
                params=list(params) or None,
                headers=headers,
                content=content,
                timeout=httpx.Timeout(within, connect=CONNECT_TIMEOUT, pool=CONNECT_TIMEOUT),
            )
        except (httpx.InvalidURL, UnicodeError):
            raise Unauthorized(f"The base URL or key of {self._label} can't be used.") from None

    async def _send(
        self, request: httpx.Request, path: str, lost: Lost, *, within: float
    ) -> object:
        """Return the JSON of a 2xx answer.

        Raises:
            _RefusedError: the answer is not a 2xx.
            Unavailable: the request never left.
            Unconfirmed: only if that is ``lost``.
        """
        try:
            async with asyncio.timeout(within):
                response = await self._client.send(request, follow_redirects=False)
        except _NOT_SENT as error:
            raise self._no_response(error, path, Unavailable) from None
        except (httpx.RequestError, TimeoutError) as error:
            raise self._no_response(error, path, lost) from None
        content = response.content
        for secret in self._secrets:
            content = content.replace(secret, b"")
        try:
            answer: object = json.loads(content)
        except (ValueError, RecursionError):
            answer = None
        if response.is_success:
            if answer is None:
                raise lost(f"{self._label} answered nothing that can be read.")
            return answer
        _log.info("%s answered %s to %s", self._label, response.status_code, path)
        header = response.headers.get("Retry-After")
        raise _RefusedError(
            ErrorResponse(
                response.status_code,
                extract_message(answer),
                content.decode(errors="replace"),
                retry_after(header, now=dt.datetime.now(dt.UTC)),
            )
        )

    def _no_response(self, error: Exception, path: str, kind: Lost) -> ProviderError:
        """Return the error for no answer at all, and log what it was without its details."""
        _log.info("%s gave no answer to %s: %s", self._label, path, type(error).__name__)
        return kind(f"{self._label} did not answer.")

    def _read(self, shape: TypeAdapter[Shape], answer: object, lost: Lost) -> Shape:
        try:
            return shape.validate_python(answer)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            names = (str(part) for part in first["loc"])
            # what else is in there are the names of our types, and keys of their choice
            place = ".".join(filter(_FIELD.fullmatch, names)) or "all of it"
            _log.warning("%s answered in another form than expected: %s", self._label, place)
            raise lost(f"{self._label} answered in another form than expected: {place}") from None


class _RefusedError(Exception):
    """An answer that is not a 2xx; never leaves this module."""

    def __init__(self, refusal: ErrorResponse) -> None:
        super().__init__()
        self.refusal = refusal

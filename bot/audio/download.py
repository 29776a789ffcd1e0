"""Download files from links that Encore did not choose, from public addresses only.

Links come from providers, and an answer of a provider must not reach into the network in which
Encore runs (SSRF). A name is resolved once, its addresses are checked, and the connection goes to
a checked address, so that a second answer of the name server can't lead elsewhere. Each redirect
passes the same check. By hand, since httpx offers no such check, and a check before the request
alone would be of another resolution than the request's own.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from bot.audio.errors import TransientMediaError, UnusableMediaError
from bot.audio.public_addresses import Address, Resolve, resolve_allowed, resolve_host

_MAX_REDIRECTS: Final = 5
# 404 among them: storage answers it until a new file has reached it.
_TRANSIENT_STATUSES: Final = frozenset({404, 408, 425, 429})
# Bytes per second: a song of four minutes would take two. A few servers that send a byte now and
# then must not hold up the audio of all others.
_MIN_RATE: Final = 32 * 1024
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_HEADERS: Final = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "Encore"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadLimits:
    """Limits of one download.

    Attributes:
        max_bytes: of the file.
        timeout: seconds in all.
        idle_timeout: seconds without a byte.
        slow_start: seconds after which the average has to be `_MIN_RATE`.
    """

    max_bytes: int
    timeout: float
    idle_timeout: float = 15.0
    slow_start: float = 10.0


@dataclass(frozen=True, slots=True)
class PrivateServer:
    """A server of the operator's own, whose files only Encore can reach.

    Attributes:
        base_url: the path of a file is appended to it.
        key: sent as a bearer token, to this server alone; empty if it asks for none.
    """

    base_url: str
    key: str = field(default="", repr=False)

    @property
    def origin(self) -> tuple[str, str, int | None]:
        """The scheme, host and port that the key and the trust are for."""
        return _origin(_parse_url(self.base_url))


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeDownloader:
    """Downloads from public addresses, trusted hosts and private servers.

    Attributes:
        private_servers: by the name with which a link to one of their files begins, in the place
            of ``https``: ``acestep:/v1/audio?path=1.mp3``. Any other link to such a server is
            treated like one to anywhere.
        trusted_hosts: ``host`` or ``host:port``, lower case, that may be private and plain http.
        resolve: name to addresses.
        tls: which certificates are trusted.
    """

    trusted_hosts: Collection[str] = ()
    private_servers: Mapping[str, PrivateServer] = field(default_factory=dict[str, PrivateServer])
    resolve: Resolve = resolve_host
    tls: ssl.SSLContext = field(default_factory=httpx.create_ssl_context)

    async def download(self, url: str, into: Path, limits: DownloadLimits) -> None:
        """Write the file at ``url`` to ``into``.

        It is written under another name first: ``into`` exists only if all of it arrived.

        Raises:
            UnusableMediaError: the address, a redirect or the response is not acceptable, or the
                file is too large.
            TransientMediaError: the network or the server failed, or it took too long.
        """
        partial = into.with_name(into.name + ".part")
        try:
            async with asyncio.timeout(limits.timeout):
                await self._receive(url, partial, limits)
            partial.replace(into)
        except TimeoutError as error:
            raise TransientMediaError("the download took too long") from error
        except httpx.HTTPError as error:
            raise TransientMediaError(f"the download failed ({type(error).__name__})") from error
        finally:
            partial.unlink(missing_ok=True)

    async def _receive(self, url: str, partial: Path, limits: DownloadLimits) -> None:
        # a client for each download: names with the same address never share a connection
        async with httpx.AsyncClient(
            verify=self.tls,
            timeout=httpx.Timeout(limits.idle_timeout),
            follow_redirects=False,
            trust_env=False,
        ) as http:
            name, _, rest = url.partition(":")
            server = self.private_servers.get(name) if rest.startswith("/") else None
            target = _parse_url(url if server is None else server.base_url + rest)
            for _ in range(_MAX_REDIRECTS + 1):
                async with self._get(http, target, server) as response:
                    if response.has_redirect_location:
                        target = _parse_url(str(target.join(response.headers["location"])))
                        continue
                    _require_usable(response, limits.max_bytes)
                    await _write_body(response, partial, limits)
                    return
        raise UnusableMediaError("it redirects too often")

    @contextlib.asynccontextmanager
    async def _get(
        self, http: httpx.AsyncClient, target: httpx.URL, server: PrivateServer | None
    ) -> AsyncGenerator[httpx.Response, None]:
        """Yield the response from one of the checked addresses of ``target``.

        ``server`` is the private one to which the link led; its key goes nowhere else.
        """
        port = target.port or _DEFAULT_PORTS.get(target.scheme, 0)
        is_private = server is not None and _origin(target) == server.origin
        key = server.key if server is not None and is_private else ""
        is_trusted = is_private or not {target.host, f"{target.host}:{port}"}.isdisjoint(
            self.trusted_hosts
        )
        if target.scheme != "https" and not (target.scheme == "http" and is_trusted):
            raise UnusableMediaError("only https links are downloaded")
        if not target.host or target.userinfo:
            raise UnusableMediaError("the link is not one to a file")
        addresses = await resolve_allowed(
            target.host, port, resolve=self.resolve, is_trusted=is_trusted
        )
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        response = await _send_to_first(http, target, addresses, headers)
        try:
            yield response
        finally:
            await response.aclose()


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or _DEFAULT_PORTS.get(url.scheme)


def _parse_url(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        raise UnusableMediaError("the link is not a valid one") from error


async def _send_to_first(
    http: httpx.AsyncClient,
    target: httpx.URL,
    addresses: Collection[Address],
    headers: Mapping[str, str],
) -> httpx.Response:
    """Return the response of the first of ``addresses`` that accepts a connection."""
    last_error: httpx.HTTPError = httpx.ConnectError("no address")
    for address in addresses:
        request = http.build_request(
            "GET",
            target.copy_with(host=str(address)),
            headers={**_HEADERS, **headers, "Host": target.netloc.decode("ascii")},
            # TLS asks for, and checks, the name
            extensions={"sni_hostname": target.raw_host.decode("ascii")},
        )
        try:
            return await http.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            last_error = error
    raise last_error


def _require_usable(response: httpx.Response, max_bytes: int) -> None:
    """Raise MediaError unless ``response`` promises a plain file of at most ``max_bytes``."""
    status = response.status_code
    if status != httpx.codes.OK.value:
        kind = (
            TransientMediaError
            if status in _TRANSIENT_STATUSES or response.is_server_error
            else UnusableMediaError
        )
        raise kind(f"the server answered {status}")
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise UnusableMediaError("the server compressed it although not asked to")
    if "content-length" in response.headers and "transfer-encoding" in response.headers:
        raise UnusableMediaError("the server gives two lengths")
    if int(response.headers.get("content-length", 0)) > max_bytes:
        raise UnusableMediaError("it is too large")


async def _write_body(response: httpx.Response, path: Path, limits: DownloadLimits) -> None:
    """Write the body to ``path``; a body shorter than promised is an error of httpx itself."""
    size = 0
    clock = asyncio.get_running_loop().time
    started_at = clock()
    with path.open("wb") as file:
        async for chunk in response.aiter_raw():
            size += len(chunk)
            if size > limits.max_bytes:
                raise UnusableMediaError("it is too large")
            elapsed = clock() - started_at
            if elapsed > limits.slow_start and size < elapsed * _MIN_RATE:
                raise TransientMediaError("the server is too slow")
            file.write(chunk)

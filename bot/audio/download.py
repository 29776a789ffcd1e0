"""The one door through which files are fetched from addresses that Encore did not choose.

Links come from providers, and what a provider answers is not to be trusted with the network that
Encore runs in. The name is resolved once, its addresses are checked, and the connection goes to a
checked address, so that no second answer of the name server can lead elsewhere. Each redirect
passes the same check.
"""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from bot.audio.errors import TransientMediaError, UnusableMediaError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# (name, port) -> what the name stands for now, as texts; raises OSError if it stands for nothing
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

# The special-purpose registries of IANA, kept here because what `ipaddress` calls global differs
# between patch releases of Python.
_NON_PUBLIC_V4: Final = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by carriers; also the metadata service of Alibaba
        "127.0.0.0/8",
        "168.63.129.16/32",  # public by its number, yet the host's own service at Azure
        "169.254.0.0/16",  # link-local, and the metadata service of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_PUBLIC_V6: Final = ipaddress.IPv6Network("2000::/3")  # all that is given out for public use
_NON_PUBLIC_V6: Final = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # protocols, among them Teredo, which wraps an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4, which wraps an IPv4 address
        "3fff::/20",
    )
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Return whether ``address`` is one that anybody on the Internet could mean.

    Of the IPv6 addresses that wrap an IPv4 address, only NAT64's are ever public, which hosts
    without IPv4 need, and those only if the wrapped address is.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NON_PUBLIC_V4)
    if address.scope_id is not None:
        return False
    if address in _NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _PUBLIC_V6 and not any(address in network for network in _NON_PUBLIC_V6)


async def resolve_host(host: str, port: int) -> Sequence[str]:
    """Return the addresses that the system's resolver has for ``host``, in its order."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


async def resolve_allowed(
    host: str, port: int, *, resolve: Resolve, is_trusted: bool
) -> Sequence[Address]:
    """Return what ``host`` stands for, each address checked unless the host is trusted.

    Raises:
        Refused: one of them is not public. The others don't matter then: who answers with both
            kinds is after the one that the check would miss.
        Failed: the name stands for nothing at present.
    """
    try:
        texts = [str(ipaddress.ip_address(host))]
    except ValueError:
        try:
            texts = await resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise TransientMediaError("the host's name has no address") from error
    found = [ipaddress.ip_address(text) for text in dict.fromkeys(texts)]
    if not found:
        raise TransientMediaError("the host's name has no address")
    if not is_trusted and not all(is_public(address) for address in found):
        raise UnusableMediaError("the address is not a public one")
    return found


_MAX_REDIRECTS: Final = 5
# May pass: not found is what a store answers until a new file has reached it.
_TRANSIENT_STATUSES: Final = frozenset({404, 408, 425, 429})
_HEADERS: Final = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "Encore"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadLimits:
    """How much one fetch may take: bytes in all, seconds in all, seconds without a byte."""

    max_bytes: int
    timeout: float
    idle_timeout: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeDownloader:
    """Where may be gone to, and how.

    Attributes:
        trusted_hosts: ``host`` or ``host:port``, lower case, that may be private and plain http.
        resolve: name to addresses.
        tls: whose certificates are believed.
    """

    trusted_hosts: Collection[str] = ()
    resolve: Resolve = resolve_host
    tls: ssl.SSLContext = field(default_factory=httpx.create_ssl_context)

    async def download(self, url: str, into: Path, bounds: DownloadLimits) -> int:
        """Write what is at ``url`` to ``into`` and return its size in bytes.

        ``into`` exists afterwards only if all of it came; it is written under another name.

        Raises:
            Refused: the address, a redirect's or the answer is not acceptable, or it is too large.
            Failed: the network, the server or the time stood in the way.
        """
        part = into.with_name(into.name + ".part")
        try:
            async with asyncio.timeout(bounds.timeout):
                size = await self._receive(url, part, bounds)
            part.replace(into)
        except TimeoutError as error:
            raise TransientMediaError("it took too long") from error
        except httpx.HTTPError as error:
            raise TransientMediaError(f"the transfer broke ({type(error).__name__})") from error
        finally:
            part.unlink(missing_ok=True)
        return size

    async def _receive(self, url: str, part: Path, bounds: DownloadLimits) -> int:
        # a client for each fetch: a connection is never shared by names with the same address
        async with httpx.AsyncClient(
            verify=self.tls,
            timeout=httpx.Timeout(bounds.idle_timeout),
            follow_redirects=False,
            trust_env=False,
        ) as http:
            target = _parse_url(url)
            for _ in range(_MAX_REDIRECTS + 1):
                async with self._answer(http, target) as response:
                    if response.has_redirect_location:
                        target = _parse_url(str(target.join(response.headers["location"])))
                        continue
                    _check(response, bounds.max_bytes)
                    return await _write_body(response, part, bounds.max_bytes)
        raise UnusableMediaError("it redirects too often")

    @contextlib.asynccontextmanager
    async def _answer(
        self, http: httpx.AsyncClient, target: httpx.URL
    ) -> AsyncGenerator[httpx.Response, None]:
        """Yield the answer to a request to one of the checked addresses of ``target``."""
        port = target.port or {"https": 443, "http": 80}.get(target.scheme, 0)
        is_trusted = not {target.host, f"{target.host}:{port}"}.isdisjoint(self.trusted_hosts)
        if target.scheme != "https" and not (target.scheme == "http" and is_trusted):
            raise UnusableMediaError("only https links are fetched")
        if not target.host or target.userinfo:
            raise UnusableMediaError("the link is not one to a file")
        addresses = await resolve_allowed(
            target.host, port, resolve=self.resolve, is_trusted=is_trusted
        )
        response = await _send_to_any(http, target, addresses)
        try:
            yield response
        finally:
            await response.aclose()


def _parse_url(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        raise UnusableMediaError("the link is not a valid one") from error


async def _send_to_any(
    http: httpx.AsyncClient, target: httpx.URL, addresses: Collection[Address]
) -> httpx.Response:
    """Return the first answer, going through ``addresses`` while none can be connected to."""
    last: httpx.HTTPError = httpx.ConnectError("no address")
    for address in addresses:
        request = http.build_request(
            "GET",
            target.copy_with(host=str(address)),
            headers={**_HEADERS, "Host": target.netloc.decode("ascii")},
            # TLS asks for, and checks, the name
            extensions={"sni_hostname": target.raw_host.decode("ascii")},
        )
        try:
            return await http.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            last = error
    raise last


def _check(response: httpx.Response, limit: int) -> None:
    """Let through an answer that promises a file of at most ``limit`` bytes, as it is."""
    status = response.status_code
    if status != httpx.codes.OK.value:
        kind = (
            TransientMediaError
            if status in _TRANSIENT_STATUSES or response.is_server_error
            else UnusableMediaError
        )
        raise kind(f"the server answered {status}")
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise UnusableMediaError("the server sent it compressed, which was not asked for")
    if "content-length" in response.headers and "transfer-encoding" in response.headers:
        raise UnusableMediaError("the server gives two lengths")
    if int(response.headers.get("content-length", 0)) > limit:
        raise UnusableMediaError("it is too large")


async def _write_body(response: httpx.Response, part: Path, limit: int) -> int:
    """Write the body to ``part``; a body shorter than promised is httpx's error, not ours."""
    size = 0
    with part.open("wb") as file:
        async for chunk in response.aiter_raw():
            size += len(chunk)
            if size > limit:
                raise UnusableMediaError("it is too large")
            file.write(chunk)
    return size

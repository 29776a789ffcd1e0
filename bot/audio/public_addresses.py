"""Resolve host names to public Internet addresses, against server-side request forgery (SSRF).

By hand, since no maintained library does this for httpx, and `ipaddress.is_global` differs between
patch releases of Python. Each network below says why it is listed.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from bot.audio.errors import TransientMediaError, UnusableMediaError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# (name, port) -> the addresses of the name now, as texts; raises OSError if it has none
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

# From IANA's registries of special-purpose addresses.
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
    """Return whether ``address`` is a public Internet address.

    Of the IPv6 addresses that wrap an IPv4 address, only NAT64's can be public: hosts without IPv4
    need them. They are if the wrapped address is.
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
    """Return the addresses of ``host``, each checked unless the host is trusted.

    Raises:
        UnusableMediaError: one of them is not public. All are refused then: a name with addresses
            of both kinds is made to get past a check that sees only one of them.
        TransientMediaError: the name has no address at present.
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

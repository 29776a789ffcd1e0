"""The types of single settings: what each may be, and what is wrong with it in words."""

import datetime as dt
import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

LONGEST_DEADLINE = dt.timedelta(days=7)
LAST_PORT = 65535
MAX_SHARDS = 16_384


@dataclass(frozen=True, slots=True)
class Unset:
    """Marks a field whose default says nothing to a reader: what holds where it is not set."""

    text: str


def _address(text: str) -> str:
    """Return a base URL without its last slash; it may have a path."""
    wrong = ValueError("must be an address that begins with https:// or http://")
    try:
        parts = urlsplit(text.strip())
        is_one = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        raise wrong from None
    if not is_one or any(letter.isspace() for letter in parts.geturl()):
        raise wrong
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("must be an address without user name, password, ? and #")
    return parts.geturl().rstrip("/")


def _path(text: str) -> str:
    """Return a path that can be appended to a base URL."""
    if not re.fullmatch(r"/[\w./~-]*", text.strip(), re.ASCII):
        raise ValueError("must be a path that begins with /")
    return text.strip()


def _header(secret: SecretStr) -> SecretStr:
    """Return a key without surrounding spaces, if it is valid in an HTTP header."""
    text = secret.get_secret_value().strip()
    if not (text and text.isascii() and text.isprintable()):
        raise ValueError("must be one line of plain characters, copied without quotes")
    return SecretStr(text)


def _session_cookie(cookie: SecretStr) -> SecretStr:
    """Return a cookie that suno-api uses; one without ``__client`` it ignores.

    It would then use, and charge, the server's own account.
    """
    if not re.search(r"(?:^|;\s*)__client=", cookie.get_secret_value()):
        raise ValueError("must contain __client=, as the Cookie header of suno.com's requests does")
    return cookie


def _model(word: str) -> str:
    if not re.fullmatch(r"[\w.-]{0,64}", word.strip(), re.ASCII):
        raise ValueError("must be one word, such as chirp-hawk")
    return word.strip()


def _models(text: str) -> str:
    """Return models as they are written in a list with commas, each once."""
    models = dict.fromkeys(_model(word) for word in text.split(",") if word.strip())
    if not models:
        raise ValueError("must be models separated by commas, such as V6,V5_5")
    return ",".join(models)


def _hosts(text: object) -> object:
    """Return the hosts in a comma-separated text."""
    if not isinstance(text, str):
        return text
    return frozenset(host.strip().lower() for host in text.split(",") if host.strip())


def _are_hosts(hosts: frozenset[str]) -> frozenset[str]:
    """Return ``hosts``, each of which is ``host`` or ``host:port``."""
    if not all(map(_is_host, hosts)):
        raise ValueError(
            "must be hosts such as 127.0.0.1:9000 or audio.example, separated by commas, "
            "without http:// and without a path"
        )
    return hosts


def _is_host(text: str) -> bool:
    if re.fullmatch(r"[\w.-]+(?::\d{1,5})?", text):
        return True
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Shards:
    """The shards that this process serves, of ``count`` in all.

    Discord sends a server's events to the shard ``(server id >> 22) % count``, and those of direct
    messages to shard 0 (its documentation of sharding).
    """

    ids: tuple[int, ...]
    count: int

    @property
    def share(self) -> float:
        """The part of all shards that this process serves, at most 1."""
        return len(self.ids) / self.count

    def __str__(self) -> str:
        return f"{','.join(map(str, self.ids))}/{self.count}"


def _shards(text: object) -> object:
    """Return the shards in a text such as ``0-3/16`` or ``0,1/4``."""
    if not isinstance(text, str):
        return text
    wrong = ValueError(
        f"must be shards of so many in all, such as 0-3/16 or 0,1/4: each less than the number "
        f"after the slash, which is {MAX_SHARDS} at most"
    )
    form = r"(\d{1,5}(?:-\d{1,5})?(?:,\d{1,5}(?:-\d{1,5})?)*)/(\d{1,5})"
    found = re.fullmatch(form, re.sub(r"\s", "", text), re.ASCII)
    if found is None:
        raise wrong
    spans = [[int(number) for number in span.split("-")] for span in found[1].split(",")]
    ids = {each for span in spans for each in range(span[0], span[-1] + 1)}
    count = int(found[2])
    if not all(span[0] <= span[-1] < count <= MAX_SHARDS for span in spans):
        raise wrong
    return Shards(tuple(sorted(ids)), count)


def _seconds(text: object) -> object:
    """Return a number of seconds as a timedelta."""
    if not isinstance(text, str):
        return text
    try:
        span = dt.timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        span = dt.timedelta(0)
    if not dt.timedelta(0) < span <= LONGEST_DEADLINE:
        raise ValueError("must be a number of seconds greater than 0, a week at most")
    return span


class ListenAddress(NamedTuple):
    """Where a server listens."""

    host: str
    port: int


def _listen_address(text: object) -> object:
    """Return ``host:port`` as a `ListenAddress`; an IPv6 address is in brackets."""
    if not isinstance(text, str):
        return text
    found = re.fullmatch(r"(?:\[([\da-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})", text.strip(), re.ASCII)
    if found is None or int(found[3]) > LAST_PORT:
        raise ValueError("must be an address and a port, such as 127.0.0.1:9464")
    return ListenAddress(found[1] or found[2], int(found[3]))


Address = Annotated[str, AfterValidator(_address)]
Path = Annotated[str, AfterValidator(_path)]
Secret = Annotated[SecretStr, AfterValidator(_header)]
SessionCookie = Annotated[Secret, AfterValidator(_session_cookie)]
Interval = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]
Model = Annotated[str, AfterValidator(_model)]
Models = Annotated[str, AfterValidator(_models)]
Seconds = Annotated[dt.timedelta, BeforeValidator(_seconds)]
Hosts = Annotated[frozenset[str], BeforeValidator(_hosts), AfterValidator(_are_hosts)]
ShardsOfAll = Annotated[Shards, BeforeValidator(_shards)]
HostAndPort = Annotated[ListenAddress, BeforeValidator(_listen_address)]

import asyncio
import gzip
import socket
import ssl
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.audio.download import DownloadLimits, PrivateServer, SafeDownloader
from bot.audio.errors import MediaError, TransientMediaError, UnusableMediaError
from bot.audio.public_addresses import resolve_host
from tests.support.audio_samples import file_names, wait_for_file
from tests.support.raw_server import RawServer, http_response, running_server

LIMITS = DownloadLimits(max_bytes=1_000_000, timeout=5, idle_timeout=5)
SHORT_IDLE = DownloadLimits(max_bytes=1_000_000, timeout=5, idle_timeout=0.1)
SHORT_TIMEOUT = DownloadLimits(max_bytes=10**12, timeout=0.1, idle_timeout=5)

FILE = bytes(range(256)) * 100
TLS = ssl.create_default_context()
AUDIO = "Content-Type: audio/mpeg"
NAMES = {
    "empty.test": [],
    "private.test": ["10.1.2.3"],
    "mixed.test": ["93.184.216.34", "127.0.0.1"],
    "mapped.test": ["::ffff:169.254.169.254"],
}


def content(path: Path) -> bytes:
    return path.read_bytes()


async def resolve_name(host: str, port: int) -> Sequence[str]:
    assert port
    if host not in NAMES:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")
    return NAMES[host]


def downloader_for(server: RawServer) -> SafeDownloader:
    return SafeDownloader(trusted_hosts={server.host}, resolve=resolve_name, tls=TLS)


FORBIDDEN = {
    "http": "http://93.184.216.34/a.mp3",
    "file": "file:///etc/passwd",
    "ftp": "ftp://93.184.216.34/a.mp3",
    "no scheme": "//93.184.216.34/a.mp3",
    "no host": "https:///a.mp3",
    "nothing": "",
    "not a link": "https://[::1/a.mp3",
    "a password": "https://a:b@93.184.216.34/a.mp3",
    "loopback": "https://127.0.0.1/a.mp3",
    "loopback, another": "https://127.8.8.8/a.mp3",
    "loopback, IPv6": "https://[::1]/a.mp3",
    "any address": "https://0.0.0.0/a.mp3",
    "private": "https://10.0.0.1/a.mp3",
    "private, 172": "https://172.31.255.255/a.mp3",
    "private, 192": "https://192.168.1.1/a.mp3",
    "private, IPv6": "https://[fd00::1]/a.mp3",
    "carrier": "https://100.64.0.1/a.mp3",
    "link-local": "https://169.254.1.1/a.mp3",
    "link-local, IPv6": "https://[fe80::1]/a.mp3",
    "metadata": "https://169.254.169.254/latest/meta-data",
    "metadata, IPv6": "https://[fd00:ec2::254]/latest/meta-data",
    "metadata, Azure": "https://168.63.129.16/metadata",
    "multicast": "https://224.0.0.1/a.mp3",
    "multicast, IPv6": "https://[ff02::1]/a.mp3",
    "reserved": "https://240.0.0.1/a.mp3",
    "broadcast": "https://255.255.255.255/a.mp3",
    "benchmark": "https://198.18.0.1/a.mp3",
    "documentation": "https://[2001:db8::1]/a.mp3",
    "IPv4-mapped": "https://[::ffff:127.0.0.1]/a.mp3",
    "IPv4-mapped, hexadecimal": "https://[::ffff:7f00:1]/a.mp3",
    "IPv4-compatible": "https://[::127.0.0.1]/a.mp3",
    "NAT64": "https://[64:ff9b::10.0.0.1]/a.mp3",
    "NAT64, local": "https://[64:ff9b:1::1]/a.mp3",
    "6to4": "https://[2002:7f00:1::]/a.mp3",
    "Teredo": "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/a.mp3",
    "a private name": "https://private.test/a.mp3",
    "a name of both kinds": "https://mixed.test/a.mp3",
    "a mapped name": "https://mapped.test/a.mp3",
}


@pytest.mark.parametrize("url", FORBIDDEN.values(), ids=FORBIDDEN)
async def test_forbidden_links_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(UnusableMediaError):
        await SafeDownloader(resolve=resolve_name, tls=TLS).download(url, tmp_path / "a", LIMITS)
    assert not file_names(tmp_path)


# httpx itself takes a redirect that is not a link for a broken response
@pytest.mark.parametrize("name", sorted(FORBIDDEN.keys() - {"not a link"}))
async def test_redirect_to_a_forbidden_link_is_refused(
    name: str, server: RawServer, tmp_path: Path
) -> None:
    location = FORBIDDEN[name] or "http://127.0.0.1:1/"
    server.responses["/go"] = http_response(b"", f"Location: {location}", status="302 Found")
    with pytest.raises(UnusableMediaError):
        await downloader_for(server).download(server.url("/go"), tmp_path / "a", LIMITS)
    assert len(server.requests) == 1
    assert not file_names(tmp_path)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost"])
async def test_other_spellings_of_loopback_are_refused(host: str, tmp_path: Path) -> None:
    with pytest.raises(UnusableMediaError):
        await SafeDownloader(resolve=resolve_host, tls=TLS).download(
            f"https://{host}/", tmp_path / "a", LIMITS
        )


def whole(body: bytes) -> bytes:
    return http_response(body, AUDIO)


# what the server sends for a file; the limits; the error
RESPONSES: dict[str, tuple[Callable[[bytes], bytes], DownloadLimits, type[MediaError]]] = {
    "longer than allowed, stated": (
        lambda _: http_response(b"", AUDIO, length=2_000_000),
        LIMITS,
        UnusableMediaError,
    ),
    "longer than allowed, not stated": (
        lambda _: http_response(b"\0" * 1_000_001, AUDIO, length=None),
        LIMITS,
        UnusableMediaError,
    ),
    "shorter than stated": (
        lambda file: http_response(file, AUDIO, length=len(file) + 1),
        LIMITS,
        TransientMediaError,
    ),
    "two lengths": (
        lambda file: http_response(file, "Transfer-Encoding: chunked", AUDIO),
        LIMITS,
        UnusableMediaError,
    ),
    "no number as length": (
        lambda file: http_response(file, "Content-Length: x", length=None),
        LIMITS,
        TransientMediaError,
    ),
    "a decompression bomb": (
        lambda _: http_response(gzip.compress(bytes(10**7)), AUDIO, "Content-Encoding: gzip"),
        LIMITS,
        UnusableMediaError,
    ),
    "unknown compression": (
        lambda file: http_response(file, AUDIO, "Content-Encoding: identity, zz"),
        LIMITS,
        UnusableMediaError,
    ),
    "not HTTP": (lambda file: file, LIMITS, TransientMediaError),
    "idle connection": (
        lambda _: http_response(b"", AUDIO, length=9),
        SHORT_IDLE,
        TransientMediaError,
    ),
    "not found yet": (
        lambda _: http_response(b"", status="404 Not Found"),
        LIMITS,
        TransientMediaError,
    ),
    "busy": (lambda _: http_response(b"", status="503 Busy"), LIMITS, TransientMediaError),
    "forbidden": (lambda _: http_response(b"", status="403 Forbidden"), LIMITS, UnusableMediaError),
    "a part of it": (
        lambda file: http_response(file, status="206 Partial Content"),
        LIMITS,
        UnusableMediaError,
    ),
    "endless redirects": (
        lambda _: http_response(b"", "Location: /a", status="302 Found"),
        LIMITS,
        UnusableMediaError,
    ),
}


@pytest.mark.parametrize(("respond", "limits", "error"), RESPONSES.values(), ids=RESPONSES)
async def test_unusable_responses_are_refused(
    respond: Callable[[bytes], bytes],
    limits: DownloadLimits,
    error: type[MediaError],
    server: RawServer,
    tmp_path: Path,
) -> None:
    server.responses["/a"] = respond(FILE)
    if limits is SHORT_IDLE:
        server.keep_open.add("/a")
    with pytest.raises(error) as caught:
        await downloader_for(server).download(server.url("/a"), tmp_path / "a", limits)
    assert server.host not in str(caught.value)
    assert not file_names(tmp_path)
    assert len(server.requests) <= 6


@pytest.mark.parametrize(
    ("limits", "error"), [(LIMITS, UnusableMediaError), (SHORT_TIMEOUT, TransientMediaError)]
)
async def test_endless_body_is_cut(
    limits: DownloadLimits, error: type[MediaError], server: RawServer, tmp_path: Path
) -> None:
    server.responses["/a"] = http_response(b"", AUDIO, length=None)
    server.endless.add("/a")
    with pytest.raises(error):
        await downloader_for(server).download(server.url("/a"), tmp_path / "a", limits)
    assert not file_names(tmp_path)


async def test_dripping_body_is_cut_long_before_the_timeout(
    server: RawServer, tmp_path: Path
) -> None:
    server.responses["/a"] = http_response(b"", length=900_000)
    server.dripping.add("/a")
    limits = DownloadLimits(max_bytes=1_000_000, timeout=30, slow_start=0.2)
    async with asyncio.timeout(5):
        with pytest.raises(TransientMediaError, match="too slow"):
            await downloader_for(server).download(server.url("/a"), tmp_path / "a", limits)
    assert not file_names(tmp_path)


async def test_file_is_downloaded_over_a_redirect(server: RawServer, tmp_path: Path) -> None:
    server.responses["/go"] = http_response(b"", "Location: a?x=1", status="302 Found")
    server.responses["/a?x=1"] = whole(FILE)
    await downloader_for(server).download(server.url("/go"), tmp_path / "a", LIMITS)
    assert content(tmp_path / "a") == FILE
    assert "accept-encoding: identity" in server.requests[0].lower()
    assert file_names(tmp_path) == ["a"]


async def test_cancelled_download_leaves_nothing(server: RawServer, tmp_path: Path) -> None:
    server.responses["/a"] = http_response(b"x", AUDIO, length=9)
    server.keep_open.add("/a")
    task = asyncio.create_task(
        downloader_for(server).download(server.url("/a"), tmp_path / "a", LIMITS)
    )
    await wait_for_file(tmp_path / "a.part")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not file_names(tmp_path)


@pytest.mark.parametrize("host", ["gone.test", "empty.test"])
async def test_name_without_an_address_is_a_transient_error(host: str, tmp_path: Path) -> None:
    with pytest.raises(TransientMediaError):
        await SafeDownloader(resolve=resolve_name, tls=TLS).download(
            f"https://{host}/", tmp_path / "a", LIMITS
        )


async def test_server_that_is_down_is_a_transient_error(
    unused_tcp_port: int, tmp_path: Path
) -> None:
    trusting = SafeDownloader(trusted_hosts={"127.0.0.1"})
    with pytest.raises(TransientMediaError):
        await trusting.download(f"http://127.0.0.1:{unused_tcp_port}/", tmp_path / "a", LIMITS)


async def test_name_is_resolved_once_and_its_next_address_tried(
    server: RawServer, tmp_path: Path
) -> None:
    resolved: list[str] = []

    async def once(host: str, port: int) -> Sequence[str]:
        resolved.append(host)
        assert port == server.port
        return ["127.0.0.77", "127.0.0.1"] if len(resolved) == 1 else ["127.0.0.78"]

    server.responses["/a"] = whole(FILE)
    trusting = SafeDownloader(trusted_hosts={"songs.test"}, resolve=once)
    await trusting.download(f"http://songs.test:{server.port}/a", tmp_path / "a", LIMITS)
    assert resolved == ["songs.test"]
    assert f"host: songs.test:{server.port}" in server.requests[0].lower()


async def test_tls_checks_the_name_although_the_address_is_dialled(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=songs.test"]
    command += ["-addext", "subjectAltName=DNS:songs.test", "-keyout", key, "-out", certificate]
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: ASYNC221, S603 - once
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(certificate, key)

    async def local(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async with running_server(server_tls) as server:
        server.responses["/a"] = whole(FILE)
        hosts = {f"songs.test:{server.port}", f"wrong.test:{server.port}"}
        trusting = SafeDownloader(
            trusted_hosts=hosts, resolve=local, tls=ssl.create_default_context(cafile=certificate)
        )
        await trusting.download(f"https://songs.test:{server.port}/a", tmp_path / "a", LIMITS)
        assert server.sni_names == ["songs.test"]
        with pytest.raises(TransientMediaError):
            await trusting.download(f"https://wrong.test:{server.port}/a", tmp_path / "b", LIMITS)
        assert len(server.requests) == 1


# Private servers


def with_private(server: RawServer, key: str = "secret-key") -> SafeDownloader:
    """Return a downloader that knows ``server`` as *ours*, and trusts nobody else."""
    private = {"ours": PrivateServer(f"http://{server.host}/base", key)}
    return SafeDownloader(private_servers=private, resolve=resolve_name, tls=TLS)


@pytest.mark.parametrize("key", ["secret-key", ""])
async def test_file_of_a_private_server_is_asked_for_with_its_key(
    key: str, server: RawServer, tmp_path: Path
) -> None:
    server.responses["/base/v1/audio?path=a"] = whole(FILE)
    into = tmp_path / "a"
    await with_private(server, key).download("ours:/v1/audio?path=a", into, LIMITS)
    assert content(into) == FILE
    assert ("Authorization: Bearer secret-key" in server.requests[0]) == bool(key)
    assert key not in repr(with_private(server, key)) or not key


async def test_other_link_to_a_private_server_is_refused(server: RawServer, tmp_path: Path) -> None:
    for link in (
        server.url("/base/a"),
        f"https://{server.host}/a",
        "theirs:/a",
        "ours",
        "ours:@127.0.0.1/",
    ):
        with pytest.raises(UnusableMediaError):
            await with_private(server).download(link, tmp_path / "a", LIMITS)
    assert server.requests == []


async def test_key_of_a_private_server_goes_nowhere_else(server: RawServer, tmp_path: Path) -> None:
    async with running_server() as other:
        server.responses["/base/a"] = http_response(
            b"", f"Location: {other.url('/a')}", status="302 Found"
        )
        with pytest.raises(UnusableMediaError):
            await with_private(server).download("ours:/a", tmp_path / "a", LIMITS)
        assert other.requests == []
        other.responses["/a"] = whole(FILE)
        trusting = replace(with_private(server), trusted_hosts={other.host})
        await trusting.download("ours:/a", tmp_path / "a", LIMITS)
        assert "Authorization" not in other.requests[0]


async def test_private_server_may_redirect_to_itself(server: RawServer, tmp_path: Path) -> None:
    server.responses["/base/a"] = http_response(b"", "Location: /b", status="302 Found")
    server.responses["/b"] = whole(FILE)
    await with_private(server).download("ours:/a", tmp_path / "a", LIMITS)
    assert "Authorization: Bearer secret-key" in server.requests[1]

import asyncio
import gzip
import io
import ipaddress
import socket
import ssl
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image

from bot.audio.download import DownloadLimits, SafeDownloader, is_public, resolve_host
from bot.audio.errors import MediaError, TransientMediaError, UnusableMediaError
from bot.audio.fetch import fetch_audio, fetch_image
from tests.support.audio_samples import RATE, appeared, left_in, noise, other
from tests.support.raw_server import RawServer, answer, serving

BOUNDS = DownloadLimits(max_bytes=1_000_000, timeout=5, idle_timeout=5)
HURRIED = DownloadLimits(max_bytes=1_000_000, timeout=5, idle_timeout=0.1)
SOON = DownloadLimits(max_bytes=10**12, timeout=0.1, idle_timeout=5)

TLS = ssl.create_default_context()
AUDIO = "Content-Type: audio/mpeg"
NAMES = {
    "empty.test": [],
    "private.test": ["10.1.2.3"],
    "mixed.test": ["93.184.216.34", "127.0.0.1"],
    "mapped.test": ["::ffff:169.254.169.254"],
}


@pytest.fixture(name="song")
def song_bytes(song: Path) -> bytes:
    return song.read_bytes()


def content(path: Path) -> bytes:
    return path.read_bytes()


async def named(host: str, port: int) -> Sequence[str]:
    assert port
    if host not in NAMES:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")
    return NAMES[host]


def downloader(wire: RawServer) -> SafeDownloader:
    return SafeDownloader(trusted_hosts={wire.host}, resolve=named, tls=TLS)


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
        await fetch_audio(
            url,
            tmp_path / "a.mp3",
            downloader=SafeDownloader(resolve=named, tls=TLS),
            limits=BOUNDS,
        )
    assert not left_in(tmp_path)


# httpx itself takes a redirect that is not a link for a broken answer
@pytest.mark.parametrize("name", sorted(FORBIDDEN.keys() - {"not a link"}))
async def test_a_redirect_to_a_forbidden_link_is_refused(
    name: str, wire: RawServer, tmp_path: Path
) -> None:
    location = FORBIDDEN[name] or "http://127.0.0.1:1/"
    wire.answers["/go"] = answer(b"", f"Location: {location}", status="302 Found")
    with pytest.raises(UnusableMediaError):
        await fetch_audio(
            wire.url("/go"), tmp_path / "a.mp3", downloader=downloader(wire), limits=BOUNDS
        )
    assert len(wire.requests) == 1
    assert not left_in(tmp_path)


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("93.184.216.34", True),
        ("172.32.0.1", True),
        ("2606:4700:4700::1111", True),
        ("64:ff9b::93.184.216.34", True),
        ("64:ff9b::169.254.169.254", False),
        ("2606:4700:4700::1111%eth0", False),
        ("::ffff:93.184.216.34", False),
    ],
)
def test_what_is_public(text: str, public: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_public(ipaddress.ip_address(text)) is public


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost"])
async def test_other_spellings_of_loopback_are_refused(host: str, tmp_path: Path) -> None:
    with pytest.raises(UnusableMediaError):
        await fetch_audio(
            f"https://{host}/",
            tmp_path / "a.mp3",
            downloader=SafeDownloader(resolve=resolve_host, tls=TLS),
        )


def whole(body: bytes) -> bytes:
    return answer(body, AUDIO)


# what the server sends, made of two seconds of MP3; the bounds; what follows
ANSWERS: dict[str, tuple[Callable[[bytes], bytes], DownloadLimits, type[MediaError]]] = {
    "longer than allowed, said": (
        lambda _: answer(b"", AUDIO, length=2_000_000),
        BOUNDS,
        UnusableMediaError,
    ),
    "longer than allowed, not said": (
        lambda _: answer(b"\0" * 1_000_001, AUDIO, length=None),
        BOUNDS,
        UnusableMediaError,
    ),
    "shorter than it says": (
        lambda mp3: answer(mp3, AUDIO, length=len(mp3) + 1),
        BOUNDS,
        TransientMediaError,
    ),
    "longer than it says": (
        lambda mp3: answer(mp3, AUDIO, length=len(mp3) // 2 + 9),
        BOUNDS,
        TransientMediaError,
    ),
    "two lengths": (
        lambda mp3: answer(mp3, "Transfer-Encoding: chunked", AUDIO),
        BOUNDS,
        UnusableMediaError,
    ),
    "no sensible length": (
        lambda mp3: answer(mp3, "Content-Length: x", length=None),
        BOUNDS,
        TransientMediaError,
    ),
    "a decompression bomb": (
        lambda _: answer(gzip.compress(bytes(10**7)), AUDIO, "Content-Encoding: gzip"),
        BOUNDS,
        UnusableMediaError,
    ),
    "compressed in a way unheard of": (
        lambda mp3: answer(mp3, AUDIO, "Content-Encoding: identity, zz"),
        BOUNDS,
        UnusableMediaError,
    ),
    "HTML that says it is audio": (
        lambda _: whole(b"<!doctype html><html><body>" + b"<p>Not here.</p>" * 999),
        BOUNDS,
        UnusableMediaError,
    ),
    "a list of other files": (
        lambda _: whole(b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/passwd\n"),
        BOUNDS,
        UnusableMediaError,
    ),
    "nothing": (lambda _: whole(b""), BOUNDS, UnusableMediaError),
    "a truncated MP3": (lambda mp3: whole(mp3[: len(mp3) * 2 // 3]), BOUNDS, TransientMediaError),
    "half a frame less": (lambda mp3: whole(mp3[:-200]), BOUNDS, TransientMediaError),
    "not HTTP": (lambda mp3: mp3, BOUNDS, TransientMediaError),
    "silence on the line": (lambda _: answer(b"", AUDIO, length=9), HURRIED, TransientMediaError),
    "not found yet": (lambda _: answer(b"", status="404 Not Found"), BOUNDS, TransientMediaError),
    "busy": (lambda _: answer(b"", status="503 Busy"), BOUNDS, TransientMediaError),
    "forbidden": (lambda _: answer(b"", status="403 Forbidden"), BOUNDS, UnusableMediaError),
    "a part of it": (
        lambda mp3: answer(mp3, status="206 Partial Content"),
        BOUNDS,
        UnusableMediaError,
    ),
    "redirects without end": (
        lambda _: answer(b"", "Location: /a", status="302 Found"),
        BOUNDS,
        UnusableMediaError,
    ),
}


@pytest.mark.parametrize(("made", "bounds", "kind"), ANSWERS.values(), ids=ANSWERS)
async def test_answers_that_are_no_good(
    made: Callable[[bytes], bytes],
    bounds: DownloadLimits,
    kind: type[MediaError],
    wire: RawServer,
    song: bytes,
    tmp_path: Path,
) -> None:
    wire.answers["/a"] = made(song)
    if bounds is HURRIED:
        wire.open.add("/a")
    with pytest.raises(kind) as caught:
        await fetch_audio(
            wire.url("/a"), tmp_path / "a.mp3", downloader=downloader(wire), limits=bounds
        )
    assert wire.host not in str(caught.value)
    assert not left_in(tmp_path)
    assert len(wire.requests) <= 6


@pytest.mark.parametrize(
    ("bounds", "kind"), [(BOUNDS, UnusableMediaError), (SOON, TransientMediaError)]
)
async def test_a_body_that_never_ends_is_cut(
    bounds: DownloadLimits, kind: type[MediaError], wire: RawServer, tmp_path: Path
) -> None:
    wire.answers["/a"] = answer(b"", AUDIO, length=None)
    wire.endless.add("/a")
    with pytest.raises(kind):
        await fetch_audio(
            wire.url("/a"), tmp_path / "a.mp3", downloader=downloader(wire), limits=bounds
        )
    assert not left_in(tmp_path)


async def test_good_audio_is_fetched_over_a_redirect(
    wire: RawServer, song: bytes, tmp_path: Path
) -> None:
    wire.answers["/go"] = answer(b"", "Location: a?x=1", status="302 Found")
    wire.answers["/a?x=1"] = whole(song)
    fetched = await fetch_audio(
        wire.url("/go"), tmp_path / "a.mp3", downloader=downloader(wire), limits=BOUNDS
    )
    assert content(fetched.path) == song
    assert fetched.size == len(song)
    assert fetched.info.duration == noise(2).shape[1] / RATE
    assert "accept-encoding: identity" in wire.requests[0].lower()
    assert left_in(tmp_path) == ["a.mp3"]


async def test_a_cancelled_fetch_leaves_nothing(wire: RawServer, tmp_path: Path) -> None:
    wire.answers["/a"] = answer(b"x", AUDIO, length=9)
    wire.open.add("/a")
    fetching = asyncio.create_task(
        fetch_audio(wire.url("/a"), tmp_path / "a.mp3", downloader=downloader(wire), limits=BOUNDS)
    )
    await appeared(tmp_path / "a.mp3.part")
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert not left_in(tmp_path)


@pytest.mark.parametrize("host", ["gone.test", "empty.test"])
async def test_a_name_without_an_address_may_have_one_later(host: str, tmp_path: Path) -> None:
    with pytest.raises(TransientMediaError):
        await fetch_audio(
            f"https://{host}/", tmp_path / "a", downloader=SafeDownloader(resolve=named, tls=TLS)
        )


async def test_a_server_that_is_down_may_come_back(unused_tcp_port: int, tmp_path: Path) -> None:
    trusting = SafeDownloader(trusted_hosts={"127.0.0.1"})
    with pytest.raises(TransientMediaError):
        await fetch_audio(
            f"http://127.0.0.1:{unused_tcp_port}/", tmp_path / "a", downloader=trusting
        )


async def test_a_name_is_resolved_once_and_the_next_address_tried(
    wire: RawServer, song: bytes, tmp_path: Path
) -> None:
    asked: list[str] = []

    async def once(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        assert port == wire.port
        return ["127.0.0.77", "127.0.0.1"] if len(asked) == 1 else ["127.0.0.78"]

    wire.answers["/a"] = whole(song)
    trusting = SafeDownloader(trusted_hosts={"songs.test"}, resolve=once)
    await fetch_audio(f"http://songs.test:{wire.port}/a", tmp_path / "a", downloader=trusting)
    assert asked == ["songs.test"]
    assert f"host: songs.test:{wire.port}" in wire.requests[0].lower()


async def test_tls_is_for_the_name_although_the_address_is_dialled(
    song: bytes, tmp_path: Path
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=songs.test"]
    command += ["-addext", "subjectAltName=DNS:songs.test", "-keyout", key, "-out", certificate]
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: ASYNC221, S603 - once
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)

    async def local(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async with serving(server) as wire:
        wire.answers["/a"] = whole(song)
        hosts = {f"songs.test:{wire.port}", f"wrong.test:{wire.port}"}
        trusting = SafeDownloader(
            trusted_hosts=hosts, resolve=local, tls=ssl.create_default_context(cafile=certificate)
        )
        await fetch_audio(f"https://songs.test:{wire.port}/a", tmp_path / "a", downloader=trusting)
        assert wire.names == ["songs.test"]
        with pytest.raises(TransientMediaError):
            await fetch_audio(
                f"https://wrong.test:{wire.port}/a", tmp_path / "b", downloader=trusting
            )
        assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("codec", "name"), [("aac", "a.m4a"), ("flac", "a.flac"), ("pcm_s16le", "a.wav")]
)
async def test_audio_that_is_not_mp3_is_audio_too(
    codec: str, name: str, wire: RawServer, tmp_path: Path
) -> None:
    wire.answers["/a"] = whole(content(other(noise(1), tmp_path / name, codec)))
    fetched = await fetch_audio(
        wire.url("/a"), tmp_path / "b", downloader=downloader(wire), limits=BOUNDS
    )
    assert not fetched.info.is_mp3
    assert fetched.info.duration == pytest.approx(1, abs=0.05)


def picture(side: int, kind: str) -> bytes:
    made = io.BytesIO()
    Image.new("L", (side, side)).save(made, kind)
    return made.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_a_cover_becomes_a_small_jpeg(kind: str, wire: RawServer, tmp_path: Path) -> None:
    wire.answers["/c"] = answer(picture(1024, kind))
    cover = await fetch_image(wire.url("/c"), tmp_path / "c", downloader=downloader(wire))
    with Image.open(io.BytesIO(cover.jpeg)) as image:
        assert (image.format, image.size, image.mode) == ("JPEG", (500, 500), "RGB")
    assert not left_in(tmp_path)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        picture(5000, "PNG"),
        picture(15_000, "PNG"),
        picture(64, "PNG")[:60],
        picture(64, "BMP"),
    ],
    ids=["HTML", "25 million pixels", "225 million pixels", "truncated", "another format"],
)
async def test_what_is_no_cover_is_refused(body: bytes, wire: RawServer, tmp_path: Path) -> None:
    wire.answers["/c"] = answer(body)
    with pytest.raises(UnusableMediaError):
        await fetch_image(wire.url("/c"), tmp_path / "c", downloader=downloader(wire))
    assert not left_in(tmp_path)

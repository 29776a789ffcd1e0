"""The music, its MP3 files, and how they are served."""

import asyncio
import io

import av
import httpx
import numpy as np
import pytest

from sandbox.providers.account import ExtendParameters, ProviderAccount
from sandbox.providers.audio import AudioCache
from sandbox.providers.clips import Clip
from sandbox.providers.faults import Fault
from sandbox.providers.mp3 import render_mp3
from sandbox.providers.music import SAMPLE_RATE, Segment, render, truncate_segments
from sandbox.providers.server import ProviderServer
from sandbox.providers.timeline import Status, Timeline


def decoded_seconds(mp3: bytes) -> float:
    with av.open(io.BytesIO(mp3)) as container:
        stream = container.streams.audio[0]
        assert (stream.rate, stream.channels) == (SAMPLE_RATE, 2)
        return sum(frame.samples for frame in container.decode(stream)) / SAMPLE_RATE


def extended_clip(account: ProviderAccount, source: int = 2, at: float = 10.0) -> Clip:
    order = ExtendParameters(account.source_clips()[source].id, at, prompt="la")
    return account.extend(order, {})[0]


@pytest.mark.parametrize("seconds", [1.0, 4.321])
def test_mp3_has_duration_of_segments(seconds: float) -> None:
    mp3 = render_mp3((Segment(1, 2, 3.0, seconds),))
    assert decoded_seconds(mp3) == pytest.approx(seconds, abs=0.06)
    assert len(mp3) == pytest.approx(seconds * 16_000, rel=0.1)


def test_samples_are_audible_and_do_not_clip() -> None:
    sound = render((Segment(1, 2, 3.0, 5.0, voice=True),))
    assert sound.shape == (2, 5 * SAMPLE_RATE)
    assert 0.03 < float(np.sqrt(np.mean(sound**2))) < 0.5
    assert float(np.abs(sound).max()) < 1


def test_extension_continues_source_at_cut() -> None:
    whole = render((Segment(7, 1, 0.0, 12.0),))
    part = render((Segment(7, 1, 5.25, 6.75),))
    inside = slice(1000, -1000)  # the edges are faded
    offset = round(5.25 * SAMPLE_RATE)
    np.testing.assert_allclose(part[:, inside], whole[:, offset:][:, inside], atol=1e-5)


def test_twins_share_song_but_not_melody() -> None:
    first, second = (render((Segment(7, take, 0.0, 6.0),)) for take in (1, 2))
    other = render((Segment(8, 1, 0.0, 6.0),))
    alike = np.corrcoef(first[0], second[0])[0, 1]
    assert 0.3 < alike < 0.999
    assert alike > abs(np.corrcoef(first[0], other[0])[0, 1]) + 0.2


def test_truncate_segments_across_parts() -> None:
    pieces = (Segment(1, 1, 0, 10), Segment(1, 2, 10, 10))
    assert [piece.length for piece in truncate_segments(pieces, 13)] == [10, 3]
    assert [piece.length for piece in truncate_segments(pieces, 10)] == [10]


def test_concat_joins_all_parts_of_lineage() -> None:
    account = ProviderServer(timeline=Timeline(length=(8, 8))).account("suno_api")
    first = extended_clip(account, at=10)
    account.advance(first.id, Status.COMPLETE)
    second = account.extend(ExtendParameters(first.id, 5), {})[0]
    account.advance(second.id, Status.COMPLETE)
    joined = account.concat(second.id, {})
    assert [(piece.start, piece.length) for piece in joined.segments] == [(0, 10), (10, 5), (15, 8)]
    account.advance(joined.id, Status.COMPLETE)
    third = account.extend(ExtendParameters(joined.id, 20), {})[0]
    assert third.start == 20
    account.advance(third.id, Status.COMPLETE)
    assert account.concat(third.id, {}).duration == 28


async def test_mp3_file_supports_ranges() -> None:
    timeline = Timeline(length=(4, 4))
    async with ProviderServer(timeline=timeline) as providers:
        account = providers.account("suno_api")
        part = extended_clip(account)
        url = f"{providers.base_url}/audio/{part.id}.mp3"
        async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
            assert (await http.get(url)).status_code == 403
            account.advance(part.id, Status.COMPLETE)
            whole = await http.get(url)
            assert whole.headers["Content-Type"] == "audio/mpeg"
            assert int(whole.headers["Content-Length"]) == len(whole.content)
            assert decoded_seconds(whole.content) == pytest.approx(4, abs=0.06)
            head = await http.head(url)
            assert head.headers["Content-Length"] == whole.headers["Content-Length"]
            size = len(whole.content)
            for wanted, piece in {
                "bytes=0-99": slice(0, 100),
                "bytes=100-": slice(100, None),
                "bytes=-50": slice(size - 50, None),
                f"bytes=10-{size * 2}": slice(10, None),
            }.items():
                answer = await http.get(url, headers={"Range": wanted})
                assert answer.status_code == 206
                assert answer.content == whole.content[piece]
                first, last, _ = piece.indices(size)
                assert answer.headers["Content-Range"] == f"bytes {first}-{last - 1}/{size}"
            for wanted in (f"bytes={size}-", "lines=1-2"):
                answer = await http.get(url, headers={"Range": wanted})
                assert answer.status_code == 416
                assert answer.headers["Content-Range"] == f"bytes */{size}"


async def test_mp3_of_failed_clip_is_forbidden() -> None:
    async with ProviderServer() as providers:
        account = providers.account("suno_api")
        account.fail_next(Fault.NONE_MP3)
        part = extended_clip(account)
        account.advance(part.id, Status.COMPLETE)
        async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
            for name in ("None", part.id):
                answer = await http.get(f"{providers.base_url}/audio/{name}.mp3")
                assert answer.status_code == 403


async def test_live_stream_grows_without_content_length() -> None:
    timeline = Timeline((0, 0), (0, 0), (3, 3), (4, 4))
    async with ProviderServer(timeline=timeline, speed=0.01) as providers:
        part = extended_clip(providers.account("suno_api"))
        url = f"{providers.base_url}/audio/stream?item_id={part.id}"
        async with (
            httpx.AsyncClient(timeout=10, trust_env=False) as http,
            http.stream("GET", url) as answer,
        ):
            assert "Content-Length" not in answer.headers
            assert answer.headers["Transfer-Encoding"] == "chunked"
            pieces = answer.aiter_raw()
            begun = await anext(pieces)
            providers.clock.speed = 50
            whole = begun + b"".join([piece async for piece in pieces])
        assert len(begun) < 40_000 < len(whole)
        assert decoded_seconds(whole) == pytest.approx(4, abs=0.06)


async def test_stream_is_unknown_before_streaming() -> None:
    async with ProviderServer() as providers:
        part = extended_clip(providers.account("suno_api"))
        async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
            for item in (part.id, "nobody"):
                answer = await http.get(f"{providers.base_url}/audio/stream?item_id={item}")
                assert answer.status_code == 404


async def test_clip_has_cover_image() -> None:
    async with ProviderServer() as providers:
        clip = providers.account("aimlapi").source_clips()[0]
        async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
            answer = await http.get(f"{providers.base_url}/audio/image_{clip.id}.png")
            assert (await http.get(f"{providers.base_url}/audio/image_no.png")).status_code == 404
        assert answer.headers["Content-Type"] == "image/png"
        with av.open(io.BytesIO(answer.content)) as picture:
            frame = next(picture.decode(video=0))
            assert (frame.width, frame.height) == (128, 128)


async def test_concurrent_requests_render_mp3_once_in_thread() -> None:
    recorder = AudioCache()
    clip = ProviderServer().account("suno_api").source_clips()[2]
    turns = 0
    making = asyncio.gather(*(recorder.mp3(clip) for _ in range(5)))
    while not making.done():
        await asyncio.sleep(0.001)
        turns += 1
    first, *others = await making
    assert all(other is first for other in others)
    assert await recorder.mp3(clip) is first
    assert turns > 10
    await recorder.close()

"""`ApiClient`: what each failure on the way means for a submission and for a query."""

import asyncio
import gzip
import logging
import time
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import TypeAdapter

from bot.providers.base import (
    OutOfCredits,
    ProviderError,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
    Unconfirmed,
    WrongAddress,
)
from bot.providers.errors import ErrorResponse
from bot.providers.http import MAX_ANSWER_BYTES, ApiClient, Unlimited, rate_limiter
from tests.support.provider_samples import BASE_URL, KEY, FakeTransport

PAGE = "<!doctype html><html><body><h1>It works</h1></body></html>"
SCHEMA = TypeAdapter(dict[str, list[int]])

TOO_LONG = b"[" + b" " * MAX_ANSWER_BYTES + b"]"
BOMB = gzip.compress(b'{"clips": [' + b" " * 50_000_000 + b"]}")


def compressed(content: bytes, encoding: str = "gzip") -> httpx.Response:
    """Return a response whose body is sent as it is, whatever its encoding says."""
    response = httpx.Response(200, content=content)
    response.headers["Content-Encoding"] = encoding
    return response


# what comes back -> the kind for a submission, the kind for a query
FAILURES = {
    "connection refused": (httpx.ConnectError("refused"), Unavailable, Unavailable),
    "connecting takes too long": (httpx.ConnectTimeout("late"), Unavailable, Unavailable),
    "no free connection": (httpx.PoolTimeout("late"), Unavailable, Unavailable),
    "proxy refused": (httpx.ProxyError("403"), Unavailable, Unavailable),
    "no answer in time": (httpx.ReadTimeout("late"), Unconfirmed, Unavailable),
    "not sent in time": (httpx.WriteTimeout("late"), Unconfirmed, Unavailable),
    "connection reset": (httpx.ReadError("reset"), Unconfirmed, Unavailable),
    "connection lost": (httpx.WriteError("broken"), Unconfirmed, Unavailable),
    "protocol broken": (httpx.RemoteProtocolError("bad"), Unconfirmed, Unavailable),
    "all of it too late": (TimeoutError(), Unconfirmed, Unavailable),
    "content broken": (httpx.DecodingError("gzip"), Unconfirmed, Unavailable),
    "redirect": (httpx.Response(302), WrongAddress, WrongAddress),
    "bad request": (httpx.Response(400, json={"error": "No."}), Rejected, Rejected),
    "wrong key": (httpx.Response(401, json={}), Unauthorized, Unauthorized),
    "unpaid": (httpx.Response(402, json={}), OutOfCredits, OutOfCredits),
    "too many": (httpx.Response(429, json={}), RateLimited, RateLimited),
    "unknown path": (httpx.Response(404, html=PAGE), WrongAddress, WrongAddress),
    "wrong method": (httpx.Response(405), WrongAddress, WrongAddress),
    "unknown clip": (httpx.Response(404, json={"error": "Not found."}), Rejected, Rejected),
    "bad gateway": (httpx.Response(502, html=PAGE), Unconfirmed, Unavailable),
    "a page": (httpx.Response(200, html=PAGE), Unconfirmed, Unavailable),
    "half an answer": (httpx.Response(200, text='{"clips": ['), Unconfirmed, Unavailable),
    "nothing": (httpx.Response(204), Unconfirmed, Unavailable),
    "nested too deeply": (httpx.Response(200, text="[" * 100_000), Unconfirmed, Unavailable),
    "too long": (httpx.Response(200, content=TOO_LONG), Unconfirmed, Unavailable),
    "gzip bomb": (compressed(BOMB), Unconfirmed, Unavailable),
    "broken gzip": (compressed(b"not gzip"), Unconfirmed, Unavailable),
    "half of a gzip": (compressed(gzip.compress(b"{}")[:-12]), Unconfirmed, Unavailable),
    "unknown compression": (compressed(b"{}", "zstd"), Unconfirmed, Unavailable),
    "compressed twice": (compressed(BOMB, "gzip, gzip"), Unconfirmed, Unavailable),
    "a refusal that is too long": (httpx.Response(400, content=TOO_LONG), Rejected, Rejected),
    "a number": (httpx.Response(200, text="17"), Unconfirmed, Unavailable),
}


def api_client(
    transport: httpx.AsyncBaseTransport, *, base_url: str = BASE_URL, query_every: float = 0
) -> ApiClient:
    return ApiClient(
        httpx.AsyncClient(transport=transport),
        label="Suno Test",
        base_url=base_url,
        headers={"Authorization": f"Bearer {KEY}"},
        query_limiter=rate_limiter("suno:query", query_every),
        error_from=lambda _: None,
    )


async def submit(transport: FakeTransport) -> dict[str, list[int]]:
    return await api_client(transport).submit("/extend", {"a": 1}, SCHEMA, timeout_seconds=5)


@pytest.mark.parametrize("case", FAILURES)
async def test_failed_submission_is_unconfirmed_if_it_may_have_been_accepted(case: str) -> None:
    transport = FakeTransport(FAILURES[case][0])
    with pytest.raises(ProviderError) as caught:
        await submit(transport)
    assert type(caught.value) is FAILURES[case][1]
    assert len(transport.requests) == 1


@pytest.mark.parametrize("case", FAILURES)
async def test_failed_query_is_unavailable_if_it_may_be_sent_again(case: str) -> None:
    transport = FakeTransport(FAILURES[case][0])
    with pytest.raises(ProviderError) as caught:
        await api_client(transport).query("/clips", SCHEMA)
    assert type(caught.value) is FAILURES[case][2]
    assert len(transport.requests) == 1


async def test_answer_is_parsed_by_its_schema() -> None:
    transport = FakeTransport(httpx.Response(201, json={"clips": [1, 2]}))
    assert await submit(transport) == {"clips": [1, 2]}
    assert transport.requests[0].headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "GZIP", "identity", ""])
async def test_answer_may_be_compressed(encoding: str) -> None:
    content = b'{"clips": [1, 2]}'
    packed = {"gzip": gzip.compress, "deflate": zlib.compress}.get(encoding.lower(), bytes)(content)
    transport = FakeTransport(compressed(packed, encoding))
    assert await submit(transport) == {"clips": [1, 2]}
    assert transport.requests[0].headers["Accept-Encoding"] == "identity"


async def test_huge_answer_is_not_read_to_its_end() -> None:
    chunks_sent = 0

    async def endless(_: httpx.Request) -> httpx.Response:
        async def chunks() -> AsyncIterator[bytes]:
            nonlocal chunks_sent
            while True:
                chunks_sent += 1
                yield b" " * 65_536

        return httpx.Response(200, content=chunks())

    with pytest.raises(Unavailable):
        await api_client(httpx.MockTransport(endless)).query("/clips", SCHEMA)
    assert chunks_sent * 65_536 < 2 * MAX_ANSWER_BYTES


async def test_answer_of_another_form_names_provider_and_field() -> None:
    transport = FakeTransport(httpx.Response(200, json={"clips": [1, "two"]}))
    with pytest.raises(Unavailable, match=r"Suno Test .*clips\.1$"):
        await api_client(transport).query("/clips", SCHEMA)


@pytest.mark.parametrize("is_query", [True, False])
async def test_own_error_of_an_adapter_takes_precedence(*, is_query: bool) -> None:
    seen: list[bool] = []

    def error_from(response: ErrorResponse) -> ProviderError:
        seen.append(response.is_query)
        return OutOfCredits(response.text)

    client = ApiClient(
        httpx.AsyncClient(transport=FakeTransport(httpx.Response(400, json={"error": "broke"}))),
        label="Suno Test",
        base_url=BASE_URL,
        headers={},
        query_limiter=Unlimited(),
        error_from=error_from,
    )
    call = (
        client.query("/clips", SCHEMA)
        if is_query
        else client.submit("/extend", {}, SCHEMA, timeout_seconds=5)
    )
    with pytest.raises(OutOfCredits, match="broke"):
        await call
    assert seen == [is_query]


async def test_retry_after_header_reaches_the_error() -> None:
    limited = httpx.Response(429, json={}, headers={"Retry-After": "7"})
    with pytest.raises(RateLimited) as caught:
        await submit(FakeTransport(limited))
    assert caught.value.retry_after == 7


@pytest.mark.parametrize("status", [200, 302, 400, 401, 402, 403, 429, 500])
async def test_key_in_an_answer_reaches_neither_error_nor_log(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = {"message": f"Your key ({KEY}) is not welcome"}
    with pytest.raises(ProviderError) as caught:
        await submit(FakeTransport(httpx.Response(status, json=answer)))
    error = caught.value
    shown = f"{error!r} {error} {error.text} {error.__cause__!r} {caplog.text}"
    assert "secret" not in shown


@pytest.mark.parametrize(
    ("status", "kind"), [(401, "unauthorized"), (402, "out_of_credits"), (302, "wrong_address")]
)
async def test_operators_problem_is_logged_with_its_reason(
    status: int, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ProviderError):
        await submit(FakeTransport(httpx.Response(status, json={"error": "API Error: No."})))
    assert f"Suno Test: {kind}: No." in caplog.text


async def test_failed_query_is_left_to_its_caller_to_log(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Unauthorized):
        await api_client(FakeTransport(httpx.Response(401, json={}))).query("/clips", SCHEMA)
    assert caplog.text == ""


async def test_member_errors_are_not_logged_as_warnings(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Rejected):
        await submit(FakeTransport(httpx.Response(400, json={"error": "Prompt too long."})))
    assert caplog.text == ""


async def test_queries_keep_their_rate_without_delaying_another_provider() -> None:
    answer = httpx.Response(200, json={})
    slow = api_client(FakeTransport(answer), query_every=600)
    await slow.query("/clips", SCHEMA)
    waiting = asyncio.create_task(slow.query("/clips", SCHEMA))
    async with asyncio.timeout(5):
        await api_client(FakeTransport(answer)).query("/clips", SCHEMA)
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_rate_limiter_spaces_requests_by_its_interval() -> None:
    limiter = rate_limiter("suno:query", 0.05)
    start = time.monotonic()
    await limiter.acquire()
    await limiter.acquire()
    assert time.monotonic() - start >= 0.04


async def test_interval_of_zero_is_no_limit() -> None:
    limiter = rate_limiter("suno:query", 0)
    async with asyncio.timeout(5):
        for _ in range(1000):
            await limiter.acquire()


async def test_unusable_base_url_is_the_operators_problem() -> None:
    client = api_client(FakeTransport(httpx.Response(500)), base_url="https://music.example:port")
    with pytest.raises(Unauthorized, match="base URL"):
        await client.query("/clips", SCHEMA)


async def test_bug_of_ours_is_not_hidden_as_a_provider_error() -> None:
    with pytest.raises(ZeroDivisionError):
        await submit(FakeTransport(ZeroDivisionError("ours")))

"""One table for all: what an answer, or none, means for a submission and for a question."""

import datetime as dt
import logging

import httpx
import pytest

from bot.providers.base import (
    OutOfCredits,
    ProviderError,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
    Unconfirmed,
)
from bot.providers.errors import extract_message, retry_after
from tests.support.provider_samples import (
    ADAPTERS,
    HANDLES,
    KEY,
    FakeTransport,
    adapter,
    request_to,
)

NOW = dt.datetime(2026, 11, 1, 12, 0, tzinfo=dt.UTC)
PAGE = "<!doctype html><html><body><h1>It works</h1></body></html>"


def http(status: int, **answer: str) -> httpx.Response:
    return httpx.Response(status, json=answer)


# what came back, what it means for a submission, what for a question
TABLE = {
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
    "redirect": (http(302), Unauthorized, Unauthorized),
    "bad request": (http(400, message="Prompt too long."), Rejected, Rejected),
    "wrong key": (http(401), Unauthorized, Unauthorized),
    "unpaid": (http(402), OutOfCredits, OutOfCredits),
    "not found": (http(404), Rejected, Rejected),
    "server gave up waiting": (http(408), Unconfirmed, Unavailable),
    "conflict": (http(409), Rejected, Rejected),
    "too large": (http(413), Rejected, Rejected),
    "unprocessable": (http(422, error="Tags too long."), Rejected, Rejected),
    "too many": (http(429), RateLimited, RateLimited),
    "server error": (http(500, error="Internal server error"), Unconfirmed, Unavailable),
    "bad gateway": (httpx.Response(502, html=PAGE), Unconfirmed, Unavailable),
    "maintenance": (http(503), Unconfirmed, Unavailable),
    "gateway timeout": (http(504), Unconfirmed, Unavailable),
    "a page": (httpx.Response(200, html=PAGE), Unconfirmed, Unavailable),
    "half an answer": (httpx.Response(200, text='{"clips": ['), Unconfirmed, Unavailable),
    "nothing": (httpx.Response(204), Unconfirmed, Unavailable),
    "a tower": (httpx.Response(200, text="[" * 100_000), Unconfirmed, Unavailable),
    "a number": (httpx.Response(200, text="17"), Unconfirmed, Unavailable),
}


@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize("case", TABLE)
async def test_a_submission_that_may_have_been_taken_is_unconfirmed(name: str, case: str) -> None:
    wire = FakeTransport(TABLE[case][0])
    with pytest.raises(ProviderError) as caught:
        await adapter(name, wire).extend(request_to(name))
    assert type(caught.value) is TABLE[case][1]
    assert len(wire.requests) == 1


@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize("case", TABLE)
async def test_a_question_without_an_answer_can_be_asked_again(name: str, case: str) -> None:
    wire = FakeTransport(TABLE[case][0])
    with pytest.raises(ProviderError) as caught:
        await adapter(name, wire).fetch([HANDLES[name]])
    assert type(caught.value) is TABLE[case][2]
    assert len(wire.requests) == 1


@pytest.mark.parametrize("name", sorted(set(ADAPTERS) - {"aimlapi"}))
async def test_403_is_the_operators_problem_unless_the_provider_says_more(name: str) -> None:
    with pytest.raises(Unauthorized):
        await adapter(name, FakeTransport(http(403, message="Forbidden"))).extend(request_to(name))


@pytest.mark.parametrize("name", ADAPTERS)
async def test_the_wait_that_a_provider_asks_for_is_kept(name: str) -> None:
    limited = httpx.Response(429, json={}, headers={"Retry-After": "7"})
    with pytest.raises(RateLimited) as caught:
        await adapter(name, FakeTransport(limited)).extend(request_to(name))
    assert caught.value.retry_after == 7


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("Sun, 01 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Nov 2026 12:00:30 -0000", 30.0),
        ("Sun, 01 Nov 2026 11:00:00 GMT", 0.0),
        ("Mon, 01 Nov 2027 12:00:00 GMT", 86_400.0),
    ],
)
def test_retry_after_is_read_as_seconds_and_as_a_date(
    header: str | None, seconds: float | None
) -> None:
    assert retry_after(header, now=NOW) == seconds


@pytest.mark.parametrize(
    "answer",
    [
        "Tags too long.",
        {"message": "Tags too long."},
        {"error": "Tags too long."},
        {"msg": "Tags too long."},
        {"detail": "Tags too long."},
        {"error": {"message": "Tags too long."}},
        {"detail": [{"loc": ["body"], "msg": "Tags too long."}]},
        {"message": "", "error": "Tags too long."},
    ],
)
def test_the_message_is_found_under_each_key(answer: object) -> None:
    assert extract_message(answer) == "Tags too long."


@pytest.mark.parametrize("answer", [None, 17, [], {}, {"message": 3}, {"error": []}])
def test_an_answer_without_words_has_no_message(answer: object) -> None:
    assert extract_message(answer) == ""


@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize("status", [400, 401, 402, 403, 429, 500])
async def test_a_key_that_comes_back_reaches_nobody(
    name: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wire = FakeTransport(http(status, message=f"Your key ({KEY}) is not welcome"))
    with pytest.raises(ProviderError) as caught:
        await adapter(name, wire).extend(request_to(name))
    error = caught.value
    shown = f"{error!r} {error} {error.text} {error.__cause__!r} {caplog.text}"
    assert "secret" not in shown


@pytest.mark.parametrize("name", ADAPTERS)
def test_an_adapter_does_not_show_its_key(name: str) -> None:
    provider = adapter(name, FakeTransport(http(200)))
    assert "secret" not in f"{provider!r} {vars(provider)!r}"


async def test_an_operator_reads_in_the_log_why_a_provider_refuses(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(Unauthorized):
        await adapter("suno_api", FakeTransport(http(401, error="API Error: Unauthorized"))).extend(
            request_to()
        )
    assert "suno-api: unauthorized: Unauthorized" in caplog.text


@pytest.mark.parametrize("name", ["suno_api", "sunoapi_com", "aimlapi"])
async def test_a_failed_clips_type_is_logged_with_its_id_only(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    clips = [
        {"id": "one", "status": "error", "metadata": {"error_type": "moderation_failure"}},
        {"id": "two", "status": "error", "metadata": {"error_type": "a whole song text"}},
    ]
    body = {"clips": clips} if name == "sunoapi_com" else clips
    handle = HANDLES[name].__class__(clip_ids=("one", "two"))
    await adapter(name, FakeTransport(httpx.Response(200, json=body))).fetch([handle])
    assert "clip one failed at its provider: moderation_failure" in caplog.text
    assert "clip two failed at its provider: no known type" in caplog.text

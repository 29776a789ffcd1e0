"""A self-hosted suno-api as an adapter."""

import datetime as dt

import httpx
import pytest

from bot.domain.form import TextLimits
from bot.domain.models import Clip, ClipStatus, Handle, Progress
from bot.providers.base import (
    Credits,
    ProviderError,
    RateLimited,
    Rejected,
    SessionExpired,
    Unauthorized,
    Unavailable,
    Unconfirmed,
    UnknownClip,
)
from tests.support.provider_samples import (
    CLIPS,
    COOKIE,
    SOURCE,
    A,
    B,
    FakeTransport,
    adapter,
    ok,
    request_to,
)


def fails(status: int, text: str) -> httpx.Response:
    return httpx.Response(status, json={"error": text})


async def test_extension_is_sent_as_documented() -> None:
    transport = FakeTransport(ok("suno_api_submitted"))
    handle = await adapter("suno_api", transport, cookie=COOKIE).extend(
        request_to(exclude=("heavy metal", "electronic"), model="chirp-crow")
    )
    assert handle == CLIPS
    (sent,) = transport.requests
    assert (sent.method, sent.url.path) == ("POST", "/behind/a/path/api/extend_audio")
    assert sent.headers["Cookie"] == COOKIE
    assert transport.bodies == [
        {
            "audio_id": SOURCE,
            "prompt": "[Verse]\nSilver cities",
            "continue_at": 100,
            "tags": "rock, uplifting",
            "negative_tags": "heavy metal, electronic",
            "title": "New Beginnings",
            "model": "chirp-crow",
            "wait_audio": False,
        }
    ]


async def test_cookie_continue_at_and_model_are_sent_only_if_given() -> None:
    transport = FakeTransport(ok("suno_api_submitted"))
    await adapter("suno_api", transport).extend(request_to(continue_at=None, lyrics=""))
    assert "Cookie" not in transport.requests[0].headers
    (body,) = transport.bodies
    assert {"continue_at", "model"}.isdisjoint(body)
    assert body["prompt"] == "[Instrumental]"


async def test_cookie_in_an_answer_reaches_no_error() -> None:
    transport = FakeTransport(fails(400, f"Sent: {COOKIE}"))
    with pytest.raises(Rejected) as caught:
        await adapter("suno_api", transport, cookie=COOKIE).extend(request_to())
    assert "secret" not in caught.value.text


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (fails(401, "API Error: Unauthorized"), SessionExpired),
        (fails(404, "API Error: Not Found"), SessionExpired),
        (fails(404, "API Error: Not found."), UnknownClip),
        (fails(404, "API Error: Nothing to see here"), Rejected),
        (fails(429, "API Error: Too Many Requests"), RateLimited),
        (fails(502, "API Error: Bad Gateway"), Unconfirmed),
        (fails(422, "API Error: Token validation failed."), Unauthorized),
        (fails(422, "API Error: [object Object]"), Rejected),
        (fails(500, "Internal error: Please provide a cookie either in the .env"), SessionExpired),
        (fails(500, "Internal error: Failed to get session id, update it"), SessionExpired),
        (fails(500, "Internal error: pOST: Executable doesn't exist at /x"), Unauthorized),
        (fails(500, "Internal error: page.waitForResponse: Timeout 60000ms"), Unauthorized),
        (fails(500, "Internal error: page.goto: net::ERR_FAILED"), Unauthorized),
        (fails(500, "Internal error: locator.click: Timeout 30000ms exceeded."), Unauthorized),
        (
            fails(500, "Internal error: Target page, context or browser has been closed"),
            Unauthorized,
        ),
        (fails(500, "Internal error: argument name is invalid: a b"), Unauthorized),
        (fails(500, "Internal error: No CAPTCHA appeared within a minute"), Unauthorized),
        (fails(500, "Internal error: Could not find a Create/Generate button"), Unauthorized),
        (fails(500, "Internal error: Failed to solve CAPTCHA after 3 tries"), Unauthorized),
        (fails(500, "Internal error: Invalid parameter 'title': expected string"), Unauthorized),
        (fails(500, "Internal error: Cannot read properties of undefined"), Unconfirmed),
        (fails(500, "Internal error: Nothing on this page. Request sent"), Unconfirmed),
        (fails(500, "Internal server error"), Unconfirmed),
        (fails(500, "Internal error: Unexpected token"), Unconfirmed),
        (fails(503, "Network error: Unable to connect to Suno API."), Unconfirmed),
        (fails(400, "Audio ID is required"), Rejected),
        (httpx.Response(200, json=[]), Rejected),
        (httpx.Response(200, json={"status": "error", "clips": []}), Rejected),
        (httpx.Response(200, json={"error": "Something"}), Unconfirmed),
    ],
)
async def test_refused_submission_has_the_kind_that_the_source_tells(
    refusal: httpx.Response, kind: type[ProviderError]
) -> None:
    with pytest.raises(ProviderError) as caught:
        await adapter("suno_api", FakeTransport(refusal)).extend(request_to())
    assert type(caught.value) is kind


async def test_clips_are_fetched_by_a_list_of_ids() -> None:
    transport = FakeTransport(ok("suno_api_clips"))
    progress = await adapter("suno_api", transport).fetch([CLIPS])
    assert progress == {
        CLIPS: Progress(
            clips=(
                Clip(
                    id=A,
                    status=ClipStatus.COMPLETE,
                    title="Ocean Wanderer",
                    style="folk, acoustic guitar",
                    audio_url=f"https://cdn1.suno.ai/{A}.mp3",
                    image_url=f"https://cdn2.suno.ai/image_{A}.jpeg",
                    duration=95.3,
                ),
                Clip(id=B, status=ClipStatus.COMPLETE, title="Ocean Wanderer"),
            )
        )
    }
    assert transport.requests[0].url.path == "/behind/a/path/api/get"
    assert dict(transport.requests[0].url.params) == {"ids": f"{A},{B}"}


async def test_empty_list_of_ids_is_never_sent() -> None:
    transport = FakeTransport(ok("suno_api_clips"))
    assert await adapter("suno_api", transport).fetch([Handle()]) == {}
    assert transport.requests == []


async def test_batches_hold_the_two_clips_of_one_extension() -> None:
    handles = [Handle(clip_ids=("a",)), Handle(clip_ids=("b", "c")), Handle(clip_ids=("d",))]
    transport = FakeTransport(httpx.Response(200, json=[]))
    assert await adapter("suno_api", transport).fetch(handles) == {}
    assert [request.url.params["ids"] for request in transport.requests] == ["a", "b,c", "d"]


async def test_server_that_requires_continue_at_rejects_the_end_of_a_clip() -> None:
    refusal = fails(500, "Internal error: Invalid parameter 'continueAt': expected number")
    with pytest.raises(Rejected, match="time at which"):
        await adapter("suno_api", FakeTransport(refusal)).extend(request_to(continue_at=None))


LIMITS = httpx.Response(200, json={"credits_left": 50})
GET_FAILED = fails(500, "Internal server error")  # whatever the reason


async def test_clip_that_cannot_be_looked_up_is_unknown_if_the_account_answers() -> None:
    transport = FakeTransport(GET_FAILED, LIMITS)
    assert await adapter("suno_api", transport).clip(A) is None
    assert transport.paths == ["/api/get", "/api/get_limit"]


SESSION_PROBLEMS = [
    "Failed to get session id, you may need to update the SUNO_COOKIE",
    "Please provide a cookie either in the .env file or in the Cookie header of your request.",
    "AxiosError: Request failed with status code 401",
    "AxiosError: Request failed with status code 403",
]


@pytest.mark.parametrize("reason", SESSION_PROBLEMS)
async def test_clip_that_cannot_be_looked_up_tells_of_an_expired_session(reason: str) -> None:
    transport = FakeTransport(GET_FAILED, fails(500, f"Internal server error. Error: {reason}"))
    with pytest.raises(SessionExpired, match="SUNO_API_COOKIE"):
        await adapter("suno_api", transport).clip(A)
    assert len(transport.requests) == 2


@pytest.mark.parametrize("reason", SESSION_PROBLEMS)
async def test_credits_tell_of_an_expired_session(reason: str) -> None:
    transport = FakeTransport(fails(500, f"Internal server error. Error: {reason}"))
    with pytest.raises(SessionExpired, match="Renew the cookie"):
        await adapter("suno_api", transport).credits()


@pytest.mark.parametrize(
    "limits",
    [
        fails(500, "Internal server error. Error: AxiosError: timeout of 10000ms exceeded"),
        fails(500, "Internal server error"),
        httpx.ReadTimeout("late"),
    ],
)
async def test_clip_that_cannot_be_looked_up_is_asked_for_later_if_nothing_answers(
    limits: httpx.Response | Exception,
) -> None:
    with pytest.raises(Unavailable):
        await adapter("suno_api", FakeTransport(GET_FAILED, limits)).clip(A)


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("late"), fails(503, "Network error: no")])
async def test_lookup_without_an_answer_asks_nothing_else(
    failure: httpx.Response | Exception,
) -> None:
    transport = FakeTransport(failure)
    with pytest.raises(Unavailable):
        await adapter("suno_api", transport).clip(A)
    assert len(transport.requests) == 1


async def test_failed_fetch_tells_of_an_expired_session() -> None:
    transport = FakeTransport(
        GET_FAILED, fails(500, f"Internal server error. Error: {SESSION_PROBLEMS[0]}")
    )
    with pytest.raises(SessionExpired):
        await adapter("suno_api", transport).fetch([CLIPS])


async def test_failed_fetch_is_unavailable_if_the_account_answers() -> None:
    with pytest.raises(Unavailable):
        await adapter("suno_api", FakeTransport(GET_FAILED, LIMITS)).fetch([CLIPS])


async def test_recent_clips_are_found_by_time_prompt_and_title_oldest_first() -> None:
    transport = FakeTransport(ok("suno_api_library"))
    found = await adapter("suno_api", transport).find_recent(
        request_to(title="Ocean Wanderer", lyrics="[Bridge]\n\nStars above"),
        since=dt.datetime(2026, 1, 15, 11, 30, tzinfo=dt.UTC),
    )
    assert found == ("early", "late")
    assert transport.requests[0].url.query == b""


async def test_concat_submits_one_new_clip() -> None:
    transport = FakeTransport(ok("suno_api_joined"))
    assert await adapter("suno_api", transport).concat(B) == Handle(clip_ids=(A,))
    assert transport.requests[0].url.path == "/behind/a/path/api/concat"
    assert transport.bodies == [{"clip_id": B}]


@pytest.mark.parametrize(
    "failure",
    [fails(503, "Network error: Unable to connect to Suno API."), httpx.ReadTimeout("late")],
)
async def test_concat_without_an_answer_may_be_sent_again_because_it_costs_nothing(
    failure: httpx.Response | Exception,
) -> None:
    with pytest.raises(Unavailable):
        await adapter("suno_api", FakeTransport(failure)).concat(B)


async def test_concat_of_a_clip_of_another_account_is_rejected() -> None:
    with pytest.raises(Rejected) as caught:
        await adapter("suno_api", FakeTransport(fails(404, "API Error: Not found."))).concat(B)
    assert type(caught.value) is Rejected


async def test_models_default_is_sent_unless_the_member_chose_one() -> None:
    transport = FakeTransport(ok("suno_api_submitted"))
    provider = adapter("suno_api", transport, model="chirp-hawk")
    await provider.extend(request_to())
    await provider.extend(request_to(model="chirp-crow"))
    assert [body["model"] for body in transport.bodies] == ["chirp-hawk", "chirp-crow"]


SHORT = TextLimits(lyrics=3000, style=200, title=80)
LONG = TextLimits(lyrics=5000, style=1000, title=100)


@pytest.mark.parametrize(
    ("default", "chosen", "limits"),
    [
        ("", None, SHORT),
        ("", "chirp-v4", SHORT),
        ("", "chirp-auk-turbo", TextLimits(lyrics=5000, style=1000, title=80)),
        ("", "chirp-hawk", LONG),
        ("chirp-goose", None, LONG),
        ("chirp-goose", "chirp-v3-5", SHORT),
        ("chirp-next", None, LONG),
        ("", "chirp-next", SHORT),
    ],
)
def test_text_limits_are_those_of_the_model(
    default: str, chosen: str | None, limits: TextLimits
) -> None:
    transport = FakeTransport(httpx.Response(500))
    capabilities = adapter("suno_api", transport, model=default).capabilities
    assert capabilities.limits_for(chosen) == limits


def test_submit_timeout_can_be_set() -> None:
    transport = FakeTransport(httpx.Response(500))
    assert adapter("suno_api", transport).capabilities.submit_timeout == 300
    capabilities = adapter("suno_api", transport, submit_timeout=60).capabilities
    assert capabilities.submit_timeout == 60


async def test_credits_are_those_left() -> None:
    left = {"credits_left": 50, "period": None, "monthly_limit": 50, "monthly_usage": 0}
    transport = FakeTransport(httpx.Response(200, json=left))
    assert await adapter("suno_api", transport).credits() == Credits(50)
    assert transport.requests[0].url.path == "/behind/a/path/api/get_limit"

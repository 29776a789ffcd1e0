"""A self-hosted suno-api: providers.md §3."""

import datetime as dt

import httpx
import pytest

from bot.domain.models import Clip, ClipStatus, Handle, Progress
from bot.providers.base import (
    Credits,
    ProviderError,
    Rejected,
    Unauthorized,
    Unavailable,
    Unconfirmed,
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
        (fails(422, "API Error: Token validation failed."), Unauthorized),
        (fails(422, "API Error: [object Object]"), Rejected),
        (fails(500, "Internal error: Please provide a cookie either in the .env"), Unauthorized),
        (fails(500, "Internal error: Failed to get session id, update it"), Unauthorized),
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


async def test_failed_query_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await adapter("suno_api", FakeTransport(fails(500, "Internal server error"))).clip(A)


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


async def test_credits_are_those_left() -> None:
    left = {"credits_left": 50, "period": None, "monthly_limit": 50, "monthly_usage": 0}
    transport = FakeTransport(httpx.Response(200, json=left))
    assert await adapter("suno_api", transport).credits() == Credits(50)
    assert transport.requests[0].url.path == "/behind/a/path/api/get_limit"

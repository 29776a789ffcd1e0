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


async def test_an_extension_is_sent_as_documented() -> None:
    wire = FakeTransport(ok("suno_api_submitted"))
    handle = await adapter("suno_api", wire, cookie=COOKIE).extend(
        request_to(exclude=("heavy metal", "electronic"), model="chirp-crow")
    )
    assert handle == CLIPS
    (sent,) = wire.requests
    assert (sent.method, sent.url.path) == ("POST", "/behind/a/path/api/extend_audio")
    assert sent.headers["Cookie"] == COOKIE
    assert wire.bodies == [
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


async def test_without_cookie_second_and_model_none_is_sent() -> None:
    wire = FakeTransport(ok("suno_api_submitted"))
    await adapter("suno_api", wire).extend(request_to(continue_at=None, lyrics=""))
    assert "Cookie" not in wire.requests[0].headers
    (body,) = wire.bodies
    assert {"continue_at", "model"}.isdisjoint(body)
    assert body["prompt"] == "[Instrumental]"


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
async def test_a_refused_submission_means_what_the_source_says(
    refusal: httpx.Response, kind: type[ProviderError]
) -> None:
    with pytest.raises(ProviderError) as caught:
        await adapter("suno_api", FakeTransport(refusal)).extend(request_to())
    assert type(caught.value) is kind


async def test_clips_are_asked_for_by_a_list_of_ids() -> None:
    wire = FakeTransport(ok("suno_api_clips"))
    progress = await adapter("suno_api", wire).fetch([CLIPS])
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
    assert wire.requests[0].url.path == "/behind/a/path/api/get"
    assert dict(wire.requests[0].url.params) == {"ids": f"{A},{B}"}


async def test_an_empty_list_of_ids_is_never_sent() -> None:
    wire = FakeTransport(ok("suno_api_clips"))
    assert await adapter("suno_api", wire).fetch([Handle()]) == {}
    assert wire.requests == []


async def test_two_clips_of_one_extension_go_together_and_no_more() -> None:
    handles = [Handle(clip_ids=("a",)), Handle(clip_ids=("b", "c")), Handle(clip_ids=("d",))]
    wire = FakeTransport(httpx.Response(200, json=[]))
    assert await adapter("suno_api", wire).fetch(handles) == {}
    assert [request.url.params["ids"] for request in wire.requests] == ["a", "b,c", "d"]


async def test_every_failed_question_is_only_a_question_for_later() -> None:
    with pytest.raises(Unavailable):
        await adapter("suno_api", FakeTransport(fails(500, "Internal server error"))).clip(A)


async def test_recent_clips_are_known_by_time_prompt_and_title_oldest_first() -> None:
    wire = FakeTransport(ok("suno_api_library"))
    found = await adapter("suno_api", wire).find_recent(
        request_to(title="Ocean Wanderer", lyrics="[Bridge]\n\nStars above"),
        since=dt.datetime(2026, 1, 15, 11, 30, tzinfo=dt.UTC),
    )
    assert found == ("early", "late")
    assert wire.requests[0].url.query == b""


async def test_a_lineage_is_joined_into_one_new_clip() -> None:
    wire = FakeTransport(ok("suno_api_joined"))
    assert await adapter("suno_api", wire).concat(B) == Handle(clip_ids=(A,))
    assert wire.requests[0].url.path == "/behind/a/path/api/concat"
    assert wire.bodies == [{"clip_id": B}]


async def test_the_credits_left_are_told() -> None:
    left = {"credits_left": 50, "period": None, "monthly_limit": 50, "monthly_usage": 0}
    wire = FakeTransport(httpx.Response(200, json=left))
    assert await adapter("suno_api", wire).credits() == Credits(50)
    assert wire.requests[0].url.path == "/behind/a/path/api/get_limit"

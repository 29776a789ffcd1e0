"""sunosay.com and sunoapi.co as an adapter."""

import datetime as dt

import httpx
import pytest

from bot.domain.models import Clip, ClipStatus, Handle, Progress
from bot.providers.base import (
    OutOfCredits,
    ProviderError,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
    Unconfirmed,
)
from tests.support.provider_samples import (
    KEY,
    SOURCE,
    TASK,
    A,
    B,
    FakeTransport,
    adapter,
    ok,
    request_to,
)

BOTH = ("sunoapi_co", "sunosay")


def says(**body: object) -> httpx.Response:
    return httpx.Response(200, json=body)


@pytest.mark.parametrize(("name", "point"), [("sunoapi_co", "100"), ("sunosay", 100)])
async def test_extension_is_sent_as_documented(name: str, point: object) -> None:
    transport = FakeTransport(ok("sunosay_submitted"))
    assert await adapter(name, transport).extend(request_to()) == TASK
    (sent,) = transport.requests
    assert (sent.method, sent.url.path) == ("POST", "/behind/a/path/suno/music/extend-music")
    assert sent.headers["Authorization"] == f"Bearer {KEY}"
    assert transport.bodies == [
        {
            "prompt": "[Verse]\nSilver cities",
            "title": "New Beginnings",
            "tags": "rock, uplifting",
            "continue_clip_id": SOURCE,
            "continue_at": point,
        }
    ]
    assert type(transport.bodies[0]["continue_at"]) is type(point)


@pytest.mark.parametrize("name", BOTH)
async def test_empty_style_is_not_sent(name: str) -> None:
    transport = FakeTransport(ok("sunosay_submitted"))
    await adapter(name, transport).extend(request_to(style=()))
    assert "tags" not in transport.bodies[0]


async def test_instrumental_has_its_own_endpoint_and_no_prompt() -> None:
    transport = FakeTransport(ok("sunosay_submitted"))
    await adapter("sunosay", transport).extend(
        request_to(lyrics="", style=(), title="", model="v3.5")
    )
    assert transport.requests[0].url.path == "/behind/a/path/suno/music/extend-Instrumental"
    assert transport.bodies == [
        {
            "title": "",
            "model": "v3.5",
            "continue_clip_id": SOURCE,
            "continue_at": 100,
        }
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(100.0, "100"), (48.762, "48.762"), (0.001, "0.001"), (200.5, "200.5")]
)
async def test_continue_at_as_text_is_a_plain_decimal(seconds: float, text: str) -> None:
    transport = FakeTransport(ok("sunosay_submitted"))
    await adapter("sunoapi_co", transport).extend(request_to(continue_at=seconds))
    assert transport.bodies[0]["continue_at"] == text


async def test_sunoapi_co_can_be_set_to_send_numbers() -> None:
    transport = FakeTransport(ok("sunosay_submitted"))
    await adapter("sunoapi_co", transport, continue_at="number").extend(
        request_to(continue_at=48.762)
    )
    assert transport.bodies[0]["continue_at"] == 48.762


@pytest.mark.parametrize(
    ("name", "points"), [("sunoapi_co", ["100", 100]), ("sunosay", [100, "100"])]
)
@pytest.mark.parametrize("status", [200, 422])
async def test_refused_type_of_continue_at_is_changed_once(
    name: str, points: list[object], status: int
) -> None:
    refused = {"code": 400, "message": "continue_at has the wrong type"}
    transport = FakeTransport(httpx.Response(status, json=refused), ok("sunosay_submitted"))
    assert await adapter(name, transport).extend(request_to()) == TASK
    assert [body["continue_at"] for body in transport.bodies] == points


@pytest.mark.parametrize(
    "message", ["continue_at must be less than the duration", "no song at continue_at"]
)
async def test_refused_continue_at_of_the_right_type_is_not_sent_again(message: str) -> None:
    transport = FakeTransport(says(code=400, message=message))
    with pytest.raises(Rejected, match="continue_at"):
        await adapter("sunosay", transport).extend(request_to())
    assert len(transport.requests) == 1


async def test_continue_at_refused_in_both_types_is_not_sent_a_third_time() -> None:
    transport = FakeTransport(says(code=400, message="continue_at has the wrong type"))
    with pytest.raises(Rejected, match="wrong type"):
        await adapter("sunosay", transport).extend(request_to())
    assert len(transport.requests) == 2


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"code": 401, "message": "no"}, Unauthorized),
        ({"code": 500, "message": "Key verification failed, please check"}, Unauthorized),
        ({"code": 402, "message": "pay"}, OutOfCredits),
        ({"code": 400, "message": "Insufficient balance"}, OutOfCredits),
        ({"code": 429, "message": "slow down"}, RateLimited),
        ({"code": 400, "message": "Prompt too long."}, Rejected),
        ({"code": 500, "message": "Suno is busy"}, Rejected),
        ({"code": 0}, Rejected),
        ({"code": 200, "task_id": ""}, Unconfirmed),
        ({"code": 200}, Unconfirmed),
        ({}, Unconfirmed),
        ({"code": 200, "task_id": "", "status": "error", "clips": []}, Rejected),
        ({"status": "error", "clips": []}, Rejected),
    ],
)
async def test_code_decides_about_a_submission(
    name: str, body: dict[str, object], kind: type[ProviderError]
) -> None:
    with pytest.raises(ProviderError) as caught:
        await adapter(name, FakeTransport(says(**body))).extend(request_to())
    assert isinstance(caught.value, kind)


async def test_submission_answered_without_a_code_is_accepted() -> None:
    transport = FakeTransport(says(task_id=17))
    assert await adapter("sunosay", transport).extend(request_to()) == Handle(task_id="17")


async def test_server_error_is_not_read_as_a_refused_continue_at() -> None:
    transport = FakeTransport(httpx.Response(502, json={"message": "continue_at"}))
    with pytest.raises(Unconfirmed):
        await adapter("sunosay", transport).extend(request_to())
    assert len(transport.requests) == 1


async def test_task_path_of_sunoapi_co_can_be_set() -> None:
    transport = FakeTransport(ok("sunosay_complete"))
    await adapter("sunoapi_co", transport, task_path="/music/query").fetch([TASK])
    assert transport.paths == ["/music/query"]


@pytest.mark.parametrize("name", BOTH)
async def test_each_task_is_fetched_by_post(name: str) -> None:
    other = Handle(task_id="t-2")
    transport = FakeTransport(ok("sunosay_complete"), ok("sunosay_streaming"))
    progress = await adapter(name, transport).fetch([TASK, other])
    assert progress == {
        TASK: Progress(
            clips=(
                Clip(
                    id=A,
                    status=ClipStatus.COMPLETE,
                    audio_url=f"https://cdn1.suno.ai/{A}.mp3",
                    image_url=f"https://cdn1.suno.ai/image_{A}.png",
                    duration=240.0,
                ),
                Clip(
                    id=B,
                    status=ClipStatus.COMPLETE,
                    title="crazy and wild",
                    audio_url=f"https://cdn1.suno.ai/{B}.mp3",
                    duration=238.5,
                ),
            )
        ),
        other: Progress(is_open=True),
    }
    assert {request.url.path for request in transport.requests} == {
        "/behind/a/path/suno/music/get-task"
    }
    assert transport.bodies == [{"task_id": "t-1"}, {"task_id": "t-2"}]


async def test_clip_without_a_status_has_that_of_its_task() -> None:
    body = {"code": 200, "status": "streaming", "clips": [{"continue_clip_id": A}]}
    progress = await adapter("sunosay", FakeTransport(says(**body))).fetch([TASK])
    assert progress[TASK] == Progress(
        clips=(Clip(id=A, status=ClipStatus.STREAMING),), is_open=True
    )


async def test_complete_task_without_clips_stays_open() -> None:
    progress = await adapter("sunosay", FakeTransport(says(code=200, status="complete"))).fetch(
        [TASK]
    )
    assert progress[TASK] == Progress(is_open=True)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"code": 200, "status": "error", "message": "Prompt likely copyrighted"}, "Prompt likely"),
        ({"code": 200, "status": "failed", "message": "ok!"}, ""),
        ({"code": 200, "status": "failed"}, ""),
        ({"code": 400, "message": "task not found"}, "task not found"),
        ({"code": 402, "message": "no credits"}, "no credits"),
    ],
)
async def test_failed_task_has_its_reason(body: dict[str, object], error: str) -> None:
    progress = await adapter("sunosay", FakeTransport(says(**body))).fetch([TASK])
    assert (progress[TASK].error or "").startswith(error)
    assert progress[TASK].error is not None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"code": 401}, Unauthorized),
        ({"code": 400, "message": "Key verification failed"}, Unauthorized),
        ({"code": 429}, RateLimited),
        ({"code": 500}, Unavailable),
        ({"code": 1}, Unavailable),
    ],
)
async def test_query_refused_for_other_reasons_fails_no_task(
    body: dict[str, object], kind: type[ProviderError]
) -> None:
    with pytest.raises(ProviderError) as caught:
        await adapter("sunosay", FakeTransport(says(**body))).fetch([TASK])
    assert type(caught.value) is kind


async def test_clips_credits_and_recent_clips_are_not_reported() -> None:
    transport = FakeTransport(httpx.Response(500))
    provider = adapter("sunosay", transport)
    assert await provider.clip(A) is None
    assert await provider.credits() is None
    assert await provider.find_recent(request_to(), since=dt.datetime.now(dt.UTC)) == ()
    assert transport.requests == []

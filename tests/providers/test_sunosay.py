"""sunosay.com and sunoapi.co: providers.md §2."""

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
async def test_an_extension_is_sent_as_documented(name: str, point: object) -> None:
    wire = FakeTransport(ok("sunosay_submitted"))
    assert await adapter(name, wire).extend(request_to()) == TASK
    (sent,) = wire.requests
    assert (sent.method, sent.url.path) == ("POST", "/behind/a/path/suno/music/extend-music")
    assert sent.headers["Authorization"] == f"Bearer {KEY}"
    assert wire.bodies == [
        {
            "prompt": "[Verse]\nSilver cities",
            "title": "New Beginnings",
            "tags": "rock, uplifting",
            "continue_clip_id": SOURCE,
            "continue_at": point,
        }
    ]
    assert type(wire.bodies[0]["continue_at"]) is type(point)


async def test_an_instrumental_has_an_endpoint_of_its_own_and_no_prompt() -> None:
    wire = FakeTransport(ok("sunosay_submitted"))
    await adapter("sunosay", wire).extend(request_to(lyrics="", style=(), title="", model="v3.5"))
    assert wire.requests[0].url.path == "/behind/a/path/suno/music/extend-Instrumental"
    assert wire.bodies == [
        {
            "title": "",
            "tags": "",
            "model": "v3.5",
            "continue_clip_id": SOURCE,
            "continue_at": 100,
        }
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(100.0, "100"), (48.762, "48.762"), (0.001, "0.001"), (200.5, "200.5")]
)
async def test_seconds_as_text_are_plain_decimals(seconds: float, text: str) -> None:
    wire = FakeTransport(ok("sunosay_submitted"))
    await adapter("sunoapi_co", wire).extend(request_to(continue_at=seconds))
    assert wire.bodies[0]["continue_at"] == text


async def test_a_setting_makes_sunoapi_co_send_numbers() -> None:
    wire = FakeTransport(ok("sunosay_submitted"))
    await adapter("sunoapi_co", wire, continue_at="number").extend(request_to(continue_at=48.762))
    assert wire.bodies[0]["continue_at"] == 48.762


@pytest.mark.parametrize(
    ("name", "points"), [("sunoapi_co", ["100", 100]), ("sunosay", [100, "100"])]
)
@pytest.mark.parametrize("status", [200, 422])
async def test_a_refused_type_of_the_second_is_changed_once(
    name: str, points: list[object], status: int
) -> None:
    refused = {"code": 400, "message": "continue_at has the wrong type"}
    wire = FakeTransport(httpx.Response(status, json=refused), ok("sunosay_submitted"))
    assert await adapter(name, wire).extend(request_to()) == TASK
    assert [body["continue_at"] for body in wire.bodies] == points


async def test_a_second_refused_in_both_types_is_not_sent_a_third_time() -> None:
    wire = FakeTransport(says(code=400, message="continue_at must be less than the duration"))
    with pytest.raises(Rejected, match="less than the duration"):
        await adapter("sunosay", wire).extend(request_to())
    assert len(wire.requests) == 2


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
async def test_only_the_code_decides_on_a_submission(
    name: str, body: dict[str, object], kind: type[ProviderError]
) -> None:
    with pytest.raises(ProviderError) as caught:
        await adapter(name, FakeTransport(says(**body))).extend(request_to())
    assert isinstance(caught.value, kind)


async def test_a_submission_that_hides_nothing_but_its_code_is_taken() -> None:
    wire = FakeTransport(says(task_id=17))
    assert await adapter("sunosay", wire).extend(request_to()) == Handle(task_id="17")


async def test_a_server_error_is_not_read_as_a_refusal_of_the_second() -> None:
    wire = FakeTransport(httpx.Response(502, json={"message": "continue_at"}))
    with pytest.raises(Unconfirmed):
        await adapter("sunosay", wire).extend(request_to())
    assert len(wire.requests) == 1


@pytest.mark.parametrize("name", BOTH)
async def test_each_task_is_asked_for_by_post(name: str) -> None:
    other = Handle(task_id="t-2")
    wire = FakeTransport(ok("sunosay_complete"), ok("sunosay_streaming"))
    progress = await adapter(name, wire).fetch([TASK, other])
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
    assert {request.url.path for request in wire.requests} == {"/behind/a/path/suno/music/get-task"}
    assert wire.bodies == [{"task_id": "t-1"}, {"task_id": "t-2"}]


async def test_a_clip_without_a_status_has_that_of_its_task() -> None:
    body = {"code": 200, "status": "streaming", "clips": [{"continue_clip_id": A}]}
    progress = await adapter("sunosay", FakeTransport(says(**body))).fetch([TASK])
    assert progress[TASK] == Progress(
        clips=(Clip(id=A, status=ClipStatus.STREAMING),), is_open=True
    )


async def test_done_without_any_clip_is_waited_on() -> None:
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
async def test_a_failed_task_says_why(body: dict[str, object], error: str) -> None:
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
async def test_a_question_refused_for_other_reasons_fails_no_task(
    body: dict[str, object], kind: type[ProviderError]
) -> None:
    with pytest.raises(ProviderError) as caught:
        await adapter("sunosay", FakeTransport(says(**body))).fetch([TASK])
    assert type(caught.value) is kind


async def test_it_tells_nothing_of_single_clips_and_credits() -> None:
    wire = FakeTransport(httpx.Response(500))
    provider = adapter("sunosay", wire)
    assert await provider.clip(A) is None
    assert await provider.credits() is None
    assert await provider.find_recent(request_to(), since=dt.datetime.now(dt.UTC)) == ()
    assert wire.requests == []

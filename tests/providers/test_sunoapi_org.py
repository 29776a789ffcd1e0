"""The sunoapi.org adapter: bodies, codes and answers of both routes."""

import datetime as dt
import json
from typing import Any, Literal

import httpx
import pytest

from bot.domain.models import ClipStatus, Handle, Progress
from bot.providers.adapter import ApiConfig
from bot.providers.base import (
    Credits,
    OutOfCredits,
    ProviderError,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
    Unconfirmed,
    UnknownClip,
)
from bot.providers.sunoapi_org import CAPABILITIES, SunoApiOrg
from tests.support.provider_samples import SOURCE, TASK, A, B, FakeTransport, adapter, request_to

LEGACY, JOBS = "sunoapi_org", "sunoapi_org/jobs"
BOTH = pytest.mark.parametrize("name", [LEGACY, JOBS])
LINK = f"https://cdn.example/{A}.mp3"
STREAM = f"https://stream.example/{A}"


def says(code: int, msg: str = "", data: object = None, *, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "msg": msg, "data": data})


ACCEPTED = says(200, "success", {"taskId": "t-1"})


async def body_of(name: str, *, options: Any = None, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any
    transport = FakeTransport(ACCEPTED)
    await adapter(name, transport, **(options or {})).extend(request_to(**changes))
    return transport.bodies[0]


async def refusal(name: str, answer: httpx.Response) -> ProviderError:
    """Return the error that a submission with this answer raises."""
    with pytest.raises(ProviderError) as caught:
        await adapter(name, FakeTransport(answer)).extend(request_to())
    return caught.value


async def progress_of(name: str, data: object) -> Progress:
    provider = adapter(name, FakeTransport(says(200, "success", data)))
    return (await provider.fetch([TASK]))[TASK]


async def legacy(status: str, *songs: object, key: str = "sunoData", **more: object) -> Progress:
    response = {"taskId": "t-1", key: list(songs)} if songs else None
    return await progress_of(LEGACY, {"status": status, "response": response} | more)


async def job(state: str, result: object = "", **more: object) -> Progress:
    text = result if isinstance(result, str) else json.dumps(result)
    return await progress_of(JOBS, {"state": state, "resultJson": text} | more)


def song(clip_id: str = A, **changes: object) -> dict[str, object]:
    given: dict[str, object] = {
        "id": clip_id,
        "audioUrl": LINK,
        "streamAudioUrl": STREAM,
        "imageUrl": "https://cdn.example/cover.png",
        "prompt": "la la",
        "modelName": "chirp-v5",
        "title": "Next",
        "tags": "folk, piano",
        "createTime": "2026-01-01 00:00:00",
        "duration": 198.44,
    }
    return {key: it for key, it in (given | changes).items() if it is not ...}


async def test_legacy_body_suits_models_before_and_since_v6() -> None:
    assert await body_of(LEGACY, exclude=("drums",)) == {
        "defaultParamFlag": True,
        "audioId": SOURCE,
        "model": "V6",
        "callBackUrl": "https://encore.invalid",
        "prompt": "[Verse]\nSilver cities",
        "lyrics": "[Verse]\nSilver cities",
        "style": "rock, uplifting",
        "title": "New Beginnings",
        "continueAt": 100,
        "instrumental": False,
        "negativeTags": "drums",
    }


async def test_legacy_instrumental_has_no_lyrics_and_a_title() -> None:
    body = await body_of(LEGACY, lyrics="", title="")
    assert (body["instrumental"], body["prompt"]) == (True, "[Instrumental]")
    assert "lyrics" not in body
    assert body["title"] == "Untitled"


async def test_job_leaves_out_what_the_source_gives() -> None:
    assert await body_of(JOBS, style=(), title="", continue_at=48.762) == {
        "model": "ai-music-api/extend",
        "input": {
            "audio_id": SOURCE,
            "model": "V6",
            "continue_at": 48.762,
            "lyrics": "[Verse]\nSilver cities",
            "instrumental": False,
        },
    }


async def test_job_has_what_the_member_typed() -> None:
    options = {"callback_url": "https://bot.example"}
    body = await body_of(JOBS, options=options, lyrics="", exclude=("drums",), model="V6_MINI")
    assert body["callBackUrl"] == "https://bot.example"
    given = body["input"]
    assert (given["style"], given["title"]) == ("rock, uplifting", "New Beginnings")
    assert (given["negative_tags"], given["model"]) == ("drums", "V6_MINI")
    assert (given["lyrics"], given["instrumental"]) == ("[Instrumental]", True)


async def test_legacy_callback_address_can_be_set() -> None:
    body = await body_of(LEGACY, options={"callback_url": "https://bot.example"})
    assert body["callBackUrl"] == "https://bot.example"


@BOTH
async def test_extension_without_a_second_is_refused_before_it_is_sent(name: str) -> None:
    transport = FakeTransport(ACCEPTED)
    with pytest.raises(Rejected):
        await adapter(name, transport).extend(request_to(continue_at=None))
    assert transport.requests == []


@pytest.mark.parametrize(
    ("base_url", "route", "path", "label"),
    [
        ("https://api.sunoapi.org", None, "/api/v1/generate/extend", "SunoAPI.org"),
        ("https://api.box", None, "/api/v1/generate/extend", "SunoAPI.org"),
        ("https://api.kie.ai", None, "/api/v1/jobs/createTask", "kie.ai"),
        ("https://kie.ai", "legacy", "/api/v1/generate/extend", "kie.ai"),
        ("https://notkie.ai", None, "/api/v1/generate/extend", "SunoAPI.org"),
        ("http://127.0.0.1:1/proxy", "jobs", "/proxy/api/v1/jobs/createTask", "SunoAPI.org"),
    ],
)
async def test_route_follows_the_host_unless_it_is_set(
    base_url: str, route: Literal["legacy", "jobs"] | None, path: str, label: str
) -> None:
    transport = FakeTransport(ACCEPTED)
    client, config = httpx.AsyncClient(transport=transport), ApiConfig(base_url=base_url)
    provider = SunoApiOrg(client, config, route=route)
    await provider.extend(request_to())
    assert transport.requests[0].url.path == path
    assert provider.capabilities.label == label


@pytest.mark.parametrize("key", ["taskId", "task_id"])
@BOTH
async def test_handle_is_the_task(name: str, key: str) -> None:
    transport = FakeTransport(says(200, "success", {key: "t-9"}))
    assert await adapter(name, transport).extend(request_to()) == Handle(task_id="t-9")


@pytest.mark.parametrize(
    "answer", [says(200), says(200, data={}), httpx.Response(200, json={"msg": "ok"})]
)
@BOTH
async def test_success_without_a_task_is_unconfirmed(name: str, answer: httpx.Response) -> None:
    assert type(await refusal(name, answer)) is Unconfirmed


# code and words -> the kind at sunoapi.org, the kind at kie.ai
CODES = {
    "parameters": (400, "", Rejected, Rejected),
    "no such clip": (400, "The song id does not exist.", UnknownClip, UnknownClip),
    "key": (401, "", Unauthorized, Unauthorized),
    "unpaid": (402, "", OutOfCredits, OutOfCredits),
    "forbidden": (403, "", Unauthorized, Unauthorized),
    "missing": (404, "", Rejected, Rejected),
    "audio missing": (404, "Audio not found", UnknownClip, UnknownClip),
    "many": (405, "", RateLimited, RateLimited),
    "exists": (409, "", Rejected, Rejected),
    "long": (413, "", Rejected, Rejected),
    "unprocessable": (422, "", Rejected, Rejected),
    "429": (429, "", OutOfCredits, RateLimited),
    "429 credits": (429, "Insufficient credits", OutOfCredits, OutOfCredits),
    "429 rate": (429, "Too many requests", RateLimited, RateLimited),
    "frequent": (430, "", RateLimited, RateLimited),
    "sub-key": (433, "", OutOfCredits, OutOfCredits),
    "not fetched": (451, "", UnknownClip, UnknownClip),
    "maintenance": (455, "", Unavailable, Unavailable),
    "unknown refusal": (460, "", Rejected, Rejected),
    "error": (500, "", Unconfirmed, Unconfirmed),
    "failed": (501, "", Rejected, Rejected),
    "off": (505, "", Rejected, Rejected),
    "refunded": (531, "", Rejected, Rejected),
    "unknown error": (599, "", Unconfirmed, Unconfirmed),
    "no code": (0, "", Unconfirmed, Unconfirmed),
    "strange": (1234, "", Unconfirmed, Unconfirmed),
}


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("case", CODES)
async def test_code_in_the_body_decides(case: str, status: int) -> None:
    code, words, org, kie = CODES[case]
    answer = says(code, words, status=status)
    assert type(await refusal(LEGACY, answer)) is org
    assert type(await refusal(JOBS, answer)) is kie


async def test_legacy_route_of_kie_has_its_codes() -> None:
    transport = FakeTransport(says(429))
    client = httpx.AsyncClient(transport=transport)
    config = ApiConfig(base_url="https://api.kie.ai")
    with pytest.raises(RateLimited):
        await SunoApiOrg(client, config, route="legacy").extend(request_to())


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(503, text="<h1>Down</h1>"),
        httpx.Response(503, json=["down"]),
        httpx.Response(503, json={"code": "down"}),
        httpx.Response(503, json={"code": 200}),
    ],
)
async def test_bad_status_without_a_code_has_the_common_meaning(answer: httpx.Response) -> None:
    assert type(await refusal(LEGACY, answer)) is Unconfirmed


async def test_refusal_keeps_the_wait_and_the_words() -> None:
    answer = httpx.Response(
        429, headers={"Retry-After": "7"}, json={"code": 429, "msg": "Too Many Requests"}
    )
    error = await refusal(LEGACY, answer)
    assert isinstance(error, RateLimited)
    assert (error.retry_after, error.text) == (7, "Too Many Requests")


@BOTH
async def test_refused_question_is_asked_again(name: str) -> None:
    transport = FakeTransport(says(429), says(455), says(500), says(401))
    provider = adapter(name, transport)
    for kind in (RateLimited, Unavailable, Unavailable, Unauthorized):
        with pytest.raises(kind):
            await provider.fetch([TASK])


@pytest.mark.parametrize("code", [501, 531])
@BOTH
async def test_code_can_be_the_failure_of_a_task(name: str, code: int) -> None:
    provider = adapter(name, FakeTransport(says(code, "It was refunded.")))
    assert (await provider.fetch([TASK]))[TASK] == Progress(error="It was refunded.")


@BOTH
async def test_unknown_task_is_left_out(name: str) -> None:
    assert await adapter(name, FakeTransport(says(200))).fetch([TASK]) == {}


@pytest.mark.parametrize(
    ("name", "path"), [(LEGACY, "/api/v1/generate/record-info"), (JOBS, "/api/v1/jobs/recordInfo")]
)
async def test_each_task_is_asked_for_alone(name: str, path: str) -> None:
    transport = FakeTransport(says(200))
    await adapter(name, transport).fetch([TASK, Handle(task_id="t-2"), Handle(clip_ids=(A,))])
    assert transport.paths == [path, path]
    assert [request.url.params["taskId"] for request in transport.requests] == ["t-1", "t-2"]


@pytest.mark.parametrize("status", ["PENDING", "", "REHEARSING", None])
async def test_task_without_songs_is_open(status: str) -> None:
    assert await legacy(status) == Progress(is_open=True)


async def test_words_alone_are_not_heard() -> None:
    seen = await legacy("TEXT_SUCCESS", song(audioUrl="", streamAudioUrl="", duration=None))
    assert [(clip.status, clip.audio_url) for clip in seen.clips] == [(ClipStatus.QUEUED, None)]
    assert seen.is_open


async def test_stream_is_heard_until_the_file_is_there() -> None:
    seen = await legacy("TEXT_SUCCESS", song(audioUrl="", duration=None))
    assert [(clip.status, clip.audio_url) for clip in seen.clips] == [
        (ClipStatus.STREAMING, STREAM)
    ]
    done = await legacy("SUCCESS", song())
    assert [(clip.is_playable, clip.audio_url) for clip in done.clips] == [(True, LINK)]
    assert not done.is_open


@pytest.mark.parametrize(
    "second",
    [
        song(B, audioUrl="", duration=None),
        song(B, duration=None),  # it may name the file before it is finished
        song(B, audioUrl=STREAM),  # or the stream in its place
    ],
)
async def test_first_success_has_one_finished_song(second: dict[str, object]) -> None:
    seen = await legacy("FIRST_SUCCESS", song(), second)
    assert [clip.status for clip in seen.clips] == [ClipStatus.COMPLETE, ClipStatus.STREAMING]
    assert seen.clips[1].audio_url == STREAM
    assert seen.is_open


async def test_first_success_without_a_stream_has_the_file() -> None:
    seen = await legacy("FIRST_SUCCESS", song(streamAudioUrl=..., duration=None))
    assert [(clip.status, clip.audio_url) for clip in seen.clips] == [(ClipStatus.STREAMING, LINK)]


async def test_failed_callback_with_audio_is_complete() -> None:
    seen = await legacy("CALLBACK_EXCEPTION", song(), song(B, duration=None))
    assert [clip.is_playable for clip in seen.clips] == [True, True]
    assert (seen.is_open, seen.error) == (False, None)


async def test_failed_callback_without_audio_goes_on() -> None:
    assert await legacy("CALLBACK_EXCEPTION") == Progress(is_open=True)
    seen = await legacy("CALLBACK_EXCEPTION", song(), song(B, audioUrl="", duration=None))
    assert [clip.status for clip in seen.clips] == [ClipStatus.COMPLETE, ClipStatus.STREAMING]
    assert seen.is_open


async def test_failed_callback_of_withdrawn_audio_is_not_playable() -> None:
    withdrawn = "https://studio-api.prod.suno.com/api/forbidden"
    seen = await legacy("CALLBACK_EXCEPTION", song(audioUrl=withdrawn))
    assert [(clip.status, clip.audio_url) for clip in seen.clips] == [(ClipStatus.COMPLETE, None)]
    assert not seen.is_open


@pytest.mark.parametrize(
    "status", ["CREATE_TASK_FAILED", "GENERATE_AUDIO_FAILED", "SENSITIVE_WORD_ERROR"]
)
async def test_failed_task_tells_why(status: str) -> None:
    assert await legacy(status, errorMessage="Bad words.") == Progress(error="Bad words.")
    told = (await legacy(status)).error
    assert told == (
        "The lyrics or the style have a forbidden word." if status == "SENSITIVE_WORD_ERROR" else ""
    )


async def test_failed_task_keeps_its_good_song() -> None:
    lost = song(B, audioUrl="https://cdn1.suno.ai/None.mp3", duration=None)
    seen = await legacy("GENERATE_AUDIO_FAILED", song(), lost, error_message="Bad words.")
    assert [(clip.is_playable, clip.error) for clip in seen.clips] == [
        (True, ""),
        (False, "Bad words."),
    ]


async def test_legacy_songs_are_read_in_each_spelling() -> None:
    camel = await legacy("SUCCESS", song())
    snake = {
        "id": A,
        "audio_url": LINK,
        "stream_audio_url": STREAM,
        "image_url": "https://cdn.example/cover.png",
        "model_name": "chirp-v5",
        "title": "Next",
        "tags": "folk, piano",
        "createTime": 1_767_225_600_000,
        "duration": 198.44,
    }
    assert await legacy("SUCCESS", snake, key="suno_data") == camel
    assert await legacy("SUCCESS", snake, key="data") == camel
    [clip] = camel.clips
    assert (clip.title, clip.style, clip.duration) == ("Next", "folk, piano", 198.44)
    assert clip.image_url == "https://cdn.example/cover.png"


@pytest.mark.parametrize(
    "result",
    [
        {"data": [song()]},
        {"data": {"data": [song()]}},
        [song()],
        {"resultObject": song()},
        {"resultObject": {"sunoData": [song()]}},
    ],
)
async def test_job_result_has_its_songs_in_several_places(result: object) -> None:
    seen = await job("success", result)
    assert [(clip.id, clip.is_playable, clip.audio_url) for clip in seen.clips] == [(A, True, LINK)]
    assert not seen.is_open
    told = await progress_of(JOBS, {"state": "success", "resultJson": result})
    assert told == seen


async def test_job_result_of_addresses_alone_can_be_heard() -> None:
    urls = [LINK, "https://cdn.example/made/song 2.mp3", 3]
    seen = await job("success", {"resultUrls": urls})
    assert [clip.id for clip in seen.clips] == [A, "-made-song-2.mp3"]
    assert seen.clips[0].is_playable


@pytest.mark.parametrize("state", ["waiting", "queuing", "generating"])
@pytest.mark.parametrize("result", ["", " ", {}, "{}", None, "null", '{"data":null}'])
async def test_job_in_progress_has_no_songs(state: str, result: object) -> None:
    told = await progress_of(JOBS, {"state": state, "resultJson": result})
    assert told == Progress(is_open=True)


async def test_job_in_progress_may_be_heard() -> None:
    seen = await job("generating", {"data": [song(audioUrl="", duration=None)]})
    assert [(clip.status, clip.audio_url) for clip in seen.clips] == [
        (ClipStatus.STREAMING, STREAM)
    ]


@pytest.mark.parametrize("code", ["501", 501, None])
async def test_failed_job_tells_why(code: object) -> None:
    assert await job("fail", failCode=code, failMsg="Bad words.") == Progress(error="Bad words.")


@pytest.mark.parametrize(
    "result",
    ["{", "[" * 100_000, "7", {"resultUrls": 7}, {"resultUrls": ["https://["]}, [{"id": ""}]],
)
async def test_result_in_an_unknown_form_is_asked_for_again(result: object) -> None:
    with pytest.raises(Unavailable, match=r"kie|SunoAPI"):
        await job("success", result)


async def test_result_in_too_many_wrappers_is_asked_for_again() -> None:
    result: object = [song()]
    for _ in range(6):
        result = {"data": result}
    with pytest.raises(Unavailable):
        await job("success", result)


@pytest.mark.parametrize(
    ("name", "path"), [(LEGACY, "/api/v1/generate/credit"), (JOBS, "/api/v1/chat/credit")]
)
async def test_credits_are_asked_for_where_the_route_has_them(name: str, path: str) -> None:
    transport = FakeTransport(says(200, "success", 738.0), says(200), says(401))
    provider = adapter(name, transport)
    assert await provider.credits() == Credits(738)
    assert transport.paths == [path]
    assert await provider.credits() is None
    with pytest.raises(Unauthorized):
        await provider.credits()


def test_limits_are_those_of_the_model() -> None:
    models = ("V4", "V5", "V6", "V9")
    can = adapter(LEGACY, FakeTransport(ACCEPTED), models=models).capabilities
    assert (can.models, can.default_model) == (models, "V4")
    found = {model: can.limits_for(model) for model in (*models, None)}
    assert {name: (its.lyrics, its.style, its.title) for name, its in found.items()} == {
        "V4": (3000, 200, 80),
        "V5": (5000, 1000, 100),
        "V6": (5000, 1000, 80),
        "V9": (5000, 1000, 80),
        None: (3000, 200, 80),
    }


def test_only_the_legacy_route_needs_a_style() -> None:
    needs = {
        name: adapter(name, FakeTransport(ACCEPTED)).capabilities.needs_style
        for name in (LEGACY, JOBS)
    }
    assert needs == {LEGACY: True, JOBS: False}


def test_audio_is_kept_for_two_weeks() -> None:
    assert CAPABILITIES.retention == dt.timedelta(days=14)


@pytest.mark.parametrize("contains_source", [False, True])
async def test_audio_of_a_result_is_the_part_or_the_whole_as_it_is_set(
    *, contains_source: bool
) -> None:
    answer = says(200, "success", {"status": "SUCCESS", "response": {"sunoData": [song()]}})
    provider = adapter(LEGACY, FakeTransport(answer), contains_source=contains_source)
    [progress] = (await provider.fetch([TASK])).values()
    assert [clip.contains_source for clip in progress.clips] == [contains_source]

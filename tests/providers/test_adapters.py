"""What holds for every adapter: the failure table applies, no key leaks, any answer is survived."""

import json
import logging
import time
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.models import Handle
from bot.providers.adapter import MAX_CLIPS, ApiConfig, clip_id_batches, gather_successes
from bot.providers.base import (
    ProviderError,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
    Unconfirmed,
    UnknownClip,
)
from bot.providers.sunosay import SunoSay
from tests.support.provider_samples import (
    ADAPTERS,
    BY_CLIP_ID,
    CLIPS,
    HANDLES,
    KEY,
    A,
    FakeTransport,
    adapter,
    request_to,
    submit,
)

LINK = f"https://cdn1.suno.ai/{A}.mp3"

KEYS = (
    st.sampled_from(
        ["id", "clips", "data", "clip_ids", "code", "task_id", "status", "metadata", "duration"]
    )
    | st.sampled_from(
        [
            "message",
            "error",
            "title",
            "tags",
            "audio_url",
            "continue_clip_id",
            "created_at",
            "prompt",
        ]
    )
    | st.sampled_from(
        ["msg", "taskId", "state", "response", "sunoData", "resultJson", "resultUrls", "audioUrl"]
    )
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | st.sampled_from(["complete", "error", "ok!", A, LINK, KEY, "200", "401", "2026-01-01"])
    | st.sampled_from([200, 401, 402, 500])
)
ANSWERS = st.recursive(
    LEAVES, lambda part: st.lists(part, max_size=3) | st.dictionaries(KEYS, part, max_size=5)
)


# One row per adapter: tests/providers/test_errors.py and test_http.py have the whole table.
@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize(
    ("failure", "submission", "query"),
    [
        (httpx.ConnectError("refused"), Unavailable, Unavailable),
        (httpx.Response(400, json={"error": "Prompt too long."}), Rejected, Rejected),
        (httpx.Response(404, json={"error": "Clip not found"}), UnknownClip, UnknownClip),
        (httpx.Response(503, json={"error": "Try again later"}), Unconfirmed, Unavailable),
    ],
)
async def test_adapter_maps_failures_by_the_common_table(
    name: str,
    failure: httpx.Response | Exception,
    submission: type[ProviderError],
    query: type[ProviderError],
) -> None:
    transport = FakeTransport(failure)
    provider = adapter(name, transport)
    with pytest.raises(ProviderError) as submitted:
        await submit(provider, request_to(name))
    with pytest.raises(ProviderError) as fetched:
        await provider.fetch([HANDLES[name]])
    assert (type(submitted.value), type(fetched.value)) == (submission, query)
    assert len(transport.requests) == 2


@pytest.mark.parametrize("name", ADAPTERS)
async def test_403_is_the_operators_problem_unless_the_provider_says_more(name: str) -> None:
    forbidden = httpx.Response(403, json={"message": "Forbidden"})
    with pytest.raises(Unauthorized):
        await submit(adapter(name, FakeTransport(forbidden)), request_to(name))


@pytest.mark.parametrize("name", ADAPTERS)
def test_adapter_does_not_show_its_key(name: str) -> None:
    provider = adapter(name, FakeTransport(httpx.Response(200)))
    assert "secret" not in f"{provider!r} {vars(provider)!r}"


@pytest.mark.parametrize("name", ["suno_api", "sunoapi_com", "aimlapi"])
async def test_failed_clip_is_logged_by_id_and_known_type_only(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    clips = [
        {"id": "one", "status": "error", "metadata": {"error_type": "moderation_failure"}},
        {"id": "two", "status": "error", "metadata": {"error_type": "a whole song text"}},
    ]
    body = {"clips": clips} if name == "sunoapi_com" else clips
    transport = FakeTransport(httpx.Response(200, json=body))
    await adapter(name, transport).fetch([Handle(clip_ids=("one", "two"))])
    assert "clip one failed at its provider: moderation_failure" in caplog.text
    assert "clip two failed at its provider: no known type" in caplog.text


async def test_submit_slots_keep_the_submit_rate() -> None:
    config = ApiConfig(base_url="https://music.example", submit_every=0.05)
    provider = SunoSay(httpx.AsyncClient(transport=FakeTransport(httpx.Response(500))), config)
    start = time.monotonic()
    await provider.wait_for_submit_slot()
    await provider.wait_for_submit_slot()
    assert time.monotonic() - start >= 0.04


async def provider_error_of(call: Coroutine[Any, Any, object]) -> ProviderError | None:
    """Return the provider's error, if there is one; any other one fails the test."""
    try:
        result = await call
    except ProviderError as error:
        return error
    assert "secret" not in repr(result)
    return None


@pytest.mark.parametrize("name", ADAPTERS)
@settings(max_examples=40)
@given(answer=ANSWERS)
async def test_submission_is_never_repeated_whatever_the_answer(name: str, answer: object) -> None:
    transport = FakeTransport(httpx.Response(200, text=json.dumps(answer)))
    error = await provider_error_of(submit(adapter(name, transport), request_to(name)))
    assert not isinstance(error, Unavailable | RateLimited)
    assert "secret" not in f"{error!r} {error and error.__cause__!r}"
    assert len(transport.requests) == 1


@pytest.mark.parametrize("name", ADAPTERS)
@settings(max_examples=40)
@given(answer=ANSWERS, status=st.sampled_from([200, 200, 400, 403, 422, 500]))
async def test_query_raises_only_provider_errors_whatever_the_answer(
    name: str, answer: object, status: int
) -> None:
    transport = FakeTransport(httpx.Response(status, text=json.dumps(answer)))
    error = await provider_error_of(adapter(name, transport).fetch([HANDLES[name]]))
    assert "secret" not in f"{error!r} {error and error.__cause__!r}"


async def test_bug_in_one_of_several_requests_is_raised() -> None:
    async def bug() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await gather_successes(bug())


@pytest.mark.parametrize("name", BY_CLIP_ID)
async def test_submission_answered_with_many_clips_keeps_the_first_few(name: str) -> None:
    ids = [f"clip-{number}" for number in range(500)]
    clips = [{"id": clip_id, "status": "complete"} for clip_id in ids]
    answer = {
        "aimlapi": {"clip_ids": ids},
        "suno_api": clips,
        "sunoapi_com": {"clips": clips},
        "sunoapi_org": {
            "code": 200,
            "data": {"taskId": "t-1", "status": "SUCCESS", "response": {"sunoData": clips}},
        },
        "sunoapi_org/jobs": {
            "code": 200,
            "data": {"taskId": "t-1", "state": "success", "resultJson": json.dumps(clips)},
        },
    }.get(name, {"code": 200, "task_id": "t-1", "status": "complete", "clips": clips})
    provider = adapter(name, FakeTransport(httpx.Response(200, json=answer)))
    handle = await submit(provider, request_to(name))
    if handle.task_id:
        progress = await provider.fetch([handle])
        kept = tuple(clip.id for clip in progress[handle].clips)
    else:
        kept = handle.clip_ids
    assert kept == tuple(ids[:MAX_CLIPS])


def test_clip_id_batches_keep_the_clips_of_a_handle_together_if_they_fit() -> None:
    handles = [Handle(clip_ids=("a",)), Handle(clip_ids=("b", "c")), Handle(clip_ids=("d",)), CLIPS]
    assert clip_id_batches(handles, 2) == [("a",), ("b", "c"), ("d",), CLIPS.clip_ids]
    assert clip_id_batches([Handle(clip_ids=("a", "b", "c"))], 2) == [("a", "b"), ("c",)]
    assert clip_id_batches([Handle()], 2) == []

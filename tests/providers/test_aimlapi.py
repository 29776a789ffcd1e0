"""AIML API as an adapter."""

import httpx
import pytest

from bot.domain.models import Clip, ClipStatus, Handle, Progress, Status
from bot.providers.base import (
    Credits,
    OutOfCredits,
    ProviderError,
    Rejected,
    Unauthorized,
    Unavailable,
)
from tests.support.provider_samples import (
    CLIPS,
    KEY,
    SOURCE,
    A,
    B,
    FakeTransport,
    adapter,
    answer,
    ok,
    request_to,
)

PATH = "/behind/a/path/v2/generate/audio/suno-ai/clip"


async def test_extension_is_sent_as_documented() -> None:
    transport = FakeTransport(ok("aimlapi_submitted", 201))
    handle = await adapter("aimlapi", transport).extend(request_to(continue_at=121.1))
    assert handle == CLIPS
    (sent,) = transport.requests
    assert (sent.method, sent.url.path) == ("POST", PATH)
    assert sent.headers["Authorization"] == f"Bearer {KEY}"
    assert sent.headers["Content-Type"] == "application/json"
    assert transport.bodies == [
        {
            "continue_clip_id": SOURCE,
            "continue_at": 121.1,
            "prompt": "[Verse]\nSilver cities",
            "title": "New Beginnings",
            "tags": ["rock", "uplifting"],
        }
    ]


async def test_empty_fields_are_not_sent() -> None:
    transport = FakeTransport(ok("aimlapi_submitted"))
    await adapter("aimlapi", transport).extend(request_to(lyrics="", style=(), title=""))
    assert transport.bodies == [
        {"continue_clip_id": SOURCE, "continue_at": 100, "prompt": "[Instrumental]"}
    ]


async def test_request_without_continue_at_is_not_sent() -> None:
    transport = FakeTransport(ok("aimlapi_submitted"))
    with pytest.raises(Rejected, match="time at which"):
        await adapter("aimlapi", transport).extend(request_to(continue_at=None))
    assert transport.requests == []


async def test_tags_refused_as_an_array_are_sent_once_as_text() -> None:
    transport = FakeTransport(ok("aimlapi_refused_tags", 400), ok("aimlapi_submitted"))
    assert await adapter("aimlapi", transport).extend(request_to()) == CLIPS
    assert [body["tags"] for body in transport.bodies] == [["rock", "uplifting"], "rock, uplifting"]


async def test_tags_refused_in_both_forms_are_not_sent_a_third_time() -> None:
    transport = FakeTransport(ok("aimlapi_refused_tags", 400))
    with pytest.raises(Rejected, match="Body validation error"):
        await adapter("aimlapi", transport).extend(request_to())
    assert len(transport.requests) == 2


async def test_refusal_of_tags_that_were_not_sent_is_final() -> None:
    transport = FakeTransport(ok("aimlapi_refused_tags", 400))
    with pytest.raises(Rejected):
        await adapter("aimlapi", transport).extend(request_to(style=()))
    assert len(transport.requests) == 1


async def test_tags_refused_for_their_content_are_not_sent_again() -> None:
    refused = httpx.Response(400, json={"message": "Some tags contain an artist name: Elon Musk"})
    transport = FakeTransport(refused)
    with pytest.raises(Rejected, match="artist name"):
        await adapter("aimlapi", transport).extend(request_to())
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("You've run out of credits. Please top up your balance.", OutOfCredits),
        ("Insufficient funds", OutOfCredits),
        ("You exceeded your quota.", OutOfCredits),
        ("Top-up needed", OutOfCredits),
        ("The lyrics contain inappropriate content", Rejected),
        ("Your account is not verified.", Unauthorized),
        ("This key may not use audio models", Unauthorized),
        ("", Unauthorized),
    ],
)
async def test_403_has_the_kind_that_its_words_tell(
    message: str, kind: type[ProviderError]
) -> None:
    transport = FakeTransport(httpx.Response(403, json={"message": message}))
    with pytest.raises(ProviderError) as submitted:
        await adapter("aimlapi", transport).extend(request_to())
    with pytest.raises(ProviderError) as queried:
        await adapter("aimlapi", transport).credits()
    assert (type(submitted.value), type(queried.value)) == (kind, kind)


async def test_single_clip_is_fetched_by_its_own_endpoint() -> None:
    transport = FakeTransport(ok("aimlapi_clip"))
    handle = Handle(clip_ids=(A,))
    progress = await adapter("aimlapi", transport).fetch([handle])
    assert progress == {
        handle: Progress(
            clips=(
                Clip(
                    id=A,
                    status=ClipStatus.COMPLETE,
                    title="New Beginnings",
                    style="rock uplifting",
                    audio_url=f"https://cdn1.suno.ai/{A}.mp3",
                    image_url=f"https://cdn2.suno.ai/image_{A}.jpeg",
                    duration=121.1,
                ),
            )
        )
    }
    assert transport.requests[0].url.path == PATH
    assert dict(transport.requests[0].url.params) == {"clip_id": A, "status": "submitted"}


@pytest.mark.parametrize("key", [None, "clips", "data"])
async def test_several_clips_are_fetched_at_once_bare_or_wrapped(key: str | None) -> None:
    clips = answer("aimlapi_clips")
    transport = FakeTransport(httpx.Response(200, json={key: clips} if key else clips))
    progress = await adapter("aimlapi", transport).fetch([CLIPS])
    first, second = progress[CLIPS].clips
    assert first.status is ClipStatus.STREAMING
    assert first.audio_url == f"https://audiopipe.suno.ai/?item_id={A}"
    assert second == Clip(
        id=B,
        status=ClipStatus.FAILED,
        title="New Beginnings",
        error="Lyrics contained copyrighted material",
    )
    assert transport.requests[0].url.path == PATH + "s"
    assert transport.requests[0].url.params.multi_items() == [
        ("clip_ids[]", A),
        ("clip_ids[]", B),
        ("status", "submitted"),
    ]


@pytest.mark.parametrize(
    ("newer_than", "word"), [(Status.SUBMITTED, "streaming"), (Status.STREAMING, "completed")]
)
async def test_long_poll_waits_longer_than_the_server(newer_than: Status, word: str) -> None:
    transport = FakeTransport(ok("aimlapi_clips"))
    await adapter("aimlapi", transport).fetch([CLIPS], newer_than=newer_than)
    (asked,) = transport.requests
    assert asked.url.params["status"] == word
    assert asked.extensions["timeout"]["read"] > 120


async def test_completed_is_read_as_complete() -> None:
    transport = FakeTransport(httpx.Response(200, json={"id": A, "status": "completed"}))
    clip = await adapter("aimlapi", transport).clip(A)
    assert clip == Clip(id=A, status=ClipStatus.COMPLETE)


async def test_unknown_clip_is_none() -> None:
    transport = FakeTransport(httpx.Response(404, json={"message": "Not Found"}))
    assert await adapter("aimlapi", transport).clip(A) is None


async def test_answer_with_another_clip_is_none() -> None:
    assert await adapter("aimlapi", FakeTransport(ok("aimlapi_clip"))).clip(B) is None


async def test_batches_hold_six_clips_and_survive_a_failed_batch() -> None:
    handles = [Handle(clip_ids=(f"a{n}", f"b{n}")) for n in range(4)]
    good = [{"id": f"a{n}", "status": "queued"} for n in range(3)]
    transport = FakeTransport(httpx.Response(200, json=good), httpx.Response(500))
    progress = await adapter("aimlapi", transport).fetch(handles)
    assert list(progress) == handles[:3]
    asked = [request.url.params.get_list("clip_ids[]") for request in transport.requests]
    assert asked == [["a0", "b0", "a1", "b1", "a2", "b2"], ["a3", "b3"]]


async def test_handle_with_more_clips_than_a_batch_is_split() -> None:
    handle = Handle(clip_ids=tuple(f"c{n}" for n in range(7)))
    transport = FakeTransport(httpx.Response(200, json=[]), httpx.Response(200, json={"id": "c6"}))
    progress = await adapter("aimlapi", transport).fetch([handle])
    assert [clip.id for clip in progress[handle].clips] == ["c6"]


async def test_fetching_no_handles_sends_no_request() -> None:
    transport = FakeTransport(httpx.Response(500))
    assert await adapter("aimlapi", transport).fetch([]) == {}
    assert transport.requests == []


async def test_credits_are_the_balance_in_its_currency() -> None:
    balance = {"current_balance": 123.45, "currency": "USD"}
    transport = FakeTransport(httpx.Response(200, json=balance))
    assert await adapter("aimlapi", transport).credits() == Credits(123.45, "USD")
    assert transport.requests[0].url.path == "/behind/a/path/v2/billing"


async def test_malformed_duration_names_provider_and_field() -> None:
    broken = [{"id": A, "metadata": {"duration": ["long"]}}]
    transport = FakeTransport(httpx.Response(200, json=broken))
    with pytest.raises(Unavailable, match=r"AIML API .*metadata\.duration"):
        await adapter("aimlapi", transport).fetch([CLIPS])


async def test_concat_is_rejected() -> None:
    provider = adapter("aimlapi", FakeTransport(httpx.Response(500)))
    with pytest.raises(Rejected, match="AIML API"):
        await provider.concat(A)

"""AIML API: providers.md §1."""

import httpx
import pytest

from bot.domain.models import Clip, ClipStatus, Handle, Progress, Status
from bot.providers.base import Credits, OutOfCredits, Rejected, Unavailable
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


async def test_an_extension_is_sent_as_documented() -> None:
    wire = FakeTransport(ok("aimlapi_submitted", 201))
    handle = await adapter("aimlapi", wire).extend(request_to(continue_at=121.1))
    assert handle == CLIPS
    (sent,) = wire.requests
    assert (sent.method, sent.url.path) == ("POST", PATH)
    assert sent.headers["Authorization"] == f"Bearer {KEY}"
    assert sent.headers["Content-Type"] == "application/json"
    assert wire.bodies == [
        {
            "continue_clip_id": SOURCE,
            "continue_at": 121.1,
            "prompt": "[Verse]\nSilver cities",
            "title": "New Beginnings",
            "tags": ["rock", "uplifting"],
        }
    ]


async def test_what_was_not_given_is_not_sent() -> None:
    wire = FakeTransport(ok("aimlapi_submitted"))
    await adapter("aimlapi", wire).extend(request_to(lyrics="", style=(), title=""))
    assert wire.bodies == [
        {"continue_clip_id": SOURCE, "continue_at": 100, "prompt": "[Instrumental]"}
    ]


async def test_without_a_second_nothing_is_sent() -> None:
    wire = FakeTransport(ok("aimlapi_submitted"))
    with pytest.raises(Rejected, match="second"):
        await adapter("aimlapi", wire).extend(request_to(continue_at=None))
    assert wire.requests == []


async def test_tags_refused_as_an_array_are_sent_once_as_text() -> None:
    wire = FakeTransport(ok("aimlapi_refused_tags", 400), ok("aimlapi_submitted"))
    assert await adapter("aimlapi", wire).extend(request_to()) == CLIPS
    assert [body["tags"] for body in wire.bodies] == [["rock", "uplifting"], "rock, uplifting"]


async def test_tags_refused_in_both_forms_are_not_sent_a_third_time() -> None:
    wire = FakeTransport(ok("aimlapi_refused_tags", 400))
    with pytest.raises(Rejected, match="Body validation error"):
        await adapter("aimlapi", wire).extend(request_to())
    assert len(wire.requests) == 2


async def test_a_refusal_of_tags_that_were_not_sent_is_final() -> None:
    wire = FakeTransport(ok("aimlapi_refused_tags", 400))
    with pytest.raises(Rejected):
        await adapter("aimlapi", wire).extend(request_to(style=()))
    assert len(wire.requests) == 1


async def test_403_means_that_credits_are_out() -> None:
    wire = FakeTransport(ok("aimlapi_out_of_credits", 403))
    with pytest.raises(OutOfCredits, match="run out of credits"):
        await adapter("aimlapi", wire).extend(request_to())


async def test_one_clip_is_asked_for_alone() -> None:
    wire = FakeTransport(ok("aimlapi_clip"))
    handle = Handle(clip_ids=(A,))
    progress = await adapter("aimlapi", wire).fetch([handle])
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
    assert wire.requests[0].url.path == PATH
    assert dict(wire.requests[0].url.params) == {"clip_id": A, "status": "submitted"}


@pytest.mark.parametrize("key", [None, "clips", "data"])
async def test_many_clips_are_asked_for_together_and_may_come_wrapped(key: str | None) -> None:
    clips = answer("aimlapi_clips")
    wire = FakeTransport(httpx.Response(200, json={key: clips} if key else clips))
    progress = await adapter("aimlapi", wire).fetch([CLIPS])
    first, second = progress[CLIPS].clips
    assert first.status is ClipStatus.STREAMING
    assert first.audio_url == f"https://audiopipe.suno.ai/?item_id={A}"
    assert second == Clip(
        id=B,
        status=ClipStatus.FAILED,
        title="New Beginnings",
        error="Lyrics contained copyrighted material",
    )
    assert wire.requests[0].url.path == PATH + "s"
    assert wire.requests[0].url.params.multi_items() == [
        ("clip_ids[]", A),
        ("clip_ids[]", B),
        ("status", "submitted"),
    ]


@pytest.mark.parametrize(
    ("newer_than", "word"), [(Status.SUBMITTED, "streaming"), (Status.STREAMING, "completed")]
)
async def test_news_is_waited_for_longer_than_the_server_waits(
    newer_than: Status, word: str
) -> None:
    wire = FakeTransport(ok("aimlapi_clips"))
    await adapter("aimlapi", wire).fetch([CLIPS], newer_than=newer_than)
    (asked,) = wire.requests
    assert asked.url.params["status"] == word
    assert asked.extensions["timeout"]["read"] > 120


async def test_both_spellings_of_done_are_understood() -> None:
    wire = FakeTransport(httpx.Response(200, json={"id": A, "status": "completed"}))
    clip = await adapter("aimlapi", wire).clip(A)
    assert clip == Clip(id=A, status=ClipStatus.COMPLETE)


async def test_a_clip_it_does_not_know_is_none() -> None:
    wire = FakeTransport(httpx.Response(404, json={"message": "Not Found"}))
    assert await adapter("aimlapi", wire).clip(A) is None


async def test_another_clip_than_asked_for_is_not_taken_for_it() -> None:
    assert await adapter("aimlapi", FakeTransport(ok("aimlapi_clip"))).clip(B) is None


async def test_chunks_hold_six_clips_and_the_good_ones_survive_a_bad_one() -> None:
    handles = [Handle(clip_ids=(f"a{n}", f"b{n}")) for n in range(4)]
    good = [{"id": f"a{n}", "status": "queued"} for n in range(3)]
    wire = FakeTransport(httpx.Response(200, json=good), httpx.Response(500))
    progress = await adapter("aimlapi", wire).fetch(handles)
    assert list(progress) == handles[:3]
    asked = [request.url.params.get_list("clip_ids[]") for request in wire.requests]
    assert asked == [["a0", "b0", "a1", "b1", "a2", "b2"], ["a3", "b3"]]


async def test_more_clips_than_fit_into_one_request_are_split() -> None:
    handle = Handle(clip_ids=tuple(f"c{n}" for n in range(7)))
    wire = FakeTransport(httpx.Response(200, json=[]), httpx.Response(200, json={"id": "c6"}))
    progress = await adapter("aimlapi", wire).fetch([handle])
    assert [clip.id for clip in progress[handle].clips] == ["c6"]


async def test_nothing_to_fetch_asks_for_nothing() -> None:
    wire = FakeTransport(httpx.Response(500))
    assert await adapter("aimlapi", wire).fetch([]) == {}
    assert wire.requests == []


async def test_the_balance_is_told_in_its_currency() -> None:
    balance = {"current_balance": 123.45, "currency": "USD"}
    wire = FakeTransport(httpx.Response(200, json=balance))
    assert await adapter("aimlapi", wire).credits() == Credits(123.45, "USD")
    assert wire.requests[0].url.path == "/behind/a/path/v2/billing"


async def test_a_duration_of_another_type_names_provider_and_field() -> None:
    broken = [{"id": A, "metadata": {"duration": ["long"]}}]
    wire = FakeTransport(httpx.Response(200, json=broken))
    with pytest.raises(Unavailable, match=r"AIML API .*metadata\.duration"):
        await adapter("aimlapi", wire).fetch([CLIPS])


async def test_it_can_not_join_clips_nor_list_them() -> None:
    provider = adapter("aimlapi", FakeTransport(httpx.Response(500)))
    with pytest.raises(Rejected, match="AIML API"):
        await provider.concat(A)

"""sunoapi.com as an adapter."""

import httpx
import pytest

from bot.domain.models import Clip, ClipStatus, Handle
from bot.providers.base import (
    Credits,
    OutOfCredits,
    ProviderError,
    Rejected,
    Unauthorized,
    Unconfirmed,
)
from tests.support.provider_samples import (
    CLIPS,
    KEY,
    SOURCE,
    A,
    B,
    FakeTransport,
    adapter,
    ok,
    request_to,
)


async def test_extension_is_sent_as_documented() -> None:
    transport = FakeTransport(ok("sunoapi_com_submitted"))
    assert await adapter("sunoapi_com", transport).extend(request_to(continue_at=48.762)) == CLIPS
    (sent,) = transport.requests
    assert (sent.method, sent.url.path) == ("POST", "/behind/a/path/api/v2/suno/v3.5/extend")
    assert sent.headers["Authorization"] == f"Bearer {KEY}"
    assert transport.bodies == [
        {
            "prompt": "[Verse]\nSilver cities",
            "tags": "rock, uplifting",
            "title": "New Beginnings",
            "continue_clip_id": SOURCE,
            "continue_at": 48.762,
        }
    ]


async def test_prompt_and_tags_are_always_sent_and_a_title_only_if_given() -> None:
    transport = FakeTransport(ok("sunoapi_com_submitted"))
    await adapter("sunoapi_com", transport).extend(request_to(lyrics="", style=(), title=""))
    assert transport.bodies == [
        {
            "prompt": "[Instrumental]",
            "tags": "",
            "continue_clip_id": SOURCE,
            "continue_at": 100,
        }
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The remaining credits are not enough for this.", OutOfCredits),
        ("You do not have an active subscription.", OutOfCredits),
        ("The lyrics contain inappropriate content: 'credits'", Rejected),
        ("The song description needs moderation review.", Rejected),
        ("Forbidden", Unauthorized),
        ("", Unauthorized),
    ],
)
@pytest.mark.parametrize("key", ["error", "message", "msg", "detail"])
async def test_403_has_the_kind_that_its_words_tell(
    key: str, text: str, kind: type[ProviderError]
) -> None:
    transport = FakeTransport(httpx.Response(403, json={key: text}))
    with pytest.raises(ProviderError) as caught:
        await adapter("sunoapi_com", transport).extend(request_to())
    assert type(caught.value) is kind
    assert caught.value.text == text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"status": "error", "clips": [], "error": "Tags too long."}, Rejected),
        ({"code": 200, "data": {"task_id": "t-1"}, "message": "success"}, Unconfirmed),
    ],
)
async def test_submission_answered_without_clips_is_no_success(
    body: object, kind: type[ProviderError]
) -> None:
    with pytest.raises(kind):
        await adapter("sunoapi_com", FakeTransport(httpx.Response(200, json=body))).extend(
            request_to()
        )


async def test_status_of_the_clips_counts_not_that_of_the_submission() -> None:
    transport = FakeTransport(ok("sunoapi_com_clips"))
    progress = await adapter("sunoapi_com", transport).fetch([CLIPS])
    assert progress[CLIPS].clips == (
        Clip(
            id=A,
            status=ClipStatus.COMPLETE,
            title="Starry",
            style="heavy metal",
            audio_url=f"https://cdn1.suno.ai/{A}.mp3",
            duration=120.4,
        ),
        Clip(id=B, status=ClipStatus.SUBMITTED, title="Starry"),
    )
    assert transport.requests[0].url.path == "/behind/a/path/api/v2/suno/v3.5/clips"
    assert dict(transport.requests[0].url.params) == {"ids": f"{A},{B}"}


async def test_wrapped_clips_by_id_are_read_too() -> None:
    transport = FakeTransport(ok("sunoapi_com_clips_by_id"))
    clip = await adapter("sunoapi_com", transport).clip(A)
    assert clip is not None
    assert clip.duration == 120.4


async def test_handle_that_is_not_named_yet_is_left_out() -> None:
    other = Handle(clip_ids=("not-yet",))
    transport = FakeTransport(ok("sunoapi_com_clips"), httpx.Response(200, json={"clips": []}))
    assert set(await adapter("sunoapi_com", transport).fetch([CLIPS, other])) == {CLIPS}


async def test_credits_include_bought_ones() -> None:
    transport = FakeTransport(httpx.Response(200, json={"credits": 50, "extra_credits": 7}))
    assert await adapter("sunoapi_com", transport).credits() == Credits(57)
    assert transport.requests[0].url.path == "/behind/a/path/api/v1/get-credits"

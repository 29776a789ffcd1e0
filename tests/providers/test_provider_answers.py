"""Clips as providers answer them, and any answer at all."""

import json
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.models import Clip
from bot.providers.base import ProviderError, RateLimited, Unavailable
from bot.providers.clip_schema import CLIP_ANSWER, to_clip
from tests.support.provider_samples import (
    ADAPTERS,
    HANDLES,
    KEY,
    A,
    FakeTransport,
    adapter,
    request_to,
)

LINK = f"https://cdn1.suno.ai/{A}.mp3"

_KEYS = st.sampled_from(
    ["id", "clips", "data", "clip_ids", "code", "task_id", "status", "metadata", "duration"]
) | st.sampled_from(
    ["message", "error", "title", "tags", "audio_url", "continue_clip_id", "created_at", "prompt"]
)
_PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | st.sampled_from(["complete", "error", "ok!", A, LINK, KEY, "200", "401", "2026-01-01"])
    | st.sampled_from([200, 401, 402, 500])
)
ANSWERS = st.recursive(
    _PLAIN, lambda part: st.lists(part, max_size=3) | st.dictionaries(_KEYS, part, max_size=5)
)


def seen(**answer: object) -> Clip:
    return to_clip(
        CLIP_ANSWER.validate_python({"id": A, **answer}), trusted_hosts={"trusted.example"}
    )


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        (95.3, 95.3),
        ("95.3", 95.3),
        ("240", 240.0),
        (240, 240.0),
        (None, None),
        (0, None),
        ("", None),
        ("long", None),
        (-1, None),
        ("nan", None),
        ("inf", None),
        (10**400, None),
    ],
)
def test_a_duration_may_be_text_a_number_or_missing(
    duration: object, seconds: float | None
) -> None:
    assert seen(duration=duration).duration == seconds
    assert seen(metadata={"duration": duration}).duration == seconds


@pytest.mark.parametrize(
    ("status", "url", "link"),
    [
        ("complete", LINK, LINK),
        ("streaming", f"https://audiopipe.suno.ai/?item_id={A}", None),
        ("submitted", LINK, None),
        ("rehearsing", LINK, None),
        ("error", LINK, None),
        ("complete", "https://cdn1.suno.ai/None.mp3", None),
        ("complete", "https://studio-api.prod.suno.com/api/forbidden", None),
        ("complete", "", None),
        ("complete", None, None),
        ("complete", "http://elsewhere.example/a.mp3", None),
        ("complete", "http://trusted.example/a.mp3", "http://trusted.example/a.mp3"),
        ("complete", "https://x.example/" + "a" * 2000, None),
        ("complete", "https://x.example/\udc80", None),
    ],
)
def test_only_what_can_be_heard_has_a_link(status: str, url: str | None, link: str | None) -> None:
    if status == "streaming":
        link = url
    assert seen(status=status, audio_url=url).audio_url == link


def test_titles_and_styles_are_one_line_of_sane_length() -> None:
    made = seen(title="A\x00 very\n" + "long " * 100, tags=["rock", "folk"])
    assert made.title.startswith("A very long")
    assert len(made.title) <= 200
    assert made.style == "rock, folk"


@pytest.mark.parametrize("bad", ["", "a,b", "a b", "../x", "x" * 200, None, [], {}])
def test_what_can_not_be_an_id_is_refused(bad: object) -> None:
    with pytest.raises(ValueError, match="id"):
        seen(id=bad)


async def _raised(doing: Coroutine[Any, Any, object]) -> ProviderError | None:
    """Return the provider's error, if there is one; any other one fails the test."""
    try:
        seen = await doing
    except ProviderError as error:
        return error
    assert "secret" not in repr(seen)
    return None


@pytest.mark.parametrize("name", ADAPTERS)
@settings(max_examples=40)
@given(answer=ANSWERS)
async def test_whatever_answers_a_submission_it_is_not_sent_again(
    name: str, answer: object
) -> None:
    wire = FakeTransport(httpx.Response(200, text=json.dumps(answer)))
    error = await _raised(adapter(name, wire).extend(request_to(name)))
    assert not isinstance(error, Unavailable | RateLimited)
    assert "secret" not in f"{error!r} {error and error.__cause__!r}"
    assert len(wire.requests) == 1


@pytest.mark.parametrize("name", ADAPTERS)
@settings(max_examples=40)
@given(answer=ANSWERS, status=st.sampled_from([200, 200, 400, 403, 422, 500]))
async def test_whatever_answers_a_question_only_a_provider_error_is_raised(
    name: str, answer: object, status: int
) -> None:
    provider = adapter(name, FakeTransport(httpx.Response(status, text=json.dumps(answer))))
    error = await _raised(provider.fetch([HANDLES[name]]))
    assert "secret" not in f"{error!r} {error and error.__cause__!r}"

"""Clips, status words and links as the APIs answer them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.models import Clip, ClipStatus
from bot.providers.clip_schema import CLIP_SCHEMA, clip_status, playable_url, to_clip
from tests.support.provider_samples import A

LINK = f"https://cdn1.suno.ai/{A}.mp3"
TRUSTED = ("127.0.0.1:8080", "media.local", "::1")


def parsed(**answer: object) -> Clip:
    return to_clip(
        CLIP_SCHEMA.validate_python({"id": A, **answer}), trusted_hosts={"trusted.example"}
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
        (86_400, 86_400.0),
        (86_401, None),
        (1e308, None),
        ("1e9", None),
    ],
)
def test_duration_may_be_text_a_number_or_missing(duration: object, seconds: float | None) -> None:
    assert parsed(duration=duration).duration == seconds
    assert parsed(metadata={"duration": duration}).duration == seconds


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
def test_clip_has_a_link_only_while_it_is_playable(
    status: str, url: str | None, link: str | None
) -> None:
    if status == "streaming":
        link = url
    assert parsed(status=status, audio_url=url).audio_url == link


@pytest.mark.parametrize(
    ("image", "large", "link"),
    [
        ("https://cdn.example/a.jpeg", "https://cdn.example/large.jpeg", "large.jpeg"),
        ("https://cdn.example/a.jpeg", None, "a.jpeg"),
        ("https://cdn.example/a.jpeg", "", "a.jpeg"),
        ("https://cdn.example/a.jpeg", "ftp://cdn.example/large.jpeg", "a.jpeg"),
        (None, "https://cdn.example/large.jpeg", "large.jpeg"),
    ],
)
def test_larger_cover_is_preferred(image: str | None, large: str | None, link: str) -> None:
    clip = parsed(image_url=image, image_large_url=large)
    assert clip.image_url == f"https://cdn.example/{link}"


def test_title_and_style_are_one_line_of_limited_length() -> None:
    made = parsed(title="A\x00 very\n" + "long " * 100, tags=["rock", "folk"])
    assert made.title.startswith("A very long")
    assert len(made.title) <= 200
    assert made.style == "rock, folk"


@pytest.mark.parametrize("bad", ["", "a,b", "a b", "../x", "x" * 200, None, [], {}])
def test_malformed_clip_id_is_refused(bad: object) -> None:
    with pytest.raises(ValueError, match="id"):
        parsed(id=bad)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("submitted pending NOT_START SUBMITTED PENDING", ClipStatus.SUBMITTED),
        ("queued queue QUEUED running processing IN_PROGRESS TEXT_SUCCESS", ClipStatus.QUEUED),
        ("waiting queuing generating", ClipStatus.QUEUED),
        ("streaming FIRST_SUCCESS", ClipStatus.STREAMING),
        ("complete completed succeeded success SUCCESS Complete", ClipStatus.COMPLETE),
        ("CALLBACK_EXCEPTION", ClipStatus.COMPLETE),  # only the callback failed
        (
            "error failed FAILURE timeout CREATE_TASK_FAILED SENSITIVE_WORD_ERROR",
            ClipStatus.FAILED,
        ),
        ("fail failure GENERATE_AUDIO_FAILED", ClipStatus.FAILED),
    ],
)
def test_documented_status_words_are_known(words: str, status: ClipStatus) -> None:
    assert {clip_status(word) for word in words.split()} == {status}


@pytest.mark.parametrize("word", [None, "", " ", "brewing", "complete?"])
def test_unknown_status_word_counts_as_running(word: str | None) -> None:
    assert clip_status(word) is ClipStatus.QUEUED


def test_status_word_may_have_spaces_around_it() -> None:
    assert clip_status(" complete\n") is ClipStatus.COMPLETE


@given(st.text())
def test_any_word_has_a_status(word: str) -> None:
    assert clip_status(word) in ClipStatus


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn1.suno.ai/3d31d5c2.mp3",
        "https://audiopipe.suno.ai/?item_id=3d31d5c2",
        "https://cdn1.sonic.ai/a.mp3?Signature=x&Expires=1",
        "https://example.com:8443/a.mp3#t=3",
        "https://example.com/None.mp3.mp3",
        "https://example.com/api/forbidden-fruit.mp3",
        "https://example.com/a.mp3?next=/None.mp3",
    ],
)
def test_https_link_is_playable_unchanged(url: str) -> None:
    assert playable_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "   ",
        "None",
        "/a.mp3",
        "cdn1.suno.ai/a.mp3",
        "//cdn1.suno.ai/a.mp3",
        "https://",
        "https:///a.mp3",
        "http://cdn1.suno.ai/a.mp3",
        "ftp://cdn1.suno.ai/a.mp3",
        "javascript:alert(1)",
        "data:audio/mp3;base64,AA",
        "file:///etc/passwd",
        "https://cdn1.suno.ai/None.mp3",
        "https://cdn1.suno.ai/none.mp3",
        "https://cdn1.suno.ai/x/None.mp3/",
        "https://cdn1.suno.ai/None.mp3?a=b",
        "https://studio-api.prod.suno.com/api/forbidden",
        "https://studio-api.prod.suno.com/api/forbidden/",
        "https://studio-api.prod.suno.com/API/Forbidden?x=1",
        "https://[::1/a.mp3",
        "https://example.com:port/a.mp3",
        "https://example.com:99999/a.mp3",
    ],
)
def test_placeholders_withdrawn_links_and_other_schemes_are_not_playable(url: str | None) -> None:
    assert playable_url(url, trusted_hosts=("cdn1.suno.ai:443",)) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/a.mp3",
        "http://media.local/a.mp3",
        "http://media.local:9000/a.mp3",
        "http://MEDIA.local/a.mp3",
        "http://[::1]:9000/a.mp3",
    ],
)
def test_http_link_is_playable_from_a_trusted_host(url: str) -> None:
    assert playable_url(url, trusted_hosts=TRUSTED) == url
    assert playable_url(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9090/a.mp3",
        "http://127.0.0.1/a.mp3",
        "http://media.local.example/a.mp3",
        "http://media.local@example.com/a.mp3",
        "ftp://media.local/a.mp3",
        "http://media.local/None.mp3",
    ],
)
def test_http_link_is_playable_from_no_other_host(url: str) -> None:
    assert playable_url(url, trusted_hosts=TRUSTED) is None


def test_spaces_around_a_link_are_dropped() -> None:
    assert playable_url(" https://example.com/a.mp3\n") == "https://example.com/a.mp3"


@given(st.text() | st.text(":/[]@.?#%None.mp3httpsapiforbidden").map("https://".__add__))
def test_playable_url_is_https_and_idempotent(url: str) -> None:
    found = playable_url(url)

    assert found is None or found.startswith("https://")
    assert playable_url(found) == found

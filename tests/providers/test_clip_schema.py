import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.models import ClipStatus
from bot.providers.clip_schema import clip_status, playable_url

TRUSTED = ("127.0.0.1:8080", "media.local", "::1")


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
def test_https_link_is_playable(url: str) -> None:
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
def test_placeholder_withdrawn_link_and_other_scheme_are_not_playable(url: str | None) -> None:
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
def test_trusted_host_trusts_no_other_host(url: str) -> None:
    assert playable_url(url, trusted_hosts=TRUSTED) is None


def test_playable_url_strips_spaces() -> None:
    assert playable_url(" https://example.com/a.mp3\n") == "https://example.com/a.mp3"


@given(st.text() | st.text(":/[]@.?#%None.mp3httpsapiforbidden").map("https://".__add__))
def test_playable_url_is_https_and_idempotent(url: str) -> None:
    found = playable_url(url)

    assert found is None or found.startswith("https://")
    assert playable_url(found) == found


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("submitted pending NOT_START SUBMITTED PENDING", ClipStatus.SUBMITTED),
        ("queued queue QUEUED running processing IN_PROGRESS TEXT_SUCCESS", ClipStatus.QUEUED),
        ("streaming FIRST_SUCCESS", ClipStatus.STREAMING),
        ("complete completed succeeded success SUCCESS Complete", ClipStatus.COMPLETE),
        (
            "error failed FAILURE timeout CREATE_TASK_FAILED SENSITIVE_WORD_ERROR",
            ClipStatus.FAILED,
        ),
        (
            "failure GENERATE_AUDIO_FAILED CALLBACK_EXCEPTION",
            ClipStatus.FAILED,
        ),
    ],
)
def test_known_status_word_has_its_status(words: str, status: ClipStatus) -> None:
    assert {clip_status(word) for word in words.split()} == {status}


@pytest.mark.parametrize("word", [None, "", " ", "brewing", "complete?"])
def test_unknown_status_word_is_running(word: str | None) -> None:
    assert clip_status(word) is ClipStatus.QUEUED


def test_clip_status_strips_spaces() -> None:
    assert clip_status(" complete\n") is ClipStatus.COMPLETE


@given(st.text())
def test_clip_status_of_any_text_is_a_status(word: str) -> None:
    assert clip_status(word) in ClipStatus

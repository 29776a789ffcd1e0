"""Provider texts made fit for members."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.redaction import MAX_LENGTH, redacted


@pytest.mark.parametrize(
    "text",
    [
        # Suno's own and its resellers'
        "Song Description contained artist name: Elon Musk",
        "Song Description flagged for moderation",
        "Song Description contained producer tag",
        "Prompt likely malformed",
        "Prompt likely copyrighted",
        "Lyrics contained copyrighted material",
        "Prompt contained inappropriate material",
        "Prompt flagged for moderation",
        "Tags contained artist name",
        "Prompt too long.",
        "Topic too long.",
        "Uploaded audio matches existing work of art.",
        "The song id does not exist or has been taken offline.",
        "Unable to generate lyrics from song description",
        "Invalid request. Inconsistent task and generation params",
        "continue_at must be a number greater than 0",
        "The prompt character length should be less than 3000.",
        "The 'mv' field is invalid…",
        "name and continue_clip_id are required fields.",
        "The remaining credits are not enough for this task.",
        "You do not have an active subscription.",
        "The lyrics contain copyrighted content: 'silver cities shine brightly'",
        "The song description needs moderation review.",
        "Task failed due to timeout. Credits were previously refunded.",
        "This request requires a valid API key…",
        "You've run out of credits…",
        "Free-tier limit: You've reached your free limit for the hour…",
        "The model is under maintenance",
        "Key verification failed, please check whether the key is correct",
        "The model chirp-v3.5 does not extend song.mp3 at 2:30",
    ],
)
def test_documented_messages_are_shown_as_they_are(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (None, ""),
        ("", ""),
        ("Song Description contained artist name: <x>", "…contained artist name: x"),
        ("API Error: Token validation failed.", "Token validation failed."),
        ("Internal error: Error: it broke", "it broke"),
        ("API Error: [object Object]", ""),
        ("Two\nlines\u200b\u202eand\u2028more", "Two lines and more"),
        ("half \ud83d a pair", "half a pair"),
    ],
)
def test_prefixes_markup_and_control_characters_are_removed(text: str | None, shown: str) -> None:
    assert redacted(text) == shown.replace("…", "Song Description ", 1)


@pytest.mark.parametrize(
    "text",
    [
        "<!doctype html><p>502</p>",
        "Sorry</body>",
        "<h1>Bad Gateway</h1>",
        '{"message": "no"}',
        "Traceback (most recent call last)",
        'Error\n  File "/app/server.py", line 3',
        "TypeError: x is undefined\n    at Object.<anonymous> (/app/x.js:1:2)",
        "TypeError: x is undefined\n    at run (/app/x.js:1:2)",
    ],
)
def test_pages_data_and_tracebacks_become_empty(text: str) -> None:
    assert redacted(text) == ""


@pytest.mark.parametrize(
    "private",
    [
        "https://api.sunosay.com/suno/music/get-task",
        "api.sunosay.com",
        "api.aimlapi.com:443/v2",
        "127.0.0.1:3000",
        "http://suno:3000/api",
        "localhost:3000/api/get",
        "::1:3000",
        "sk-live-abcdef",
        "Bearer abcdef",
        "0123456789abcdef0123",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0",
        "operator@example.com",
    ],
)
def test_addresses_and_keys_are_left_out(private: str) -> None:
    shown = redacted(f"Could not reach {private} now")
    assert private not in shown
    assert shown.startswith("Could not reach …")


@given(st.text(st.characters(exclude_categories=())))
def test_redacted_text_is_one_short_line_without_markup(text: str) -> None:
    shown = redacted(text)
    assert len(shown) <= MAX_LENGTH
    assert len(shown.splitlines()) <= 1
    assert not set("<>{}") & set(shown)
    shown.encode()


def test_long_text_is_truncated() -> None:
    shown = redacted("word " * 100)
    assert len(shown) <= MAX_LENGTH
    assert shown.endswith("word…")

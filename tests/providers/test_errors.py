"""Error responses: which kind of `ProviderError` each one is."""

import datetime as dt

import pytest

from bot.providers.base import (
    OutOfCredits,
    ProviderError,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
    Unconfirmed,
    UnknownClip,
    WrongAddress,
)
from bot.providers.errors import ErrorResponse, error_for, extract_message, retry_after

NOW = dt.datetime(2026, 11, 1, 12, 0, tzinfo=dt.UTC)

# status and words -> the kind for a submission, the kind for a query
KINDS = {
    "redirect": (302, "", WrongAddress, WrongAddress),
    "bad request": (400, "Prompt too long.", Rejected, Rejected),
    "wrong key": (401, "", Unauthorized, Unauthorized),
    "unpaid": (402, "", OutOfCredits, OutOfCredits),
    "not found": (404, "Not found.", Rejected, Rejected),
    "no such clip": (404, "Clip not found", UnknownClip, UnknownClip),
    "no such song": (
        400,
        "The song id does not exist or has been taken offline.",
        UnknownClip,
        UnknownClip,
    ),
    "no such clip id": (422, "No such clip", UnknownClip, UnknownClip),
    "clip of another": (400, "clip_id doesn't exist.", UnknownClip, UnknownClip),
    "no such task": (400, "task not found.", Rejected, Rejected),
    "no such clip, forbidden": (403, "Clip not found", Unauthorized, Unauthorized),
    "known audio": (400, "Uploaded audio matches existing work of art.", Rejected, Rejected),
    "server stopped waiting": (408, "", Unconfirmed, Unavailable),
    "conflict": (409, "", Rejected, Rejected),
    "too large": (413, "", Rejected, Rejected),
    "unprocessable": (422, "Tags too long.", Rejected, Rejected),
    "too many requests": (429, "", RateLimited, RateLimited),
    "client gone": (499, "", Unconfirmed, Unavailable),
    "server error": (500, "Internal server error", Unconfirmed, Unavailable),
    "bad gateway": (502, "", Unconfirmed, Unavailable),
    "maintenance": (503, "", Unconfirmed, Unavailable),
    "gateway timeout": (504, "", Unconfirmed, Unavailable),
    "unknown code": (0, "", Unconfirmed, Unavailable),
    "403 credits": (403, "The remaining credits are not enough.", OutOfCredits, OutOfCredits),
    "403 subscription": (403, "You have no active subscription.", OutOfCredits, OutOfCredits),
    "403 lyrics": (403, "The lyrics contain bad content: 'credits'", Rejected, Rejected),
    "403 description": (403, "The song description needs moderation.", Rejected, Rejected),
    "403 forbidden": (403, "Forbidden", Unauthorized, Unauthorized),
    "403 silent": (403, "", Unauthorized, Unauthorized),
}


@pytest.mark.parametrize("case", KINDS)
def test_error_response_has_a_kind_for_submissions_and_one_for_queries(case: str) -> None:
    status, message, submission, query = KINDS[case]
    response = ErrorResponse(status, message, message)
    assert type(error_for(response, Unconfirmed)) is submission
    assert type(error_for(response, Unavailable)) is query


@pytest.mark.parametrize("status", [400, 402, 403, 429, 500])
def test_error_text_is_the_providers_redacted_message(status: int) -> None:
    error: ProviderError = error_for(ErrorResponse(status, "API Error: It broke."), Unconfirmed)
    assert error.text == "It broke."


@pytest.mark.parametrize("status", [404, 405])
@pytest.mark.parametrize("unknown_outcome", [Unconfirmed, Unavailable])
def test_missing_path_answered_without_json_is_the_operators_problem(
    status: int, unknown_outcome: type[ProviderError]
) -> None:
    page = "<h1>404: This page could not be found.</h1>"
    error = error_for(ErrorResponse(status, body=page, is_json=False), unknown_outcome)
    assert type(error) is WrongAddress
    assert "base URL" in error.text


@pytest.mark.parametrize("status", [400, 422])
def test_other_refusal_without_json_is_rejected(status: int) -> None:
    assert type(error_for(ErrorResponse(status, is_json=False), Unconfirmed)) is Rejected


def test_rate_limited_error_keeps_the_wait() -> None:
    error = error_for(ErrorResponse(429, retry_after=7.0), Unconfirmed)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 7


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("Sun, 01 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Nov 2026 12:00:30 -0000", 30.0),
        ("Sun, 01 Nov 2026 11:00:00 GMT", 0.0),
        ("Mon, 01 Nov 2027 12:00:00 GMT", 86_400.0),
    ],
)
def test_retry_after_header_has_seconds_or_a_date(
    header: str | None, seconds: float | None
) -> None:
    assert retry_after(header, now=NOW) == seconds


@pytest.mark.parametrize(
    "answer",
    [
        "Tags too long.",
        {"message": "Tags too long."},
        {"error": "Tags too long."},
        {"msg": "Tags too long."},
        {"detail": "Tags too long."},
        {"error": {"message": "Tags too long."}},
        {"detail": [{"loc": ["body"], "msg": "Tags too long."}]},
        {"message": "", "error": "Tags too long."},
    ],
)
def test_message_is_found_under_each_key(answer: object) -> None:
    assert extract_message(answer) == "Tags too long."


@pytest.mark.parametrize("answer", [None, 17, [], {}, {"message": 3}, {"error": []}])
def test_answer_without_words_has_no_message(answer: object) -> None:
    assert extract_message(answer) == ""


def test_message_is_not_searched_for_too_deeply() -> None:
    answer: object = "Tags too long."
    for _ in range(5):
        answer = {"error": answer}
    assert extract_message(answer) == ""

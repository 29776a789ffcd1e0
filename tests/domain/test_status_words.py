import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.models import ClipStatus
from bot.providers.clip_schema import clip_status


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
def test_every_word_that_was_ever_seen_has_its_status(words: str, status: ClipStatus) -> None:
    assert {clip_status(word) for word in words.split()} == {status}


@pytest.mark.parametrize("word", [None, "", " ", "brewing", "complete?"])
def test_an_unknown_word_means_that_it_still_runs(word: str | None) -> None:
    assert clip_status(word) is ClipStatus.QUEUED


def test_spaces_round_a_word_do_not_matter() -> None:
    assert clip_status(" complete\n") is ClipStatus.COMPLETE


@given(st.text())
def test_every_word_has_a_status(word: str) -> None:
    assert clip_status(word) in ClipStatus

import datetime as dt
from dataclasses import replace
from typing import get_args

import pytest

from bot.domain import failures
from bot.domain.models import (
    Clip,
    ClipRecord,
    ClipStatus,
    ExtendRequest,
    Extension,
    Handle,
    Kind,
    ReplyRef,
    Status,
)
from tests.support.factories import new_extension

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
EXTENSION = Extension(
    idempotency_key="1",
    member_id=2,
    request=ExtendRequest(provider="p", clip_id="c"),
    reply=ReplyRef(channel_id=3, token="hush"),
    created_at=NOW,
    due_at=NOW,
    deadline_at=NOW,
)


def clip(clip_id: str = "a", status: ClipStatus = ClipStatus.COMPLETE, **more: object) -> Clip:
    return Clip(id=clip_id, status=status, **more)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("status", "is_final", "is_tracked"),
    [
        (Status.WAITING, False, False),
        (Status.SUBMITTING, False, False),
        (Status.SUBMITTED, False, True),
        (Status.STREAMING, False, True),
        (Status.COMPLETE, True, False),
        (Status.FAILED, True, False),
        (Status.UNCONFIRMED, True, False),
        (Status.EXPIRED, True, False),
        (Status.CANCELLED, True, False),
    ],
)
def test_status_is_final_or_tracked(status: Status, *, is_final: bool, is_tracked: bool) -> None:
    assert status.is_final is is_final
    assert status.is_tracked is is_tracked


def test_clip_status_is_final_when_complete_or_failed() -> None:
    final = {status for status in ClipStatus if status.is_final}

    assert final == {ClipStatus.COMPLETE, ClipStatus.FAILED}


@pytest.mark.parametrize(
    ("status", "url", "is_playable"),
    [
        (ClipStatus.COMPLETE, "https://example.com/a.mp3", True),
        (ClipStatus.COMPLETE, None, False),
        (ClipStatus.STREAMING, "https://example.com/a", False),
        (ClipStatus.FAILED, "https://example.com/a", False),
    ],
)
def test_clip_is_playable_when_complete_with_a_link(
    status: ClipStatus, url: str | None, *, is_playable: bool
) -> None:
    assert clip(status=status, audio_url=url).is_playable is is_playable


@pytest.mark.parametrize(
    ("requested", "of_clips", "of_source", "title"),
    [
        ("Asked", ["A", "B"], "Source", "Asked"),
        ("", ["A", "B"], "Source", "A"),
        ("", ["", "B"], "Source", "B"),
        ("", ["", ""], "Source", "Source"),
        ("", [], "", "Untitled"),
    ],
)
def test_extension_title_is_the_best_known(
    requested: str, of_clips: list[str], of_source: str, title: str
) -> None:
    extension = replace(
        EXTENSION,
        request=replace(EXTENSION.request, title=requested),
        clips=tuple(clip(str(i), title=text) for i, text in enumerate(of_clips)),
        source_title=of_source,
    )

    assert extension.title == title


@pytest.mark.parametrize(
    ("guild_id", "message_id", "url"),
    [
        (1, None, None),
        (1, 3, "https://discord.com/channels/1/2/3"),
        (None, 3, "https://discord.com/channels/@me/2/3"),
    ],
)
def test_reply_has_a_link_once_it_has_a_message_id(
    guild_id: int | None, message_id: int | None, url: str | None
) -> None:
    assert ReplyRef(channel_id=2, guild_id=guild_id, message_id=message_id).url == url


def test_reply_does_not_print_its_token() -> None:
    assert "hush" not in repr(EXTENSION)


def test_handle_is_hashable() -> None:
    assert {Handle(clip_ids=("a", "b")): 1}[Handle(clip_ids=("a", "b"))] == 1
    assert Handle(task_id="a") != Handle(clip_ids=("a",))


def test_clip_record_from_elsewhere_has_no_letter_and_no_reply() -> None:
    known = ClipRecord(clip=clip(), provider="p", known_at=NOW)

    assert (known.letter, known.extension_id, known.reply_url) == ("", None, None)


TAKEN = Handle(task_id="task")
FREE = (
    failures.Rejected,
    failures.UnknownClip,
    failures.OutOfCredits,
    failures.Unauthorized,
    failures.WrongAddress,
    failures.SessionExpired,
    failures.RateLimited,
    failures.Unavailable,
    failures.SourceUnavailable,
    failures.LengthUnknown,
)
# What an extension ends with after its provider took it, or may have; a song's own cost nothing.
AFTER_IT_WAS_TAKEN = {
    failures.Unconfirmed,
    failures.GenerationFailed,
    failures.NotPlayable,
    failures.Forgotten,
    failures.Unexpected,
}
OF_A_SONG = {failures.PartUnavailable, failures.TooLarge, failures.AttachNotAllowed}


@pytest.mark.parametrize(
    ("may_be", "parts"),
    [
        (True, {}),
        (True, {"failure": failures.RateLimited()}),
        (True, {"status": Status.SUBMITTING}),
        (True, {"status": Status.SUBMITTED, "handle": TAKEN}),
        (True, {"status": Status.COMPLETE, "handle": TAKEN}),
        (True, {"status": Status.EXPIRED, "handle": TAKEN}),
        (True, {"status": Status.UNCONFIRMED, "failure": failures.Unconfirmed()}),
        (True, {"status": Status.FAILED, "failure": failures.NotPlayable(), "handle": TAKEN}),
        (True, {"status": Status.FAILED, "failure": failures.GenerationFailed("")}),
        (True, {"status": Status.FAILED, "failure": failures.Unavailable(), "handle": TAKEN}),
        (True, {"status": Status.FAILED, "failure": failures.Unexpected()}),
        (False, {"status": Status.CANCELLED}),
        (False, {"kind": Kind.SPLICE, "status": Status.COMPLETE}),
        (False, {"kind": Kind.CONCAT, "status": Status.COMPLETE, "handle": TAKEN}),
        *((False, {"status": Status.FAILED, "failure": free()}) for free in FREE),
        (False, {"status": Status.FAILED, "failure": failures.PastTheEnd(3.0)}),
        (False, {"status": Status.FAILED, "failure": failures.SongTooLong(3.0)}),
    ],
)
def test_extension_may_be_charged_unless_it_certainly_was_not(
    parts: dict[str, object], *, may_be: bool
) -> None:
    assert new_extension(**parts).may_be_charged is may_be


def test_of_each_failure_it_is_known_whether_it_is_free() -> None:
    free = {*failures.NOT_CHARGED}
    assert free | AFTER_IT_WAS_TAKEN | OF_A_SONG == {*get_args(failures.Failure)}
    assert not free & (AFTER_IT_WAS_TAKEN | OF_A_SONG)


def test_only_a_server_with_encore_is_the_home_of_a_reply() -> None:
    assert ReplyRef(channel_id=1, guild_id=2).home_guild_id == 2
    assert ReplyRef(channel_id=1, guild_id=2, editable_by_bot=False).home_guild_id is None
    assert ReplyRef(channel_id=1).home_guild_id is None

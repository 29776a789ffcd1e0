import datetime as dt
from dataclasses import replace

import pytest

from bot.domain.models import (
    Clip,
    ClipRecord,
    ClipStatus,
    ExtendRequest,
    Extension,
    Handle,
    ReplyRef,
    Status,
)

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

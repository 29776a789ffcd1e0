"""What is accepted, what repeats an earlier request, and what exceeds a quota."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from bot.domain import failures
from bot.domain.models import Extension, Kind, Status
from bot.domain.transitions import finished
from bot.store.acceptance import Accepted, Quota, QuotaExceeded
from bot.store.store import Store
from tests.support.store_samples import (
    CHANNEL,
    MEMBER,
    NOW,
    SECOND,
    accept,
    accepted,
    asked,
    completed_extension,
    heard,
    spliced,
    taken,
)

OTHER_MEMBER, OTHER_CHANNEL = MEMBER + 1, CHANNEL + 1
LATER = NOW + dt.timedelta(hours=1)
UNSUCCESSFUL = (Status.FAILED, Status.UNCONFIRMED, Status.EXPIRED, Status.CANCELLED)


async def end(store: Store, ext: Extension, status: Status) -> Extension:
    ended = finished(ext, status, failures.Unexpected(), now=NOW)
    assert await store.save(ended, was=ext)
    return ended


async def test_accept_returns_a_new_extension_with_its_id_and_place_in_line(store: Store) -> None:
    ext, is_new, queue_position = await accept(store, asked("one"))
    assert (is_new, queue_position) == (True, 1)
    assert ext.id > 0
    assert ext == replace(asked("one"), id=ext.id)
    assert await store.extension(ext.id) == ext
    assert (await accept(store, asked("two"))).queue_position == 2


async def test_accept_with_a_known_idempotency_key_returns_the_stored_extension(
    store: Store,
) -> None:
    first = await accepted(store, "one")
    assert await accept(store, asked("one", clip_id="another")) == (first, False, None)


async def test_accept_publishes_no_reply_before_publish_at(store: Store) -> None:
    await accept(store, asked("one"), publish_at=NOW + SECOND)
    assert await store.next_publish() == NOW + SECOND


async def test_accept_saves_the_source_clip_unless_it_is_known(store: Store) -> None:
    await accepted(store, "one", clip_id="a", source_title="Rain")
    assert (await store.clip("a")).clip.title == "Rain"
    await store.accept(
        asked("two", clip_id="b"),
        publish_at=NOW,
        quota=Quota(),
        double_since=NOW,
        source_is_known=True,
    )
    assert await store.clip("b") is None


# Retakes


async def retake(
    store: Store,
    idempotency_key: str,
    retake_of: int,
    *,
    double_since: dt.datetime = NOW - SECOND,
    **parts: object,
) -> tuple[Extension, bool]:
    answer = await store.accept(
        asked(idempotency_key, retake_of=retake_of, **parts),
        publish_at=NOW,
        quota=Quota(),
        double_since=double_since,
    )
    assert isinstance(answer, Accepted)
    return answer.extension, answer.is_new


async def test_retake_keeps_the_id_of_the_extension_that_it_repeats(store: Store) -> None:
    first = await accepted(store, "first")
    ext, is_new = await retake(store, "retake", first.id)
    assert (is_new, (await store.extension(ext.id)).retake_of) == (True, first.id)


async def test_second_retake_within_the_double_click_window_returns_the_newest(
    store: Store,
) -> None:
    first = await accepted(store, "first")
    await retake(store, "older", first.id)
    newer, is_new = await retake(store, "newer", first.id, double_since=NOW)
    assert is_new
    assert await retake(store, "double", first.id) == (newer, False)


async def test_retakes_of_other_members_and_of_other_extensions_are_no_double_clicks(
    store: Store,
) -> None:
    first, second = await accepted(store, "first"), await accepted(store, "second")
    await retake(store, "own", first.id)
    for key, retake_of, member_id in (
        ("theirs", first.id, OTHER_MEMBER),
        ("of another", second.id, MEMBER),
    ):
        assert (await retake(store, key, retake_of, member_id=member_id))[1]


# Full songs


async def repeated_song(store: Store, clip_id: str = "a", **parts: object) -> Extension | None:
    """Return the full song that is returned in place of another up to the clip, if one is."""
    answer = await accept(store, asked("again", kind=Kind.CONCAT, clip_id=clip_id, **parts))
    return None if answer.is_new else answer.extension


async def test_song_that_the_channel_soon_has_is_returned_in_place_of_another(
    store: Store,
) -> None:
    await accepted(store, "a part", clip_id="a")
    await spliced(store, "of another clip", "b")
    song = await spliced(store, "1", "a")
    assert await repeated_song(store) == song


async def test_song_that_is_complete_is_returned_in_place_of_another(store: Store) -> None:
    was = await spliced(store, "1", "a")
    done = finished(was, Status.COMPLETE, None, now=NOW)
    assert await store.save(done, was=was)
    assert await repeated_song(store) == done


async def test_newest_of_several_songs_is_returned(store: Store) -> None:
    first = await spliced(store, "1", "a")
    await store.save_reply(first.id, replace(first.reply, unreachable=True))
    second = await spliced(store, "2", "a")
    await store.save_reply(first.id, first.reply)
    assert await repeated_song(store) == second


async def test_song_of_another_channel_is_not_returned(store: Store) -> None:
    await spliced(store, "1", "a")
    there = await spliced(store, "2", "a", channel_id=OTHER_CHANNEL)
    assert await repeated_song(store, channel_id=OTHER_CHANNEL) == there


@pytest.mark.parametrize(
    ("reply", "member_id", "is_returned"),
    [
        # Encore is no member: whether the reply was deleted is known while the token lives
        ({"editable_by_bot": False}, OTHER_MEMBER, False),
        ({"editable_by_bot": False, "token_expires_at": NOW}, OTHER_MEMBER, False),
        ({"editable_by_bot": False, "token_expires_at": LATER}, OTHER_MEMBER, True),
        ({"is_ephemeral": True, "token_expires_at": LATER}, OTHER_MEMBER, False),
        ({"is_ephemeral": True, "token_expires_at": LATER}, MEMBER, True),
        ({"is_ephemeral": True, "token_expires_at": NOW}, MEMBER, False),
    ],
)
async def test_song_is_returned_only_where_its_reply_can_be_found(
    store: Store, reply: dict[str, Any], member_id: int, *, is_returned: bool
) -> None:
    was = await spliced(store, "1", "a")
    assert await store.save(finished(was, Status.COMPLETE, None, now=NOW), was=was)
    await store.save_reply(was.id, replace(was.reply, **reply))
    assert (await repeated_song(store, member_id=member_id) is not None) is is_returned


async def test_song_with_an_unreachable_reply_is_not_returned(store: Store) -> None:
    song = await spliced(store, "1", "a")
    await store.save_reply(song.id, replace(song.reply, unreachable=True))
    assert await repeated_song(store) is None


@pytest.mark.parametrize("status", UNSUCCESSFUL)
async def test_song_that_failed_is_not_returned(store: Store, status: Status) -> None:
    await end(store, await spliced(store, "1", "a"), status)
    assert await repeated_song(store) is None


# Quotas


async def exceeded(store: Store, quota: Quota, idempotency_key: str = "more") -> QuotaExceeded:
    answer = await store.accept(
        asked(idempotency_key), publish_at=NOW, quota=quota, double_since=NOW
    )
    assert isinstance(answer, QuotaExceeded)
    return answer


async def test_quota_of_a_member_counts_what_is_not_final_oldest_first(store: Store) -> None:
    sent = await taken(store, "sent")
    await completed_extension(store, "done", heard("a"))
    waiting = await accepted(store, "waiting", channel_id=OTHER_CHANNEL)
    for status in UNSUCCESSFUL:
        await end(store, await accepted(store, status), status)
    await accepted(store, "theirs", member_id=OTHER_MEMBER)
    answer = await exceeded(store, Quota(member=2))
    assert (answer.in_progress, answer.of_member) == ((sent, waiting), True)


async def test_quota_of_a_channel_counts_all_members(store: Store) -> None:
    own = await accepted(store, "own")
    theirs = await accepted(store, "theirs", member_id=OTHER_MEMBER)
    await accepted(store, "elsewhere", channel_id=OTHER_CHANNEL)
    answer = await exceeded(store, Quota(channel=2))
    assert (answer.in_progress, answer.of_member) == ((own, theirs), False)


async def test_extension_beyond_a_quota_is_not_stored(store: Store) -> None:
    await accepted(store, "one")
    await exceeded(store, Quota(member=1), "two")
    assert (await accept(store, asked("two"))).is_new


async def test_quota_does_not_refuse_a_repeated_event(store: Store) -> None:
    known = await accepted(store, "one")
    answer = await store.accept(
        asked("one"), publish_at=NOW, quota=Quota(member=1), double_since=NOW
    )
    assert answer == (known, False, None)


async def test_quota_with_room_accepts(store: Store) -> None:
    await accepted(store, "one")
    answer = await store.accept(
        asked("two"), publish_at=NOW, quota=Quota(member=2, channel=2), double_since=NOW
    )
    assert isinstance(answer, Accepted)
    assert answer.is_new

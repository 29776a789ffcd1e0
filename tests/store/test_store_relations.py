"""How extensions relate: who has what in progress, what goes on in what, and who is told of it."""

import datetime as dt

import pytest

from bot.domain.models import (
    Clip,
    ClipStatus,
    Extension,
    Kind,
    Progress,
    Reason,
    ReasonKind,
    Status,
)
from bot.domain.transitions import finished, observed
from bot.store.store import Store
from tests.support.store_samples import (
    MEMBER,
    NOW,
    SECOND,
    accepted,
    claimed_edits,
    completed_extension,
    heard,
    show,
    spliced,
    taken,
)

LATER = NOW + 10 * SECOND
OTHER_MEMBER, OTHER_CHANNEL = MEMBER + 1, 6


async def end(store: Store, ext: Extension, status: Status) -> None:
    reason = Reason(kind=ReasonKind.UNEXPECTED)
    assert await store.save(finished(ext, status, reason, now=NOW), was=ext)


async def publish_times(store: Store, ext: Extension) -> tuple[int, dt.datetime | None]:
    """Return how much news ``ext`` has that its reply does not show, and when it will."""
    stored = await store.extension(ext.id)
    assert stored is not None
    return stored.revision - stored.published, await store.next_publish()


# In progress


async def test_in_progress_is_what_has_not_ended_oldest_first(store: Store) -> None:
    sent = await taken(store, "sent")
    await completed_extension(store, "done", heard("a"))
    waiting = await accepted(store, "waiting")
    for status in (Status.FAILED, Status.UNCONFIRMED, Status.EXPIRED, Status.CANCELLED):
        await end(store, await accepted(store, status), status)
    assert await store.in_progress(member_id=MEMBER) == [sent, waiting]


async def test_in_progress_is_asked_for_a_member_a_channel_or_both(store: Store) -> None:
    own = await accepted(store, "own", channel_id=OTHER_CHANNEL)
    here = await accepted(store, "here", member_id=OTHER_MEMBER)
    await accepted(store, "nowhere", member_id=OTHER_MEMBER, channel_id=OTHER_CHANNEL)
    channel_id = here.reply.channel_id
    assert await store.in_progress(member_id=MEMBER) == [own]
    assert await store.in_progress(channel_id=channel_id) == [here]
    assert await store.in_progress(member_id=MEMBER, channel_id=channel_id) == [own, here]


# Takes


async def test_a_take_remembers_of_what_it_is_one(store: Store) -> None:
    first = await accepted(store, "first")
    take = await accepted(store, "take", retake_of=first.id)
    stored = await store.extension(take.id)
    assert stored is not None
    assert stored.retake_of == first.id


async def test_the_latest_take_is_the_newest_of_this_member(store: Store) -> None:
    first = await accepted(store, "first")
    assert await store.latest_take(first.id, member_id=MEMBER) is None
    await accepted(store, "older", retake_of=first.id)
    newer = await accepted(store, "newer", retake_of=first.id)
    theirs = await accepted(store, "theirs", retake_of=first.id, member_id=OTHER_MEMBER)
    await accepted(store, "of another", retake_of=newer.id)
    assert await store.latest_take(first.id, member_id=MEMBER) == newer
    assert await store.latest_take(first.id, member_id=OTHER_MEMBER) == theirs


# Continuations


async def test_continuations_go_on_from_any_of_the_clips_oldest_first(store: Store) -> None:
    song = await completed_extension(store, "song", heard("a"), heard("b"))
    from_b = await accepted(store, "1", clip_id="b", message_id=11)
    from_a = await accepted(store, "2", clip_id="a", message_id=12)
    await accepted(store, "3", clip_id="other", message_id=13)
    assert await store.continuations(song) == [from_b, from_a]


async def test_a_continuation_without_a_reply_is_left_out(store: Store) -> None:
    song = await completed_extension(store, "song", heard("a"))
    await accepted(store, "1", clip_id="a")
    assert await store.continuations(song) == []


@pytest.mark.parametrize(
    "status", [Status.FAILED, Status.UNCONFIRMED, Status.EXPIRED, Status.CANCELLED]
)
async def test_a_continuation_that_came_to_nothing_is_left_out(
    store: Store, status: Status
) -> None:
    song = await completed_extension(store, "song", heard("a"))
    await end(store, await accepted(store, "1", clip_id="a", message_id=11), status)
    assert await store.continuations(song) == []


async def test_a_song_does_not_go_on_from_its_last_clip(store: Store) -> None:
    song = await completed_extension(store, "song", heard("a"))
    await accepted(store, "1", clip_id="a", message_id=11, kind=Kind.CONCAT)
    await spliced(store, "2", "a", message_id=12)
    assert await store.continuations(song) == []


async def test_what_has_no_clips_has_no_continuations(store: Store) -> None:
    song = await accepted(store, "song")
    await accepted(store, "1", message_id=11)
    assert await store.continuations(song) == []


# Telling the source


async def test_the_source_has_news_from_the_time_that_is_given(store: Store) -> None:
    song = await show(store, await completed_extension(store, "song", heard("a")))
    other = await show(store, await completed_extension(store, "other", heard("z")))
    ext = await show(store, await accepted(store, "1", clip_id="a"))
    await store.bump_source_revision(ext, publish_at=LATER)
    assert await publish_times(store, song) == (1, LATER)
    assert await publish_times(store, other) == (0, LATER)
    assert await store.unpublished(now=LATER - SECOND) == []
    [behind] = await store.unpublished(now=LATER)
    assert behind.id == song.id


async def test_more_news_before_that_time_is_shown_with_it(store: Store) -> None:
    song = await show(store, await completed_extension(store, "song", heard("a")))
    for number in range(3):
        ext = await show(store, await accepted(store, f"{number}", clip_id="a"))
        await store.bump_source_revision(ext, publish_at=LATER + number * SECOND)
    assert await publish_times(store, song) == (3, LATER)


async def test_news_that_is_pending_anyway_keeps_its_time(store: Store) -> None:
    song = await completed_extension(store, "song", heard("a"))
    [edit] = await claimed_edits(store, now=NOW, lease_until=LATER)
    await store.postpone_edit(edit, publish_at=NOW + SECOND)
    ext = await show(store, await accepted(store, "1", clip_id="a"))
    await store.bump_source_revision(ext, publish_at=LATER)
    assert (await publish_times(store, song))[1] == NOW + SECOND


async def test_a_source_that_is_not_complete_tells_of_it_once_it_is(store: Store) -> None:
    half = Clip(id="b", status=ClipStatus.STREAMING)
    song = await show(store, await completed_extension(store, "song", heard("a"), half))
    assert song.status is Status.STREAMING
    ext = await show(store, await accepted(store, "1", clip_id="a"))
    await store.bump_source_revision(ext, publish_at=LATER)
    assert await publish_times(store, song) == (0, None)
    news = observed(song, Progress(clips=(heard("b"),)), now=NOW)
    assert await store.save(news, was=song)


async def test_a_source_that_encore_did_not_make_has_nobody_to_be_told(store: Store) -> None:
    ext = await show(store, await accepted(store, "1", clip_id="elsewhere"))
    await store.bump_source_revision(ext, publish_at=LATER)
    assert await publish_times(store, ext) == (0, None)

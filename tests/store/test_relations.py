"""How extensions relate: who has what in progress, what goes on in what, and who is told of it."""

import datetime as dt

import pytest

from bot.domain import failures
from bot.domain.models import (
    Clip,
    ClipStatus,
    Extension,
    Kind,
    Progress,
    Status,
)
from bot.domain.transitions import finished, observed
from bot.store.store import Store
from tests.support.store_samples import (
    MEMBER,
    MINUTE,
    NOW,
    SECOND,
    accepted,
    completed_extension,
    heard,
    spliced,
)

LATER = NOW + 10 * SECOND
OTHER_MEMBER, OTHER_CHANNEL = MEMBER + 1, 6


async def end(store: Store, ext: Extension, status: Status) -> None:
    failure = failures.Unexpected()
    assert await store.save(finished(ext, status, failure, now=NOW), was=ext)


async def shown(store: Store, ext: Extension) -> Extension:
    """Have the reply of ``ext`` show the latest of it."""
    await store.mark_published(ext.id, ext.revision, publish_at=NOW)
    return ext


async def publish_times(store: Store, ext: Extension) -> tuple[int, dt.datetime | None]:
    """Return how much news ``ext`` has that its reply does not show, and when it will."""
    stored = await store.extension(ext.id)
    assert stored is not None
    return stored.revision - stored.published, await store.next_publish()


# Continuations


def clip_ids(ext: Extension) -> list[str]:
    return [clip.id for clip in ext.clips]


async def test_continuations_go_on_from_any_of_the_clips_oldest_first(store: Store) -> None:
    song = await completed_extension(store, "song", heard("a"), heard("b"))
    from_b = await accepted(store, "1", clip_id="b", message_id=11)
    from_a = await accepted(store, "2", clip_id="a", message_id=12)
    await accepted(store, "3", clip_id="other", message_id=13)
    assert await store.continuations(clip_ids(song)) == [from_b, from_a]


async def test_a_continuation_without_a_reply_is_left_out(store: Store) -> None:
    song = await completed_extension(store, "song", heard("a"))
    await accepted(store, "1", clip_id="a")
    assert await store.continuations(clip_ids(song)) == []


@pytest.mark.parametrize(
    "status", [Status.FAILED, Status.UNCONFIRMED, Status.EXPIRED, Status.CANCELLED]
)
async def test_a_continuation_that_came_to_nothing_is_left_out(
    store: Store, status: Status
) -> None:
    song = await completed_extension(store, "song", heard("a"))
    await end(store, await accepted(store, "1", clip_id="a", message_id=11), status)
    assert await store.continuations(clip_ids(song)) == []


async def test_a_song_does_not_go_on_from_its_last_clip(store: Store) -> None:
    song = await completed_extension(store, "song", heard("a"))
    await accepted(store, "1", clip_id="a", message_id=11, kind=Kind.CONCAT)
    await spliced(store, "2", "a", message_id=12, channel_id=OTHER_CHANNEL)
    assert await store.continuations(clip_ids(song)) == []


async def test_what_has_no_clips_has_no_continuations(store: Store) -> None:
    song = await accepted(store, "song")
    await accepted(store, "1", message_id=11)
    assert await store.continuations(clip_ids(song)) == []


# Telling the source


async def test_the_source_has_news_from_the_time_that_is_given(store: Store) -> None:
    song = await shown(store, await completed_extension(store, "song", heard("a")))
    other = await shown(store, await completed_extension(store, "other", heard("z")))
    ext = await shown(store, await accepted(store, "1", clip_id="a"))
    await store.bump_source_revision(ext, publish_at=LATER)
    assert await publish_times(store, song) == (1, LATER)
    assert await publish_times(store, other) == (0, LATER)
    assert await store.claim_unpublished(now=LATER - SECOND, lease_until=LATER) == []
    [behind] = await store.claim_unpublished(now=LATER, lease_until=LATER + MINUTE)
    assert behind.id == song.id


async def test_more_news_before_that_time_is_shown_with_it(store: Store) -> None:
    song = await shown(store, await completed_extension(store, "song", heard("a")))
    for number in range(3):
        ext = await shown(store, await accepted(store, f"{number}", clip_id="a"))
        await store.bump_source_revision(ext, publish_at=LATER + number * SECOND)
    assert await publish_times(store, song) == (3, LATER)


async def test_news_that_is_pending_anyway_keeps_its_time(store: Store) -> None:
    song = await completed_extension(store, "song", heard("a"))
    await store.postpone_publishing(song.id, publish_at=NOW + SECOND)
    ext = await shown(store, await accepted(store, "1", clip_id="a"))
    await store.bump_source_revision(ext, publish_at=LATER)
    assert (await publish_times(store, song))[1] == NOW + SECOND


async def test_a_source_that_is_not_complete_tells_of_it_once_it_is(store: Store) -> None:
    half = Clip(id="b", status=ClipStatus.STREAMING)
    song = await shown(store, await completed_extension(store, "song", heard("a"), half))
    assert song.status is Status.STREAMING
    ext = await shown(store, await accepted(store, "1", clip_id="a"))
    await store.bump_source_revision(ext, publish_at=LATER)
    assert await publish_times(store, song) == (0, None)
    news = observed(song, Progress(clips=(heard("b"),)), now=NOW)
    assert await store.save(news, was=song)


async def test_a_source_that_encore_did_not_make_has_nobody_to_be_told(store: Store) -> None:
    ext = await shown(store, await accepted(store, "1", clip_id="elsewhere"))
    await store.bump_source_revision(ext, publish_at=LATER)
    assert await publish_times(store, ext) == (0, None)

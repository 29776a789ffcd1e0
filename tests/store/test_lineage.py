"""The lineage before a clip, and the continuations after it."""

import datetime as dt

import pytest

from bot.domain import failures
from bot.domain.lineage import LineageClip
from bot.domain.models import (
    Clip,
    ClipStatus,
    Extension,
    Kind,
    Progress,
    Status,
)
from bot.domain.transitions import finished, observed
from bot.store.acceptance import Quota
from bot.store.lineage import MAX_LINEAGE
from bot.store.store import Store
from tests.support.store_samples import (
    CHANNEL,
    NOW,
    SECOND,
    accepted,
    asked,
    claimed_edits,
    completed_extension,
    heard,
    show,
    spliced,
)

OTHER_CHANNEL = CHANNEL + 1


async def lineage(store: Store, clip_id: str) -> list[str]:
    return [step.known.clip.id for step in await store.lineage(clip_id)]


# Lineage


async def test_lineage_runs_from_the_root_with_the_extension_of_each_clip(store: Store) -> None:
    first = await completed_extension(store, "1", heard("a"), clip_id="root")
    await completed_extension(store, "2", heard("b"), heard("twin"), clip_id="a")
    second = await completed_extension(store, "3", heard("c"), clip_id="twin", guild_id=None)
    await completed_extension(store, "4", heard("d"), clip_id="c")
    known = {clip_id: await store.clip(clip_id) for clip_id in ("root", "a", "twin", "c")}
    assert await store.lineage("c") == [
        LineageClip(known["root"]),
        LineageClip(known["a"], first),
        LineageClip(known["twin"], await store.extension(first.id + 1)),
        LineageClip(known["c"], second),
    ]


async def test_lineage_of_an_unknown_clip_is_empty(store: Store) -> None:
    assert await store.lineage("nothing") == []


async def test_lineage_of_a_source_clip_is_that_clip(store: Store) -> None:
    await accepted(store, "1", clip_id="root")
    assert await store.lineage("root") == [LineageClip(await store.clip("root"))]


async def test_lineage_begins_after_an_unknown_clip(store: Store) -> None:
    made = asked("1", clip_id="unknown", status=Status.COMPLETE, clips=(heard("a"),))
    await store.accept(made, publish_at=NOW, quota=Quota(), double_since=NOW, source_is_known=True)
    assert await store.clip("unknown") is None
    assert await lineage(store, "a") == ["a"]


async def test_lineage_begins_with_a_full_song(store: Store) -> None:
    await completed_extension(store, "1", heard("a"), clip_id="root")
    song = await completed_extension(store, "2", heard("whole"), clip_id="a", kind=Kind.CONCAT)
    await completed_extension(store, "3", heard("b"), clip_id="whole")
    assert await lineage(store, "b") == ["whole", "b"]
    assert (await store.lineage("whole"))[0].extension == song


async def test_lineage_with_a_cycle_ends(store: Store) -> None:
    await completed_extension(store, "1", heard("a"), clip_id="b")
    await completed_extension(store, "2", heard("b"), clip_id="a")
    await completed_extension(store, "3", heard("own"), clip_id="own")
    assert await lineage(store, "a") == ["b", "a"]
    assert await lineage(store, "own") == ["own"]


async def test_lineage_is_at_most_as_long_as_its_limit(store: Store) -> None:
    for number in range(1, MAX_LINEAGE + 2):
        await accepted(
            store,
            f"{number}",
            clip_id=f"c{number - 1}",
            status=Status.COMPLETE,
            clips=(heard(f"c{number}"),),
        )
    found = await lineage(store, f"c{MAX_LINEAGE + 1}")
    assert (len(found), found[0], found[-1]) == (MAX_LINEAGE, "c2", f"c{MAX_LINEAGE + 1}")


# Splices


async def test_splice_calls_no_provider(store: Store) -> None:
    await spliced(store, "1", "a")
    assert await store.providers_in_use() == set()
    assert await store.next_due() is None
    await accepted(store, "2", kind=Kind.CONCAT, clip_id="b")
    assert await store.providers_in_use() == {"suno"}
    assert await store.next_due() == NOW


async def test_splice_leaves_the_clip_that_it_ends_with_alone(store: Store) -> None:
    await store.remember_clip("suno", heard("a"), now=NOW)
    was = await store.clip("a")
    song = await spliced(store, "1", "a", source_title="Rain", created_at=NOW + NOW.resolution)
    assert song.request.provider == ""
    assert await store.clip("a") == was


LATER = NOW + 10 * SECOND


async def end(store: Store, ext: Extension, status: Status) -> None:
    failure = failures.Unexpected()
    assert await store.save(finished(ext, status, failure, now=NOW), was=ext)


async def publish_times(store: Store, ext: Extension) -> tuple[int, dt.datetime | None]:
    """Return how much news ``ext`` has that its reply does not show, and when it will."""
    stored = await store.extension(ext.id)
    assert stored is not None
    return stored.revision - stored.published, await store.next_publish()


# Continuations


def clip_ids(ext: Extension) -> list[str]:
    return [clip.id for clip in ext.clips]


async def test_continuations_of_all_clips_are_oldest_first(store: Store) -> None:
    song = await completed_extension(store, "song", heard("a"), heard("b"))
    from_b = await accepted(store, "1", clip_id="b", message_id=11)
    from_a = await accepted(store, "2", clip_id="a", message_id=12)
    await accepted(store, "3", clip_id="other", message_id=13)
    assert await store.continuations(clip_ids(song)) == [from_b, from_a]


async def test_continuations_skip_extensions_without_a_reply(store: Store) -> None:
    song = await completed_extension(store, "song", heard("a"))
    await accepted(store, "1", clip_id="a")
    assert await store.continuations(clip_ids(song)) == []


@pytest.mark.parametrize(
    "status", [Status.FAILED, Status.UNCONFIRMED, Status.EXPIRED, Status.CANCELLED]
)
async def test_continuations_skip_extensions_that_failed(store: Store, status: Status) -> None:
    song = await completed_extension(store, "song", heard("a"))
    await end(store, await accepted(store, "1", clip_id="a", message_id=11), status)
    assert await store.continuations(clip_ids(song)) == []


async def test_continuations_skip_full_songs(store: Store) -> None:
    song = await completed_extension(store, "song", heard("a"))
    await accepted(store, "1", clip_id="a", message_id=11, kind=Kind.CONCAT)
    await spliced(store, "2", "a", message_id=12, channel_id=OTHER_CHANNEL)
    assert await store.continuations(clip_ids(song)) == []


async def test_continuations_of_no_clips_are_empty(store: Store) -> None:
    song = await accepted(store, "song")
    await accepted(store, "1", message_id=11)
    assert await store.continuations(clip_ids(song)) == []


# Continuations change the revision of their source


async def test_bump_source_revision_publishes_the_source_at_the_given_time(store: Store) -> None:
    song = await show(store, await completed_extension(store, "song", heard("a")))
    other = await show(store, await completed_extension(store, "other", heard("z")))
    ext = await show(store, await accepted(store, "1", clip_id="a"))
    await store.bump_source_revision(ext, publish_at=LATER)
    assert await publish_times(store, song) == (1, LATER)
    assert await publish_times(store, other) == (0, LATER)
    assert await store.unpublished(now=LATER - SECOND) == []
    [behind] = await store.unpublished(now=LATER)
    assert behind.id == song.id


async def test_bump_source_revision_keeps_an_earlier_time(store: Store) -> None:
    song = await show(store, await completed_extension(store, "song", heard("a")))
    for number in range(3):
        ext = await show(store, await accepted(store, f"{number}", clip_id="a"))
        await store.bump_source_revision(ext, publish_at=LATER + number * SECOND)
    assert await publish_times(store, song) == (3, LATER)


async def test_bump_source_revision_keeps_the_time_of_pending_news(store: Store) -> None:
    song = await completed_extension(store, "song", heard("a"))
    [edit] = await claimed_edits(store, now=NOW, lease_until=LATER)
    await store.postpone_edit(edit, publish_at=NOW + SECOND)
    ext = await show(store, await accepted(store, "1", clip_id="a"))
    await store.bump_source_revision(ext, publish_at=LATER)
    assert (await publish_times(store, song))[1] == NOW + SECOND


async def test_bump_source_revision_leaves_an_unfinished_source_alone(store: Store) -> None:
    half = Clip(id="b", status=ClipStatus.STREAMING)
    song = await show(store, await completed_extension(store, "song", heard("a"), half))
    assert song.status is Status.STREAMING
    ext = await show(store, await accepted(store, "1", clip_id="a"))
    await store.bump_source_revision(ext, publish_at=LATER)
    assert await publish_times(store, song) == (0, None)
    news = observed(song, Progress(clips=(heard("b"),)), now=NOW)
    assert await store.save(news, was=song)


async def test_bump_source_revision_of_a_source_from_elsewhere_changes_nothing(
    store: Store,
) -> None:
    ext = await show(store, await accepted(store, "1", clip_id="elsewhere"))
    await store.bump_source_revision(ext, publish_at=LATER)
    assert await publish_times(store, ext) == (0, None)

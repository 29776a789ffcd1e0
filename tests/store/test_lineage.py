"""A clip leads back to its root, through all that Encore knows of it, and to its full songs."""

from dataclasses import replace

from bot.domain.lineage import LineageClip
from bot.domain.models import Extension, Kind, Status
from bot.store.acceptance import Quota
from bot.store.lineage import MAX_LINEAGE
from bot.store.store import Store
from tests.support.store_samples import (
    CHANNEL,
    NOW,
    accepted,
    asked,
    completed_extension,
    heard,
    spliced,
)

OTHER_CHANNEL = CHANNEL + 1


async def lineage(store: Store, clip_id: str) -> list[str]:
    return [step.known.clip.id for step in await store.lineage(clip_id)]


async def gone(store: Store, ext: Extension) -> None:
    """Have the reply of ``ext`` deleted."""
    await store.save_reply(ext.id, replace(ext.reply, unreachable=True))


# Lineage


async def test_a_lineage_begins_with_the_root_and_tells_who_made_each_clip(store: Store) -> None:
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


async def test_an_unknown_clip_has_no_lineage(store: Store) -> None:
    assert await store.lineage("nothing") == []


async def test_a_source_from_elsewhere_is_a_root(store: Store) -> None:
    await accepted(store, "1", clip_id="root")
    assert await store.lineage("root") == [LineageClip(await store.clip("root"))]


async def test_a_lineage_begins_behind_what_nothing_is_known_of(store: Store) -> None:
    made = asked("1", clip_id="unknown", status=Status.COMPLETE, clips=(heard("a"),))
    await store.accept(made, publish_at=NOW, quota=Quota(), double_since=NOW, source_is_known=True)
    assert await store.clip("unknown") is None
    assert await lineage(store, "a") == ["a"]


async def test_a_song_that_its_provider_joined_is_a_root(store: Store) -> None:
    await completed_extension(store, "1", heard("a"), clip_id="root")
    song = await completed_extension(store, "2", heard("whole"), clip_id="a", kind=Kind.CONCAT)
    await completed_extension(store, "3", heard("b"), clip_id="whole")
    assert await lineage(store, "b") == ["whole", "b"]
    assert (await store.lineage("whole"))[0].extension == song


async def test_a_lineage_that_leads_into_itself_ends(store: Store) -> None:
    await completed_extension(store, "1", heard("a"), clip_id="b")
    await completed_extension(store, "2", heard("b"), clip_id="a")
    await completed_extension(store, "3", heard("own"), clip_id="own")
    assert await lineage(store, "a") == ["b", "a"]
    assert await lineage(store, "own") == ["own"]


async def test_a_lineage_is_followed_no_further_than_a_song_of_hours(store: Store) -> None:
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


# What a splice is to the loops, and to the clip that it ends with: nothing


async def test_nobody_is_asked_for_a_splice(store: Store) -> None:
    await spliced(store, "1", "a")
    assert await store.providers_in_use() == set()
    assert await store.next_due() is None
    await accepted(store, "2", kind=Kind.CONCAT, clip_id="b")
    assert await store.providers_in_use() == {"suno"}
    assert await store.next_due() == NOW


async def test_a_splice_does_not_make_its_clip_one_of_encore_s(store: Store) -> None:
    await store.remember_clip("suno", heard("a"), now=NOW)
    was = await store.clip("a")
    song = await spliced(store, "1", "a", source_title="Rain", created_at=NOW + NOW.resolution)
    assert song.request.provider == ""
    assert await store.clip("a") == was

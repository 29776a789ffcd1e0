"""Pages of the library, and removing a clip from it."""

from dataclasses import replace

import pytest

from bot.domain.library import PAGE_SIZE, LibraryEntry, LibraryPage, LibraryQuery, Scope, Viewer
from bot.domain.models import Clip, ClipStatus, Kind
from bot.store.store import Store
from tests.support.store_samples import (
    CHANNEL,
    GUILD,
    MEMBER,
    accepted,
    asked,
    completed_extension,
    heard,
)

OTHER = MEMBER + 1
HIDDEN = CHANNEL + 1
VIEWER = Viewer(member_id=MEMBER, channel_id=CHANNEL, guild_id=GUILD, channels=frozenset({CHANNEL}))


async def page(
    store: Store,
    scope: Scope = Scope.MINE,
    search: str = "",
    number: int = 1,
    *,
    viewer: Viewer = VIEWER,
) -> LibraryPage:
    return await store.library_page(
        viewer, LibraryQuery(scope=scope, search=search, page_number=number)
    )


async def shown(store: Store, *wanted: object, **options: object) -> list[str]:
    return [made.known.clip.id for made in (await page(store, *wanted, **options)).entries]


async def many(store: Store, count: int) -> None:
    for number in range(count):
        await completed_extension(store, f"t{number}", heard(f"c{number}"))


async def test_empty_library_is_one_empty_page(store: Store) -> None:
    empty = await page(store, number=3)
    assert empty == LibraryPage(query=LibraryQuery(scope=Scope.MINE), entries=(), total=0)
    assert empty.page_count == 1


async def test_library_page_has_the_newest_first_and_clips_of_an_extension_in_order(
    store: Store,
) -> None:
    await completed_extension(store, "one", heard("z"), heard("y"))
    await completed_extension(store, "two", heard("b"), heard("a"), clip_id="z")
    assert await shown(store) == ["b", "a", "z", "y"]


async def test_library_entry_has_its_member_and_clip_record(store: Store) -> None:
    await completed_extension(store, "one", heard("a"), heard("b", title="Rain"), message_id=77)
    known = await store.clip("b")
    made = LibraryEntry(known=known, title="Rain", member_id=MEMBER, kind=Kind.PART)
    assert (await page(store)).entries[1] == made
    assert known.letter == "B"
    assert known.reply_url.endswith("/77")


async def test_library_entry_without_a_title_has_the_requested_or_the_source_title(
    store: Store,
) -> None:
    untitled = asked("x").request
    await completed_extension(store, "one", heard("a"), source_title="Source")
    titled = replace(untitled, title="Asked")
    await completed_extension(store, "two", heard("b"), source_title="Source", request=titled)
    assert [made.title for made in (await page(store)).entries] == ["Asked", "Source"]


async def test_library_entry_of_a_full_song_has_its_kind(store: Store) -> None:
    await completed_extension(store, "one", heard("whole"), kind=Kind.CONCAT)
    assert [made.kind for made in (await page(store)).entries] == [Kind.CONCAT]


async def test_library_has_no_unplayable_and_no_source_clips(store: Store) -> None:
    silent = Clip(id="f", status=ClipStatus.FAILED)
    await store.remember_clip("suno", heard("source"), now=(await accepted(store, "0")).created_at)
    await completed_extension(store, "one", heard("a"), replace(heard("b"), audio_url=None), silent)
    assert await shown(store) == ["a"]


async def test_library_has_pages(store: Store) -> None:
    await many(store, 2 * PAGE_SIZE + 1)
    ids = [f"c{number}" for number in reversed(range(2 * PAGE_SIZE + 1))]
    for number in (1, 2, 3):
        first = (number - 1) * PAGE_SIZE
        assert await shown(store, number=number) == ids[first : first + PAGE_SIZE]
    seen = await page(store, number=2)
    assert (seen.total, seen.page_count, seen.query.page_number) == (2 * PAGE_SIZE + 1, 3, 2)


async def test_library_lists_the_newest_clips(store: Store) -> None:
    await many(store, 5)
    query = LibraryQuery(scope=Scope.MINE, page_number=9)
    seen = await store.library_page(VIEWER, query, listed=3)
    assert [each.known.clip.id for each in seen.entries] == ["c4", "c3", "c2"]
    assert (seen.total, seen.page_count) == (3, 1)


@pytest.mark.parametrize("scope", Scope)
async def test_library_search_is_limited_to_the_latest(store: Store, scope: Scope) -> None:
    await many(store, 5)
    query = LibraryQuery(scope=scope, search="c")
    for searched, total in ((3, 3), (5, 5), (6, 5)):
        assert (await store.library_page(VIEWER, query, searched=searched)).total == total


@pytest.mark.parametrize(("wanted", "got"), [(-1, 1), (0, 1), (3, 2), (10**15, 2)])
async def test_library_page_out_of_range_is_the_nearest(
    store: Store, wanted: int, got: int
) -> None:
    await many(store, 2 * PAGE_SIZE)
    seen = await page(store, number=wanted)
    assert seen.query.page_number == got
    assert len(seen.entries) == PAGE_SIZE


async def test_library_scope_selects_whose_clips_are_shown(store: Store) -> None:
    await completed_extension(store, "own", heard("own"))
    await completed_extension(store, "here", heard("here"), member_id=OTHER)
    await completed_extension(store, "away", heard("away"), channel_id=HIDDEN)
    await completed_extension(store, "hidden", heard("hidden"), channel_id=HIDDEN, member_id=OTHER)
    await completed_extension(store, "abroad", heard("abroad"), guild_id=8, channel_id=80)
    await completed_extension(store, "direct", heard("direct"), guild_id=None, channel_id=81)
    assert await shown(store, Scope.MINE) == ["direct", "abroad", "away", "own"]
    assert await shown(store, Scope.CHANNEL) == ["here", "own"]
    assert await shown(store, Scope.SERVER) == ["away", "here", "own"]
    opened = replace(VIEWER, channels=frozenset({CHANNEL, HIDDEN}))
    assert await shown(store, Scope.SERVER, viewer=opened) == ["hidden", "away", "here", "own"]
    stranger = Viewer(member_id=1, channel_id=CHANNEL, guild_id=GUILD)
    assert await shown(store, Scope.SERVER, viewer=stranger) == ["here", "own"]


async def test_library_total_counts_what_the_scope_shows(store: Store) -> None:
    await completed_extension(store, "own", heard("own"), heard("twin"))
    await completed_extension(store, "hidden", heard("hidden"), channel_id=HIDDEN, member_id=OTHER)
    assert (await page(store, Scope.SERVER)).total == 2
    assert (await page(store, Scope.SERVER, "twin")).total == 1


@pytest.mark.parametrize("text", ["łódź", "ŁÓDŹ", "SYNTH", "a-1", "100%_"])
async def test_library_search_matches_title_style_and_id_in_any_case(
    store: Store, text: str
) -> None:
    await completed_extension(store, "two", heard("b-2", title="Rain"))
    await completed_extension(
        store, "one", heard("A-1", title="Łódź 100%_", style="dark synthwave")
    )
    assert await shown(store, Scope.MINE, text) == ["A-1"]


@pytest.mark.parametrize("text", ["%", "_", "\\", "a_1"])
async def test_library_search_takes_wildcards_literally(store: Store, text: str) -> None:
    await completed_extension(store, "one", heard("a-1", title="Night"))
    assert await shown(store, Scope.MINE, text) == []


async def test_removed_clip_is_in_neither_library_nor_search(store: Store) -> None:
    await completed_extension(store, "one", heard("a"), heard("b"))
    await accepted(store, "two", clip_id="a")
    assert await store.remove_clip("a", member_id=MEMBER)
    assert await shown(store) == ["b"]
    found = await store.search_clips("", guild_id=GUILD, member_id=MEMBER)
    assert [known.clip.id for known in found] == ["b", "source"]


async def test_removed_clip_stays_known_and_in_its_lineage(store: Store) -> None:
    first = await completed_extension(store, "one", heard("a"))
    await completed_extension(store, "two", heard("b"), clip_id="a")
    await store.remove_clip("a", member_id=MEMBER)
    assert (await store.clip("a")).is_removed
    steps = await store.lineage("b")
    assert [(step.known.clip.id, step.known.is_removed) for step in steps] == [
        ("source", False),
        ("a", True),
        ("b", False),
    ]
    assert await store.extension(first.id) == first


async def test_remove_clip_works_once_and_only_for_its_member(store: Store) -> None:
    await completed_extension(store, "one", heard("a"), clip_id="s")
    assert not await store.remove_clip("a", member_id=OTHER)
    assert not await store.remove_clip("s", member_id=MEMBER)
    assert not await store.remove_clip("nothing", member_id=MEMBER)
    assert await shown(store) == ["a"]
    assert await store.remove_clip("a", member_id=MEMBER)
    assert not await store.remove_clip("a", member_id=MEMBER)


async def test_remove_clip_of_two_members_removes_it_for_one(store: Store) -> None:
    await completed_extension(store, "one", heard("a"))
    await completed_extension(store, "two", heard("a"), member_id=OTHER)
    await store.remove_clip("a", member_id=MEMBER)
    assert await shown(store) == []
    assert await shown(store, viewer=replace(VIEWER, member_id=OTHER)) == ["a"]


async def test_save_of_a_removed_clip_leaves_it_removed(store: Store) -> None:
    was = await completed_extension(store, "one", heard("a"))
    await store.remove_clip("a", member_id=MEMBER)
    news = replace(was, clips=(heard("a", title="New"),), revision=was.revision + 1)
    assert await store.save(news, was=was)
    assert await shown(store) == []


async def test_library_channels_are_those_of_the_guild_latest_first(store: Store) -> None:
    for number, channel_id in enumerate((5, 6, 5, 7, 6)):
        await accepted(store, f"t{number}", channel_id=channel_id)
    await accepted(store, "abroad", guild_id=8, channel_id=80)
    await accepted(store, "direct", guild_id=None, channel_id=81)
    assert await store.library_channels(GUILD) == [6, 7, 5]


async def test_clips_of_an_extension_are_in_order(store: Store) -> None:
    ext = await completed_extension(store, "one", heard("z"), heard("a"))
    await store.remove_clip("a", member_id=MEMBER)
    assert await store.clips_of(ext.id) == [await store.clip("z"), await store.clip("a")]
    assert await store.clips_of(ext.id + 1) == []


async def test_search_finds_clips_of_given_channels_and_own_clips(
    store: Store,
) -> None:
    await completed_extension(store, "here", heard("here"), clip_id="s1", member_id=OTHER)
    await completed_extension(
        store, "hidden", heard("hidden"), clip_id="s2", channel_id=HIDDEN, member_id=OTHER
    )
    await completed_extension(store, "away", heard("away"), clip_id="s3", channel_id=HIDDEN)
    found = await store.search_clips("", guild_id=GUILD, member_id=MEMBER, channels=[CHANNEL])
    assert [known.clip.id for known in found] == ["away", "s3", "here", "s1"]
    found = await store.search_clips("", guild_id=GUILD, member_id=MEMBER, channels=[])
    assert [known.clip.id for known in found] == ["away", "s3"]


async def test_continuations_of_a_clip_from_elsewhere_are_found(store: Store) -> None:
    await accepted(store, "one", clip_id="s", message_id=7)
    await accepted(store, "two", clip_id="t", message_id=8)
    assert [ext.idempotency_key for ext in await store.continuations(["s"])] == ["one"]

"""Made clips, source clips, and the search in both."""

from dataclasses import replace

import pytest

from bot.domain.models import Clip, ClipRecord, ClipStatus, ExtendRequest, Kind, Progress
from bot.domain.transitions import observed
from bot.store.clips import MAX_SEARCHED
from bot.store.store import Store
from tests.support.store_samples import (
    GUILD,
    MEMBER,
    MINUTE,
    NOW,
    accepted,
    completed_extension,
    heard,
    taken,
)


async def found(
    store: Store,
    text: str = "",
    *,
    guild_id: int | None = GUILD,
    member_id: int = MEMBER,
    limit: int = 25,
    searched: int = MAX_SEARCHED,
) -> list[str]:
    clips = await store.search_clips(
        text, guild_id=guild_id, member_id=member_id, limit=limit, searched=searched
    )
    return [known.clip.id for known in clips]


def used(clip_id: str, title: str = "") -> Clip:
    return Clip(id=clip_id, status=ClipStatus.COMPLETE, title=title)


async def test_unknown_clip_is_none(store: Store) -> None:
    assert await store.clip("nothing") is None


async def test_accepted_extension_saves_its_source_clip(store: Store) -> None:
    await accepted(store, "one", clip_id="s", source_title="Rain")
    known = ClipRecord(clip=used("s", "Rain"), provider="suno", known_at=NOW)
    assert await store.clip("s") == known


async def test_accepted_extension_leaves_a_known_source_clip_as_it_is(store: Store) -> None:
    await store.remember_clip("suno", heard("s", title="Rain", duration=120.5), now=NOW)
    await accepted(store, "one", clip_id="s", source_title="Rai…")
    assert (await store.clip("s")).clip == heard("s", title="Rain", duration=120.5)


async def test_remember_clip_keeps_what_the_provider_left_out(store: Store) -> None:
    full = heard("s", title="Rain", style="folk", duration=9.0, image_url="https://i.example/s")
    await store.remember_clip("suno", full, now=NOW)
    await store.remember_clip("suno", used("s", "Storm"), now=NOW + MINUTE)
    known = await store.clip("s")
    assert known.clip == replace(full, title="Storm")
    assert known.known_at == NOW + MINUTE
    await store.remember_clip("suno", replace(full, duration=10.0), now=NOW + MINUTE)
    assert (await store.clip("s")).clip == replace(full, duration=10.0)


async def test_clip_record_of_a_full_song_has_no_letter(store: Store) -> None:
    ext = await accepted(store, "one", kind=Kind.CONCAT, clips=(heard("whole"),))
    known = await store.clip("whole")
    assert known is not None
    assert (known.letter, known.extension_id) == ("", ext.id)


async def test_clip_record_of_a_made_clip_has_its_letter_and_reply(store: Store) -> None:
    ext = await completed_extension(store, "one", heard("a"), heard("b"), message_id=77)
    assert await store.clip("b") == ClipRecord(
        clip=heard("b"),
        provider="suno",
        known_at=NOW + MINUTE,
        letter="B",
        extension_id=ext.id,
        reply_url=f"https://discord.com/channels/{GUILD}/5/77",
        part_number=2,
    )


async def test_clip_record_has_the_model_that_made_the_clip(store: Store) -> None:
    asked_for = ExtendRequest(provider="suno", clip_id="s", model="V5")
    await accepted(store, "one", request=asked_for, clips=(heard("a"),))
    await accepted(store, "two", clip_id="s", clips=(heard("b"),))
    assert [(await store.clip(each)).model for each in ("a", "b", "s")] == ["V5", None, None]


async def test_clip_record_has_no_link_to_an_unreachable_reply(store: Store) -> None:
    ext = await completed_extension(store, "one", heard("a"), message_id=77)
    await store.save_reply(ext.id, replace(ext.reply, unreachable=True))
    assert (await store.clip("a")).reply_url is None


async def test_remember_clip_leaves_a_made_clip_alone(store: Store) -> None:
    await completed_extension(store, "one", heard("a", title="Ours"))
    await store.remember_clip("suno", heard("a", title="Theirs"), now=NOW + 2 * MINUTE)
    assert (await store.clip("a")).clip.title == "Ours"


async def test_extending_a_made_clip_leaves_it_alone(store: Store) -> None:
    ext = await completed_extension(store, "one", heard("a", title="Ours"))
    await accepted(store, "two", clip_id="a", source_title="Theirs")
    await accepted(store, "three", clip_id="a", provider="other", source_title="Theirs")
    known = await store.clip("a")
    assert (known.clip.title, known.extension_id) == ("Ours", ext.id)


async def test_clip_of_several_extensions_is_that_of_the_newest(store: Store) -> None:
    await completed_extension(store, "one", heard("a", title="Old"))
    await completed_extension(store, "two", heard("a", title="New"))
    assert (await store.clip("a")).clip.title == "New"
    assert await found(store) == ["a", "source"]


async def test_unknown_clips_are_those_that_no_extension_made(store: Store) -> None:
    await completed_extension(store, "one", heard("a"), clip_id="s")
    assert await store.unknown_clips(["z", "a", "s"]) == ["z", "s"]
    assert await store.unknown_clips([]) == []


async def test_search_finds_each_clip_once_newest_first(store: Store) -> None:
    await completed_extension(store, "one", heard("a"), heard("b"), clip_id="s")
    await completed_extension(store, "two", heard("c"), clip_id="a")
    assert await found(store) == ["a", "c", "b", "s"]
    assert await found(store, limit=2) == ["a", "c"]


async def test_search_finds_clips_of_an_extension_in_order_before_its_source(store: Store) -> None:
    await completed_extension(store, "one", heard("z"), heard("y"), clip_id="a")
    assert await found(store) == ["z", "y", "a"]


async def test_search_skips_clips_that_are_not_playable(store: Store) -> None:
    was = await completed_extension(store, "one", heard("a"), replace(heard("b"), audio_url=None))
    broken = Clip(id="c", status=ClipStatus.FAILED)
    assert await store.save(replace(was, clips=(*was.clips, broken), revision=9), was=was)
    await accepted(store, "two", clip_id="b")
    assert await found(store) == ["a", "source"]


@pytest.mark.parametrize("text", ["ŁÓDŹ", "łódź nocą", "Synth", "A-1", "", "100%_"])
async def test_search_matches_title_style_and_id_in_any_case(store: Store, text: str) -> None:
    await completed_extension(
        store, "one", heard("A-1", title="Łódź nocą 100%_", style="dark SYNTHwave")
    )
    assert "A-1" in await found(store, text)


@pytest.mark.parametrize("text", ["NEON on", "größe", "Zoë"])
async def test_search_matches_lyrics_and_member_of_made_clips(store: Store, text: str) -> None:
    request = ExtendRequest(
        provider="suno", clip_id="s", lyrics="[Verse]\nNeon on the water\nGröße"
    )
    await completed_extension(store, "one", heard("a"), request=request, member_name="ZOË")
    assert await found(store, text) == ["a"]


async def test_suggested_clips_tell_when_they_were_made_or_used(store: Store) -> None:
    await completed_extension(store, "one", heard("a"), heard("b"), clip_id="s")
    await completed_extension(store, "two", heard("c"), clip_id="a", created_at=NOW + 3 * MINUTE)
    clips = await store.search_clips("", guild_id=GUILD, member_id=MEMBER)
    ages = [(known.clip.id, known.known_at) for known in clips]
    later = NOW + 3 * MINUTE
    assert ages == [("a", later), ("c", later), ("b", NOW), ("s", NOW)]


async def test_clip_record_tells_its_part_its_words_and_its_member(store: Store) -> None:
    request = ExtendRequest(provider="suno", clip_id="s", lyrics="la la")
    await completed_extension(
        store, "one", heard("a"), request=request, part_number=3, member_name="Ben"
    )
    known = await store.clip("a")
    assert known is not None
    assert (known.part_number, known.lyrics, known.member_name) == (3, "la la", "Ben")
    source = await store.clip("s")
    assert source is not None
    assert (source.part_number, source.lyrics, source.member_name) == (1, "", "")


@pytest.mark.parametrize("text", ["%", "_", "\\", "/", "a%1", "a_1"])
async def test_search_takes_wildcards_literally(store: Store, text: str) -> None:
    await completed_extension(store, "one", heard("a-1", title="Night"))
    assert await found(store, text) == []


async def test_search_in_a_guild_finds_only_clips_of_the_guild(store: Store) -> None:
    await completed_extension(store, "one", heard("a"), clip_id="s1")
    await completed_extension(store, "two", heard("b"), clip_id="s2", guild_id=8)
    assert await found(store) == ["a", "s1"]
    assert await found(store, guild_id=8) == ["b", "s2"]


async def test_search_is_limited_to_the_latest_and_the_members_own(store: Store) -> None:
    for number in range(12):
        member_id = MEMBER if number in {0, 4} else 9
        await completed_extension(
            store, f"t{number}", heard(f"c{number}"), clip_id="s", member_id=member_id
        )
    assert await found(store, "c", searched=20, limit=3) == ["c11", "c10", "c9"]
    assert await found(store, "c", searched=3) == ["c11", "c10", "c9"]
    assert await found(store, "c", searched=5) == ["c11", "c10", "c9", "c8", "c7", "c4"]
    assert (await found(store, "c", searched=10))[-2:] == ["c2", "c0"]
    assert await found(store, "nowhere", searched=5) == []


async def test_search_of_own_clips_stays_in_the_guild(store: Store) -> None:
    await completed_extension(store, "abroad", heard("abroad"), clip_id="s1", guild_id=8)
    await completed_extension(store, "here", heard("here"), clip_id="s2")
    assert await found(store, "re", searched=5) == ["here"]


async def test_search_without_a_guild_finds_all_clips_of_the_member(store: Store) -> None:
    await completed_extension(store, "one", heard("a"), clip_id="s1")
    await completed_extension(store, "two", heard("b"), clip_id="s2", guild_id=None)
    await completed_extension(store, "three", heard("c"), clip_id="s3", guild_id=None, member_id=9)
    assert await found(store, guild_id=None) == ["b", "s2", "a", "s1"]


async def test_clips_keep_their_order_when_updated(store: Store) -> None:
    ext = await taken(store, "one")
    for clips in ((heard("b"), heard("a")), (heard("c"), heard("a"))):
        was = ext
        ext = observed(was, Progress(clips=clips, is_open=True), now=NOW)
        assert await store.save(ext, was=was)
    assert await store.extension(ext.id) == ext
    assert [clip.id for clip in ext.clips] == ["b", "a", "c"]

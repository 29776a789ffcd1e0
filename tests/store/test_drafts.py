"""Drafts belong to one member; a fact has one value."""

from bot.domain.form import Form
from bot.store.drafts import MAX_DRAFTS
from bot.store.store import Store
from tests.support.store_samples import NOW

FORM = Form(clip="abc", at="2:01", style="folk, 雨", lyrics="line\nline 🎵", provider="suno")


async def test_draft_round_trips(store: Store) -> None:
    number = await store.keep_draft(FORM, member_id=1, now=NOW)
    assert await store.draft(number, member_id=1) == FORM


async def test_draft_is_none_for_another_member(store: Store) -> None:
    number = await store.keep_draft(FORM, member_id=1, now=NOW)
    assert await store.draft(number, member_id=2) is None


async def test_fact_is_the_value_set_last(store: Store) -> None:
    assert await store.fact("tree") is None
    await store.set_fact("tree", "old")
    await store.set_fact("tree", "new")
    assert await store.fact("tree") == "new"


async def test_only_the_latest_drafts_of_a_member_are_kept(store: Store) -> None:
    kept = [
        await store.keep_draft(Form(clip=str(number)), member_id=1, now=NOW)
        for number in range(MAX_DRAFTS + 2)
    ]
    theirs = await store.keep_draft(Form(clip="theirs"), member_id=2, now=NOW)
    there = [await store.draft(each, member_id=1) for each in kept]
    assert [form is not None for form in there] == [False] * 2 + [True] * MAX_DRAFTS
    assert await store.draft(theirs, member_id=2) == Form(clip="theirs")

"""Drafts belong to who typed them; facts are what was said last."""

from bot.domain.form import Form
from bot.store.store import Store
from tests.support.store_samples import MINUTE, NOW

FORM = Form(clip="abc", at="2:01", style="folk, 雨", lyrics="line\nline 🎵", provider="suno")


async def test_a_draft_comes_back_as_it_was_typed(store: Store) -> None:
    number = await store.keep_draft(FORM, member_id=1, now=NOW)
    assert await store.draft(number, member_id=1) == FORM


async def test_a_draft_is_shown_to_no_other_member(store: Store) -> None:
    number = await store.keep_draft(FORM, member_id=1, now=NOW)
    assert await store.draft(number, member_id=2) is None


async def test_old_drafts_are_forgotten_and_their_numbers_not_used_again(store: Store) -> None:
    old = await store.keep_draft(FORM, member_id=1, now=NOW)
    await store.forget_drafts(before=NOW)
    assert await store.draft(old, member_id=1) == FORM
    await store.forget_drafts(before=NOW + MINUTE)
    assert await store.draft(old, member_id=1) is None
    assert await store.keep_draft(FORM, member_id=1, now=NOW) > old


async def test_a_fact_is_what_was_said_last(store: Store) -> None:
    assert await store.fact("tree") is None
    await store.set_fact("tree", "old")
    await store.set_fact("tree", "new")
    assert await store.fact("tree") == "new"

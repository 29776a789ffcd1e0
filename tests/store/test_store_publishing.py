"""A reply is to be drawn again while it shows an old revision, and only then."""

import datetime as dt
from dataclasses import replace

from store_samples import MINUTE, NOW, SECOND, accepted, asked, finished, heard

from bot.domain.models import Extension
from bot.domain.transitions import submitting
from bot.store.store import Store

LAPSES = NOW + MINUTE


async def unpublished(store: Store, now: dt.datetime = NOW) -> list[Extension]:
    return await store.claim_unpublished(now=now, lapses_at=now + MINUTE)


async def test_what_was_accepted_is_unpublished_from_then_on(store: Store) -> None:
    ext = await accepted(store, "one")
    assert await unpublished(store, NOW - SECOND) == []
    assert await unpublished(store) == [ext]


async def test_who_accepts_may_keep_the_first_reply_to_itself_for_a_while(store: Store) -> None:
    ext, _ = await store.accept(asked("one"), publish_at=NOW + SECOND)
    assert await store.next_publish() == NOW + SECOND
    assert await unpublished(store) == []
    assert await unpublished(store, NOW + SECOND) == [ext]


async def test_a_claimed_reply_comes_again_when_the_claim_lapses(store: Store) -> None:
    ext = await accepted(store, "one")
    assert await unpublished(store) == [ext]
    assert await unpublished(store, LAPSES - SECOND) == []
    assert await unpublished(store, LAPSES) == [ext]


async def test_final_ones_go_first(store: Store) -> None:
    done = await finished(store, "done", heard("a"))
    early = await accepted(store, "early")
    await store.postpone_publishing(done.id, publish_at=NOW + SECOND)
    found = await unpublished(store, NOW + SECOND)
    assert [ext.id for ext in found] == [done.id, early.id]


async def test_no_more_replies_are_claimed_than_asked_for(store: Store) -> None:
    for number in range(3):
        await accepted(store, f"{number}")
    assert len(await store.claim_unpublished(now=NOW, lapses_at=LAPSES, limit=2)) == 2


async def test_a_published_revision_needs_no_edit(store: Store) -> None:
    ext = await accepted(store, "one")
    await store.mark_published(ext.id, 1, publish_at=NOW)
    assert await unpublished(store, NOW + MINUTE) == []
    assert (await store.extension(ext.id)).published == 1


async def test_news_after_an_edit_waits_for_its_time(store: Store) -> None:
    ext = await accepted(store, "one")
    await store.mark_published(ext.id, 1, publish_at=NOW + SECOND)
    new = replace(submitting(ext, now=NOW, lapses_at=LAPSES), revision=2)
    assert await store.save(new, was=ext)
    assert await unpublished(store) == []
    assert await unpublished(store, NOW + SECOND) == [replace(new, published=1)]


async def test_the_published_revision_never_goes_back(store: Store) -> None:
    ext = await accepted(store, "one")
    await store.mark_published(ext.id, 3, publish_at=NOW)
    await store.mark_published(ext.id, 2, publish_at=NOW)
    assert (await store.extension(ext.id)).published == 3


async def test_failed_edits_are_counted_until_one_succeeds(store: Store) -> None:
    ext = await accepted(store, "one")
    await store.postpone_publishing(ext.id, publish_at=NOW + SECOND)
    await store.postpone_publishing(ext.id, publish_at=NOW + MINUTE)
    assert await unpublished(store, NOW + SECOND) == []
    assert await unpublished(store, NOW + MINUTE) == [replace(ext, publish_failures=2)]
    await store.mark_published(ext.id, 1, publish_at=NOW)
    assert (await store.extension(ext.id)).publish_failures == 0


async def test_a_reply_that_is_gone_is_left_alone(store: Store) -> None:
    ext = await accepted(store, "one")
    await store.save_reply(ext.id, replace(ext.reply, is_gone=True))
    assert await unpublished(store) == []
    assert await store.next_publish() is None


async def test_the_next_edit_is_the_earliest(store: Store) -> None:
    assert await store.next_publish() is None
    one, two = await accepted(store, "one"), await accepted(store, "two")
    await store.postpone_publishing(one.id, publish_at=NOW + MINUTE)
    assert await store.next_publish() == NOW
    await store.mark_published(two.id, 1, publish_at=NOW)
    assert await store.next_publish() == NOW + MINUTE

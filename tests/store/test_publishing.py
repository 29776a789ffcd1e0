"""A reply is to be drawn again while it shows an old revision, and only then."""

import asyncio
import datetime as dt
from dataclasses import replace

from bot.domain.models import Extension
from bot.domain.transitions import submitting
from bot.store.store import Store
from tests.support.store_samples import (
    MINUTE,
    NOW,
    SECOND,
    accept,
    accepted,
    asked,
    completed_extension,
    heard,
)

LAPSES = NOW + MINUTE


async def unpublished(store: Store, now: dt.datetime = NOW) -> list[Extension]:
    return await store.claim_unpublished(now=now, lease_until=now + MINUTE)


async def shown(
    store: Store, idempotency_key: str = "one", *, until: dt.datetime = NOW
) -> Extension:
    """Return an extension whose reply shows the latest of it and is left alone ``until`` then."""
    ext = await accepted(store, idempotency_key)
    await store.mark_published(ext.id, ext.revision, publish_at=until)
    return ext


async def test_what_was_accepted_is_unpublished_from_then_on(store: Store) -> None:
    ext = await accepted(store, "one")
    assert await unpublished(store, NOW - SECOND) == []
    assert await unpublished(store) == [ext]


async def test_who_accepts_may_keep_the_first_reply_to_itself_for_a_while(store: Store) -> None:
    ext = (await accept(store, asked("one"), publish_at=NOW + SECOND)).extension
    assert await store.next_publish() == NOW + SECOND
    assert await unpublished(store) == []
    assert await unpublished(store, NOW + SECOND) == [ext]


async def test_a_claimed_reply_comes_again_when_the_claim_lapses(store: Store) -> None:
    ext = await accepted(store, "one")
    assert await unpublished(store) == [ext]
    assert await unpublished(store, LAPSES - SECOND) == []
    assert await unpublished(store, LAPSES) == [ext]


async def test_final_ones_go_first(store: Store) -> None:
    done = await completed_extension(store, "done", heard("a"))
    early = await accepted(store, "early")
    await store.postpone_publishing(done.id, publish_at=NOW + SECOND)
    found = await unpublished(store, NOW + SECOND)
    assert [ext.id for ext in found] == [done.id, early.id]


async def test_no_more_replies_are_claimed_than_asked_for(store: Store) -> None:
    for number in range(3):
        await accepted(store, f"{number}")
    assert len(await store.claim_unpublished(now=NOW, lease_until=LAPSES, limit=2)) == 2


async def test_a_published_revision_needs_no_edit(store: Store) -> None:
    ext = await accepted(store, "one")
    await store.mark_published(ext.id, 1, publish_at=NOW)
    assert await unpublished(store, NOW + MINUTE) == []
    assert (await store.extension(ext.id)).published == 1


async def test_news_after_an_edit_waits_for_its_time(store: Store) -> None:
    ext = await accepted(store, "one")
    await store.mark_published(ext.id, 1, publish_at=NOW + SECOND)
    new = replace(submitting(ext, now=NOW, lease_until=LAPSES), revision=2)
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
    await store.save_reply(ext.id, replace(ext.reply, unreachable=True))
    assert await unpublished(store) == []
    assert await store.next_publish() is None


async def test_the_next_edit_is_the_earliest(store: Store) -> None:
    assert await store.next_publish() is None
    one, two = await accepted(store, "one"), await accepted(store, "two")
    await store.postpone_publishing(one.id, publish_at=NOW + MINUTE)
    assert await store.next_publish() == NOW
    await store.mark_published(two.id, 1, publish_at=NOW)
    assert await store.next_publish() == NOW + MINUTE


# One reply claimed for an edit of its own, as for its files


async def test_a_reply_that_nobody_edits_can_be_claimed(store: Store) -> None:
    ext = await shown(store)
    assert await store.claim_reply(ext.id, now=NOW, lease_until=LAPSES) is None


async def test_a_claimed_reply_is_claimed_by_nobody_else_until_the_claim_lapses(
    store: Store,
) -> None:
    ext, other = await shown(store), await shown(store, "other")
    await store.claim_reply(ext.id, now=NOW, lease_until=LAPSES)
    later = {"now": LAPSES - SECOND, "lease_until": LAPSES + MINUTE}
    assert await store.claim_reply(ext.id, **later) == LAPSES
    assert await store.claim_reply(other.id, **later) is None
    assert await store.claim_reply(ext.id, now=LAPSES, lease_until=LAPSES + MINUTE) is None


async def test_a_claimed_reply_is_not_brought_up_to_date_meanwhile(store: Store) -> None:
    ext = await accepted(store, "one")
    await store.claim_reply(ext.id, now=NOW, lease_until=LAPSES)
    assert await store.next_publish() == LAPSES
    assert await unpublished(store, LAPSES - SECOND) == []
    assert await unpublished(store, LAPSES) == [ext]


async def test_a_reply_that_is_brought_up_to_date_cannot_be_claimed_meanwhile(
    store: Store,
) -> None:
    ext = await accepted(store, "one")
    await unpublished(store)
    assert await store.claim_reply(ext.id, now=NOW, lease_until=LAPSES) == LAPSES


async def test_a_reply_that_was_just_edited_says_when_it_can_be_claimed(store: Store) -> None:
    ext = await shown(store, until=NOW + SECOND)
    assert await store.claim_reply(ext.id, now=NOW, lease_until=LAPSES) == NOW + SECOND
    assert await store.claim_reply(ext.id, now=NOW + SECOND, lease_until=LAPSES) is None


async def test_a_released_reply_is_free_from_the_time_that_is_given(store: Store) -> None:
    ext = await accepted(store, "one")
    await store.claim_reply(ext.id, now=NOW, lease_until=LAPSES)
    await store.release_reply(ext.id, publish_at=NOW + SECOND)
    assert await store.claim_reply(ext.id, now=NOW, lease_until=LAPSES) == NOW + SECOND
    # nothing was edited, so nothing counts as shown, nor as failed
    assert await unpublished(store, NOW + SECOND) == [ext]


async def test_a_reply_is_claimed_by_one(store: Store) -> None:
    ext = await shown(store)
    answers = await asyncio.gather(
        *(store.claim_reply(ext.id, now=NOW, lease_until=LAPSES) for _ in range(6))
    )
    assert answers.count(None) == 1
    assert answers.count(LAPSES) == 5

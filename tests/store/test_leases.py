"""Leases on due extensions, and on replies to be edited."""

import asyncio
import datetime as dt
from dataclasses import replace

from bot.domain import failures
from bot.domain.models import Extension, Progress
from bot.domain.transitions import observed, postponed, submitting
from bot.store.store import Store
from tests.support.store_samples import (
    MINUTE,
    NOW,
    SECOND,
    accept,
    accepted,
    asked,
    claim_next,
    completed_extension,
    heard,
    taken,
)

LEASE_END = NOW + MINUTE


async def test_next_waiting_returns_the_oldest(store: Store) -> None:
    await accepted(store, "elsewhere", provider="other")
    first, second = await accepted(store, "one"), await accepted(store, "two")
    claimed = [await claim_next(store, "suno", now=NOW, lease_until=LEASE_END) for _ in range(3)]
    assert claimed == [
        submitting(first, now=NOW, lease_until=LEASE_END),
        submitting(second, now=NOW, lease_until=LEASE_END),
        None,
    ]


async def test_next_waiting_claims_nothing_until_saved(store: Store) -> None:
    assert await store.next_waiting("suno", now=NOW) is None
    first = await accepted(store, "one")
    await accepted(store, "two")
    assert await store.next_waiting("suno", now=NOW - SECOND) is None
    seen = [await store.next_waiting("suno", now=NOW) for _ in range(2)]
    assert seen == [first, first]
    claimed = submitting(first, now=NOW, lease_until=LEASE_END)
    assert [await store.save(claimed, was=was) for was in seen] == [True, False]


async def test_next_waiting_skips_extensions_that_are_not_due(store: Store) -> None:
    first, second = await accepted(store, "one"), await accepted(store, "two")
    held = postponed(first, failures.RateLimited(), due_at=NOW + SECOND)
    assert await store.save(held, was=first)
    assert (await claim_next(store, "suno", now=NOW, lease_until=LEASE_END)).id == second.id
    assert await claim_next(store, "suno", now=NOW, lease_until=LEASE_END) is None
    assert (await claim_next(store, "suno", now=NOW + SECOND, lease_until=LEASE_END)).id == first.id


async def test_stale_submissions_are_those_with_an_expired_lease(store: Store) -> None:
    await accepted(store, "one")
    claimed = await claim_next(store, "suno", now=NOW, lease_until=LEASE_END)
    assert await store.stale_submissions(now=LEASE_END - SECOND) == []
    assert await store.stale_submissions(now=LEASE_END) == [claimed]


async def test_claim_due_returns_the_longest_due_first_with_clips(store: Store) -> None:
    late = await taken(store, "late", due_at=NOW - SECOND)
    later = await taken(store, "later", due_at=NOW - MINUTE)
    was = later
    later = observed(was, Progress(clips=(heard("a"),), is_open=True), now=NOW)
    assert await store.save(later, was=was)
    await taken(store, "future", due_at=NOW + SECOND)
    await taken(store, "elsewhere", provider="other")
    await completed_extension(store, "done", heard("b"))
    await accepted(store, "waiting")
    due = await store.claim_due("suno", now=NOW, lease_until=LEASE_END)
    assert due == [replace(later, due_at=LEASE_END), replace(late, due_at=LEASE_END)]


async def test_claim_due_returns_an_extension_again_when_its_lease_expires(store: Store) -> None:
    await taken(store, "one")
    claimed = await store.claim_due("suno", now=NOW, lease_until=LEASE_END)
    assert await store.claim_due("suno", now=NOW, lease_until=LEASE_END) == []
    again = await store.claim_due("suno", now=LEASE_END, lease_until=LEASE_END + MINUTE)
    assert again == [replace(claimed[0], due_at=LEASE_END + MINUTE)]


async def test_save_after_an_expired_lease_is_refused(store: Store) -> None:
    await taken(store, "one")
    [slow] = await store.claim_due("suno", now=NOW, lease_until=LEASE_END)
    [quick] = await store.claim_due("suno", now=LEASE_END, lease_until=LEASE_END + MINUTE)
    assert not await store.save(observed(slow, Progress(), now=LEASE_END), was=slow)
    assert await store.save(observed(quick, Progress(), now=LEASE_END), was=quick)


async def test_claim_due_respects_its_limit(store: Store) -> None:
    for number in range(3):
        await taken(store, f"{number}")
    assert len(await store.claim_due("suno", now=NOW, lease_until=LEASE_END, limit=2)) == 2
    assert len(await store.claim_due("suno", now=NOW, lease_until=LEASE_END, limit=2)) == 1


async def test_next_due_is_the_earliest_of_all_unfinished_extensions(store: Store) -> None:
    assert await store.next_due() is None
    await completed_extension(store, "done", heard("a"))
    assert await store.next_due() is None
    await taken(store, "one", due_at=NOW + MINUTE)
    assert await store.next_due() == NOW + MINUTE
    await accepted(store, "two", due_at=NOW + SECOND)
    assert await store.next_due() == NOW + SECOND


# Publishing


async def unpublished(store: Store, now: dt.datetime = NOW) -> list[Extension]:
    return await store.claim_unpublished(now=now, lease_until=now + MINUTE)


async def shown(
    store: Store, idempotency_key: str = "one", *, until: dt.datetime = NOW
) -> Extension:
    """Return an extension whose reply shows the latest of it and is left alone ``until`` then."""
    ext = await accepted(store, idempotency_key)
    await store.mark_published(ext.id, ext.revision, publish_at=until)
    return ext


async def test_accepted_extension_is_unpublished(store: Store) -> None:
    ext = await accepted(store, "one")
    assert await unpublished(store, NOW - SECOND) == []
    assert await unpublished(store) == [ext]


async def test_accepted_extension_is_not_published_before_its_time(store: Store) -> None:
    ext = (await accept(store, asked("one"), publish_at=NOW + SECOND)).extension
    assert await store.next_publish() == NOW + SECOND
    assert await unpublished(store) == []
    assert await unpublished(store, NOW + SECOND) == [ext]


async def test_claimed_reply_is_claimed_again_when_its_lease_expires(store: Store) -> None:
    ext = await accepted(store, "one")
    assert await unpublished(store) == [ext]
    assert await unpublished(store, LEASE_END - SECOND) == []
    assert await unpublished(store, LEASE_END) == [ext]


async def test_claim_unpublished_returns_final_extensions_first(store: Store) -> None:
    done = await completed_extension(store, "done", heard("a"))
    early = await accepted(store, "early")
    await store.postpone_publishing(done.id, publish_at=NOW + SECOND)
    found = await unpublished(store, NOW + SECOND)
    assert [ext.id for ext in found] == [done.id, early.id]


async def test_claim_unpublished_respects_its_limit(store: Store) -> None:
    for number in range(3):
        await accepted(store, f"{number}")
    assert len(await store.claim_unpublished(now=NOW, lease_until=LEASE_END, limit=2)) == 2


async def test_mark_published_leaves_nothing_to_publish(store: Store) -> None:
    ext = await accepted(store, "one")
    await store.mark_published(ext.id, 1, publish_at=NOW)
    assert await unpublished(store, NOW + MINUTE) == []
    assert (await store.extension(ext.id)).published == 1


async def test_revision_after_an_edit_is_published_at_its_time(store: Store) -> None:
    ext = await accepted(store, "one")
    await store.mark_published(ext.id, 1, publish_at=NOW + SECOND)
    new = replace(submitting(ext, now=NOW, lease_until=LEASE_END), revision=2)
    assert await store.save(new, was=ext)
    assert await unpublished(store) == []
    assert await unpublished(store, NOW + SECOND) == [replace(new, published=1)]


async def test_mark_published_never_lowers_the_published_revision(store: Store) -> None:
    ext = await accepted(store, "one")
    await store.mark_published(ext.id, 3, publish_at=NOW)
    await store.mark_published(ext.id, 2, publish_at=NOW)
    assert (await store.extension(ext.id)).published == 3


async def test_postpone_publishing_counts_failures_until_an_edit_succeeds(store: Store) -> None:
    ext = await accepted(store, "one")
    await store.postpone_publishing(ext.id, publish_at=NOW + SECOND)
    await store.postpone_publishing(ext.id, publish_at=NOW + MINUTE)
    assert await unpublished(store, NOW + SECOND) == []
    assert await unpublished(store, NOW + MINUTE) == [replace(ext, publish_failures=2)]
    await store.mark_published(ext.id, 1, publish_at=NOW)
    assert (await store.extension(ext.id)).publish_failures == 0


async def test_unreachable_reply_is_never_claimed(store: Store) -> None:
    ext = await accepted(store, "one")
    await store.save_reply(ext.id, replace(ext.reply, unreachable=True))
    assert await unpublished(store) == []
    assert await store.next_publish() is None


async def test_next_publish_is_the_earliest(store: Store) -> None:
    assert await store.next_publish() is None
    one, two = await accepted(store, "one"), await accepted(store, "two")
    await store.postpone_publishing(one.id, publish_at=NOW + MINUTE)
    assert await store.next_publish() == NOW
    await store.mark_published(two.id, 1, publish_at=NOW)
    assert await store.next_publish() == NOW + MINUTE


# A single reply


async def test_claim_reply_claims_a_free_reply(store: Store) -> None:
    ext = await shown(store)
    assert await store.claim_reply(ext.id, now=NOW, lease_until=LEASE_END) is None


async def test_claim_reply_returns_the_end_of_another_lease(
    store: Store,
) -> None:
    ext, other = await shown(store), await shown(store, "other")
    await store.claim_reply(ext.id, now=NOW, lease_until=LEASE_END)
    later = {"now": LEASE_END - SECOND, "lease_until": LEASE_END + MINUTE}
    assert await store.claim_reply(ext.id, **later) == LEASE_END
    assert await store.claim_reply(other.id, **later) is None
    assert await store.claim_reply(ext.id, now=LEASE_END, lease_until=LEASE_END + MINUTE) is None


async def test_claim_reply_hides_a_reply_from_claim_unpublished(store: Store) -> None:
    ext = await accepted(store, "one")
    await store.claim_reply(ext.id, now=NOW, lease_until=LEASE_END)
    assert await store.next_publish() == LEASE_END
    assert await unpublished(store, LEASE_END - SECOND) == []
    assert await unpublished(store, LEASE_END) == [ext]


async def test_claim_unpublished_hides_a_reply_from_claim_reply(
    store: Store,
) -> None:
    ext = await accepted(store, "one")
    await unpublished(store)
    assert await store.claim_reply(ext.id, now=NOW, lease_until=LEASE_END) == LEASE_END


async def test_claim_reply_after_an_edit_returns_when_it_may_be_edited(store: Store) -> None:
    ext = await shown(store, until=NOW + SECOND)
    assert await store.claim_reply(ext.id, now=NOW, lease_until=LEASE_END) == NOW + SECOND
    assert await store.claim_reply(ext.id, now=NOW + SECOND, lease_until=LEASE_END) is None


async def test_release_reply_frees_a_reply_at_the_given_time(store: Store) -> None:
    ext = await accepted(store, "one")
    await store.claim_reply(ext.id, now=NOW, lease_until=LEASE_END)
    await store.release_reply(ext.id, publish_at=NOW + SECOND)
    assert await store.claim_reply(ext.id, now=NOW, lease_until=LEASE_END) == NOW + SECOND
    # nothing was edited, so nothing counts as shown, nor as failed
    assert await unpublished(store, NOW + SECOND) == [ext]


async def test_concurrent_claims_of_a_reply_have_one_winner(store: Store) -> None:
    ext = await shown(store)
    answers = await asyncio.gather(
        *(store.claim_reply(ext.id, now=NOW, lease_until=LEASE_END) for _ in range(6))
    )
    assert answers.count(None) == 1
    assert answers.count(LEASE_END) == 5

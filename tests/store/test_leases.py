"""Leases on due extensions."""

from dataclasses import replace

from bot.domain import failures
from bot.domain.models import Progress, Status
from bot.domain.transitions import finished, observed, postponed, submitting
from bot.store.store import Store
from tests.support.store_samples import (
    MINUTE,
    NOW,
    SECOND,
    accepted,
    claim_next,
    completed_extension,
    heard,
    taken,
)

LEASE_END = NOW + MINUTE


async def test_next_waiting_returns_the_oldest(store: Store) -> None:
    await accepted(store, "elsewhere", provider="other")
    first = await accepted(store, "one")
    second = replace(await accepted(store, "two"), revision=2)  # its place has changed
    claimed = [await claim_next(store, "suno", now=NOW, lease_until=LEASE_END) for _ in range(3)]
    assert claimed == [
        submitting(first, now=NOW, lease_until=LEASE_END),
        submitting(second, now=NOW, lease_until=LEASE_END),
        None,
    ]


async def test_next_waiting_claims_nothing_until_saved(store: Store) -> None:
    assert await store.next_waiting("suno", now=NOW) == []
    first = await accepted(store, "one")
    await accepted(store, "two")
    assert await store.next_waiting("suno", now=NOW - SECOND) == []
    seen = [await store.next_waiting("suno", now=NOW) for _ in range(2)]
    assert seen == [[first], [first]]
    claimed = submitting(first, now=NOW, lease_until=LEASE_END)
    claims = [await store.claim_waiting(was, now=NOW, lease_until=LEASE_END) for was in seen]
    assert claims == [[claimed], []]


async def test_waiting_extensions_are_claimed_together_as_they_are_now(store: Store) -> None:
    exts = [await accepted(store, f"{number}") for number in range(4)]
    seen = await store.next_waiting("suno", now=NOW, limit=3)
    assert [ext.id for ext in seen] == [ext.id for ext in exts[:3]]
    cancelled = finished(exts[1], Status.CANCELLED, None, now=NOW)
    assert await store.save(cancelled, was=exts[1])
    await store.bump_queue_positions("suno")
    ready = [replace(ext, request=replace(ext.request, title="Dreams")) for ext in seen]
    claimed = await store.claim_waiting(ready, now=NOW, lease_until=LEASE_END)
    assert [ext.id for ext in claimed] == [exts[0].id, exts[2].id]
    assert [await store.extension(ext.id) for ext in claimed] == claimed
    assert {ext.request.title for ext in claimed} == {"Dreams"}
    assert {ext.status for ext in claimed} == {Status.SUBMITTING}
    behind = await store.extension(exts[3].id)
    assert behind is not None
    assert behind.revision == exts[3].revision + 2  # its place changed twice


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

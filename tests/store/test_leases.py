"""Work is claimed once, in order, and comes back when the claim lapses."""

from dataclasses import replace

from bot.domain import failures
from bot.domain.models import Progress
from bot.domain.transitions import observed, postponed, submitting
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

LAPSES = NOW + MINUTE


async def test_the_oldest_waiting_is_claimed_first(store: Store) -> None:
    await accepted(store, "elsewhere", provider="other")
    first, second = await accepted(store, "one"), await accepted(store, "two")
    claimed = [await claim_next(store, "suno", now=NOW, lease_until=LAPSES) for _ in range(3)]
    assert claimed == [
        submitting(first, now=NOW, lease_until=LAPSES),
        submitting(second, now=NOW, lease_until=LAPSES),
        None,
    ]


async def test_the_next_in_line_can_be_looked_at_and_claimed_by_saving(store: Store) -> None:
    assert await store.next_waiting("suno", now=NOW) is None
    first = await accepted(store, "one")
    await accepted(store, "two")
    assert await store.next_waiting("suno", now=NOW - SECOND) is None
    seen = [await store.next_waiting("suno", now=NOW) for _ in range(2)]
    assert seen == [first, first]
    claimed = submitting(first, now=NOW, lease_until=LAPSES)
    assert [await store.save(claimed, was=was) for was in seen] == [True, False]


async def test_what_is_not_due_yet_keeps_waiting(store: Store) -> None:
    first, second = await accepted(store, "one"), await accepted(store, "two")
    held = postponed(first, failures.RateLimited(), due_at=NOW + SECOND)
    assert await store.save(held, was=first)
    assert (await claim_next(store, "suno", now=NOW, lease_until=LAPSES)).id == second.id
    assert await claim_next(store, "suno", now=NOW, lease_until=LAPSES) is None
    assert (await claim_next(store, "suno", now=NOW + SECOND, lease_until=LAPSES)).id == first.id


async def test_a_submission_is_interrupted_once_its_claim_lapses(store: Store) -> None:
    await accepted(store, "one")
    claimed = await claim_next(store, "suno", now=NOW, lease_until=LAPSES)
    assert await store.stale_submissions(now=LAPSES - SECOND) == []
    assert await store.stale_submissions(now=LAPSES) == [claimed]


async def test_due_extensions_come_longest_due_first_and_with_their_clips(store: Store) -> None:
    late = await taken(store, "late", due_at=NOW - SECOND)
    later = await taken(store, "later", due_at=NOW - MINUTE)
    was = later
    later = observed(was, Progress(clips=(heard("a"),), is_open=True), now=NOW)
    assert await store.save(later, was=was)
    await taken(store, "future", due_at=NOW + SECOND)
    await taken(store, "elsewhere", provider="other")
    await completed_extension(store, "done", heard("b"))
    await accepted(store, "waiting")
    due = await store.claim_due("suno", now=NOW, lease_until=LAPSES)
    assert due == [replace(later, due_at=LAPSES), replace(late, due_at=LAPSES)]


async def test_claimed_work_comes_again_when_the_claim_lapses(store: Store) -> None:
    await taken(store, "one")
    claimed = await store.claim_due("suno", now=NOW, lease_until=LAPSES)
    assert await store.claim_due("suno", now=NOW, lease_until=LAPSES) == []
    again = await store.claim_due("suno", now=LAPSES, lease_until=LAPSES + MINUTE)
    assert again == [replace(claimed[0], due_at=LAPSES + MINUTE)]


async def test_who_lost_its_claim_can_no_longer_save(store: Store) -> None:
    await taken(store, "one")
    [slow] = await store.claim_due("suno", now=NOW, lease_until=LAPSES)
    [quick] = await store.claim_due("suno", now=LAPSES, lease_until=LAPSES + MINUTE)
    assert not await store.save(observed(slow, Progress(), now=LAPSES), was=slow)
    assert await store.save(observed(quick, Progress(), now=LAPSES), was=quick)


async def test_no_more_is_claimed_than_asked_for(store: Store) -> None:
    for number in range(3):
        await taken(store, f"{number}")
    assert len(await store.claim_due("suno", now=NOW, lease_until=LAPSES, limit=2)) == 2
    assert len(await store.claim_due("suno", now=NOW, lease_until=LAPSES, limit=2)) == 1


async def test_the_next_due_is_the_earliest_of_all_that_is_open(store: Store) -> None:
    assert await store.next_due() is None
    await completed_extension(store, "done", heard("a"))
    assert await store.next_due() is None
    await taken(store, "one", due_at=NOW + MINUTE)
    assert await store.next_due() == NOW + MINUTE
    await accepted(store, "two", due_at=NOW + SECOND)
    assert await store.next_due() == NOW + SECOND

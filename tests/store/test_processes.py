"""Processes that share a database: heartbeats, claims that end with them, slots, locks."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.domain.attachments import Uploads
from bot.domain.models import Extension
from bot.store.acceptance import Accepted, Quota, QuotaExceeded
from bot.store.connections import CHANNEL, lock_ids, notify_others
from bot.store.processes import PROCESS_ENDED, PROCESS_LEASE
from bot.store.schema import extensions
from bot.store.sessions import Started
from bot.store.store import Store
from tests.support.processes import open_processes
from tests.support.store_samples import (
    MINUTE,
    NOW,
    SECOND,
    accepted,
    asked,
    claim_next,
    claimed_edits,
    completed_extension,
    heard,
    taken,
)
from tests.support.stored_sessions import begun, start

LAPSES = NOW + 5 * MINUTE
DEAD = NOW + PROCESS_LEASE + SECOND


@pytest.fixture
async def both(store: Store, url: str) -> AsyncIterator[list[Store]]:
    """Two processes that have beaten; ``store`` has migrated the database."""
    del store
    async with open_processes(url) as stores:
        for each in stores:
            await each.beat_process(now=NOW)
        yield stores


async def test_store_is_shared_only_on_postgres(store: Store, url: str) -> None:
    assert store.is_shared is url.startswith("postgresql")


async def claim_everything(store: Store) -> tuple[Extension, Extension]:
    """Have a process claim what there is; return what it submits and what it tracks."""
    tracked = await taken(store, "tracked")
    await accepted(store, "sent")
    sent = await claim_next(store, "suno", now=NOW, lease_until=LAPSES)
    assert sent is not None
    assert await store.claim_due("suno", now=NOW, lease_until=LAPSES)
    assert await claimed_edits(store, now=NOW, lease_until=LAPSES)
    return sent, tracked


async def free_work(store: Store) -> tuple[list[int], list[int], list[int], list[int]]:
    """Return the ids of what a process can begin: submissions, questions, edits, audio."""
    stale = await store.stale_submissions(now=NOW)
    due = await store.claim_due("suno", now=NOW, lease_until=LAPSES)
    edits = await claimed_edits(store, now=NOW, lease_until=LAPSES)
    audio = await store.claim_audio(now=NOW, lease_until=LAPSES, limit=9)
    found = [edit.extension.id for edit in edits]
    return (
        [each.id for each in stale],
        [each.id for each in due],
        found,
        [work.extension_id for work in audio],
    )


async def test_claims_of_a_process_that_died_are_free_after_its_lease(both: list[Store]) -> None:
    dead, living = both
    done = await completed_extension(dead, "done", heard("a"))
    assert await dead.claim_audio(now=NOW + MINUTE, lease_until=LAPSES, limit=9)
    sent, tracked = await claim_everything(dead)
    assert not await living.beat_process(now=NOW + PROCESS_LEASE)
    assert await free_work(living) == ([], [], [], [])
    assert await living.beat_process(now=DEAD)
    assert not await living.beat_process(now=DEAD)
    assert await free_work(living) == (
        [sent.id],
        [tracked.id],
        [done.id, tracked.id, sent.id],
        [done.id],
    )


async def test_claims_of_a_living_process_are_kept(both: list[Store]) -> None:
    first, second = both
    await claim_everything(first)
    await first.beat_process(now=DEAD)
    assert not await second.beat_process(now=DEAD)
    assert await free_work(second) == ([], [], [], [])


async def test_process_that_ends_frees_its_claims_at_once(both: list[Store]) -> None:
    first, second = both
    sent, tracked = await claim_everything(first)
    await first.end_process()
    assert await free_work(second) == ([sent.id], [tracked.id], [tracked.id, sent.id], [])


async def test_end_of_the_only_process_changes_nothing(sqlite_url: str) -> None:
    async with Store.open(sqlite_url) as store:
        await claim_everything(store)
        await store.end_process()
        assert await free_work(store) == ([], [], [], [])


async def test_process_that_was_taken_for_dead_beats_again(both: list[Store]) -> None:
    first, second = both
    await second.beat_process(now=DEAD - SECOND)
    assert await second.beat_process(now=DEAD)
    assert not await first.beat_process(now=DEAD)
    tracked = await taken(first, "tracked")
    await first.claim_due("suno", now=NOW, lease_until=LAPSES)
    for later in (SECOND, PROCESS_LEASE, PROCESS_LEASE + SECOND):
        await second.beat_process(now=DEAD + later)
    due = await second.claim_due("suno", now=NOW, lease_until=LAPSES)
    assert [ext.id for ext in due] == [tracked.id]


async def test_nobody_is_taken_for_dead_by_who_was_silent_too(both: list[Store]) -> None:
    first, second = both
    await claim_everything(first)
    assert not await second.beat_process(now=DEAD)  # the database was away
    assert not await first.beat_process(now=DEAD)
    assert not await second.beat_process(now=DEAD + SECOND)
    assert await free_work(second) == ([], [], [], [])


async def test_interrupted_submissions_are_for_one_process(both: list[Store]) -> None:
    first, second = both
    await accepted(second, "sent")
    sent = await claim_next(second, "suno", now=NOW, lease_until=NOW + SECOND)
    assert [await each.stale_submissions(now=NOW + MINUTE) for each in both] == [[sent], []]
    await first.end_process()
    # the process that has ended asks no more; the next one is the first
    assert await second.stale_submissions(now=NOW + MINUTE) == [sent]


async def test_reply_is_edited_by_the_process_that_has_its_files(both: list[Store]) -> None:
    first, second = both
    ext = await completed_extension(first, "done", heard("a"))
    [work] = await first.claim_audio(now=NOW + MINUTE, lease_until=LAPSES, limit=1)
    assert await first.finish_audio(work, Uploads(attachments=(), files=()))
    later = NOW + MINUTE
    assert await second.unpublished(now=later) == []
    assert await second.claim_edit(ext.id, now=later, lease_until=LAPSES) is None
    assert [each.id for each in await first.unpublished(now=later)] == [ext.id]
    await first.end_process()
    assert [each.id for each in await second.unpublished(now=later)] == [ext.id]
    edit = await second.claim_edit(ext.id, now=later, lease_until=LAPSES)
    assert edit is not None
    assert edit.uploads is not None


async def test_process_does_not_wait_for_a_reply_that_another_is_claiming(
    store: Store, url: str
) -> None:
    if not store.is_shared:
        pytest.skip("one process has the database for itself")
    ext = await taken(store, "tracked")
    engine = create_async_engine(url)
    async with engine.begin() as other:
        row = select(extensions.c.id).where(extensions.c.id == ext.id)
        await other.execute(row.with_for_update())
        async with asyncio.timeout(5):
            assert await store.claim_edit(ext.id, now=NOW, lease_until=LAPSES) is None
    assert await store.claim_edit(ext.id, now=NOW, lease_until=LAPSES) is not None
    await engine.dispose()


# slots of rates


async def test_slots_are_spaced_whichever_process_takes_them(both: list[Store]) -> None:
    every = dt.timedelta(seconds=0.5)
    slots = await asyncio.gather(
        *(store.take_slot("suno:submit", every=every, now=NOW) for store in both * 5)
    )
    assert sorted(slots) == [NOW + number * every for number in range(10)]
    assert await both[0].take_slot("suno:query", every=every, now=NOW) == NOW
    assert await both[0].take_slot("suno:submit", every=every, now=NOW + MINUTE) == NOW + MINUTE


# quotas


@pytest.mark.parametrize("limit", ["member", "channel"])
async def test_racing_processes_never_exceed_a_quota(both: list[Store], limit: str) -> None:
    quota = Quota(**{limit: 2})
    asks = [replace(asked(f"{number}"), member_id=number % 2 + 1) for number in range(16)]
    if limit == "member":
        asks = [replace(ext, member_id=1) for ext in asks]
    answers = await asyncio.gather(
        *(
            both[number % 2].accept(ext, publish_at=NOW, quota=quota, double_since=NOW)
            for number, ext in enumerate(asks)
        )
    )
    assert sum(isinstance(answer, Accepted) for answer in answers) == 2
    assert sum(isinstance(answer, QuotaExceeded) for answer in answers) == 14


async def test_racing_processes_never_exceed_the_limit_of_sessions(both: list[Store]) -> None:
    answers = await asyncio.gather(
        *(start(both[n % 2], begun(f"{n}", channel_id=100 + n), limit=1) for n in range(8))
    )
    assert sum(isinstance(answer, Started) for answer in answers) == 1


class PostgresConnection:
    """Notes what would be sent to a PostgreSQL."""

    def __init__(self) -> None:
        self.dialect = SimpleNamespace(name="postgresql")
        self.executed: list[tuple[str, dict[str, Any]]] = []

    async def execute(self, statement: object, parameters: dict[str, Any]) -> None:
        self.executed.append((str(statement), parameters))


async def test_postgres_locks_ids_in_one_order() -> None:
    connection = PostgresConnection()
    await lock_ids(cast("AsyncConnection", connection), 9, 3, 9)
    statement = "SELECT pg_advisory_xact_lock(:key)"
    assert connection.executed == [(statement, {"key": 3}), (statement, {"key": 9})]


async def test_postgres_tells_others_with_the_transaction() -> None:
    connection = PostgresConnection()
    await notify_others(cast("AsyncConnection", connection), PROCESS_ENDED)
    told = {"channel": CHANNEL, "text": PROCESS_ENDED}
    assert connection.executed == [("SELECT pg_notify(:channel, :text)", told)]

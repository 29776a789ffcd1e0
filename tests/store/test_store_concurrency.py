"""However many work at once, a row is accepted, claimed and saved by one of them."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from sqlite3 import IntegrityError

import pytest
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.domain.models import Status
from bot.domain.transitions import finished
from bot.store.database import PostgresBackend, open_database
from bot.store.drafts import fact, set_fact
from bot.store.extensions import insert_new
from bot.store.sqlite import SqliteBackend
from bot.store.store import Store
from tests.support.store_samples import (
    MINUTE,
    NOW,
    accepted,
    asked,
    claim_next,
    claimed_edits,
    show,
    taken,
)

LAPSES = NOW + MINUTE


@pytest.fixture
async def stores(store: Store, url: str):  # noqa: ANN201 - a fixture
    """As many processes as the database can have at once: each has a store of its own."""
    async with AsyncExitStack() as stack:
        others = [
            await stack.enter_async_context(Store.open(url))
            for _ in range(0 if url.startswith("sqlite") else 2)
        ]
        yield [store, *others] * (6 // (1 + len(others)))


async def test_one_trigger_is_accepted_once(stores: list[Store]) -> None:
    answers = await asyncio.gather(
        *(store.insert(asked("one", clip_id=f"{n}")) for n, store in enumerate(stores * 3))
    )
    winner = next(ext for ext, is_new in answers if is_new)
    assert [is_new for _, is_new in answers].count(True) == 1
    assert [ext for ext, _ in answers] == [winner] * len(answers)


async def test_a_waiting_extension_is_claimed_by_one(stores: list[Store]) -> None:
    ids = {(await accepted(stores[0], f"{number}")).id for number in range(10)}
    rounds = [
        await asyncio.gather(
            *(claim_next(store, "suno", now=NOW, lease_until=LAPSES) for store in stores)
        )
        for _ in range(12)
    ]
    claimed = [ext.id for claims in rounds for ext in claims if ext is not None]
    assert sorted(claimed) == sorted(ids)


async def test_due_extensions_are_claimed_by_one(stores: list[Store]) -> None:
    ids = {(await taken(stores[0], f"{number}")).id for number in range(10)}
    batches = await asyncio.gather(
        *(store.claim_due("suno", now=NOW, lease_until=LAPSES, limit=3) for store in stores)
    )
    batches.append(await stores[0].claim_due("suno", now=NOW, lease_until=LAPSES))
    assert sorted(ext.id for batch in batches for ext in batch) == sorted(ids)


async def test_replies_are_claimed_by_one(stores: list[Store]) -> None:
    ids = {(await accepted(stores[0], f"{number}")).id for number in range(10)}
    batches = await asyncio.gather(
        *(claimed_edits(store, now=NOW, lease_until=LAPSES, limit=7) for store in stores)
    )
    batches.append(await claimed_edits(stores[0], now=NOW, lease_until=LAPSES))
    assert sorted(edit.extension.id for batch in batches for edit in batch) == sorted(ids)


async def test_of_many_saves_one_wins(stores: list[Store]) -> None:
    was = await taken(stores[0], "one")
    results = await asyncio.gather(
        *(
            store.save(replace(was, revision=10 + n, source_title=f"{n}"), was=was)
            for n, store in enumerate(stores)
        )
    )
    assert results.count(True) == 1
    stored = await stores[0].extension(was.id)
    assert stored.source_title == f"{results.index(True)}"


async def test_what_one_writes_survives_the_failure_of_another(store: Store) -> None:
    naive = NOW.replace(tzinfo=None)
    answers = await asyncio.gather(
        *(store.insert(replace(asked(f"{n}"), due_at=naive if n % 2 else NOW)) for n in range(12)),
        return_exceptions=True,
    )
    kept = [answer[0] for answer in answers if isinstance(answer, tuple)]
    assert len(kept) == 6
    assert [await store.extension(ext.id) for ext in kept] == kept


async def test_a_failed_write_leaves_nothing_behind(store: Store) -> None:
    was = await taken(store, "one")
    nameless = replace(finished(was, Status.FAILED, None, now=NOW), clips=(None,))
    with pytest.raises(AttributeError):
        await store.save(nameless, was=was)
    assert await store.extension(was.id) == was


@pytest.mark.parametrize("patience", range(0, 40, 3))
async def test_a_writer_that_is_cancelled_writes_all_or_nothing(
    sqlite_url: str, patience: int
) -> None:
    async with Store.open(sqlite_url) as store:
        task = asyncio.create_task(store.insert(asked("cancelled", message_id=1)))
        for _ in range(patience):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        kept = await accepted(store, "kept")
        assert await store.extension(kept.id) == kept
    async with Store.open(sqlite_url) as store:
        stored = await store.find_by_reply(1)
        assert (stored is not None) == (patience > 0)


async def test_what_was_being_written_when_the_store_closed_is_written(sqlite_url: str) -> None:
    async with Store.open(sqlite_url) as store:
        task = asyncio.create_task(store.insert(asked("late", message_id=1)))
        await asyncio.sleep(0)
        task.cancel()
    async with Store.open(sqlite_url) as store:
        assert (await store.find_by_reply(1)).idempotency_key == "late"


async def test_a_reader_that_is_cancelled_is_in_no_ones_way(store: Store) -> None:
    ext = await accepted(store, "one")
    for patience in range(0, 40, 3):
        task = asyncio.create_task(store.extension(ext.id))
        for _ in range(patience):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    assert await store.extension(ext.id) == ext
    await show(store, ext)
    assert (await store.extension(ext.id)).published == 1


async def test_a_commit_that_fails_is_told_and_leaves_nothing_behind(sqlite_url: str) -> None:
    async def orphaned(db: AsyncConnection) -> None:
        await set_fact(db, "half", "done")
        await db.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        await insert_new(db, replace(asked("orphan"), retake_of=404), NOW)

    async def mistaken(_: AsyncConnection) -> None:
        raise ZeroDivisionError

    async with open_database(sqlite_url) as database:
        answers = await asyncio.gather(
            database.write(mistaken), database.write(orphaned), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [ZeroDivisionError, IntegrityError]
        await database.write(set_fact, "whole", "done")
        assert await database.read(fact, "half") is None
        assert await database.read(fact, "whole") == "done"


async def test_a_server_keeps_a_transaction_whole_or_not_at_all(sqlite_url: str) -> None:
    async def broken(db: AsyncConnection) -> None:
        await set_fact(db, "half", "done")
        raise ZeroDivisionError

    # any database that takes transactions will do
    server = PostgresBackend(create_async_engine(sqlite_url))
    await server.run(lambda db: set_fact(db, "whole", "done"), writes=True)
    with pytest.raises(ZeroDivisionError):
        await server.run(broken, writes=True)
    await server.close()
    async with Store.open(sqlite_url) as store:
        assert (await store.notes.fact("whole"), await store.notes.fact("half")) == ("done", None)


async def test_a_file_that_was_never_opened_can_be_closed(sqlite_url: str) -> None:
    await SqliteBackend(make_url(sqlite_url)).close()


async def test_what_a_member_waits_for_goes_before_what_loops_wait_for(sqlite_url: str) -> None:
    order: list[str] = []
    is_begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow(_: AsyncConnection) -> None:
        is_begun.set()
        await may_end.wait()

    async def noted(_: AsyncConnection, who: str) -> None:
        order.append(who)

    async with open_database(sqlite_url) as database:
        running = asyncio.create_task(database.write(slow))
        await is_begun.wait()
        others = [asyncio.create_task(database.write(noted, "loop")) for _ in range(3)]
        others.append(asyncio.create_task(database.write_first(noted, "member")))
        # each task hands its work over in two steps, in which nothing else is waited for
        for _ in range(10):
            await asyncio.sleep(0)
        may_end.set()
        await asyncio.gather(running, *others)
    assert order == ["member", "loop", "loop", "loop"]

"""Concurrent calls: each row is accepted, claimed and saved by one of them."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from sqlite3 import IntegrityError

import pytest
from sqlalchemy import insert, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.domain.models import Status
from bot.domain.transitions import finished
from bot.store.acceptance import Accepted
from bot.store.database import PostgresBackend, open_database
from bot.store.drafts import set_fact
from bot.store.rows import accepted_row
from bot.store.schema import extensions
from bot.store.sqlite import SqliteBackend
from bot.store.store import Store
from tests.support.store_samples import (
    MINUTE,
    NOW,
    accept,
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


async def test_concurrent_accepts_of_one_key_store_one_extension(stores: list[Store]) -> None:
    answers = await asyncio.gather(
        *(accept(store, asked("one", clip_id=f"{n}")) for n, store in enumerate(stores * 3))
    )
    [winner] = [answer.extension for answer in answers if answer.is_new]
    assert [answer.extension for answer in answers] == [winner] * len(answers)


async def test_concurrent_submitters_claim_each_waiting_extension_once(stores: list[Store]) -> None:
    ids = {(await accepted(stores[0], f"{number}")).id for number in range(10)}
    rounds = [
        await asyncio.gather(
            *(claim_next(store, "suno", now=NOW, lease_until=LAPSES) for store in stores)
        )
        for _ in range(12)
    ]
    claimed = [ext.id for claims in rounds for ext in claims if ext is not None]
    assert sorted(claimed) == sorted(ids)


async def test_concurrent_trackers_claim_each_due_extension_once(stores: list[Store]) -> None:
    ids = {(await taken(stores[0], f"{number}")).id for number in range(10)}
    batches = await asyncio.gather(
        *(store.claim_due("suno", now=NOW, lease_until=LAPSES, limit=3) for store in stores)
    )
    batches.append(await stores[0].claim_due("suno", now=NOW, lease_until=LAPSES))
    assert sorted(ext.id for batch in batches for ext in batch) == sorted(ids)


async def test_concurrent_publishers_claim_each_reply_once(stores: list[Store]) -> None:
    ids = {(await accepted(stores[0], f"{number}")).id for number in range(10)}
    batches = await asyncio.gather(
        *(claimed_edits(store, now=NOW, lease_until=LAPSES, limit=7) for store in stores)
    )
    batches.append(await claimed_edits(stores[0], now=NOW, lease_until=LAPSES))
    assert sorted(edit.extension.id for batch in batches for edit in batch) == sorted(ids)


async def test_concurrent_saves_of_one_state_have_one_winner(stores: list[Store]) -> None:
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


async def test_failed_write_does_not_undo_others_of_its_batch(store: Store) -> None:
    naive = NOW.replace(tzinfo=None)
    answers = await asyncio.gather(
        *(accept(store, replace(asked(f"{n}"), due_at=naive if n % 2 else NOW)) for n in range(12)),
        return_exceptions=True,
    )
    kept = [answer.extension for answer in answers if isinstance(answer, Accepted)]
    assert len(kept) == 6
    assert [await store.extension(ext.id) for ext in kept] == kept


async def test_failed_write_leaves_nothing_behind(store: Store) -> None:
    was = await taken(store, "one")
    nameless = replace(finished(was, Status.FAILED, None, now=NOW), clips=(None,))
    with pytest.raises(AttributeError):
        await store.save(nameless, was=was)
    assert await store.extension(was.id) == was


@pytest.mark.parametrize("patience", range(0, 40, 3))
async def test_cancelled_write_is_whole_or_absent(sqlite_url: str, patience: int) -> None:
    async with Store.open(sqlite_url) as store:
        task = asyncio.create_task(accept(store, asked("cancelled", message_id=1)))
        for _ in range(patience):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        kept = await accepted(store, "kept")
        assert await store.extension(kept.id) == kept
    async with Store.open(sqlite_url) as store:
        stored = await store.find_by_reply(1)
        assert (stored is not None) == (patience > 0)


async def test_write_cancelled_before_closing_is_still_committed(sqlite_url: str) -> None:
    async with Store.open(sqlite_url) as store:
        task = asyncio.create_task(accept(store, asked("late", message_id=1)))
        await asyncio.sleep(0)
        task.cancel()
    async with Store.open(sqlite_url) as store:
        assert (await store.find_by_reply(1)).idempotency_key == "late"


async def test_cancelled_read_leaves_its_connection_usable(store: Store) -> None:
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


async def test_failed_commit_raises_and_leaves_nothing_behind(sqlite_url: str) -> None:
    orphan = replace(asked("orphan"), retake_of=404)

    async def orphaned(db: AsyncConnection) -> None:
        await set_fact(db, "half", "done")
        await db.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        await db.execute(insert(extensions).values(accepted_row(orphan, NOW)))

    async def mistaken(_: AsyncConnection) -> None:
        raise ZeroDivisionError

    async with open_database(sqlite_url) as database:
        answers = await asyncio.gather(
            database.run(mistaken, writes=True),
            database.run(orphaned, writes=True),
            return_exceptions=True,
        )
        assert [type(answer) for answer in answers] == [ZeroDivisionError, IntegrityError]
        store = Store(database)
        await store.set_fact("whole", "done")
        assert (await store.fact("whole"), await store.fact("half")) == ("done", None)


async def test_postgres_backend_commits_or_rolls_back_a_whole_transaction(sqlite_url: str) -> None:
    async def broken(db: AsyncConnection) -> None:
        await set_fact(db, "half", "done")
        raise ZeroDivisionError

    # any database that takes transactions will do
    server = PostgresBackend(create_async_engine(sqlite_url))
    await server.run(lambda db: set_fact(db, "whole", "done"), writes=True, urgent=False)
    with pytest.raises(ZeroDivisionError):
        await server.run(broken, writes=True, urgent=False)
    await server.close()
    async with Store.open(sqlite_url) as store:
        assert (await store.fact("whole"), await store.fact("half")) == ("done", None)


async def test_sqlite_backend_can_be_closed_unopened(sqlite_url: str) -> None:
    await SqliteBackend(make_url(sqlite_url)).close()


async def test_urgent_writes_go_before_ordinary_ones(sqlite_url: str) -> None:
    order: list[str] = []
    is_begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow(_: AsyncConnection) -> None:
        is_begun.set()
        await may_end.wait()

    async def note(_: AsyncConnection, who: str) -> None:
        order.append(who)

    async with open_database(sqlite_url) as database:
        running = asyncio.create_task(database.run(slow, writes=True))
        await is_begun.wait()
        others = [
            asyncio.create_task(
                database.run(lambda db, who=who: note(db, who), writes=True, urgent=who == "member")
            )
            for who in ("loop", "loop", "loop", "member")
        ]
        # each task hands its work over in two steps, in which nothing else is waited for
        for _ in range(10):
            await asyncio.sleep(0)
        may_end.set()
        await asyncio.gather(running, *others)
    assert order == ["member", "loop", "loop", "loop"]


async def test_commit_of_ordinary_writes_ends_where_an_urgent_one_arrives(sqlite_url: str) -> None:
    order: list[str] = []

    async def note(_: AsyncConnection, who: str) -> None:
        order.append(who)

    async with open_database(sqlite_url) as database:

        async def add(who: str, *, urgent: bool = False) -> None:
            await database.run(lambda db: note(db, who), writes=True, urgent=urgent)

        arrived = asyncio.Event()

        async def hold(_: AsyncConnection) -> None:
            order.append("held")
            await arrived.wait()

        first = asyncio.create_task(add("first"))
        holding = asyncio.create_task(database.run(hold, writes=True))
        others = [asyncio.create_task(add(who)) for who in ("second", "third")]
        async with asyncio.timeout(5):
            while "held" not in order:  # noqa: ASYNC110 - the backend tells nobody
                await asyncio.sleep(0)
        others.append(asyncio.create_task(add("member", urgent=True)))
        # it hands its work over in two steps, in which nothing else is waited for
        for _ in range(10):
            await asyncio.sleep(0)
        arrived.set()
        await asyncio.gather(first, holding, *others)
    assert order == ["first", "held", "member", "second", "third"]

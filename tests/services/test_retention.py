"""What is old is deleted once an hour."""

import datetime as dt

from bot.domain.form import Form
from bot.domain.transitions import cancelled
from bot.services.retention import EVERY, MAX_BATCHES, Retention
from bot.store.retention import DRAFT_LIFETIME
from bot.store.store import Store
from tests.support.service_harness import START, ManualClock
from tests.support.store_samples import MEMBER, accepted


async def test_what_is_old_is_deleted_every_hour(store: Store) -> None:
    clock = ManualClock()
    retention = Retention(store, clock=clock, keep=None)
    draft_id = await store.keep_draft(Form(clip="abc"), member_id=1, now=START - DRAFT_LIFETIME)
    await retention.run_once()
    assert await store.draft(draft_id, member_id=1) is not None
    clock.advance(EVERY.total_seconds() - 1)
    await retention.run_once()
    assert await store.draft(draft_id, member_id=1) is not None
    clock.advance(1)
    await retention.run_once()
    assert await store.draft(draft_id, member_id=1) is None


async def test_much_is_deleted_in_several_runs_at_once(store: Store) -> None:
    clock = ManualClock()
    clock.advance(30 * 86_400)
    count = 2 * MAX_BATCHES + 2  # each deletes one that failed, and one that is old
    for number in range(count):
        ext = await accepted(store, f"key-{number}")
        assert await store.save(cancelled(ext, now=START), was=ext)
    retention = Retention(store, clock=clock, keep=dt.timedelta(days=1), batch=1)
    await retention.run_once()
    assert len((await store.data_of_member(MEMBER))["extensions"]) == 2
    await retention.run_once()
    assert (await store.data_of_member(MEMBER))["extensions"] == []

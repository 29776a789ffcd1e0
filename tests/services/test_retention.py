"""What is old is deleted once an hour."""

import datetime as dt

from bot.domain.form import Form
from bot.domain.transitions import cancelled
from bot.services.retention import EVERY, Retention
from bot.store.retention import BATCH, DRAFT_LIFETIME
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


async def test_all_that_is_old_is_deleted_in_one_run(store: Store) -> None:
    clock = ManualClock()
    for number in range(BATCH + 1):
        ext = await accepted(store, f"key-{number}")
        assert await store.save(cancelled(ext, now=START - dt.timedelta(days=2)), was=ext)
    await Retention(store, clock=clock, keep=dt.timedelta(days=1)).run_once()
    assert (await store.data_of_member(MEMBER))["extensions"] == []

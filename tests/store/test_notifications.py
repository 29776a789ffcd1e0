"""Members who are to be told: requested while it works, claimed once it is shown, told once."""

import asyncio
import datetime as dt
from dataclasses import replace

import pytest

from bot.domain.attachments import Attachment, AttachmentStatus, Uploads
from bot.domain.models import Extension, Status
from bot.domain.notifications import Notification
from bot.domain.sessions.models import SESSION_KEY_PREFIX
from bot.domain.transitions import reopened
from bot.store.notifications import RequestResult
from bot.store.store import Store
from tests.support.ended_extensions import ask, fail, failed, show, stored
from tests.support.store_samples import (
    MEMBER,
    MINUTE,
    NOW,
    SECOND,
    accept,
    accepted,
    asked,
    completed_extension,
    heard,
    taken,
)

ADA, BEN, CLEO = MEMBER, MEMBER + 1, MEMBER + 2
LATER = NOW + 5 * MINUTE
LAPSES = LATER + MINUTE


async def claimed(
    store: Store, *, now: dt.datetime = LATER, limit: int = 9, excluding: tuple[int, ...] = ()
) -> list[Notification]:
    return await store.claim_notifications(
        now=now, lease_until=LAPSES, limit=limit, excluding=excluding
    )


# Requests


async def test_request_is_stored_once(store: Store) -> None:
    ext = await accepted(store, "one")
    first = await store.request_notification(ext.id, ADA, now=NOW)
    assert first == RequestResult(ext, is_new=True, is_always=False)
    again = await store.request_notification(ext.id, ADA, now=NOW)
    assert again == RequestResult(ext, is_new=False, is_always=False)
    other = await store.request_notification(ext.id, BEN, now=NOW)
    assert other == RequestResult(ext, is_new=True, is_always=False)


async def test_unknown_extension_has_no_request(store: Store) -> None:
    assert await store.request_notification(404, ADA, now=NOW) is None


async def test_request_after_the_final_status_is_not_stored(store: Store) -> None:
    ext = await failed(store, "one")
    late = await store.request_notification(ext.id, ADA, now=NOW)
    assert late == RequestResult(ext, is_new=False, is_always=False)
    assert await claimed(store) == []


async def test_request_is_withdrawn(store: Store) -> None:
    ext = await accepted(store, "one")
    await ask(store, ext, ADA, BEN)
    await store.withdraw_notification(ext.id, ADA)
    await show(store, await fail(store, ext))
    [notification] = await claimed(store)
    assert notification.member_ids == (BEN,)
    await store.withdraw_notification(404, ADA)


# Always


async def test_preference_requests_each_extension_of_the_member(store: Store) -> None:
    await store.set_always_notify(ADA, always=True)
    await store.set_always_notify(ADA, always=True)
    ext = await accepted(store, "one")
    foreign = await accepted(store, "two", member_id=BEN)
    [mine, other] = [await store.request_notification(e.id, ADA, now=NOW) for e in (ext, foreign)]
    assert mine == RequestResult(ext, is_new=False, is_always=True)
    assert other == RequestResult(foreign, is_new=True, is_always=True)


async def test_standing_request_is_told_apart(store: Store) -> None:
    await store.set_always_notify(ADA, always=True)
    one, two = await accepted(store, "one"), await accepted(store, "two")
    await ask(store, two, ADA)  # a promise
    await ask(store, one, BEN)
    for ext in (one, two):
        await show(store, await fail(store, ext))
    first, second = await claimed(store)
    assert (first.requested_by, first.standing_for) == ((BEN,), (ADA,))
    assert (second.requested_by, second.standing_for) == ((ADA,), ())


async def test_preference_is_taken_back_with_what_it_requested(store: Store) -> None:
    await store.set_always_notify(ADA, always=True)
    one, two = await accepted(store, "one"), await accepted(store, "two")
    await ask(store, two, ADA)
    await store.set_always_notify(ADA, always=False)
    three = await accepted(store, "three")
    for ext in (one, two, three):
        await show(store, await fail(store, ext))
    [notification] = await claimed(store)
    assert notification.extension.id == two.id
    assert notification.requested_by == (ADA,)


async def test_repeated_event_requests_nothing_again(store: Store) -> None:
    ext = await accepted(store, "one")
    await store.set_always_notify(ADA, always=True)
    assert not (await accept(store, asked("one"))).is_new
    result = await store.request_notification(ext.id, ADA, now=NOW)
    assert result is not None
    assert result.is_new


async def test_preference_does_not_hold_for_what_a_session_makes(store: Store) -> None:
    await store.set_always_notify(ADA, always=True)
    ext = await accepted(store, f"{SESSION_KEY_PREFIX}1:song")
    await show(store, await fail(store, ext))
    assert await claimed(store) == []


# Claims


async def test_extension_is_claimed_once_its_reply_shows_the_final_status(store: Store) -> None:
    ext = await taken(store, "one")
    await ask(store, ext, BEN, ADA)
    assert await store.next_notification() is None
    ended = await fail(store, ext)
    assert await store.next_notification() is None
    assert await claimed(store) == []
    await show(store, ended)
    assert await store.next_notification() == NOW
    assert await claimed(store, now=NOW - SECOND) == []
    assert await claimed(store, excluding=(ext.id,)) == []
    assert await claimed(store) == [
        Notification(extension=await stored(store, ext), requested_by=(ADA, BEN), due_at=LAPSES)
    ]
    assert await claimed(store) == []
    assert await store.next_notification() == LAPSES
    assert len(await claimed(store, now=LAPSES)) == 1


async def test_complete_extension_is_claimed_after_its_audio_is_shown(store: Store) -> None:
    was = await taken(store, "one")
    await ask(store, was, ADA)
    ext = await completed(store, was)
    await show(store, ext)
    assert await store.next_notification() is None
    [work] = await store.claim_audio(now=LATER, lease_until=LAPSES, limit=1)
    shown = Attachment(clip_id="a", outcome=AttachmentStatus.ATTACHED)
    assert await store.finish_audio(work, Uploads(attachments=(shown,)))
    assert await claimed(store) == []
    await show(store, ext)
    [notification] = await claimed(store)
    assert notification.extension.status is Status.COMPLETE


async def completed(store: Store, was: Extension) -> Extension:
    from_provider = replace(
        was, status=Status.COMPLETE, clips=(heard("a"),), finished_at=NOW, revision=was.revision + 1
    )
    assert await store.save(from_provider, was=was)
    return await stored(store, was)


async def test_final_status_that_no_route_shows_is_claimed(store: Store) -> None:
    ext = await taken(store, "one")
    await ask(store, ext, ADA)
    await show(store, await fail(store, ext), is_final=False)
    assert len(await claimed(store)) == 1


async def test_unreachable_reply_is_claimed_although_its_audio_is_queued(store: Store) -> None:
    was = await taken(store, "one")
    await ask(store, was, ADA)
    ext = await completed(store, was)
    await store.save_reply(ext.id, replace(ext.reply, unreachable=True))
    assert len(await claimed(store)) == 1


async def test_extension_that_works_again_is_not_claimed(store: Store) -> None:
    ext = await completed_extension(store, "one", replace(heard("a"), audio_url=None))
    await show(store, ext)
    was = await stored(store, ext)
    again = reopened(was, now=NOW, deadline=MINUTE)
    assert await store.save(again, was=was)
    await ask(store, ext, ADA)
    assert await claimed(store) == []


async def test_claim_respects_its_limit(store: Store) -> None:
    for number in range(3):
        await failed(store, f"{number}", ADA)
    assert len(await claimed(store, limit=2)) == 2
    assert len(await claimed(store, limit=2)) == 1


async def test_concurrent_claims_have_each_extension_once(store: Store, url: str) -> None:
    ids = [(await failed(store, f"{number}", ADA, BEN)).id for number in range(4)]
    if url.startswith("sqlite"):
        rounds = await asyncio.gather(*(claimed(store) for _ in range(4)))
    else:
        async with Store.open(url) as other:
            rounds = await asyncio.gather(*(claimed(each) for each in (store, other) * 2))
    found = [notification for each in rounds for notification in each]
    assert sorted(each.extension.id for each in found) == ids
    assert {each.member_ids for each in found} == {(ADA, BEN)}


async def test_claim_of_a_process_that_has_ended_lapses(sqlite_url: str) -> None:
    async with Store.open(sqlite_url) as store:
        await failed(store, "one", ADA)
        assert len(await claimed(store)) == 1
    async with Store.open(sqlite_url) as store:
        assert len(await claimed(store, now=NOW)) == 1


# Afterwards


async def test_told_members_are_not_claimed_again(store: Store) -> None:
    await failed(store, "one", ADA, BEN, CLEO)
    [notification] = await claimed(store)
    await store.finish_notification(notification, [ADA])
    await store.finish_notification(notification, {CLEO})
    [left] = await claimed(store, now=LAPSES)
    assert left.member_ids == (BEN,)


async def test_lapsed_claim_finishes_nothing(store: Store) -> None:
    await failed(store, "one", ADA)
    [lapsed] = await claimed(store)
    again = LAPSES + MINUTE
    [current] = await store.claim_notifications(now=LAPSES, lease_until=again, limit=1)
    await store.finish_notification(lapsed, [ADA])
    await store.postpone_notification(lapsed, [ADA], due_at=NOW)
    assert await store.next_notification() == again
    await store.finish_notification(current, [ADA])
    assert await store.next_notification() is None


async def test_postponed_members_are_claimed_later_even_if_they_were_finished(
    store: Store,
) -> None:
    await store.set_always_notify(ADA, always=True)
    await failed(store, "one", BEN, CLEO)
    [notification] = await claimed(store)
    await store.finish_notification(notification, [ADA, CLEO])
    await store.postpone_notification(notification, [ADA, BEN], due_at=LATER + SECOND)
    assert await claimed(store) == []
    [again] = await claimed(store, now=LATER + SECOND)
    assert (again.requested_by, again.standing_for) == ((BEN,), (ADA,))
    assert again.failures == 1


@pytest.mark.parametrize("count", [0, 1])
async def test_postponing_counts_each_attempt(store: Store, count: int) -> None:
    await failed(store, "one", ADA)
    for number in range(count):
        [notification] = await claimed(store)
        assert notification.failures == number
        await store.postpone_notification(notification, [ADA], due_at=NOW)
    [notification] = await claimed(store)
    assert notification.failures == count

"""A song goes on: other takes, continuations, and the replies that say so."""

import asyncio
import datetime as dt
from dataclasses import replace

import pytest

from bot.domain.errors import UserError
from bot.domain.form import Form
from bot.domain.models import Extension, ReplyRef, Status
from bot.services.acceptance import DOUBLE_CLICK_WINDOW, FIRST_REPLY_TIMEOUT
from bot.services.extensions import CONTINUATION_NEWS_DELAY
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import ADA, BEN, SOURCE, ServiceHarness, reply_to
from tests.support.store_samples import accept

APART = dt.timedelta(seconds=1.5)
MOMENT = dt.timedelta(milliseconds=1)


async def replied(harness: ServiceHarness, ext: Extension) -> None:
    """Have the first reply to ``ext`` stand where it was meant to."""
    await harness.service.record_first_reply(ext, ext.reply, min_edit_interval=APART)


# Another take


async def test_another_take_asks_for_the_same(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    first = await harness.finished("1", lyrics="la la", style="folk", title="Song", at="1:02.5")
    take, is_new = await harness.retake(first, "2", member_id=BEN)
    await harness.submit()
    assert is_new
    assert suno.sent[1] == suno.sent[0]
    assert (take.retake_of, take.member_id) == (first.id, BEN)


async def test_retake_of_unknown_extension_is_refused(harness: ServiceHarness) -> None:
    with pytest.raises(UserError, match="don't know"):
        await harness.service.retake(404, idempotency_key="1", member_id=ADA, reply=reply_to("1"))


async def test_a_double_click_asks_once(harness: ServiceHarness) -> None:
    first = await harness.finished("1")
    take, _ = await harness.retake(first, "2")
    harness.clock.now += DOUBLE_CLICK_WINDOW - MOMENT
    assert await harness.retake(first, "3") == (take, False)


async def test_two_clicks_at_the_same_moment_ask_once(harness: ServiceHarness) -> None:
    first = await harness.finished("1")
    takes = await asyncio.gather(*(harness.retake(first, str(number)) for number in range(2, 6)))
    assert len({ext.id for ext, _ in takes}) == 1
    assert sorted(is_new for _, is_new in takes) == [False, False, False, True]


async def test_later_click_asks_for_another_retake(harness: ServiceHarness) -> None:
    first = await harness.finished("1")
    take, _ = await harness.retake(first, "2")
    harness.clock.now += DOUBLE_CLICK_WINDOW
    another, is_new = await harness.retake(first, "3")
    assert is_new
    assert another.id != take.id


async def test_clicks_of_two_members_are_two_retakes(harness: ServiceHarness) -> None:
    first = await harness.finished("1")
    takes = [await harness.retake(first, str(who), member_id=who) for who in (ADA, BEN)]
    assert [is_new for _, is_new in takes] == [True, True]


async def test_takes_of_two_replies_are_two_takes(harness: ServiceHarness) -> None:
    replies = [await harness.finished("1"), await harness.finished("2")]
    takes = [await harness.retake(reply, f"take {reply.id}") for reply in replies]
    assert [is_new for _, is_new in takes] == [True, True]


async def test_a_replayed_click_asks_once_however_late(harness: ServiceHarness) -> None:
    first = await harness.finished("1")
    take, _ = await harness.retake(first, "2")
    harness.clock.advance(3600)
    assert await harness.retake(first, "2") == (take, False)


async def test_same_form_sent_twice_is_two_extensions(harness: ServiceHarness) -> None:
    one, two = await harness.ask("1"), await harness.ask("2")
    assert one.id != two.id


async def test_retake_shows_its_original(harness: ServiceHarness) -> None:
    first = await harness.finished("1")
    take, _ = await harness.retake(first, "2")
    assert (await harness.reply_contexts.load(take)).retake_of == first
    assert (await harness.reply_contexts.load(first)).retake_of is None


# The first reply


async def answering(
    harness: ServiceHarness, idempotency_key: str, *, answers: int | None
) -> Extension:
    reply = ReplyRef(channel_id=7, reply_to_id=answers)
    form = Form(clip=SOURCE, at="10")
    ext, _, _ = await harness.acceptance.accept_form(
        form, idempotency_key=idempotency_key, member_id=ADA, reply=reply
    )
    return ext


async def test_a_reply_that_answers_a_message_is_the_publishers_at_once(
    harness: ServiceHarness,
) -> None:
    await answering(harness, "1", answers=42)
    assert await harness.store.next_publish() == harness.clock()


async def test_any_other_first_reply_is_left_to_who_accepted(harness: ServiceHarness) -> None:
    await answering(harness, "1", answers=None)
    assert await harness.store.next_publish() == harness.clock() + FIRST_REPLY_TIMEOUT


async def test_accepting_wakes_the_publisher(harness: ServiceHarness) -> None:
    await answering(harness, "1", answers=42)
    async with asyncio.timeout(1) as most:
        await harness.wakeups.publisher.wait(60)
    assert not most.expired()


async def test_an_extension_is_found_by_its_message(harness: ServiceHarness) -> None:
    ext = await harness.ask("1")
    assert ext.reply.message_id is not None
    assert await harness.store.find_by_reply(ext.reply.message_id) == ext
    assert await harness.store.find_by_reply(1) is None


# Continuations


async def test_continuations_are_announced_after_a_debounce(harness: ServiceHarness) -> None:
    song = await harness.finished("1")
    await replied(harness, song)
    ext = await harness.ask("2", clip=song.reply.url)
    await replied(harness, ext)
    assert await harness.has_news(song)
    assert await harness.store.next_publish() == harness.clock() + CONTINUATION_NEWS_DELAY
    assert (await harness.reply_contexts.load(song)).continuations == (await harness.now(ext),)


async def test_ten_continuations_are_one_edit(harness: ServiceHarness) -> None:
    song = await harness.finished("1")
    await replied(harness, song)
    first_at = harness.clock()
    for number in range(10):
        await replied(harness, await harness.ask(f"go on {number}", clip=song.reply.url))
        harness.clock.advance(0.5)
    at = first_at + CONTINUATION_NEWS_DELAY
    assert await harness.store.next_publish() == at
    [behind] = await harness.store.unpublished(now=at)
    assert behind.id == song.id
    assert len((await harness.reply_contexts.load(behind)).continuations) == 10


async def test_only_complete_replies_announce_continuations(harness: ServiceHarness) -> None:
    song = await harness.submitted("1")
    request = replace(song.request, clip_id=song.clips[0].id)
    going_on = replace(song, id=0, idempotency_key="2", request=request, clips=())
    await accept(harness.store, going_on)
    assert (await harness.reply_contexts.load(song)).continuations == ()
    complete = replace(song, status=Status.COMPLETE)
    assert len((await harness.reply_contexts.load(complete)).continuations) == 1


async def test_news_of_a_continuation_never_costs_the_tracker_its_answer(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    song = await harness.submitted("1")
    going_on = replace(song, request=replace(song.request, clip_id=song.clips[0].id))

    async def meanwhile(_: object) -> dict[object, object]:
        await harness.service.announce_continuation(going_on)
        return {}

    suno.on_fetch.then(meanwhile)
    await harness.overdue(song)
    await harness.track()
    assert (await harness.now(song)).due_at - harness.clock() < dt.timedelta(minutes=1)

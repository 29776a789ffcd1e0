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


async def replied(world: ServiceHarness, ext: Extension) -> None:
    """Have the first reply to ``ext`` stand where it was meant to."""
    await world.service.record_first_reply(ext, ext.reply, min_edit_interval=APART)


# Another take


async def test_another_take_asks_for_the_same(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    first = await world.finished("1", lyrics="la la", style="folk", title="Song", at="1:02.5")
    take, is_new = await world.take(first, "2", member_id=BEN)
    await world.submit()
    assert is_new
    assert suno.sent[1] == suno.sent[0]
    assert (take.retake_of, take.member_id) == (first.id, BEN)


async def test_a_take_of_what_is_not_known_is_refused(world: ServiceHarness) -> None:
    with pytest.raises(UserError, match="does not know"):
        await world.service.retake(404, idempotency_key="1", member_id=ADA, reply=reply_to("1"))


async def test_a_double_click_asks_once(world: ServiceHarness) -> None:
    first = await world.finished("1")
    take, _ = await world.take(first, "2")
    world.clock.now += DOUBLE_CLICK_WINDOW - MOMENT
    assert await world.take(first, "3") == (take, False)


async def test_two_clicks_at_the_same_moment_ask_once(world: ServiceHarness) -> None:
    first = await world.finished("1")
    takes = await asyncio.gather(*(world.take(first, str(number)) for number in range(2, 6)))
    assert len({ext.id for ext, _ in takes}) == 1
    assert sorted(is_new for _, is_new in takes) == [False, False, False, True]


async def test_a_later_click_asks_for_one_more(world: ServiceHarness) -> None:
    first = await world.finished("1")
    take, _ = await world.take(first, "2")
    world.clock.now += DOUBLE_CLICK_WINDOW
    another, is_new = await world.take(first, "3")
    assert is_new
    assert another.id != take.id


async def test_what_two_members_click_are_two_takes(world: ServiceHarness) -> None:
    first = await world.finished("1")
    takes = [await world.take(first, str(who), member_id=who) for who in (ADA, BEN)]
    assert [is_new for _, is_new in takes] == [True, True]


async def test_takes_of_two_replies_are_two_takes(world: ServiceHarness) -> None:
    replies = [await world.finished("1"), await world.finished("2")]
    takes = [await world.take(reply, f"take {reply.id}") for reply in replies]
    assert [is_new for _, is_new in takes] == [True, True]


async def test_a_replayed_click_asks_once_however_late(world: ServiceHarness) -> None:
    first = await world.finished("1")
    take, _ = await world.take(first, "2")
    world.clock.advance(3600)
    assert await world.take(first, "2") == (take, False)


async def test_the_same_form_sent_twice_is_two_wishes(world: ServiceHarness) -> None:
    one, two = await world.ask("1"), await world.ask("2")
    assert one.id != two.id


async def test_a_take_shows_of_what_it_is_one(world: ServiceHarness) -> None:
    first = await world.finished("1")
    take, _ = await world.take(first, "2")
    assert (await world.reply_contexts.load(take)).retake_of == first
    assert (await world.reply_contexts.load(first)).retake_of is None


# The first reply


async def answering(
    world: ServiceHarness, idempotency_key: str, *, answers: int | None
) -> Extension:
    reply = ReplyRef(channel_id=7, reply_to_id=answers)
    form = Form(clip=SOURCE, at="10")
    ext, _, _ = await world.acceptance.accept_form(
        form, idempotency_key=idempotency_key, member_id=ADA, reply=reply
    )
    return ext


async def test_a_reply_that_answers_a_message_is_the_publishers_at_once(
    world: ServiceHarness,
) -> None:
    await answering(world, "1", answers=42)
    assert await world.store.next_publish() == world.clock()


async def test_any_other_first_reply_is_left_to_who_accepted(world: ServiceHarness) -> None:
    await answering(world, "1", answers=None)
    assert await world.store.next_publish() == world.clock() + FIRST_REPLY_TIMEOUT


async def test_accepting_wakes_the_publisher(world: ServiceHarness) -> None:
    await answering(world, "1", answers=42)
    async with asyncio.timeout(1) as most:
        await world.wakeups.publisher.wait(60)
    assert not most.expired()


async def test_an_extension_is_found_by_its_message(world: ServiceHarness) -> None:
    ext = await world.ask("1")
    assert ext.reply.message_id is not None
    assert await world.store.find_by_reply(ext.reply.message_id) == ext
    assert await world.store.find_by_reply(1) is None


# Continuations


async def test_a_reply_tells_that_it_goes_on_some_time_after_it_does(world: ServiceHarness) -> None:
    song = await world.finished("1")
    await replied(world, song)
    ext = await world.ask("2", clip=song.reply.url)
    await replied(world, ext)
    assert await world.has_news(song)
    assert await world.store.next_publish() == world.clock() + CONTINUATION_NEWS_DELAY
    assert (await world.reply_contexts.load(song)).continuations == (await world.now(ext),)


async def test_ten_continuations_are_one_edit(world: ServiceHarness) -> None:
    song = await world.finished("1")
    await replied(world, song)
    first_at = world.clock()
    for number in range(10):
        await replied(world, await world.ask(f"go on {number}", clip=song.reply.url))
        world.clock.advance(0.5)
    at = first_at + CONTINUATION_NEWS_DELAY
    assert await world.store.next_publish() == at
    [behind] = await world.store.unpublished(now=at)
    assert behind.id == song.id
    assert len((await world.reply_contexts.load(behind)).continuations) == 10


async def test_only_a_complete_reply_tells_how_it_goes_on(world: ServiceHarness) -> None:
    song = await world.submitted("1")
    request = replace(song.request, clip_id=song.clips[0].id)
    going_on = replace(song, id=0, idempotency_key="2", request=request, clips=())
    await accept(world.store, going_on)
    assert (await world.reply_contexts.load(song)).continuations == ()
    complete = replace(song, status=Status.COMPLETE)
    assert len((await world.reply_contexts.load(complete)).continuations) == 1


async def test_news_of_a_continuation_never_costs_the_tracker_its_answer(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    song = await world.submitted("1")
    going_on = replace(song, request=replace(song.request, clip_id=song.clips[0].id))

    async def meanwhile(_: object) -> dict[object, object]:
        await world.service.announce_continuation(going_on)
        return {}

    suno.on_fetch.then(meanwhile)
    await world.overdue(song)
    await world.track()
    assert (await world.now(song)).due_at - world.clock() < dt.timedelta(minutes=1)

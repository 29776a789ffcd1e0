import asyncio
import datetime as dt
from dataclasses import replace

import pytest

from bot.domain.errors import UserError
from bot.domain.form import Form
from bot.domain.models import Extension, Status
from bot.services.acceptance import FIRST_REPLY_TIMEOUT
from bot.store.store import Store
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import (
    ADA,
    BEN,
    OTHER,
    SOURCE,
    ServiceHarness,
    actor,
    complete,
    handle_of,
    queued,
    reply_to,
)


async def test_what_is_accepted_waits_in_the_store(world: ServiceHarness) -> None:
    ext = await world.ask("1", at="1:02.5", lyrics="la la", style="folk, dreamy", title="Song")
    stored = await world.now(ext)
    assert stored == ext
    assert (stored.status, stored.member_id) == (Status.WAITING, ADA)
    assert stored.request.continue_at == 62.5
    assert stored.request.style == ("folk", "dreamy")
    assert stored.deadline_at - stored.created_at == dt.timedelta(minutes=15)


async def test_nothing_is_sent_while_accepting(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    await world.ask("1", at="end")
    assert (suno.sent, suno.looked_up) == ([], [])


async def test_the_same_trigger_is_accepted_once(world: ServiceHarness) -> None:
    form = Form(clip=SOURCE, at="10")
    first, is_first_new, _ = await world.acceptance.accept_form(
        form, idempotency_key="1", member_id=ADA, reply=reply_to("1")
    )
    second, is_second_new, _ = await world.acceptance.accept_form(
        replace(form, lyrics="other"), idempotency_key="1", member_id=BEN, reply=reply_to("2")
    )
    assert (is_first_new, is_second_new) == (True, False)
    assert second == first


async def test_the_same_trigger_at_the_same_moment_is_accepted_once(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    accepted = await asyncio.gather(
        *(
            world.acceptance.accept_form(
                Form(clip=SOURCE, at="10"), idempotency_key="1", member_id=ADA, reply=reply_to("1")
            )
            for _ in range(5)
        )
    )
    await world.submit()
    assert sorted(each.is_new for each in accepted) == [False] * 4 + [True]
    assert len({each.extension.id for each in accepted}) == 1
    assert len(suno.sent) == 1


async def test_accepting_wakes_the_submitter(world: ServiceHarness) -> None:
    await world.ask("1")
    async with asyncio.timeout(1) as most:
        await world.wakeups.submitter.wait(60)
    assert not most.expired()


async def test_the_publisher_leaves_the_first_reply_to_whoever_accepted(
    world: ServiceHarness,
) -> None:
    await world.ask("1")
    assert await world.store.next_publish() == world.clock() + FIRST_REPLY_TIMEOUT


async def test_a_first_reply_is_not_published_again(world: ServiceHarness) -> None:
    ext = await world.ask("1")
    reply = replace(ext.reply, message_id=42)
    await world.service.record_first_reply(ext, reply, min_edit_interval=dt.timedelta(seconds=1.5))
    assert (await world.now(ext)).reply == reply
    assert await world.store.next_publish() is None


async def test_a_clip_made_here_brings_its_title_and_reply_along(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    first = await world.submitted("1")
    suno.progress[handle_of(first)] = complete(first, title="Electric Dreams", duration=100.0)
    await world.overdue(first)
    await world.track()
    assert first.reply.url is not None
    second = await world.ask("2", clip=first.reply.url, at="end")
    assert second.request.clip_id == handle_of(first).clip_ids[0]
    assert second.request.title == "Electric Dreams"
    assert (second.source_title, second.source_url) == ("Electric Dreams", first.reply.url)


async def test_places_in_line_are_counted_per_provider(store: Store) -> None:
    world = ServiceHarness(store, ScriptedProvider(), ScriptedProvider("other"))
    first, second = await world.ask("1"), await world.ask("2")
    elsewhere = await world.ask("3", clip=OTHER, provider="other")
    places = [
        (await world.reply_contexts.load(ext)).queue_position for ext in (first, second, elsewhere)
    ]
    assert places == [1, 2, 1]


async def test_only_waiting_ones_have_a_place_in_line(world: ServiceHarness) -> None:
    taken = await world.submitted("1")
    context = await world.reply_contexts.load(taken)
    assert (context.queue_position, context.label, context.typical_duration) == (
        None,
        "Suno Test",
        None,
    )


async def test_a_provider_that_is_gone_goes_by_its_bare_name(
    world: ServiceHarness, store: Store
) -> None:
    ext = await world.ask("1")
    later = ServiceHarness(store, ScriptedProvider("other"), clock=world.clock)
    assert (await later.reply_contexts.load(ext)).label == "suno"


async def test_what_is_usual_is_told_once_it_is_learned(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    exts = [await world.ask(str(number)) for number in range(8)]
    await world.submit()
    exts = [await world.now(ext) for ext in exts]
    suno.progress.update({handle_of(ext): complete(ext) for ext in exts})
    world.clock.advance(150)
    await world.track()
    context = await world.reply_contexts.load(await world.ask("9"))
    assert context.typical_duration == dt.timedelta(seconds=150)


async def test_a_waiting_extension_can_be_cancelled_and_is_never_sent(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await world.ask("1")
    await world.service.cancel(ext.id, actor())
    await world.submit()
    assert (await world.now(ext)).status is Status.CANCELLED
    assert suno.sent == []


async def test_cancelling_moves_the_line(world: ServiceHarness) -> None:
    first, second = await world.ask("1"), await world.ask("2")
    await world.service.cancel(first.id, actor())
    moved = await world.now(second)
    assert moved.revision > second.revision
    assert (await world.reply_contexts.load(moved)).queue_position == 1


async def test_a_moderator_may_cancel_for_others(world: ServiceHarness) -> None:
    ext = await world.ask("1")
    await world.service.cancel(ext.id, actor(BEN, is_moderator=True))
    assert (await world.now(ext)).status is Status.CANCELLED


async def test_nobody_else_may_cancel(world: ServiceHarness) -> None:
    ext = await world.ask("1")
    with pytest.raises(UserError, match="moderator"):
        await world.service.cancel(ext.id, actor(BEN))
    assert (await world.now(ext)).status is Status.WAITING


async def test_what_was_sent_can_not_be_cancelled(world: ServiceHarness) -> None:
    ext = await world.submitted("1")
    with pytest.raises(UserError, match="too late"):
        await world.service.cancel(ext.id, actor())
    assert (await world.now(ext)).status is Status.SUBMITTED


class BusyLine(Store):
    """A store in which the line moves right before something is saved, a few times."""

    moves = 2

    async def save(self, new: Extension, *, was: Extension) -> bool:
        if self.moves:
            self.moves -= 1
            await self.bump_queue_positions(was.request.provider)
        return await super().save(new, was=was)


async def test_a_line_that_moves_meanwhile_does_not_keep_anyone_from_cancelling(url: str) -> None:
    async with BusyLine.open(url) as store:
        world = ServiceHarness(store, ScriptedProvider())
        ext = await world.ask("1")
        await world.service.cancel(ext.id, actor())
        assert (await world.now(ext)).status is Status.CANCELLED


async def test_unknown_extensions_are_refused(world: ServiceHarness) -> None:
    with pytest.raises(UserError, match="does not know"):
        await world.service.cancel(404, actor())
    with pytest.raises(UserError, match="does not know"):
        await world.service.check_again(404)


async def test_an_expired_extension_is_asked_for_again(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await world.submitted("1")
    world.clock.advance(901)
    await world.track()
    assert (await world.now(ext)).status is Status.EXPIRED
    suno.progress[handle_of(ext)] = complete(ext)
    await world.service.check_again(ext.id)
    await world.track()
    assert (await world.now(ext)).status is Status.COMPLETE
    assert len(suno.sent) == 1


async def test_checking_again_is_bounded_by_a_deadline_of_its_own(
    world: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await world.submitted("1")
    suno.progress[handle_of(ext)] = queued(ext)
    world.clock.advance(901)
    await world.track()
    await world.service.check_again(ext.id)
    await world.track()
    assert (await world.now(ext)).status is Status.SUBMITTED
    world.clock.advance(901)
    await world.track()
    assert (await world.now(ext)).status is Status.EXPIRED


async def test_there_is_nothing_to_check_while_it_runs(world: ServiceHarness) -> None:
    ext = await world.submitted("1")
    with pytest.raises(UserError, match="nothing to check"):
        await world.service.check_again(ext.id)


async def test_a_double_click_checks_once(world: ServiceHarness) -> None:
    ext = await world.submitted("1")
    world.clock.advance(901)
    await world.track()
    clicks = await asyncio.gather(
        world.service.check_again(ext.id),
        world.service.check_again(ext.id),
        return_exceptions=True,
    )
    assert [type(click) for click in clicks if click is not None] == [UserError]
    assert (await world.now(ext)).status is Status.SUBMITTED


async def test_what_was_asked_comes_back_as_a_form_that_asks_the_same(
    world: ServiceHarness,
) -> None:
    ext = await world.ask(
        "1", at="1:02.5", lyrics="la", style="folk, dreamy", title="Song", provider="suno"
    )
    form = await world.service.form_of(ext.id, actor())
    assert (await world.forms.parse(form)).request == ext.request


async def test_what_is_wrong_with_a_form_can_be_mended_in_its_modal(world: ServiceHarness) -> None:
    form = Form(clip=SOURCE, at="soon", lyrics="la la", provider="suno")
    assert (await world.forms.prefill(form)).form == form
    with pytest.raises(UserError, match="not a time"):
        await world.forms.parse(form)


async def test_nobody_else_may_send_it_again(world: ServiceHarness) -> None:
    ext = await world.ask("1", lyrics="mine")
    with pytest.raises(UserError, match=f"<@{ADA}>"):
        await world.service.form_of(ext.id, actor(BEN))


async def test_a_draft_comes_back_to_its_member_only(world: ServiceHarness) -> None:
    form = Form(clip="nonsense", lyrics="la la", title="Song")
    draft_id = await world.service.keep_draft(form, member_id=ADA)
    assert await world.service.draft(draft_id, member_id=ADA) == form
    with pytest.raises(UserError, match="gone"):
        await world.service.draft(draft_id, member_id=BEN)


async def test_clips_used_here_are_known(world: ServiceHarness) -> None:
    await world.known(title="Electric Dreams")
    await world.ask("1")
    known = await world.store.clip(SOURCE)
    assert known.clip.title == "Electric Dreams"
    assert await world.store.clip("other") is None


async def test_what_each_provider_can_do_is_told_by_name(world: ServiceHarness) -> None:
    assert [*world.forms.capabilities] == ["suno"]

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


async def test_accepted_extension_waits_in_the_store(harness: ServiceHarness) -> None:
    ext = await harness.ask("1", at="1:02.5", lyrics="la la", style="folk, dreamy", title="Song")
    stored = await harness.now(ext)
    assert stored == ext
    assert (stored.status, stored.member_id) == (Status.WAITING, ADA)
    assert stored.request.continue_at == 62.5
    assert stored.request.style == ("folk", "dreamy")
    assert stored.deadline_at - stored.created_at == dt.timedelta(minutes=15)


async def test_nothing_is_sent_while_accepting(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    await harness.ask("1", at="end")
    assert (suno.sent, suno.looked_up) == ([], [])


async def test_the_same_trigger_is_accepted_once(harness: ServiceHarness) -> None:
    form = Form(clip=SOURCE, at="10")
    first, is_first_new, _ = await harness.acceptance.accept_form(
        form, idempotency_key="1", member_id=ADA, reply=reply_to("1")
    )
    second, is_second_new, _ = await harness.acceptance.accept_form(
        replace(form, lyrics="other"), idempotency_key="1", member_id=BEN, reply=reply_to("2")
    )
    assert (is_first_new, is_second_new) == (True, False)
    assert second == first


async def test_the_same_trigger_at_the_same_moment_is_accepted_once(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    accepted = await asyncio.gather(
        *(
            harness.acceptance.accept_form(
                Form(clip=SOURCE, at="10"), idempotency_key="1", member_id=ADA, reply=reply_to("1")
            )
            for _ in range(5)
        )
    )
    await harness.submit()
    assert sorted(each.is_new for each in accepted) == [False] * 4 + [True]
    assert len({each.extension.id for each in accepted}) == 1
    assert len(suno.sent) == 1


async def test_accepting_wakes_the_submitter(harness: ServiceHarness) -> None:
    await harness.ask("1")
    async with asyncio.timeout(1) as most:
        await harness.wakeups.submitter.wait(60)
    assert not most.expired()


async def test_the_publisher_leaves_the_first_reply_to_whoever_accepted(
    harness: ServiceHarness,
) -> None:
    await harness.ask("1")
    assert await harness.store.next_publish() == harness.clock() + FIRST_REPLY_TIMEOUT


async def test_a_first_reply_is_not_published_again(harness: ServiceHarness) -> None:
    ext = await harness.ask("1")
    reply = replace(ext.reply, message_id=42)
    await harness.service.record_first_reply(
        ext, reply, min_edit_interval=dt.timedelta(seconds=1.5)
    )
    assert (await harness.now(ext)).reply == reply
    assert await harness.store.next_publish() is None


async def test_a_clip_made_here_brings_its_title_and_reply_along(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    first = await harness.submitted("1")
    suno.progress[handle_of(first)] = complete(first, title="Electric Dreams", duration=100.0)
    await harness.overdue(first)
    await harness.track()
    assert first.reply.url is not None
    second = await harness.ask("2", clip=first.reply.url, at="end")
    assert second.request.clip_id == handle_of(first).clip_ids[0]
    assert second.request.title == "Electric Dreams"
    assert (second.source_title, second.source_url) == ("Electric Dreams", first.reply.url)


async def test_places_in_line_are_counted_per_provider(store: Store) -> None:
    harness = ServiceHarness(store, ScriptedProvider(), ScriptedProvider("other"))
    first, second = await harness.ask("1"), await harness.ask("2")
    elsewhere = await harness.ask("3", clip=OTHER, provider="other")
    places = [
        (await harness.reply_contexts.load(ext)).queue_position
        for ext in (first, second, elsewhere)
    ]
    assert places == [1, 2, 1]


async def test_only_waiting_ones_have_a_place_in_line(harness: ServiceHarness) -> None:
    taken = await harness.submitted("1")
    context = await harness.reply_contexts.load(taken)
    assert (context.queue_position, context.label, context.typical_duration) == (
        None,
        "Suno Test",
        None,
    )


async def test_a_provider_that_is_gone_goes_by_its_bare_name(
    harness: ServiceHarness, store: Store
) -> None:
    ext = await harness.ask("1")
    later = ServiceHarness(store, ScriptedProvider("other"), clock=harness.clock)
    assert (await later.reply_contexts.load(ext)).label == "suno"


async def test_typical_duration_is_shown_once_learned(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    exts = [await harness.ask(str(number)) for number in range(8)]
    await harness.submit()
    exts = [await harness.now(ext) for ext in exts]
    harness.clock.advance(148)
    await harness.track()
    suno.progress.update({handle_of(ext): complete(ext) for ext in exts})
    await harness.overdue(*exts)
    await harness.track()
    context = await harness.reply_contexts.load(await harness.ask("9"))
    assert context.typical_duration is not None
    assert context.typical_duration.total_seconds() == pytest.approx(150, abs=10)


async def test_reply_says_once_that_it_takes_longer_than_usual(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    exts = [await harness.submitted(str(number)) for number in range(8)]
    harness.clock.advance(148)
    await harness.track()
    suno.progress.update({handle_of(ext): complete(ext) for ext in exts})
    await harness.overdue(*exts)
    await harness.track()
    ext = await harness.submitted("late")
    suno.progress[handle_of(ext)] = queued(ext)
    seen: list[bool] = []
    end = harness.clock() + dt.timedelta(minutes=5)
    while harness.clock() < end:
        before = await harness.now(ext)
        await harness.overdue(ext)
        await harness.track()
        now = await harness.now(ext)
        context = await harness.reply_contexts.load(now)
        seen.append(context.is_late)
        assert (now.revision > before.revision) is (context.is_late and seen.count(True) == 1)
    assert seen[0] is False
    assert seen[-1] is True


async def test_finished_reply_knows_where_its_part_begins_and_awaits_its_audio(
    harness: ServiceHarness,
) -> None:
    first = await harness.finished("1", at="64.3")
    context = await harness.reply_contexts.load(first)
    assert (context.song_start, context.is_audio_awaited) == (64.3, True)
    second = await harness.finished("2", clip=first.reply.url, at="30")
    assert (await harness.reply_contexts.load(second)).song_start == pytest.approx(94.3)
    waiting = await harness.reply_contexts.load(await harness.ask("3"))
    assert (waiting.song_start, waiting.is_audio_awaited) == (None, False)


async def test_a_waiting_extension_can_be_cancelled_and_is_never_sent(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.ask("1")
    await harness.service.cancel(ext.id, actor())
    await harness.submit()
    assert (await harness.now(ext)).status is Status.CANCELLED
    assert suno.sent == []


async def test_cancelling_moves_the_line(harness: ServiceHarness) -> None:
    first, second = await harness.ask("1"), await harness.ask("2")
    await harness.service.cancel(first.id, actor())
    moved = await harness.now(second)
    assert moved.revision > second.revision
    assert (await harness.reply_contexts.load(moved)).queue_position == 1


async def test_a_moderator_may_cancel_for_others(harness: ServiceHarness) -> None:
    ext = await harness.ask("1")
    await harness.service.cancel(ext.id, actor(BEN, is_moderator=True))
    assert (await harness.now(ext)).status is Status.CANCELLED


async def test_other_members_may_not_cancel(harness: ServiceHarness) -> None:
    ext = await harness.ask("1")
    with pytest.raises(UserError, match="moderator"):
        await harness.service.cancel(ext.id, actor(BEN))
    assert (await harness.now(ext)).status is Status.WAITING


async def test_sent_extension_can_not_be_cancelled(harness: ServiceHarness) -> None:
    ext = await harness.submitted("1")
    with pytest.raises(UserError, match="too late"):
        await harness.service.cancel(ext.id, actor())
    assert (await harness.now(ext)).status is Status.SUBMITTED


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_finished_extension_is_told_when_it_is_to_be_cancelled(
    harness: ServiceHarness, *, is_cancelled: bool
) -> None:
    if is_cancelled:
        ext = await harness.ask("1")
        await harness.service.cancel(ext.id, actor())
    else:
        ext = await harness.finished("1")
    with pytest.raises(UserError, match="It's already finished"):
        await harness.service.cancel(ext.id, actor())


async def test_deleted_reply_is_sent_nowhere_else(harness: ServiceHarness) -> None:
    ext = await harness.ask("1")
    await harness.service.cancel(ext.id, actor())
    before = await harness.now(ext)
    assert await harness.service.mark_reply_deleted(ext.id, actor()) == before
    gone = (await harness.now(ext)).reply
    assert (gone.unreachable, gone.final_shown) == (True, True)
    await harness.service.unmark_reply_deleted(before)
    assert await harness.now(ext) == before


async def test_only_who_asked_and_moderators_delete_a_reply(harness: ServiceHarness) -> None:
    ext = await harness.ask("1")
    await harness.service.cancel(ext.id, actor())
    with pytest.raises(UserError, match="or a moderator can delete it"):
        await harness.service.mark_reply_deleted(ext.id, actor(BEN))
    await harness.service.mark_reply_deleted(ext.id, actor(BEN, is_moderator=True))
    assert (await harness.now(ext)).reply.unreachable


@pytest.mark.parametrize("is_complete", [False, True])
async def test_reply_with_a_result_is_not_deleted(
    harness: ServiceHarness, *, is_complete: bool
) -> None:
    ext = await (harness.finished("1") if is_complete else harness.ask("1"))
    with pytest.raises(UserError, match="Only a reply without a result"):
        await harness.service.mark_reply_deleted(ext.id, actor())
    assert not (await harness.now(ext)).reply.unreachable


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
        harness = ServiceHarness(store, ScriptedProvider())
        ext = await harness.ask("1")
        await harness.service.cancel(ext.id, actor())
        assert (await harness.now(ext)).status is Status.CANCELLED


async def test_unknown_extensions_are_refused(harness: ServiceHarness) -> None:
    with pytest.raises(UserError, match="don't know"):
        await harness.service.cancel(404, actor())
    with pytest.raises(UserError, match="don't know"):
        await harness.service.check_again(404)


async def test_an_expired_extension_is_asked_for_again(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.submitted("1")
    harness.clock.advance(901)
    await harness.track()
    assert (await harness.now(ext)).status is Status.EXPIRED
    suno.progress[handle_of(ext)] = complete(ext)
    await harness.service.check_again(ext.id)
    await harness.track()
    assert (await harness.now(ext)).status is Status.COMPLETE
    assert len(suno.sent) == 1


async def test_checking_again_is_bounded_by_a_deadline_of_its_own(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.submitted("1")
    suno.progress[handle_of(ext)] = queued(ext)
    harness.clock.advance(901)
    await harness.track()
    await harness.service.check_again(ext.id)
    await harness.track()
    assert (await harness.now(ext)).status is Status.SUBMITTED
    harness.clock.advance(901)
    await harness.track()
    assert (await harness.now(ext)).status is Status.EXPIRED


async def test_there_is_nothing_to_check_while_it_runs(harness: ServiceHarness) -> None:
    ext = await harness.submitted("1")
    with pytest.raises(UserError, match="nothing to check"):
        await harness.service.check_again(ext.id)


async def test_a_double_click_checks_once(harness: ServiceHarness) -> None:
    ext = await harness.submitted("1")
    harness.clock.advance(901)
    await harness.track()
    clicks = await asyncio.gather(
        harness.service.check_again(ext.id),
        harness.service.check_again(ext.id),
        return_exceptions=True,
    )
    assert [type(click) for click in clicks if not isinstance(click, str)] == [UserError]
    assert (await harness.now(ext)).status is Status.SUBMITTED


async def test_form_of_an_extension_asks_for_the_same(
    harness: ServiceHarness,
) -> None:
    ext = await harness.ask(
        "1", at="1:02.5", lyrics="la", style="folk, dreamy", title="Song", provider="suno"
    )
    form = await harness.service.form_of(ext.id, actor())
    assert (await harness.forms.parse(form)).request == ext.request


async def test_form_error_can_be_mended_in_the_modal(harness: ServiceHarness) -> None:
    form = Form(clip=SOURCE, at="soon", lyrics="la la", provider="suno")
    assert (await harness.forms.prefill(form)).form == form
    with pytest.raises(UserError, match="isn't a time"):
        await harness.forms.parse(form)


async def test_other_members_may_not_send_again(harness: ServiceHarness) -> None:
    ext = await harness.ask("1", lyrics="mine")
    with pytest.raises(UserError, match=f"<@{ADA}>"):
        await harness.service.form_of(ext.id, actor(BEN))


async def test_everybody_may_change_and_redo_what_is_complete(harness: ServiceHarness) -> None:
    ext = await harness.finished("1", lyrics="la")
    assert (await harness.service.form_of(ext.id, actor(BEN))).lyrics == "la"


async def test_a_draft_comes_back_to_its_member_only(harness: ServiceHarness) -> None:
    form = Form(clip="nonsense", lyrics="la la", title="Song")
    draft_id = await harness.service.keep_draft(form, member_id=ADA)
    assert await harness.service.draft(draft_id, member_id=ADA) == form
    with pytest.raises(UserError, match="gone"):
        await harness.service.draft(draft_id, member_id=BEN)


async def test_clips_used_here_are_known(harness: ServiceHarness) -> None:
    await harness.known(title="Electric Dreams")
    await harness.ask("1")
    known = await harness.store.clip(SOURCE)
    assert known.clip.title == "Electric Dreams"
    assert await harness.store.clip("other") is None


async def test_provider_capabilities_are_found_by_name(harness: ServiceHarness) -> None:
    assert [*harness.forms.capabilities] == ["suno"]

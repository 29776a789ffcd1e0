"""Sessions are carried on by what is stored: once, whoever looks, and after whatever happens."""

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from bot.domain.attachments import Attachment, AttachmentStatus, Uploads
from bot.domain.errors import UserError
from bot.domain.form import Form
from bot.domain.models import Clip, ClipStatus, Extension, Kind, Progress, Status
from bot.domain.sessions.models import (
    Ballot,
    Change,
    DropReason,
    EndReason,
    RestReason,
    RoundStatus,
    SessionState,
    SessionStatus,
)
from bot.domain.sessions.posts import CARD, board_key
from bot.providers.base import OutOfCredits, Rejected, Unconfirmed
from bot.services.session_start import SessionRules
from bot.store.store import Store
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import DEADLINE, GUILD, SOURCE, actor, handle_of
from tests.support.session_harness import (
    ADA,
    BO,
    CARD_CHANNEL,
    CY,
    NEON,
    RUN,
    SOURCE_LENGTH,
    THREAD,
    VOTE,
    SessionHarness,
    clip_id,
    post_at,
)


@pytest.fixture
async def harness(store: Store, suno: ScriptedProvider) -> SessionHarness:
    harness = SessionHarness(store, suno)
    await harness.source()
    return harness


@pytest.fixture
async def session_id(harness: SessionHarness) -> int:
    return (await harness.start()).state.session.id


class FailingStore(Store):
    """Fails to change some sessions."""

    failing: frozenset[int] = frozenset()

    async def change_session(self, session_id: int, *args: object, **options: object) -> object:
        if session_id in self.failing:
            raise OSError("disk full")
        return await super().change_session(session_id, *args, **options)


def restarted(harness: SessionHarness) -> SessionHarness:
    """Return the bot as a new process on the same store."""
    return SessionHarness(harness.store, *harness.providers.values(), clock=harness.clock)


# The vote on what comes next


async def test_part_with_most_votes_is_sent_once_its_time_is_over(
    harness: SessionHarness, suno: ScriptedProvider, session_id: int
) -> None:
    await harness.write(session_id, BO, NEON)
    await harness.write(session_id, CY, RUN)
    proposals = (await harness.state(session_id)).proposals
    await harness.run()
    await harness.vote(proposals[1], ADA)
    await harness.run(VOTE - 1)
    assert (await harness.state(session_id)).busy_round is None
    await harness.run(1)
    part = await harness.part(session_id)
    assert part.idempotency_key == f"session:{session_id}:1"
    assert (part.member_id, part.request.lyrics) == (CY, RUN)
    assert part.request.clip_id == SOURCE
    await harness.submit()
    [request] = suno.sent
    assert request.style == ("synthpop", "dreamy")
    assert request.continue_at == pytest.approx(SOURCE_LENGTH, abs=0.1)


async def test_part_says_where_it_goes_on_and_in_which_style(
    harness: SessionHarness, suno: ScriptedProvider, session_id: int
) -> None:
    await harness.write(session_id, at="1:22", style="half-time, piano")
    await harness.count()
    await harness.submit()
    [request] = suno.sent
    assert (request.continue_at, request.style) == (82, ("half-time", "piano"))


async def test_part_is_requested_once_however_often_the_runner_runs(
    harness: SessionHarness, suno: ScriptedProvider, session_id: int
) -> None:
    await harness.sent(session_id)
    await harness.run(VOTE)
    await restarted(harness).run(VOTE)
    await harness.submit()
    await harness.submit()
    assert len(suno.sent) == 1
    assert (await harness.state(session_id)).session.parts_left == 11


async def test_two_runners_that_count_at_once_request_one_part(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.write(session_id)
    await harness.run()
    harness.clock.advance(VOTE)
    twin = restarted(harness)
    await asyncio.gather(harness.run(), twin.run(), harness.run(), twin.run())
    state = await harness.state(session_id)
    assert [each.status for each in state.rounds] == [RoundStatus.MAKING, RoundStatus.OPEN]
    assert state.session.parts_left == 11


async def test_part_is_sent_after_a_kill_between_its_commit_and_the_submitter(
    harness: SessionHarness, suno: ScriptedProvider, session_id: int
) -> None:
    part = await harness.sent(session_id)
    again = restarted(harness)
    await again.run()
    await again.submit()
    assert len(suno.sent) == 1
    assert await harness.is_at(part, Status.SUBMITTED)


async def test_vote_cast_just_before_a_kill_starts_the_clock_after_it(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.write(session_id)
    again = restarted(harness)
    await again.run()
    assert (await harness.round(session_id, 1)).ends_at is not None


async def test_choice_made_just_before_a_kill_may_end_the_vote_after_it(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.sent(session_id)
    await harness.make(session_id)
    usual = (await harness.round(session_id, 1)).ends_at
    await harness.choose(session_id, "A", BO)  # who alone had voted in this round
    await restarted(harness).run()
    ends_at = (await harness.round(session_id, 1)).ends_at
    assert usual is not None
    assert ends_at is not None
    assert ends_at < usual


async def test_nothing_is_counted_while_events_of_the_server_do_not_arrive(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.write(session_id)
    harness.unheard.add(GUILD)
    await harness.run(VOTE)
    assert (await harness.round(session_id, 1)).clock_started_at is None
    harness.unheard.clear()
    await harness.run()
    assert (await harness.round(session_id, 1)).clock_started_at == harness.clock()
    harness.unheard.add(GUILD)
    await harness.run(VOTE + 1)
    assert (await harness.state(session_id)).busy_round is None
    harness.unheard.clear()
    await harness.run()
    assert (await harness.state(session_id)).busy_round is not None


async def test_sessions_of_servers_that_others_serve_are_left_to_them(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.write(session_id)
    harness.unserved.add(GUILD)
    await harness.run(VOTE)
    assert (await harness.round(session_id, 1)).clock_started_at is None
    assert not harness.runtime.touched_sessions


async def test_failing_session_is_tried_again_and_holds_up_no_other(
    url: str, suno: ScriptedProvider
) -> None:
    async with FailingStore.open(url) as store:
        harness = SessionHarness(store, suno)
        await harness.source()
        failing, healthy = [
            (await harness.start(channel_id=channel)).state.session.id for channel in (71, 72)
        ]
        await harness.write(failing)
        await harness.write(healthy)
        store.failing = frozenset({failing})
        await harness.run()
        assert (await harness.round(failing, 1)).ends_at is None
        assert (await harness.round(healthy, 1)).ends_at is not None
        store.failing = frozenset()
        await harness.run()
        assert (await harness.round(failing, 1)).ends_at is not None


async def test_session_that_changes_without_end_is_left_and_logged(
    url: str, suno: ScriptedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    class CirclingStore(Store):
        """Says of each session that it was changed, and changes nothing."""

        is_circling = False

        async def change_session(self, session_id: int, *args: object, **named: object) -> object:
            if self.is_circling:
                return await self.session_state(session_id)
            return await super().change_session(session_id, *args, **named)

    async with CirclingStore.open(url) as store:
        harness = SessionHarness(store, suno)
        view = await harness.start()
        await harness.write(view.state.session.id, at="0:10")
        store.is_circling = True
        harness.runtime.touched_sessions.add(view.state.session.id)
        await harness.run()
    assert "changes without end" in caplog.text


async def test_session_that_was_deleted_is_passed_over(harness: SessionHarness) -> None:
    harness.runtime.touched_sessions.add(404)
    await harness.run()


# The length of the clip that goes on


async def test_part_waits_a_minute_for_the_length_to_be_measured(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.sent(session_id)
    part = await harness.make(session_id, duration=None)
    await harness.count()
    await harness.write(session_id, CY, RUN)
    await harness.run()
    await harness.run(VOTE)
    assert (await harness.state(session_id)).busy_round is None
    await measure(harness, part)
    await harness.run(1)
    assert (await harness.part(session_id)).request.lyrics == RUN


async def measure(harness: SessionHarness, part: Extension) -> None:
    """Store the length of a part's first clip, as it is when its audio was attached."""
    store, now, later = harness.store, harness.clock(), harness.clock() + dt.timedelta(minutes=1)
    [work] = await store.claim_audio(now=now, lease_until=later, limit=1)
    clip = part.clips[0].id
    attached = Attachment(clip_id=clip, outcome=AttachmentStatus.ATTACHED, duration=111.0)
    await store.finish_audio(work, Uploads(attachments=(attached,)))
    edit = await store.claim_edit(part.id, now=now, lease_until=later)
    assert edit is not None
    await store.finish_edit(edit, part.reply, now=now, publish_at=now, shown=edit.uploads)


async def test_part_is_sent_without_a_length_after_that_minute(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.sent(session_id)
    await harness.make(session_id, duration=None)
    await harness.count()
    await harness.write(session_id, CY, RUN)
    await harness.run()
    await harness.run(VOTE + 59)
    assert (await harness.state(session_id)).busy_round is None
    await harness.run(1)
    await harness.submit()
    await harness.run()
    state = await harness.state(session_id)
    assert state.round(2).drop_reason is DropReason.FAILED
    assert state.session.parts_left == 11  # of 12: the failed one counts for nothing


@pytest.mark.parametrize("ability", [{"needs_continue_at": False}, {"lookup": True}])
async def test_part_does_not_wait_for_a_length_that_is_not_needed_or_can_be_asked(
    store: Store, ability: dict[str, bool]
) -> None:
    harness = SessionHarness(store, ScriptedProvider(**ability))
    session_id = (await harness.start()).state.session.id
    await harness.write(session_id)
    await harness.run()
    await harness.run(VOTE)
    assert (await harness.state(session_id)).busy_round is not None


# The part


async def test_part_that_is_complete_can_be_chosen_and_the_song_goes_on_from_it(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.sent(session_id)
    part = await harness.make(session_id)
    await harness.choose(session_id, "B", ADA, CY)
    await harness.count()
    state = await harness.state(session_id)
    assert state.round(1).status is RoundStatus.CHOSEN
    assert state.session.latest_clip_id == clip_id(part, "b")
    second = await harness.sent(session_id, RUN, CY)
    assert second.request.clip_id == clip_id(part, "b")
    assert second.idempotency_key == f"session:{session_id}:2"


async def test_next_part_is_written_and_voted_for_while_the_one_before_is_made(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.sent(session_id)
    form = await harness.proposals.form(session_id, CY)
    assert not form.takes_second
    written = await harness.write(session_id, CY, RUN, at="12")
    await harness.run(10 * VOTE)
    assert (await harness.round(session_id, 2)).ends_at is None
    await harness.make(session_id)
    await harness.count()
    await harness.run(VOTE)
    second = await harness.part(session_id)
    assert (second.request.lyrics, second.request.continue_at) == (RUN, None)
    assert written.proposal.round_number == 2


async def test_part_that_nobody_wants_goes_back_on_the_board(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.sent(session_id)
    await harness.make(session_id)
    await harness.choose(session_id, "", ADA)
    await harness.count()
    state = await harness.state(session_id)
    [again] = state.proposals_of(2)
    assert (again.lyrics, again.listed_from, again.member_id) == (NEON, 1, BO)
    assert state.round(1).drop_reason is DropReason.NEITHER
    assert state.session.parts_left == 11
    await harness.run(10 * VOTE)
    assert (await harness.state(session_id)).busy_round is None


# Parts that are not made


@pytest.mark.parametrize(
    ("error", "left"), [(Rejected("no"), 12), (OutOfCredits(), 12), (Unconfirmed(), 11)]
)
async def test_part_that_is_not_made_counts_only_if_it_may_have_been_charged(
    harness: SessionHarness,
    suno: ScriptedProvider,
    session_id: int,
    error: Exception,
    left: int,
) -> None:
    await harness.sent(session_id)
    suno.on_extend.then(error)
    await harness.submit()
    await harness.run()
    await expect_listed_anew(harness, session_id, left)
    assert len(suno.sent) == 1


async def test_part_that_its_writer_cancelled_does_not_count(
    harness: SessionHarness, suno: ScriptedProvider, session_id: int
) -> None:
    part = await harness.sent(session_id)
    await harness.service.cancel(part.id, actor(BO))
    await harness.run()
    await expect_listed_anew(harness, session_id, 12)
    assert not suno.sent


async def test_part_of_a_provider_that_was_disabled_does_not_count(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.write(session_id)
    other = SessionHarness(harness.store, ScriptedProvider("other"), clock=harness.clock)
    await other.count()
    await other.submit()
    await other.run()
    await expect_listed_anew(other, session_id, 12)


async def test_part_that_the_provider_did_not_manage_counts(
    harness: SessionHarness, suno: ScriptedProvider, session_id: int
) -> None:
    await harness.sent(session_id)
    part = await harness.send(session_id)
    failed = (Clip(id=each, status=ClipStatus.FAILED) for each in handle_of(part).clip_ids)
    suno.progress[handle_of(part)] = Progress(clips=tuple(failed))
    await harness.overdue(part)
    await harness.track()
    await harness.run()
    await expect_listed_anew(harness, session_id, 11)


async def test_part_that_expired_counts_and_is_chosen_when_it_comes_late(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.sent(session_id)
    part = await expired(harness, session_id)
    await expect_listed_anew(harness, session_id, 11)
    await harness.service.check_again(part.id)
    await harness.complete(part)
    await harness.run()
    state = await harness.state(session_id)
    assert state.round(1).status is RoundStatus.CHOOSING
    assert not state.proposals_of(2)
    await harness.count()
    assert (await harness.round(session_id, 1)).status is RoundStatus.CHOSEN


async def test_part_that_comes_when_another_was_sent_stays_out_of_the_song(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.sent(session_id)
    part = await expired(harness, session_id)
    second = await harness.sent(session_id, RUN, CY)
    await harness.service.check_again(part.id)
    await harness.complete(part)
    await harness.run()
    state = await harness.state(session_id)
    assert state.round(1).drop_reason is DropReason.LATE
    assert state.busy_round == state.round(2)
    assert (await harness.part(session_id)).id == second.id


async def expect_listed_anew(harness: SessionHarness, session_id: int, left: int) -> None:
    """Check that the part of round 1 is on the board again, and nothing is sent by itself."""
    await harness.run(10 * VOTE)
    state = await harness.state(session_id)
    [again] = state.proposals_of(2)
    assert (again.listed_from, again.lyrics) == (1, NEON)
    assert state.round(1).drop_reason is DropReason.FAILED
    assert state.session.parts_left == left
    assert state.busy_round is None
    assert not state.votes_of(2, Ballot.NEXT)


async def expired(harness: SessionHarness, session_id: int) -> Extension:
    """Let a part that its provider took come to no end."""
    part = await harness.send(session_id)
    harness.clock.advance(DEADLINE.total_seconds() + 1)
    await harness.track()
    assert await harness.is_at(part, Status.EXPIRED)
    await harness.run()
    return await harness.now(part)


# Quotas, and who may extend a part


@pytest.fixture
async def limited(store: Store, suno: ScriptedProvider) -> SessionHarness:
    harness = SessionHarness(store, suno, member_limit=1, channel_limit=1)
    await harness.source()
    return harness


async def test_no_quota_refuses_the_part_or_the_song_of_a_session(
    limited: SessionHarness,
) -> None:
    session_id = (await limited.start(channel_id=THREAD)).state.session.id
    await limited.ask("1", member_id=BO, channel_id=THREAD)
    await limited.chosen(session_id)
    await limited.ask("2", member_id=ADA, channel_id=CARD_CHANNEL)
    await limited.sessions.end_now(session_id, limited.press())
    await limited.run()
    assert (await limited.state(session_id)).session.song_id is not None


async def test_part_of_a_session_takes_no_place_in_the_quota_of_its_writer_or_channel(
    limited: SessionHarness,
) -> None:
    session_id = (await limited.start(channel_id=THREAD)).state.session.id
    await limited.sent(session_id)
    await limited.ask("1", member_id=BO, channel_id=9)
    await limited.ask("2", member_id=CY, channel_id=THREAD)
    with pytest.raises(UserError, match=r"you have 1 extension in progress"):
        await limited.ask("3", member_id=BO, channel_id=8)
    with pytest.raises(UserError, match=r"this channel has 1 extension in progress"):
        await limited.ask("4", member_id=ADA, channel_id=THREAD)


async def test_part_of_a_running_session_can_be_neither_extended_nor_taken_anew(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.sessions.record_first_post(session_id, board_key(1), post_at(5))
    await harness.sent(session_id)
    part = await harness.make(session_id)
    first = part.clips[0].id
    await harness.store.save_reply(part.id, post_at(10**17))
    for ask in extending(harness, part, first):
        with pytest.raises(UserError, match="This part belongs to a session") as refused:
            await ask()
        assert f"[the board]({post_at(5).url})" in refused.value.remedy
    await harness.count()
    await harness.sessions.end_now(session_id, harness.press())
    for ask in extending(harness, part, first):
        await ask()


async def test_refusal_names_the_board_without_a_link_where_none_stands(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.sent(session_id)
    part = await harness.make(session_id)
    with pytest.raises(UserError, match=r"comes next: the board\. Once"):
        await harness.retake(part, "1")


def extending(
    harness: SessionHarness, part: Extension, clip: str
) -> list[Callable[[], Awaitable[object]]]:
    """Return all ways to go on from a part: form, link to its reply, retake, another session."""
    link = f"https://discord.com/channels/{GUILD}/{THREAD}/{10**17}"
    return [
        lambda: harness.ask("1", clip=clip),
        lambda: harness.forms.prefill(Form(clip=link)),
        lambda: harness.retake(part, "2"),
        lambda: harness.start(clip=clip, channel_id=99),
    ]


# The end


async def test_finished_session_has_its_full_song_in_answer_to_its_card(
    harness: SessionHarness,
) -> None:
    view = await harness.start(
        harness.press(reply=post_at(0, CARD_CHANNEL)), channel_id=CARD_CHANNEL, has_own_thread=True
    )
    session_id = view.state.session.id
    await harness.sessions.record_first_post(session_id, CARD, post_at(12, CARD_CHANNEL))
    await harness.sessions.add_thread(session_id, THREAD)
    await harness.chosen(session_id)
    await harness.proposals.propose_end(session_id, harness.press())
    await harness.count()
    session = (await harness.state(session_id)).session
    assert (session.status, session.end_reason) == (SessionStatus.FINISHED, EndReason.VOTED)
    song = await harness.store.extension(session.song_id)
    assert song is not None
    assert song.kind is Kind.SPLICE
    assert song.request.clip_id == session.latest_clip_id
    assert (song.reply.channel_id, song.reply.reply_to_id) == (CARD_CHANNEL, 12)


async def test_full_song_is_requested_once(harness: SessionHarness, session_id: int) -> None:
    await harness.chosen(session_id)
    await harness.sessions.end_now(session_id, harness.press())
    twin = restarted(harness)
    await asyncio.gather(harness.run(), twin.run())
    song_id = (await harness.state(session_id)).session.song_id
    await restarted(harness).run()
    assert (await harness.state(session_id)).session.song_id == song_id
    found = [await harness.store.extension(number) for number in range(1, 6)]
    assert [each.id for each in found if each and each.kind.is_song] == [song_id]


async def test_full_song_is_requested_after_a_kill_before_it_was_stored(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.chosen(session_id)
    await harness.sessions.end_now(session_id, harness.press())
    again = restarted(harness)
    await again.run()
    assert (await harness.state(session_id)).session.song_id is not None


async def test_full_song_without_a_card_is_posted_without_answering_it(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.chosen(session_id)
    await harness.sessions.end_now(session_id, harness.press())
    await harness.run()
    view = await harness.view(session_id)
    assert view.song is not None
    assert view.song.reply.reply_to_id is None


async def test_full_song_that_is_refused_is_logged_once(
    harness: SessionHarness, session_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    await harness.chosen(session_id)

    def lose_clip(state: SessionState) -> Change:
        lost = replace(state.session, latest_clip_id="unknown")
        return Change(state=replace(state, session=lost))

    await harness.store.change_session(
        session_id, lose_clip, now=harness.clock(), first_reply_until=harness.clock()
    )
    await harness.sessions.end_now(session_id, harness.press())
    with caplog.at_level(logging.WARNING):
        await harness.run()
        await harness.run()
    assert caplog.text.count("has no full song") == 1


async def test_session_without_a_part_ends_without_a_song(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.sessions.end_now(session_id, harness.press())
    await harness.run()
    session = (await harness.state(session_id)).session
    assert (session.status, session.song_id) == (SessionStatus.ENDED, None)


async def test_session_whose_parts_are_all_made_is_finished(store: Store) -> None:
    harness = SessionHarness(
        store, ScriptedProvider(), rules=SessionRules(parts=1, vote_seconds=VOTE)
    )
    await harness.source()
    session_id = (await harness.start()).state.session.id
    await harness.chosen(session_id)
    session = (await harness.state(session_id)).session
    assert (session.end_reason, session.status) == (EndReason.ALL_PARTS, SessionStatus.FINISHED)
    assert session.song_id is not None


async def test_session_in_which_nothing_happens_for_three_days_ends(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.run(dt.timedelta(days=3).total_seconds())
    assert (await harness.state(session_id)).session.end_reason is EndReason.IDLE


async def test_resting_session_sees_its_part_to_its_end_and_counts_nothing(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.sent(session_id)
    await harness.sessions.rest(session_id, RestReason.CLOSED)
    await harness.make(session_id)
    await harness.count()
    each = await harness.round(session_id, 1)
    assert (each.status, each.ends_at) == (RoundStatus.CHOOSING, None)
    await harness.choose(session_id, "A", ADA)
    await harness.count()
    assert (await harness.round(session_id, 1)).status is RoundStatus.CHOSEN

"""What members do in sessions: start one, write, vote, choose, end it; and what is refused."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable

import pytest

from bot.domain.errors import UserError
from bot.domain.models import Clip, ClipStatus
from bot.domain.sessions.actions import MAX_PROPOSALS
from bot.domain.sessions.models import (
    EndReason,
    Proposal,
    ProposalKind,
    ProposalStatus,
    RestReason,
    RoundStatus,
    SessionStatus,
)
from bot.domain.sessions.posts import CARD, board_key, proposal_key
from bot.providers.base import Unavailable
from bot.services.session_start import SessionRules
from bot.services.sessions import FIRST_POST_TIMEOUT
from bot.store.store import Store
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import GUILD, SOURCE
from tests.support.session_harness import (
    ADA,
    BO,
    CARD_CHANNEL,
    CHOICE,
    CY,
    DEE,
    NEON,
    RUN,
    THREAD,
    VOTE,
    SessionHarness,
    clip_id,
    post_at,
    start_form,
)

UNKNOWN = 404


@pytest.fixture
async def harness(store: Store, suno: ScriptedProvider) -> SessionHarness:
    harness = SessionHarness(store, suno)
    await harness.source()
    return harness


@pytest.fixture
async def session_id(harness: SessionHarness) -> int:
    return (await harness.start()).state.session.id


def refused(problem: str) -> "pytest.RaisesExc[UserError]":
    """Expect a refusal whose first sentence says ``problem``."""
    return pytest.raises(UserError, match=problem)


# Start


async def test_started_session_is_held_in_its_channel_with_an_open_round(
    harness: SessionHarness,
) -> None:
    view, is_new = await harness.starter.start(
        start_form(title="Night *Bus*", vote_seconds=600, parts=5),
        harness.press(reply=post_at(0)),
    )
    session = view.state.session
    assert is_new
    assert (session.title, session.vote_seconds, session.parts_left) == ("Night *Bus*", 600, 5)
    assert (session.host_id, session.host_name) == (ADA, "Ada")
    assert (session.source_clip_id, session.latest_clip_id) == (SOURCE, SOURCE)
    assert (session.provider, session.channel_id) == ("suno", THREAD)
    assert [each.status for each in view.state.rounds] == [RoundStatus.OPEN]
    card = await harness.store.card_of(session.id)
    assert card is not None
    assert card.publish_at == harness.clock() + FIRST_POST_TIMEOUT


async def test_session_has_title_and_rules_of_its_source_and_of_the_settings(
    harness: SessionHarness,
) -> None:
    session = (await harness.start(parts=100)).state.session
    assert session.title == "Electric Dreams"
    assert (session.vote_seconds, session.parts_left) == (VOTE, 12)


async def test_session_with_a_thread_of_its_own_waits_for_it(harness: SessionHarness) -> None:
    view = await harness.start(channel_id=CARD_CHANNEL, has_own_thread=True)
    session_id = view.state.session.id
    assert view.state.session.channel_id is None
    assert not view.state.rounds
    for ask in (
        harness.proposals.form(session_id),
        harness.proposals.propose_end(session_id, harness.press()),
    ):
        with refused("The thread is still being made"):
            await ask
    await harness.sessions.add_thread(session_id, THREAD)
    await harness.sessions.add_thread(session_id, 999)
    state = await harness.state(session_id)
    assert state.session.channel_id == THREAD
    assert len(state.rounds) == 1
    here = await harness.sessions.running_in(THREAD)
    assert here is not None
    assert here.state.session.id == session_id


async def test_start_is_stored_once(harness: SessionHarness) -> None:
    press = harness.press()
    answers = await asyncio.gather(*(harness.starter.start(start_form(), press) for _ in range(3)))
    assert len({view.state.session.id for view, _ in answers}) == 1
    assert sorted(is_new for _, is_new in answers) == [False, False, True]
    assert len(await harness.sessions.running_in_guild(GUILD)) == 1


async def test_start_is_refused_where_sessions_are_turned_off(store: Store) -> None:
    harness = SessionHarness(store, ScriptedProvider(), rules=SessionRules(parts=0))
    with refused("Sessions are turned off here") as turned_off:
        await harness.start()
    assert turned_off.value.remedy == "Use `/extend` to continue a clip on your own."


async def test_start_is_refused_where_a_session_is_running(
    harness: SessionHarness, session_id: int
) -> None:
    with refused("A session is running here already") as here:
        await harness.start()
    assert here.value.remedy == "Its board shows where it stands."
    await harness.sessions.record_first_post(session_id, CARD, post_at(4))
    with refused("A session is running here already") as here:
        await harness.start()
    assert here.value.remedy == f"[Its board]({post_at(4).url}) shows where it stands."
    await harness.sessions.record_first_post(session_id, board_key(1), post_at(5))
    with refused("A session is running here already") as here:
        await harness.start()
    assert here.value.remedy == f"[Its board]({post_at(5).url}) shows where it stands."


async def test_start_is_refused_where_the_server_has_as_many_as_it_may(store: Store) -> None:
    harness = SessionHarness(store, ScriptedProvider(), rules=SessionRules(limit=1))
    first = await harness.start(title="Night *Bus*", channel_id=1)
    await harness.sessions.record_first_post(first.state.session.id, CARD, post_at(5))
    with refused("This server has 1 session running, and more must wait") as many:
        await harness.start(channel_id=2)
    assert many.value.remedy == f"[Night \\*Bus\\*]({post_at(5).url})"
    await harness.start(channel_id=2, guild_id=GUILD + 1)


async def test_start_counts_the_sessions_of_the_server(store: Store) -> None:
    harness = SessionHarness(store, ScriptedProvider(), rules=SessionRules(limit=2))
    for number in (1, 2):
        await harness.start(title=f"Song {number}", channel_id=number)
    with refused("This server has 2 sessions running, and more must wait") as many:
        await harness.start(channel_id=3)
    assert many.value.remedy == "Song 1 · Song 2"


@pytest.mark.parametrize("clip", ["nonsense", "https://suno.com/s/abc"])
async def test_start_is_refused_without_a_clip(harness: SessionHarness, clip: str) -> None:
    with refused("I can't find|No song is named|shortened link"):
        await harness.start(clip=clip)
    assert not await harness.sessions.running_in_guild(GUILD)


async def test_unknown_clip_is_looked_up(store: Store) -> None:
    suno = ScriptedProvider(lookup=True)
    harness = SessionHarness(store, suno)
    suno.on_clip.then(Clip(id=SOURCE, status=ClipStatus.COMPLETE, title="Dreams", duration=97.0))
    view = await harness.start()
    assert (view.state.session.title, view.duration) == ("Dreams", 97.0)
    assert suno.looked_up == [SOURCE]


async def test_known_clip_is_not_looked_up(store: Store) -> None:
    suno = ScriptedProvider(lookup=True)
    harness = SessionHarness(store, suno)
    await harness.source()
    await harness.start()
    assert not suno.looked_up


async def test_unfinished_clip_that_was_looked_up_is_refused(store: Store) -> None:
    suno = ScriptedProvider(lookup=True)
    harness = SessionHarness(store, suno)
    suno.on_clip.then(Clip(id=SOURCE, status=ClipStatus.STREAMING, title="Dreams"))
    with refused("“Dreams” is still being made"):
        await harness.start()


@pytest.mark.parametrize("answer", [None, Unavailable("down")])
async def test_clip_that_its_provider_does_not_tell_of_is_taken_as_it_is(
    store: Store, answer: object
) -> None:
    suno = ScriptedProvider(lookup=True)
    harness = SessionHarness(store, suno)
    suno.on_clip.then(answer)
    view = await harness.start()
    assert (view.state.session.title, view.duration) == ("Untitled", None)


async def test_start_does_not_wait_for_a_provider_that_answers_late(
    store: Store,
) -> None:
    suno = ScriptedProvider(lookup=True)
    harness = SessionHarness(store, suno, lookup_timeout=0.01)

    async def never(_: str) -> Clip:
        await asyncio.Event().wait()
        raise AssertionError

    suno.on_clip.then(never)
    view = await harness.start()
    assert view.duration is None


# Write


async def test_form_has_the_style_of_the_song_and_the_round(
    harness: SessionHarness, session_id: int
) -> None:
    form = await harness.proposals.form(session_id, BO)
    assert (form.session_id, form.round_number, form.proposal_id) == (session_id, 1, None)
    assert (form.lyrics, form.style, form.at) == ("", "synthpop, dreamy", "end")
    assert form.takes_second
    assert form.latest is not None
    assert form.latest.id == SOURCE
    await harness.chosen(session_id)
    assert (await harness.proposals.form(session_id)).latest_section == "Verse"


async def test_form_has_the_style_of_the_part_that_is_being_made(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.write(session_id, style="half-time, piano")
    await harness.count()
    written = await harness.write(session_id, CY, RUN)
    assert (await harness.proposals.form(session_id)).style == "half-time, piano"
    assert written.proposal.style == ()
    await harness.make(session_id)
    await harness.count()
    assert (await harness.proposals.form(session_id)).style == "half-time, piano"


async def test_written_part_is_on_the_board_with_a_vote_of_its_writer(
    harness: SessionHarness, session_id: int
) -> None:
    result = await harness.write(session_id, press=harness.press(BO, reply=post_at(0)))
    proposal = result.proposal
    assert result.is_new
    assert (proposal.lyrics, proposal.style, proposal.continue_at) == (NEON, (), None)
    [vote] = result.view.state.votes
    assert (vote.member_id, vote.choice) == (BO, str(proposal.number))
    post = await harness.store.post_of(session_id, proposal_key(1, proposal.number))
    assert post is not None
    assert post.publish_at == harness.clock() + FIRST_POST_TIMEOUT


async def test_replayed_form_stores_one_proposal(harness: SessionHarness, session_id: int) -> None:
    press = harness.press(BO, key="opened")
    first = await harness.write(session_id, press=press)
    again = await harness.write(session_id, press=press, proposal_id=None)
    assert (first.is_new, again.is_new) == (True, False)
    assert again.proposal == first.proposal
    assert len((await harness.state(session_id)).proposals) == 1


async def test_second_part_of_a_member_changes_the_first(
    harness: SessionHarness, session_id: int
) -> None:
    first = await harness.write(session_id, style="piano", at="1:22")
    form = await harness.proposals.form(session_id, BO)
    assert (form.proposal_id, form.lyrics) == (first.proposal.id, NEON)
    assert (form.style, form.at) == ("piano", "1:22")
    changed = await harness.write(session_id, BO, RUN)
    assert not changed.is_new
    assert (changed.proposal.id, changed.proposal.lyrics) == (first.proposal.id, RUN)
    assert (changed.proposal.style, changed.proposal.continue_at) == (("piano",), 82)


async def test_part_that_others_have_voted_for_is_not_changed(
    harness: SessionHarness, session_id: int
) -> None:
    first = await harness.write(session_id)
    await harness.vote(first.proposal, ADA)
    with refused("Others have voted for your proposal") as wanted:
        await harness.write(session_id, BO, RUN)
    assert wanted.value.remedy == "Withdraw it before you write another."
    with refused("Others have voted for your proposal"):
        await harness.proposals.form_of(first.proposal.id, harness.press(BO))


async def test_form_of_a_proposal_is_for_its_writer(
    harness: SessionHarness, session_id: int
) -> None:
    first = await harness.write(session_id)
    form = await harness.proposals.form_of(first.proposal.id, harness.press(BO))
    assert (form.proposal_id, form.lyrics) == (first.proposal.id, NEON)
    with refused(f"Only <@{BO}>, the host or a moderator can do that"):
        await harness.proposals.form_of(first.proposal.id, harness.press(ADA))


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("lyrics", "x" * 3001, "The lyrics are too long for Suno Test"),
        ("style", "x" * 201, "The style is too long"),
        ("at", "1:38", "That's past the end"),
        ("at", "soon", "“soon” isn't a time"),
    ],
)
async def test_part_that_its_provider_would_refuse_is_refused(
    harness: SessionHarness, session_id: int, field: str, value: str, problem: str
) -> None:
    with refused(problem):
        await harness.write(session_id, **{field: value})
    assert not (await harness.state(session_id)).proposals


async def test_provider_that_can_not_tell_the_end_of_a_clip_has_to_be_told(store: Store) -> None:
    harness = SessionHarness(store, ScriptedProvider())
    session_id = (await harness.start()).state.session.id
    with refused("Suno Test can't tell how long that clip is") as unknown:
        await harness.write(session_id)
    assert unknown.value.remedy == "Enter the time yourself under *Continue at*, such as `1:30`."
    assert (await harness.write(session_id, at="1:22")).is_new


async def test_provider_that_can_be_asked_for_the_end_needs_no_second(store: Store) -> None:
    harness = SessionHarness(store, ScriptedProvider(lookup=True))
    session_id = (await harness.start()).state.session.id
    assert (await harness.write(session_id)).is_new


async def test_clip_that_was_made_here_is_measured_here(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.sent(session_id)
    await harness.make(session_id, duration=None)
    await harness.count()
    assert (await harness.write(session_id, CY)).is_new


async def test_second_that_was_meant_for_an_earlier_clip_is_the_end(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.chosen(session_id)
    form = await harness.proposals.form(session_id, CY)
    assert form.round_number == 2
    result = await harness.write(session_id, CY, RUN, at="12", round_number=1)
    assert result.proposal.continue_at is None
    result = await harness.write(session_id, DEE, RUN, at="12", round_number=2)
    assert result.proposal.continue_at == 12


async def test_second_is_the_end_if_the_last_part_is_taken_back_meanwhile(
    url: str, suno: ScriptedProvider
) -> None:
    async with InterruptedStore.open(url) as store:
        harness = SessionHarness(store, suno)
        await harness.source()
        session_id = (await harness.start()).state.session.id
        await harness.chosen(session_id)
        await harness.proposals.propose_back(session_id, harness.press())
        await harness.run()
        store.before = lambda: harness.run(VOTE)
        result = await harness.write(session_id, CY, RUN, at="12")
        assert result.view.state.session.latest_clip_id == SOURCE
        assert (result.proposal.round_number, result.proposal.continue_at) == (3, None)


class InterruptedStore(Store):
    """Runs a test's code once before it changes a session."""

    before: Callable[[], Awaitable[None]] | None = None

    async def change_session(self, *args: object, **options: object) -> object:
        if before := self.before:
            self.before = None
            await before()
        return await super().change_session(*args, **options)


async def test_nothing_is_written_for_a_provider_that_was_disabled(
    harness: SessionHarness, session_id: int
) -> None:
    form = await harness.proposals.form(session_id, BO)
    other = SessionHarness(harness.store, ScriptedProvider("other"))
    for ask in (
        other.proposals.form(session_id, BO),
        other.proposals.propose(form, other.press(BO)),
    ):
        with refused("The service of this session isn't set up here any more"):
            await ask
    assert (await other.proposals.propose_end(session_id, other.press(BO))).is_new


async def test_board_takes_so_many_proposals(harness: SessionHarness, session_id: int) -> None:
    for member_id in range(MAX_PROPOSALS):
        await harness.write(session_id, member_id + 1)
    with refused("22 proposals are on the board"):
        await harness.write(session_id, ADA)


async def test_no_part_is_written_when_all_are_made(store: Store, suno: ScriptedProvider) -> None:
    harness = SessionHarness(store, suno)
    await harness.source()
    session_id = (await harness.start(parts=1)).state.session.id
    form = await harness.proposals.form(session_id, BO)
    await harness.sent(session_id)
    with refused("All parts are made"):
        await harness.proposals.form(session_id, CY)
    with refused("All parts are made"):
        await harness.proposals.propose(form, harness.press(CY))


async def test_session_that_is_over_takes_nothing(harness: SessionHarness, session_id: int) -> None:
    result = await harness.write(session_id)
    form = await harness.proposals.form(session_id, CY)
    await harness.sessions.end_now(session_id, harness.press())
    press = harness.press()
    for ask in (
        harness.proposals.form(session_id),
        harness.proposals.form_again(result.proposal.id),
        harness.proposals.propose(form, press),
        harness.proposals.propose_end(session_id, press),
        harness.proposals.take_off(result.proposal.id, press),
        harness.sessions.end_now(session_id, press),
        harness.sessions.require_host(session_id, press),
    ):
        with refused("This session is over") as over:
            await ask
        assert over.value.remedy == "Start another one with `/session start`."
    cast = await harness.sessions.vote(result.proposal.id, press)
    assert not cast.is_counted


async def lost_proposal(harness: SessionHarness, session_id: int) -> Proposal:
    """Return a proposal that lost the vote of a round, whose part is in the song."""
    won = await harness.write(session_id, BO, NEON)
    lost = await harness.write(session_id, CY, RUN, style="half-time, piano")
    await harness.vote(won.proposal, ADA)
    await harness.count()
    await harness.make(session_id)
    await harness.count()
    return lost.proposal


async def test_proposal_of_an_earlier_round_can_be_written_again(
    harness: SessionHarness, session_id: int
) -> None:
    lost = await lost_proposal(harness, session_id)
    form = await harness.proposals.form_again(lost.id)
    assert (form.lyrics, form.style, form.proposal_id) == (RUN, "half-time, piano", None)
    assert form.at == "end"
    again = await harness.proposals.propose(form, harness.press(CY))
    assert again.proposal.round_number == 2


async def test_proposal_of_long_ago_can_only_be_written_again(
    harness: SessionHarness, session_id: int
) -> None:
    lost = await lost_proposal(harness, session_id)
    await harness.chosen(session_id)
    with refused("That vote is over"):
        await harness.proposals.form_of(lost.id, harness.press(CY))
    with refused("That vote is over"):
        await harness.proposals.take_off(lost.id, harness.press(CY))
    assert (await harness.proposals.form_again(lost.id)).lyrics == RUN


async def test_end_is_proposed_once_and_then_voted_for(
    harness: SessionHarness, session_id: int
) -> None:
    first = await harness.proposals.propose_end(session_id, harness.press(BO))
    second = await harness.proposals.propose_end(session_id, harness.press(CY))
    assert (first.is_new, second.is_new) == (True, False)
    assert second.proposal.id == first.proposal.id
    assert second.proposal.kind is ProposalKind.END
    assert {vote.member_id for vote in second.view.state.votes} == {BO, CY}


async def test_last_part_is_taken_back_by_more_than_half(
    harness: SessionHarness, session_id: int
) -> None:
    with refused("The song has no part yet"):
        await harness.proposals.propose_back(session_id, harness.press())
    await harness.chosen(session_id)
    await harness.proposals.propose_back(session_id, harness.press())
    await harness.count()
    state = await harness.state(session_id)
    assert state.session.latest_clip_id == SOURCE
    assert state.round(1).status is RoundStatus.UNDONE


async def test_nothing_is_taken_back_while_a_part_is_being_made(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.chosen(session_id)
    await harness.sent(session_id, RUN, CY)
    with refused("The part of round 2 is still being made") as busy:
        await harness.proposals.propose_back(session_id, harness.press())
    assert busy.value.remedy == "Choose *Neither* when it is there."


async def test_proposal_is_withdrawn_by_its_writer_with_the_votes_for_it(
    harness: SessionHarness, session_id: int
) -> None:
    result = await harness.write(session_id)
    await harness.vote(result.proposal, CY)
    await harness.proposals.take_off(result.proposal.id, harness.press(BO))
    state = await harness.state(session_id)
    assert state.proposals[0].status is ProposalStatus.WITHDRAWN
    assert not state.votes
    assert not (await harness.sessions.vote(result.proposal.id, harness.press(CY))).is_counted
    with refused("That vote is over"):
        await harness.proposals.take_off(result.proposal.id, harness.press(BO))


@pytest.mark.parametrize(("member_id", "may_manage"), [(ADA, False), (DEE, True)])
async def test_proposal_is_removed_by_host_or_moderator(
    harness: SessionHarness, session_id: int, member_id: int, *, may_manage: bool
) -> None:
    result = await harness.write(session_id)
    press = harness.press(member_id, may_manage=may_manage)
    await harness.proposals.take_off(result.proposal.id, press)
    [proposal] = (await harness.state(session_id)).proposals
    assert (proposal.status, proposal.removed_by) == (ProposalStatus.REMOVED, member_id)


async def test_proposal_is_removed_by_nobody_else(harness: SessionHarness, session_id: int) -> None:
    result = await harness.write(session_id)
    with refused(f"Only <@{BO}>, the host or a moderator can do that"):
        await harness.proposals.take_off(result.proposal.id, harness.press(CY))


# Vote and choose


async def test_vote_can_be_moved_until_the_count(harness: SessionHarness, session_id: int) -> None:
    one = (await harness.write(session_id, BO, NEON)).proposal
    two = (await harness.write(session_id, CY, RUN)).proposal
    await harness.run()
    first, second = harness.press(DEE), harness.press(DEE)
    cast = await harness.sessions.vote(two.id, second)
    assert cast.ends_at == harness.clock() + dt.timedelta(seconds=VOTE)
    await harness.sessions.vote(one.id, first)  # a replay of the older press
    votes = (await harness.state(session_id)).votes
    assert {vote.member_id: vote.choice for vote in votes} == {BO: "1", CY: "2", DEE: "2"}
    await harness.count()
    late = await harness.sessions.vote(one.id, harness.press(DEE))
    assert (late.is_counted, late.session_id, late.round_number) == (False, session_id, 1)


async def test_choice_can_be_moved_until_the_count(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.sent(session_id)
    making = (await harness.state(session_id)).round(1)
    assert not (await harness.sessions.choose(making.id, "A", harness.press())).is_counted
    part = await harness.make(session_id)
    await harness.choose(session_id, "A", ADA)
    await harness.choose(session_id, "B", ADA)
    await harness.run(CHOICE)
    assert (await harness.state(session_id)).session.latest_clip_id == clip_id(part, "b")
    assert not (await harness.sessions.choose(making.id, "A", harness.press())).is_counted


async def test_press_on_what_nobody_knows_is_refused(harness: SessionHarness) -> None:
    press = harness.press()
    for ask in (
        harness.sessions.view(UNKNOWN),
        harness.proposals.form(UNKNOWN),
        harness.proposals.form_of(UNKNOWN, press),
        harness.sessions.vote(UNKNOWN, press),
        harness.sessions.choose(UNKNOWN, "A", press),
        harness.sessions.close(UNKNOWN, press),
        harness.proposals.take_off(UNKNOWN, press),
    ):
        with refused("I don't know this session"):
            await ask


async def test_choice_that_is_no_letter_is_refused(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.sent(session_id)
    await harness.make(session_id)
    each = await harness.round(session_id, 1)
    with refused("I don't know this session"):
        await harness.sessions.choose(each.id, "AB", harness.press())


# Close, and end by hand


@pytest.mark.parametrize(("member_id", "may_manage"), [(ADA, False), (DEE, True)])
async def test_vote_is_closed_by_host_or_moderator(
    harness: SessionHarness, session_id: int, member_id: int, *, may_manage: bool
) -> None:
    await harness.write(session_id)
    each = await harness.round(session_id, 1)
    await harness.sessions.close(each.id, harness.press(member_id, may_manage=may_manage))
    await harness.run()
    over = await harness.round(session_id, 1)
    assert (over.status, over.closed_by) == (RoundStatus.MAKING, member_id)


async def test_choice_is_closed(harness: SessionHarness, session_id: int) -> None:
    await harness.sent(session_id)
    await harness.make(session_id)
    each = await harness.round(session_id, 1)
    with refused("Nobody has voted yet"):
        await harness.sessions.close(each.id, harness.press())
    await harness.choose(session_id, "A", CY)
    await harness.sessions.close(each.id, harness.press())
    await harness.run()
    assert (await harness.round(session_id, 1)).status is RoundStatus.CHOSEN
    with refused("That vote is over"):
        await harness.sessions.close(each.id, harness.press())


async def test_vote_is_closed_by_nobody_else_and_not_without_votes(
    harness: SessionHarness, session_id: int
) -> None:
    each = await harness.round(session_id, 1)
    with refused("Nobody has voted yet") as nothing:
        await harness.sessions.close(each.id, harness.press())
    assert nothing.value.remedy == "There is nothing to close."
    await harness.write(session_id)
    with refused(f"Only <@{ADA}>, who started this session, or a moderator can do that"):
        await harness.sessions.close(each.id, harness.press(BO))


async def test_vote_that_waits_for_a_part_is_not_closed(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.sent(session_id)
    await harness.write(session_id, CY, RUN)
    each = await harness.round(session_id, 2)
    with refused("The part before is not chosen yet"):
        await harness.sessions.close(each.id, harness.press())


async def test_session_is_ended_by_host_or_moderator(harness: SessionHarness) -> None:
    for press in (harness.press(), harness.press(DEE, may_manage=True)):
        session_id = (await harness.start()).state.session.id
        view = await harness.sessions.require_host(session_id, press)
        assert view.state.session.id == session_id
        await harness.sessions.end_now(session_id, press)
        session = (await harness.state(session_id)).session
        assert (session.status, session.end_reason) == (SessionStatus.ENDED, EndReason.BY_HAND)


async def test_session_is_ended_by_nobody_else(harness: SessionHarness, session_id: int) -> None:
    for ask in (harness.sessions.end_now, harness.sessions.require_host):
        with refused(f"Only <@{ADA}>, who started this session, or a moderator can do that"):
            await ask(session_id, harness.press(BO))
    assert (await harness.state(session_id)).session.is_running


# Threads and servers


async def test_closed_thread_lets_its_session_rest_until_the_next_press(
    harness: SessionHarness, session_id: int
) -> None:
    result = await harness.write(session_id)
    await harness.run()
    await harness.sessions.channel_closed(THREAD)
    await harness.count()
    session = (await harness.state(session_id)).session
    assert session.rest_reason is RestReason.CLOSED
    assert (await harness.round(session_id, 1)).ends_at is None
    await harness.vote(result.proposal, CY)
    await harness.run()
    assert (await harness.state(session_id)).session.rests_since is None
    assert (await harness.round(session_id, 1)).ends_at is not None


async def test_opened_thread_shows_how_its_session_stands(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.sessions.channel_opened(THREAD)  # it was not closed
    before = await harness.store.post_of(session_id, board_key(1))
    await harness.sessions.channel_closed(THREAD)
    resting = await harness.store.post_of(session_id, board_key(1))
    await harness.sessions.channel_opened(THREAD)
    after = await harness.store.post_of(session_id, board_key(1))
    assert before is not None
    assert resting is not None
    assert after is not None
    assert before.revision < resting.revision < after.revision
    assert (await harness.state(session_id)).session.rests_since is not None


async def test_deleted_thread_ends_its_session(harness: SessionHarness, session_id: int) -> None:
    await harness.chosen(session_id)
    await harness.sessions.channel_deleted(THREAD)
    await harness.run()
    session = (await harness.state(session_id)).session
    assert (session.status, session.end_reason) == (
        SessionStatus.FINISHED,
        EndReason.THREAD_DELETED,
    )
    assert session.song_id is not None


async def test_channel_without_a_session_can_be_closed_opened_and_deleted(
    harness: SessionHarness, session_id: int
) -> None:
    await harness.sessions.channel_closed(UNKNOWN)
    await harness.sessions.channel_opened(UNKNOWN)
    await harness.sessions.channel_deleted(UNKNOWN)
    assert (await harness.state(session_id)).session.rests_since is None


async def test_lost_server_ends_its_sessions_without_songs(harness: SessionHarness) -> None:
    lost = (await harness.start(channel_id=1)).state.session.id
    await harness.chosen(lost)
    kept = (await harness.start(channel_id=2, guild_id=GUILD + 1)).state.session.id
    await harness.sessions.guild_lost(GUILD)
    await harness.run()
    session = (await harness.state(lost)).session
    assert (session.status, session.song_id) == (SessionStatus.ENDED, None)
    assert (await harness.state(kept)).session.is_running


async def test_session_whose_thread_can_not_be_made_ends(harness: SessionHarness) -> None:
    view = await harness.start(channel_id=CARD_CHANNEL, has_own_thread=True)
    session_id = view.state.session.id
    await harness.sessions.end_lost(session_id, EndReason.NO_THREAD)
    await harness.sessions.end_lost(session_id, EndReason.TOO_MANY_THREADS)
    assert (await harness.state(session_id)).session.end_reason is EndReason.NO_THREAD


# Found and listed


async def test_channel_without_a_session_has_none_running(harness: SessionHarness) -> None:
    assert await harness.sessions.running_in(UNKNOWN) is None


async def test_pages_of_sessions_begin_with_running_ones(store: Store) -> None:
    harness = SessionHarness(store, ScriptedProvider(), rules=SessionRules(limit=0))
    for number in range(11):
        await harness.start(channel_id=number)
    channels = await harness.sessions.channels(GUILD)
    assert sorted(channels) == list(range(11))
    page = await harness.sessions.page(GUILD, 1, channels=channels)
    assert (len(page.views), page.number, page.page_count, page.total) == (10, 1, 2, 11)
    last = await harness.sessions.page(GUILD, 7, channels=channels)
    assert (len(last.views), last.number) == (1, 2)
    empty = await harness.sessions.page(GUILD, 1, channels=[])
    assert (list(empty.views), empty.number, empty.page_count) == ([], 1, 1)


async def test_list_names_who_made_most_parts(harness: SessionHarness, session_id: int) -> None:
    await harness.chosen(session_id, NEON, BO)
    page = await harness.sessions.page(GUILD, 1, channels=[THREAD])
    assert list(page.most_parts) == [(BO, 1)]

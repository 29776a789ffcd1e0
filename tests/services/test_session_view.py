"""What the posts of a session show: the song so far, links, totals."""

from dataclasses import replace

import pytest

from bot.domain.models import ReplyRef
from bot.domain.sessions.models import Totals
from bot.domain.sessions.posts import CARD, board_key, proposal_key
from bot.store.store import Store
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import SOURCE
from tests.support.session_harness import (
    ADA,
    BO,
    CLIP_LENGTH,
    CY,
    NEON,
    RUN,
    SOURCE_LENGTH,
    SessionHarness,
    post_at,
)


@pytest.fixture
async def harness(store: Store, suno: ScriptedProvider) -> SessionHarness:
    harness = SessionHarness(store, suno)
    await harness.source()
    return harness


async def test_unknown_session_has_no_view(harness: SessionHarness) -> None:
    assert await harness.views.load(404) is None


async def test_new_session_is_its_source(harness: SessionHarness) -> None:
    view = await harness.start()
    [source] = view.parts
    assert (source.clip.clip.id, source.starts_at) == (SOURCE, 0.0)
    assert (source.round, source.proposal) == (None, None)
    assert view.duration == SOURCE_LENGTH
    assert view.provider_label == "Suno Test"
    assert view.totals == Totals()
    assert view.song is None


@pytest.mark.parametrize("is_free", [True, False])
async def test_view_tells_whether_the_provider_costs_credits(
    store: Store, *, is_free: bool
) -> None:
    view = await SessionHarness(store, ScriptedProvider(is_free=is_free)).start()
    assert view.is_free is is_free


async def test_source_that_nobody_knows_is_left_out(store: Store) -> None:
    harness = SessionHarness(store, ScriptedProvider())
    view = await harness.start()
    assert (view.parts, view.duration) == ((), None)


async def test_provider_that_was_disabled_is_named_by_its_id(harness: SessionHarness) -> None:
    session_id = (await harness.start()).state.session.id
    other = SessionHarness(harness.store, ScriptedProvider("other"))
    assert (await other.view(session_id)).provider_label == "suno"


async def test_song_so_far_has_each_part_with_its_start_its_round_and_its_words(
    harness: SessionHarness,
) -> None:
    session_id = (await harness.start()).state.session.id
    first = await harness.chosen(session_id, NEON, BO)
    await harness.chosen(session_id, RUN, CY)
    view = await harness.view(session_id)
    source, one, two = view.parts
    assert source.round is None
    assert (one.round, one.clip.clip.id) == (first, first.clip_id)
    assert one.starts_at == pytest.approx(SOURCE_LENGTH, abs=0.1)
    assert two.starts_at == pytest.approx(SOURCE_LENGTH + CLIP_LENGTH, abs=0.1)
    assert view.duration == pytest.approx(SOURCE_LENGTH + 2 * CLIP_LENGTH, abs=0.1)
    assert [each.proposal and each.proposal.lyrics for each in view.parts] == [None, NEON, RUN]


async def test_what_lies_before_the_source_clip_counts_as_part_of_it(
    harness: SessionHarness,
) -> None:
    session_id = (await harness.start()).state.session.id
    made = await harness.chosen(session_id)
    await harness.sessions.end_now(session_id, harness.press())
    view = await harness.start(clip=made.clip_id)
    [source] = view.parts
    assert (source.clip.clip.id, source.starts_at, source.round) == (made.clip_id, 0.0, None)
    assert view.duration == pytest.approx(SOURCE_LENGTH + CLIP_LENGTH, abs=0.1)
    again = view.state.session.id
    await harness.chosen(again, RUN)
    parts = (await harness.view(again)).parts
    assert [each.round and each.round.number for each in parts] == [None, 1]


async def test_part_that_was_taken_back_is_not_in_the_song(harness: SessionHarness) -> None:
    session_id = (await harness.start()).state.session.id
    await harness.chosen(session_id)
    await harness.proposals.propose_back(session_id, harness.press())
    await harness.count()
    view = await harness.view(session_id)
    assert [each.round for each in view.parts] == [None]


async def test_links_lead_to_the_posts_that_exist(harness: SessionHarness) -> None:
    session_id = (await harness.start()).state.session.id
    result = await harness.write(session_id)
    await harness.run()
    gone = proposal_key(1, result.proposal.number)
    await harness.sessions.record_first_post(session_id, CARD, post_at(11))
    await harness.sessions.record_first_post(session_id, gone, unreachable(post_at(12)))
    view = await harness.view(session_id)
    assert view.links == {CARD: post_at(11).url}
    await harness.sessions.record_first_post(session_id, board_key(1), post_at(13))
    assert (await harness.view(session_id)).links[board_key(1)] == post_at(13).url


def unreachable(reply: ReplyRef) -> ReplyRef:
    return replace(reply, unreachable=True)


async def test_totals_are_counted_while_it_runs_and_kept_when_it_is_over(
    harness: SessionHarness,
) -> None:
    session_id = (await harness.start()).state.session.id
    result = await harness.write(session_id)
    await harness.vote(result.proposal, ADA, CY)
    totals = Totals(members=3, proposals=1, votes=3)
    assert (await harness.view(session_id)).totals == totals
    await harness.sessions.end_now(session_id, harness.press())
    assert (await harness.view(session_id)).totals == totals
    assert not (await harness.state(session_id)).votes


async def test_finished_session_has_its_song(harness: SessionHarness) -> None:
    session_id = (await harness.start()).state.session.id
    await harness.chosen(session_id)
    await harness.sessions.end_now(session_id, harness.press())
    await harness.run()
    view = await harness.view(session_id)
    assert view.song is not None
    assert view.song.id == view.state.session.song_id

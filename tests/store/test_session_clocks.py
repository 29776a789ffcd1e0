"""Clocks are moved by the time for which Encore was away."""

import datetime as dt
from dataclasses import replace

from bot.domain.sessions.models import Ballot, Post, RoundStatus, Session, SessionState
from bot.domain.sessions.posts import board_key, result_key
from bot.store.store import Store
from tests.support.store_samples import GUILD, MINUTE, NOW, SECOND
from tests.support.stored_sessions import (
    busy_round,
    change,
    last_round,
    started,
    vote,
    with_part,
    with_votes,
)

GAP = 90 * MINUTE + dt.timedelta(microseconds=7)
RUNNING = {"clock_started_at": NOW, "ends_at": NOW + 3 * MINUTE}


async def posts_by_key(store: Store, state: SessionState) -> dict[object, Post]:
    return {post.key: post for post in await store.posts_of(state.session.id)}


def voted(state: SessionState) -> SessionState:
    return with_votes(state, vote(1, at=NOW + SECOND), vote(2, at=NOW + SECOND))


def later(session: Session) -> Session:
    """Return a session whose own times are moved."""
    return replace(session, due_at=session.due_at + GAP, active_at=session.active_at + GAP)


async def test_clock_of_an_open_round_is_moved(store: Store) -> None:
    state = await started(store)
    state = await change(
        store,
        state.session.id,
        lambda was: voted(last_round(was, **RUNNING, last_proposal_at=NOW + MINUTE)),
    )
    before = await posts_by_key(store, state)
    await store.shift_clocks([GUILD], GAP)
    moved = await store.session_state(state.session.id)
    assert moved.rounds == (
        replace(
            state.rounds[0],
            clock_started_at=NOW + GAP,
            last_proposal_at=NOW + MINUTE + GAP,
            ends_at=NOW + 3 * MINUTE + GAP,
        ),
    )
    assert {each.at for each in moved.votes} == {NOW + SECOND + GAP}
    assert moved.session == later(state.session)
    after = await posts_by_key(store, state)
    raised = {key for key in after if after[key].revision > before[key].revision}
    assert raised == {board_key(1)}


async def test_clock_of_the_choice_of_a_clip_is_moved(store: Store) -> None:
    state = await with_part(store, await started(store))
    state = await change(store, state.session.id, voted)
    chosen = vote(1, "A", ballot=Ballot.CLIP), vote(1, round_number=2)
    state = await change(
        store,
        state.session.id,
        lambda was: with_votes(busy_round(was, **RUNNING, status=RoundStatus.CHOOSING), *chosen),
    )
    before = await posts_by_key(store, state)
    await store.shift_clocks([GUILD], GAP)
    moved = await store.session_state(state.session.id)
    assert moved.rounds == (
        replace(state.rounds[0], clock_started_at=NOW + GAP, ends_at=NOW + 3 * MINUTE + GAP),
        state.rounds[1],
    )
    expected = {replace(chosen[0], at=NOW + GAP), chosen[1]}
    expected |= {vote(1, at=NOW + SECOND), vote(2, at=NOW + SECOND)}
    assert set(moved.votes) == expected
    after = await posts_by_key(store, state)
    raised = {key for key in after if after[key].revision > before[key].revision}
    assert raised == {result_key(1)}


async def test_session_that_rests_only_idles_later(store: Store) -> None:
    state = await started(store, rests_since=NOW)
    state = await change(store, state.session.id, lambda was: voted(last_round(was, **RUNNING)))
    before = await posts_by_key(store, state)
    await store.shift_clocks([GUILD], GAP)
    moved = await store.session_state(state.session.id)
    assert moved == replace(state, session=later(state.session))
    assert await posts_by_key(store, state) == before


async def test_clocks_elsewhere_are_not_moved(store: Store) -> None:
    state = await started(store, guild_id=3)
    state = await change(store, state.session.id, lambda was: voted(last_round(was, **RUNNING)))
    before = await posts_by_key(store, state)
    await store.shift_clocks([GUILD], GAP)
    assert await store.session_state(state.session.id) == state
    assert await posts_by_key(store, state) == before


async def test_clock_that_does_not_run_is_not_started(store: Store) -> None:
    state = await started(store)
    state = await change(
        store, state.session.id, lambda was: voted(last_round(was, last_proposal_at=NOW))
    )
    await store.shift_clocks([GUILD], GAP)
    moved = await store.session_state(state.session.id)
    assert (moved.rounds, moved.votes) == (state.rounds, state.votes)


async def test_beat_moves_clocks_after_a_gap(store: Store) -> None:
    state = await started(store)
    state = await change(store, state.session.id, lambda was: last_round(was, **RUNNING))
    limit = 45 * SECOND

    async def beat(seconds: int, *, shard: int = 0, max_gap: dt.timedelta = limit) -> int:
        gap = await store.beat(shard, [GUILD], now=NOW + seconds * SECOND, max_gap=max_gap)
        return gap // SECOND

    assert [await beat(0), await beat(15), await beat(60)] == [0, 0, 0]
    assert await store.session_state(state.session.id) == state
    assert await beat(1000, shard=1) == 0
    assert await beat(106) == 46
    moved = await store.session_state(state.session.id)
    assert moved.rounds[0].ends_at == state.rounds[0].ends_at + 46 * SECOND
    assert await beat(100) == 0
    assert await beat(103, max_gap=dt.timedelta()) == 3
    assert await store.fact("alive:0") == (NOW + 103 * SECOND).isoformat()

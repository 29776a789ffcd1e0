"""Sessions that are found, listed and due."""

from dataclasses import replace

from bot.domain.models import Status
from bot.domain.sessions.models import DropReason, RoundStatus, SessionState, SessionStatus
from bot.domain.transitions import finished
from bot.store.session_queries import ProposalPlace, RoundPlace, RunningSession, SessionIds
from bot.store.store import Store
from tests.support.store_samples import GUILD, MINUTE, NOW, SECOND, asked, heard
from tests.support.stored_sessions import (
    busy_round,
    change,
    making,
    over,
    proposal,
    started,
    with_chosen_part,
    with_failed_part,
    with_part,
    with_proposals,
)

LATER = NOW + MINUTE


async def test_running_session_is_found_by_channel_server_and_part(store: Store) -> None:
    one = await with_part(store, await started(store, "one", channel_id=1))
    two = await started(store, "two", channel_id=2)
    elsewhere = await started(store, "elsewhere", channel_id=3, guild_id=3)
    part = one.busy_round.extension_id
    ids = [state.session.id for state in (one, two, elsewhere)]
    assert [await store.session_in_channel(channel) for channel in (1, 2, 3)] == ids
    assert await store.running_in_guild(GUILD) == ids[:2]
    assert await store.running_sessions() == [
        RunningSession(session_id, guild_id)
        for session_id, guild_id in zip(ids, (GUILD, GUILD, 3), strict=True)
    ]
    assert await store.session_of_extension(part) == one.session.id
    await change(store, one.session.id, over)
    assert await store.session_in_channel(1) is None
    assert await store.running_in_guild(GUILD) == ids[1:2]
    assert [session_id for session_id, _ in await store.running_sessions()] == ids[1:]
    assert await store.session_of_extension(part) is None
    assert await store.session_of_extension(404) is None


async def test_threadless_sessions_run_without_a_channel(store: Store) -> None:
    await started(store, "one")
    two, three = [await started(store, key, channel_id=None) for key in ("two", "three")]
    assert await store.threadless_sessions() == [two.session.id, three.session.id]
    await change(store, two.session.id, lambda was: over(was, SessionStatus.ENDED))
    await change(
        store,
        three.session.id,
        lambda was: replace(was, session=replace(was.session, channel_id=9)),
    )
    assert await store.threadless_sessions() == []


async def test_sessions_of_a_server_are_listed_in_pages(store: Store) -> None:
    ids = [
        (await started(store, f"{n}", channel_id=n, card_channel_id=n)).session.id
        for n in range(1, 7)
    ]
    await started(store, "elsewhere", channel_id=9, guild_id=9)

    def finished_at(minutes: int) -> object:
        def ended(was: SessionState) -> SessionState:
            new = over(was)
            return replace(new, session=replace(new.session, finished_at=NOW + minutes * MINUTE))

        return ended

    await change(store, ids[0], finished_at(2))
    await change(store, ids[1], finished_at(1))
    await change(store, ids[2], lambda was: over(was, SessionStatus.ENDED))
    channels = await store.session_channels(GUILD)
    assert sorted(channels) == [1, 2, 4, 5, 6]
    listed = [ids[5], ids[4], ids[3], ids[0], ids[1]]
    page = await store.sessions_of_guild(GUILD, channels=channels, offset=0, limit=10)
    assert page == SessionIds(listed, 5)
    page = await store.sessions_of_guild(GUILD, channels=channels, offset=2, limit=2)
    assert page == SessionIds(listed[2:4], 5)
    page = await store.sessions_of_guild(GUILD, channels=[1, 6, 9], offset=0, limit=10)
    assert page == SessionIds([ids[5], ids[0]], 2)


async def test_most_parts_counts_chosen_parts_of_the_server(store: Store) -> None:
    assert await store.most_parts(GUILD) == []
    for key, guild_id in (("one", GUILD), ("two", GUILD), ("elsewhere", 3)):
        state = await started(store, key, channel_id=len(key), guild_id=guild_id)
        # of member 1; another of each round was not chosen
        state = await with_chosen_part(store, state)
        other = replace(proposal(2, round_number=2), idempotency_key=f"{key} 2")
        rounds_ago = state.rounds[-1].number
        assert rounds_ago == 2
        await change(store, state.session.id, lambda was, other=other: with_proposals(was, other))
        await change(
            store,
            state.session.id,
            lambda was: making(was, winner=2),
            request=asked(f"part of {key}"),
        )
        if key == "one":
            await change(
                store,
                state.session.id,
                lambda was: busy_round(was, status=RoundStatus.CHOSEN, clip_id="b"),
            )
        await change(store, state.session.id, over)
    assert await store.most_parts(GUILD) == [(1, 2), (2, 1)]
    assert await store.most_parts(GUILD, limit=1) == [(1, 2)]


async def test_places_of_rounds_and_proposals(store: Store) -> None:
    state = await with_part(store, await started(store))
    [first], round_id = state.proposals, state.rounds[1].id
    assert await store.round_place(round_id) == RoundPlace(state.session.id, 2)
    assert await store.proposal_place(first.id) == ProposalPlace(state.session.id, 1, 1)
    assert await store.round_place(round_id + 404) is None
    assert await store.proposal_place(first.id + 404) is None


async def test_session_is_due_at_its_time(store: Store) -> None:
    assert await store.next_session_due() is None
    late = await started(store, "late", channel_id=1, due_at=LATER)
    soon = await started(store, "soon", channel_id=2, due_at=NOW + SECOND)
    assert await store.next_session_due() == NOW + SECOND
    assert await store.due_sessions(now=NOW) == []
    assert await store.due_sessions(now=NOW + SECOND) == [soon.session.id]
    assert await store.due_sessions(now=LATER) == [late.session.id, soon.session.id]
    for each in (late, soon):
        await change(store, each.session.id, lambda was: over(was, SessionStatus.ENDED))
    assert await store.due_sessions(now=LATER) == []
    assert await store.next_session_due() is None


async def test_session_is_due_when_its_part_has_ended(store: Store) -> None:
    state = await with_part(store, await started(store, due_at=LATER))
    assert await store.due_sessions(now=NOW) == []
    part = await store.extension(state.busy_round.extension_id)
    assert await store.save(finished(part, Status.CANCELLED, None, now=NOW), was=part)
    assert await store.due_sessions(now=NOW) == [state.session.id]
    await change(store, state.session.id, lambda was: busy_round(was, status=RoundStatus.CHOOSING))
    assert await store.due_sessions(now=NOW) == []


async def test_session_is_due_when_a_failed_part_is_complete(store: Store) -> None:
    state = await with_failed_part(store, await started(store, due_at=LATER))
    assert await store.due_sessions(now=NOW) == []
    part = await store.extension(state.rounds[0].extension_id)
    silent = replace(part, status=Status.COMPLETE)
    assert await store.save(silent, was=part)
    assert await store.due_sessions(now=NOW) == []
    complete = replace(silent, clips=(heard("a"),), revision=silent.revision + 1)
    assert await store.save(complete, was=silent)
    assert await store.due_sessions(now=NOW) == [state.session.id]
    late = replace(state.rounds[0], drop_reason=DropReason.LATE)
    await change(store, state.session.id, lambda was: replace(was, rounds=(late, *was.rounds[1:])))
    assert await store.due_sessions(now=NOW) == []


async def test_failed_part_of_a_session_that_is_over_is_not_due(store: Store) -> None:
    state = await with_failed_part(store, await started(store))
    await change(store, state.session.id, lambda was: over(was, SessionStatus.ENDED))
    part = await store.extension(state.rounds[0].extension_id)
    assert await store.save(replace(part, status=Status.COMPLETE, clips=(heard("a"),)), was=part)
    assert await store.due_sessions(now=LATER) == []

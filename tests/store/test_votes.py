"""Votes: counted or refused, moved by newer presses only; and what the unique indexes refuse."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from sqlalchemy import Table, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.domain.sessions.models import (
    NEITHER,
    Ballot,
    Change,
    ProposalKind,
    ProposalStatus,
    RoundStatus,
    SessionState,
    Vote,
)
from bot.domain.sessions.steps import opened
from bot.store.schema import posts, proposals, rounds, sessions, votes
from bot.store.store import Store
from bot.store.votes import CastVote
from tests.support.store_samples import MINUTE, NOW, SECOND, asked
from tests.support.stored_sessions import (
    FIRST_REPLY_UNTIL,
    begun,
    busy_round,
    change,
    last_round,
    making,
    over,
    proposal,
    start,
    started,
    with_part,
    with_proposals,
)


@pytest.fixture
async def written(store: Store) -> SessionState:
    """A session with two proposals."""
    state = await started(store)
    return await change(
        store, state.session.id, lambda was: with_proposals(was, proposal(1), proposal(2))
    )


async def cast(
    store: Store, proposal_id: int, member_id: int = 1, *, interaction_id: int = 100
) -> CastVote | None:
    return await store.vote_for_proposal(
        proposal_id, member_id=member_id, interaction_id=interaction_id, now=NOW
    )


async def choose(
    store: Store, round_id: int, choice: str, *, interaction_id: int = 100
) -> CastVote | None:
    return await store.vote_for_clip(
        round_id, choice, member_id=1, interaction_id=interaction_id, now=NOW
    )


async def votes_of(store: Store, state: SessionState) -> tuple[Vote, ...]:
    return (await store.session_state(state.session.id)).votes


async def test_vote_for_a_proposal_is_stored(store: Store, written: SessionState) -> None:
    first, second = written.proposals
    timed = await change(
        store, written.session.id, lambda was: last_round(was, ends_at=NOW + MINUTE)
    )
    assert await cast(store, second.id) == CastVote(
        session_id=timed.session.id,
        round_number=1,
        proposal=second,
        ends_at=NOW + MINUTE,
        is_counted=True,
    )
    assert await votes_of(store, timed) == (
        Vote(
            round_number=1,
            ballot=Ballot.NEXT,
            member_id=1,
            choice="2",
            interaction_id=100,
            at=NOW,
        ),
    )
    assert (await store.session_state(timed.session.id)).session == timed.session
    assert await cast(store, first.id + 404) is None


async def test_only_a_newer_press_moves_a_vote(store: Store, written: SessionState) -> None:
    first, second = written.proposals
    for proposal_id, interaction_id, choice in (
        (first.id, 100, "1"),
        (first.id, 100, "1"),
        (second.id, 101, "2"),
        (first.id, 100, "2"),
        (first.id, 101, "2"),
        (first.id, 102, "1"),
    ):
        answer = await cast(store, proposal_id, interaction_id=interaction_id)
        assert answer.is_counted
        [stored] = await votes_of(store, written)
        assert stored.choice == choice


async def test_vote_replayed_keeps_its_time(store: Store, written: SessionState) -> None:
    await cast(store, written.proposals[0].id)
    await store.vote_for_proposal(
        written.proposals[0].id, member_id=1, interaction_id=100, now=NOW + SECOND
    )
    [stored] = await votes_of(store, written)
    assert stored.at == NOW


@pytest.mark.parametrize("status", [ProposalStatus.WITHDRAWN, ProposalStatus.REMOVED])
async def test_vote_for_what_is_not_listed_is_refused(
    store: Store, written: SessionState, status: ProposalStatus
) -> None:
    off = replace(written.proposals[0], status=status)
    await change(store, written.session.id, lambda was: with_proposals(was, off))
    answer = await cast(store, off.id)
    assert (answer.is_counted, answer.proposal) == (False, off)
    assert await votes_of(store, written) == ()


async def test_vote_after_the_count_is_refused(store: Store, written: SessionState) -> None:
    await change(store, written.session.id, making, request=asked("part"))
    assert not (await cast(store, written.proposals[0].id)).is_counted
    await change(store, written.session.id, over)
    assert not (await cast(store, written.proposals[0].id)).is_counted
    assert await votes_of(store, written) == ()


async def test_vote_in_a_session_that_is_over_is_refused(
    store: Store, written: SessionState
) -> None:
    await change(
        store,
        written.session.id,
        lambda was: replace(was, session=over(was).session),
    )
    assert not (await cast(store, written.proposals[0].id)).is_counted


async def test_clip_is_voted_for_while_it_is_chosen(store: Store) -> None:
    state = await with_part(store, await started(store))
    round_id = state.rounds[0].id
    assert not (await choose(store, round_id, "A")).is_counted
    await change(
        store,
        state.session.id,
        lambda was: busy_round(was, status=RoundStatus.CHOOSING, ends_at=NOW),
    )
    for interaction_id, choice in ((100, "B"), (101, NEITHER), (100, "A")):
        assert await choose(store, round_id, choice, interaction_id=interaction_id) == CastVote(
            session_id=state.session.id,
            round_number=1,
            proposal=None,
            ends_at=NOW,
            is_counted=True,
        )
    [stored] = await votes_of(store, state)
    assert (stored.ballot, stored.choice) == (Ballot.CLIP, NEITHER)
    assert await choose(store, round_id + 404, "A") is None


# several at once


@pytest.fixture
async def other(store: Store, url: str) -> AsyncIterator[Store]:
    """The store of another process, where the database can have one."""
    async with AsyncExitStack() as stack:
        is_alone = url.startswith("sqlite")
        yield store if is_alone else await stack.enter_async_context(Store.open(url))


def count(store: Store, state: SessionState) -> asyncio.Task[SessionState | None]:
    """Count the first ballot in a task: whoever voted is in its state."""
    return asyncio.create_task(
        store.change_session(
            state.session.id,
            lambda was: Change(
                state=making(last_round(was, voters=len(was.votes))), request=asked("part")
            ),
            now=NOW,
            first_reply_until=FIRST_REPLY_UNTIL,
        )
    )


@pytest.mark.parametrize("count_is_first", [True, False])
async def test_vote_is_counted_or_refused(
    store: Store, other: Store, written: SessionState, *, count_is_first: bool
) -> None:
    proposal_ids = [each.id for each in written.proposals]
    counting = [count(other, written)] if count_is_first else []
    voting = [
        asyncio.create_task(cast(store if member % 2 else other, proposal_ids[member % 2], member))
        for member in range(30)
    ]
    counting = counting or [count(other, written)]
    answers = await asyncio.gather(*voting)
    [counted] = await asyncio.gather(*counting)
    confirmed = {member for member, answer in enumerate(answers) if answer.is_counted}
    assert {each.member_id for each in await votes_of(store, written)} == confirmed
    assert counted.rounds[0].voters == len(confirmed)


async def test_vote_waits_for_a_count_in_progress_and_is_refused(
    postgres_url: str,
) -> None:
    async with Store.open(postgres_url) as store:
        state = await started(store)
        state = await change(store, state.session.id, lambda was: with_proposals(was, proposal(1)))
        engine = create_async_engine(postgres_url)
        async with engine.begin() as counting:
            await counting.execute(
                select(sessions.c.id).where(sessions.c.id == state.session.id).with_for_update()
            )
            voting = asyncio.create_task(cast(store, state.proposals[0].id))
            await until_somebody_waits(engine.connect)
            assert not voting.done()
            await counting.execute(rounds.update().values(status=RoundStatus.SETTLED))
        assert not (await voting).is_counted
        await engine.dispose()


async def test_count_waits_for_a_vote_in_progress_and_counts_it(postgres_url: str) -> None:
    async with Store.open(postgres_url) as store:
        state = await started(store)
        engine = create_async_engine(postgres_url)
        async with engine.begin() as voting:
            await voting.execute(
                select(sessions.c.id)
                .where(sessions.c.id == state.session.id)
                .with_for_update(read=True)
            )
            counting = count(store, state)
            await until_somebody_waits(engine.connect)
            assert not counting.done()
            cast_vote = {
                "round_id": state.rounds[0].id,
                "ballot": Ballot.NEXT,
                "member_id": 1,
                "choice": "1",
                "interaction_id": 1,
                "at": NOW,
            }
            await voting.execute(insert(votes).values(cast_vote))
        assert (await counting).rounds[0].voters == 1
        await engine.dispose()


async def until_somebody_waits(connect: object) -> None:
    """Return when a transaction waits for another."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    async with connect() as connection:
        while not (await connection.execute(waiting)).scalar_one():
            await connection.rollback()


async def test_replayed_forms_store_one_proposal(store: Store, other: Store) -> None:
    state = await started(store)

    def propose(was: SessionState) -> Change | None:
        if any(each.idempotency_key == "form" for each in was.proposals):
            return None
        new = proposal(len(was.proposals) + 1, idempotency_key="form")
        return Change(state=with_proposals(was, new))

    answers = await asyncio.gather(
        *(
            each.change_session(
                state.session.id, propose, now=NOW, first_reply_until=FIRST_REPLY_UNTIL
            )
            for each in (store, other) * 5
        )
    )
    assert [answer is not None for answer in answers].count(True) == 1
    assert len((await store.session_state(state.session.id)).proposals) == 1


async def test_replayed_starts_store_one_session(store: Store, other: Store) -> None:
    states = await asyncio.gather(
        *(started_or_known(each) for each in (store, other) * 5), return_exceptions=True
    )
    assert [state.session.id for state in states] == [states[0].session.id] * 10
    assert len(await store.running_sessions()) == 1


async def started_or_known(store: Store) -> SessionState:
    return (await start(store, begun())).state


# what the unique indexes refuse

COPIES: dict[str, tuple[Table, dict[str, object]]] = {
    "sessions of one key": (sessions, {"channel_id": 1}),
    "running sessions in one channel": (sessions, {"idempotency_key": "other"}),
    "rounds of one number": (rounds, {"status": RoundStatus.SETTLED}),
    "open rounds": (rounds, {"number": 9}),
    "proposals of one number": (
        proposals,
        {"idempotency_key": "other", "member_id": 9, "kind": ProposalKind.PART},
    ),
    "proposals of one key": (proposals, {"number": 9, "member_id": 9}),
    "parts of one member": (proposals, {"number": 9, "idempotency_key": "other"}),
    "votes of one member": (votes, {"choice": "2"}),
    "posts of one key": (posts, {}),
}


@pytest.mark.parametrize("name", COPIES)
async def test_unique_index_refuses(store: Store, name: str, written: SessionState) -> None:
    table, changes = COPIES[name]
    await cast(store, written.proposals[0].id)

    async def copy(db: AsyncConnection) -> None:
        first = select(table).order_by(*table.primary_key.columns).limit(1)
        row = dict((await db.execute(first)).mappings().one())
        row.pop("id", None)
        await db.execute(insert(table).values(row | changes))

    with pytest.raises(Exception, match=r"(?i)unique"):
        await store.database.run(copy, writes=True)


async def test_unique_index_refuses_a_second_busy_round(store: Store) -> None:
    state = await with_part(store, await started(store))

    def second(was: SessionState) -> SessionState:
        return opened(last_round(was, status=RoundStatus.CHOOSING), NOW)

    with pytest.raises(Exception, match=r"(?i)unique"):
        await change(store, state.session.id, second)


async def test_unique_index_refuses_a_part_of_two_rounds(store: Store) -> None:
    state = await with_part(store, await started(store))
    part = state.rounds[0].extension_id
    with pytest.raises(Exception, match=r"(?i)unique"):
        await change(
            store,
            state.session.id,
            lambda was: opened(last_round(was, status=RoundStatus.DROPPED, extension_id=part), NOW),
        )


@pytest.mark.parametrize("kind", [ProposalKind.END, ProposalKind.BACK])
async def test_unique_index_refuses_a_second_end_or_back(store: Store, kind: ProposalKind) -> None:
    state = await started(store)
    first, second = (proposal(number, kind=kind) for number in (1, 2))
    with pytest.raises(Exception, match=r"(?i)unique"):
        await change(store, state.session.id, lambda was: with_proposals(was, first, second))
    withdrawn = replace(first, status=ProposalStatus.WITHDRAWN)
    new = await change(store, state.session.id, lambda was: with_proposals(was, withdrawn, second))
    assert len(new.proposals) == 2


async def test_member_may_have_parts_listed_anew_beside_a_new_one(store: Store) -> None:
    state = await started(store)
    own = proposal(1), proposal(2, member_id=1, listed_from=1), proposal(3, member_id=2)
    new = await change(store, state.session.id, lambda was: with_proposals(was, *own))
    assert len(new.proposals) == 3

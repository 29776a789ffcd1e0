"""Sessions for the tests of the store, brought by hand to where a test begins."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.domain.models import Extension, ReplyRef, Status
from bot.domain.sessions.models import (
    Ballot,
    Change,
    DropReason,
    PostKey,
    Proposal,
    Round,
    RoundStatus,
    Session,
    SessionState,
    SessionStatus,
    Vote,
)
from bot.domain.sessions.steps import opened, with_proposal, with_round
from bot.domain.transitions import finished
from bot.store.sessions import Started
from bot.store.store import Store
from tests.support.store_samples import CHANNEL, GUILD, MEMBER, MINUTE, NOW, asked

THREAD = 77
FIRST_REPLY_UNTIL = NOW + MINUTE


def new_session(key: str = "session", **parts: object) -> Session:
    """Return a session as it is started in a thread."""
    session = Session(
        idempotency_key=key,
        guild_id=GUILD,
        card_channel_id=CHANNEL,
        channel_id=THREAD,
        has_own_thread=False,
        host_id=MEMBER,
        host_name="Ada",
        title="Electric Dreams",
        provider="suno",
        source_clip_id="source",
        latest_clip_id="source",
        vote_seconds=180,
        parts_left=12,
        created_at=NOW,
        active_at=NOW,
        due_at=NOW + MINUTE,
    )
    return replace(session, **parts)


def begun(key: str = "session", **parts: object) -> Change:
    """Return what starts a session whose first round is open, if it has a channel."""
    state = SessionState(session=new_session(key, **parts), extensions={})
    return Change(state=state if state.session.channel_id is None else opened(state, NOW))


async def start(store: Store, change: Change, *, limit: int = 0) -> object:
    """Return what ``store`` answers to a new session."""
    return await store.start_session(
        change, limit=limit, now=NOW, first_reply_until=FIRST_REPLY_UNTIL
    )


async def started(store: Store, key: str = "session", **parts: object) -> SessionState:
    """Return a session that ``store`` has."""
    answer = await start(store, begun(key, **parts))
    assert isinstance(answer, Started)
    assert answer.is_new
    return answer.state


async def change(
    store: Store,
    session_id: int,
    edit: Callable[[SessionState], SessionState],
    *,
    request: Extension | None = None,
    replies: Mapping[PostKey, ReplyRef] | None = None,
) -> SessionState:
    """Return a session after ``edit``."""
    new = await store.change_session(
        session_id,
        lambda state: Change(state=edit(state), request=request, replies=replies or {}),
        now=NOW,
        first_reply_until=FIRST_REPLY_UNTIL,
    )
    assert new is not None
    return new


def proposal(number: int, *, round_number: int = 1, **parts: object) -> Proposal:
    """Return a part that a member proposes: each number is another member's."""
    written = Proposal(
        round_number=round_number,
        number=number,
        member_id=number,
        member_name=f"member {number}",
        idempotency_key=f"proposal {round_number}-{number}",
        lyrics="[Verse]\nNeon rain",
        created_at=NOW,
    )
    return replace(written, **parts)


def vote(member_id: int, choice: str = "1", *, round_number: int = 1, **parts: object) -> Vote:
    """Return a vote in the ballot over proposals."""
    cast = Vote(
        round_number=round_number,
        ballot=Ballot.NEXT,
        member_id=member_id,
        choice=choice,
        interaction_id=100,
        at=NOW,
    )
    return replace(cast, **parts)


def with_proposals(state: SessionState, *proposals: Proposal) -> SessionState:
    """Return the session with more proposals."""
    for each in proposals:
        state = with_proposal(state, each)
    return state


def with_votes(state: SessionState, *votes: Vote) -> SessionState:
    """Return the session with more votes."""
    return replace(state, votes=(*state.votes, *votes))


def making(state: SessionState, *, winner: int = 1) -> SessionState:
    """Return the session with a part of its open round in the making, and the next round open."""
    each = state.rounds[-1]
    sent = replace(each, status=RoundStatus.MAKING, winner=winner, base_clip_id="source")
    return opened(with_round(state, sent), NOW)


def last_round(state: SessionState, **parts: object) -> SessionState:
    """Return the session with its newest round changed."""
    return with_round(state, replace(state.rounds[-1], **parts))


def busy_round(state: SessionState, **parts: object) -> SessionState:
    """Return the session with the round changed whose part is being made or chosen."""
    each = state.busy_round
    assert each is not None
    return with_round(state, replace(each, **parts))


def over(state: SessionState, status: SessionStatus = SessionStatus.FINISHED) -> SessionState:
    """Return the session as it is when it is over."""
    rounds: list[Round] = [
        replace(each, status=RoundStatus.SETTLED)
        if each.status is RoundStatus.OPEN or each.status.is_busy
        else each
        for each in state.rounds
    ]
    ended = replace(state.session, status=status, finished_at=NOW)
    return replace(state, session=ended, rounds=tuple(rounds))


async def with_part(store: Store, state: SessionState, **parts: object) -> SessionState:
    """Return a session whose open round got a proposal and has its part in the making."""
    each = state.rounds[-1]
    key = f"session:{state.session.id}:{each.number}"
    proposed = proposal(1, round_number=each.number, idempotency_key=key)
    return await change(
        store,
        state.session.id,
        lambda was: making(with_proposals(was, proposed)),
        request=asked(key, **parts),
    )


async def with_failed_part(store: Store, state: SessionState, **parts: object) -> SessionState:
    """Return a session whose open round sent a part that failed."""
    made = await with_part(store, state, **parts)
    part = await store.extension(made.busy_round.extension_id)
    assert await store.save(finished(part, Status.FAILED, None, now=NOW), was=part)
    return await change(
        store,
        state.session.id,
        lambda was: busy_round(was, status=RoundStatus.DROPPED, drop_reason=DropReason.FAILED),
    )


async def with_chosen_part(store: Store, state: SessionState, **parts: object) -> SessionState:
    """Return a session whose open round brought a part into the song."""
    made = await with_part(store, state, **parts)
    return await change(
        store,
        made.session.id,
        lambda was: busy_round(was, status=RoundStatus.CHOSEN, clip_id="a"),
    )

"""What a session does by itself: `step` looks at what is stored and says the next change.

Nothing depends on having heard of an event, so that after a kill a session goes on by looking.
`step` is applied until it has nothing left to change. Two rules hold everywhere: no vote, no
clock; no clock, no request.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

from bot.domain.budgets import BudgetUse, Period
from bot.domain.models import ExtendRequest, Extension, ReplyRef, Status
from bot.domain.sessions.ballots import clip_id_of, count_clips, count_next, playable_letters
from bot.domain.sessions.clocks import ballot_of, ends_at
from bot.domain.sessions.models import (
    NEITHER,
    SESSION_KEY_PREFIX,
    Ballot,
    Change,
    DropReason,
    EndReason,
    Proposal,
    ProposalKind,
    ProposalStatus,
    RestReason,
    Round,
    RoundStatus,
    SessionState,
    SessionStatus,
)

IDLE = dt.timedelta(days=3)
LENGTH_WAIT = dt.timedelta(seconds=60)  # for the length of the latest clip to be measured
END_REASONS_WITHOUT_SONG = frozenset({EndReason.GUILD_LOST})


def step(
    state: SessionState, now: dt.datetime, *, needs_length: bool, deadline: dt.timedelta
) -> Change | None:
    """Return the next change of a session, or None if there is none now.

    Args:
        state: as it is stored.
        now: the time.
        needs_length: whether the provider must be told the second at which a clip ends.
        deadline: how long a part may take.
    """
    session = state.session
    if not session.is_running:
        return None
    if session.rests_since is not None:
        new = _rested(state, now)
    else:
        rules: tuple[Callable[[SessionState, dt.datetime], SessionState | None], ...] = (
            _part_ended,
            _part_came_late,
            _with_clocks,
            _clip_chosen,
        )
        new = next((found for rule in rules if (found := rule(state, now)) is not None), None)
    end_reason = _end_reason(new or state, now)
    if end_reason is not None:
        new = finished(new or state, end_reason, now)
    if new is not None:
        return Change(state=with_due_time(new))
    if session.rests_since is not None:
        return None
    return _next_decided(state, now, needs_length=needs_length, deadline=deadline)


def finished(state: SessionState, reason: EndReason, now: dt.datetime) -> SessionState:
    """Return the session as over; a part that is still being made is not in the song."""
    has_song = bool(state.chosen_rounds) and reason not in END_REASONS_WITHOUT_SONG
    for each in state.rounds:
        if each.status is RoundStatus.OPEN or each.status.is_busy:
            over = replace(each, status=RoundStatus.SETTLED, ended_at=now)
            state = with_round(state, _without_clock(over))
    session = replace(
        state.session,
        status=SessionStatus.FINISHED if has_song else SessionStatus.ENDED,
        end_reason=reason,
        rests_since=None,
        rest_reason=None,
        finished_at=now,
        due_at=now,
    )
    return replace(state, session=session)


def opened(state: SessionState, now: dt.datetime) -> SessionState:
    """Return the session with one more open round."""
    number = len(state.rounds) + 1
    return replace(state, rounds=(*state.rounds, Round(number=number, opened_at=now)))


def with_round(state: SessionState, new: Round) -> SessionState:
    """Return the session with one round replaced by ``new``."""
    kept = (new if each.number == new.number else each for each in state.rounds)
    return replace(state, rounds=tuple(kept))


def with_proposal(state: SessionState, new: Proposal) -> SessionState:
    """Return the session with one proposal replaced by ``new``, or added."""
    place = (new.round_number, new.number)
    kept = {(each.round_number, each.number): each for each in state.proposals} | {place: new}
    return replace(state, proposals=tuple(kept[each] for each in sorted(kept)))


def without_votes(state: SessionState, number: int, choice: str | None = None) -> SessionState:
    """Return the session without the votes for proposals of a round, or for one of them."""
    kept = tuple(
        vote
        for vote in state.votes
        if vote.round_number != number
        or vote.ballot is not Ballot.NEXT
        or choice not in (None, vote.choice)
    )
    return replace(state, votes=kept)


def next_number(state: SessionState, number: int) -> int:
    """Return the number that the next proposal of a round gets."""
    return max((each.number for each in state.proposals_of(number, listed=False)), default=0) + 1


def with_due_time(state: SessionState) -> SessionState:
    """Return the session due when its ballot ends, its budget renews, or it was idle for long."""
    session = state.session
    if not session.is_running:
        return state
    idle_at = session.active_at + IDLE
    current = state.busy_round or state.open_round
    ends = session.budget_renews_at
    if session.rests_since is None and current is not None:
        ends = current.ends_at
    due_at = idle_at if ends is None else min(ends, idle_at)
    return replace(state, session=replace(session, due_at=due_at))


def stopped(each: Round) -> Round:
    """Return a round whose ballot starts its clock anew, and is not closed by hand any more."""
    ballot = ballot_of(each)
    return replace(
        _without_clock(each),
        closed_by=None if ballot is Ballot.NEXT else each.closed_by,
        clip_closed_by=None if ballot is Ballot.CLIP else each.clip_closed_by,
    )


def resting_for_budget(state: SessionState, use: BudgetUse, now: dt.datetime) -> Change:
    """Return the session at rest until the budget renews that its part would be charged to.

    All votes are kept, and the clock starts in full then.
    """
    reason = RestReason.DAILY_BUDGET if use.period is Period.DAY else RestReason.MONTHLY_BUDGET
    return at_rest(state, reason, now)


def at_rest(state: SessionState, reason: RestReason, now: dt.datetime) -> Change:
    """Return the session with its clocks stopped."""
    resting = replace(state.session, rests_since=now, rest_reason=reason)
    rounds = tuple(each if ballot_of(each) is None else stopped(each) for each in state.rounds)
    return Change(state=with_due_time(replace(state, session=resting, rounds=rounds)))


def awake(state: SessionState, now: dt.datetime) -> SessionState:
    """Return the session as active and not resting; its clock starts in full by the next steps."""
    session = replace(state.session, rests_since=None, rest_reason=None, active_at=now)
    return replace(state, session=session)


def _rested(state: SessionState, now: dt.datetime) -> SessionState | None:
    """Wake a resting session with a newer vote, or its budget; see its part to its end."""
    since, renews_at = state.session.rests_since, state.session.budget_renews_at
    if renews_at is not None and now >= renews_at:
        return awake(state, now)
    if since is not None and any(vote.at > since for vote in state.votes):
        return awake(state, now)
    return _part_ended(state, now) or _part_came_late(state, now)


def _part_ended(state: SessionState, now: dt.datetime) -> SessionState | None:
    """Choose between the clips of a part that is complete; drop a round that has none.

    While clips are chosen, *Check again* may look for another one.
    """
    each = state.busy_round
    part = state.part_of(each) if each is not None else None
    if each is None or part is None:
        return None
    is_playable = bool(playable_letters(part))
    if each.status is RoundStatus.CHOOSING:
        return None if is_playable else _dropped(state, each, DropReason.FAILED, now)
    if part.status is Status.COMPLETE and is_playable:
        return _choosing(state, each, now)
    return _dropped(state, each, DropReason.FAILED, now) if part.status.is_final else None


def _part_came_late(state: SessionState, now: dt.datetime) -> SessionState | None:
    """Choose between the clips of a part that counted as failed, if the song has not gone on.

    What is on the board because it had failed is taken off: the same part, and to take back the
    part before it.
    """
    late = next((each for each in state.rounds if _is_late(state, each)), None)
    if late is None:
        return None
    *_, before, current = state.rounds
    has_gone_on = late is not before or late.base_clip_id != state.session.latest_clip_id
    if has_gone_on:
        return with_round(state, replace(late, drop_reason=DropReason.LATE))
    for proposal in state.proposals_of(current.number):
        if proposal.listed_from is not None or proposal.kind is ProposalKind.BACK:
            state = with_proposal(state, replace(proposal, status=ProposalStatus.WITHDRAWN))
            state = without_votes(state, current.number, str(proposal.number))
    state = with_round(state, stopped(current))
    return _choosing(state, replace(late, drop_reason=None, ended_at=None), now)


def _is_late(state: SessionState, each: Round) -> bool:
    """Return whether a part that counted as failed is complete after all."""
    part = state.part_of(each)
    is_complete = part is not None and part.status is Status.COMPLETE and playable_letters(part)
    return each.drop_reason is DropReason.FAILED and bool(is_complete)


def _with_clocks(state: SessionState, now: dt.datetime) -> SessionState | None:
    """Start, stop and set the clock of the current ballot, and count who has voted."""
    current = state.busy_round or state.open_round
    ballot = ballot_of(current) if current is not None else None
    if current is None or ballot is None:
        return None
    voters = len({vote.member_id for vote in state.votes_of(current.number, ballot)})
    runs = voters > 0 or ballot is Ballot.CLIP
    started = (current.clock_started_at or now) if runs else None
    closed_by = current.closed_by if runs else None
    timed = replace(current, voters=voters, clock_started_at=started, closed_by=closed_by)
    timed = replace(timed, ends_at=ends_at(with_round(state, timed), timed))
    if timed == current:
        return None
    is_news = voters != current.voters
    active_at = now if is_news else state.session.active_at
    return with_round(replace(state, session=replace(state.session, active_at=active_at)), timed)


def _clip_chosen(state: SessionState, now: dt.datetime) -> SessionState | None:
    """Count the ballot over clips when its clock is over."""
    each = state.busy_round
    part = state.part_of(each) if each is not None else None
    if each is None or part is None or each.ends_at is None or now < each.ends_at:
        return None
    outcome = count_clips(state, each)
    counted = replace(each, clip_tally=outcome.tally)
    if outcome.letter == NEITHER:
        return _dropped(state, counted, DropReason.NEITHER, now)
    clip_id = clip_id_of(part, outcome.letter)
    over = replace(counted, status=RoundStatus.CHOSEN, clip_id=clip_id, ended_at=now)
    session = replace(state.session, latest_clip_id=clip_id, active_at=now)
    return with_round(replace(state, session=session, latest_clip=None), _without_clock(over))


def _end_reason(state: SessionState, now: dt.datetime) -> EndReason | None:
    """Return why a session ends without a vote; None if it goes on."""
    if now >= state.session.active_at + IDLE:
        return EndReason.IDLE
    is_spent = state.session.parts_left == 0 and state.busy_round is None
    return EndReason.ALL_PARTS if is_spent else None


def _next_decided(
    state: SessionState, now: dt.datetime, *, needs_length: bool, deadline: dt.timedelta
) -> Change | None:
    """Count the ballot over proposals when its clock is over, and do what won."""
    each = state.open_round
    if each is None or each.ends_at is None or state.busy_round or now < each.ends_at:
        return None
    outcome = count_next(state, each.number)
    winner = outcome.winner
    if winner is None:
        again = replace(stopped(each), voters=0)
        new = with_round(without_votes(state, each.number), again)
        return Change(state=with_due_time(new))
    counted = replace(
        each,
        winner=winner.number,
        tally=outcome.tally,
        voters=outcome.voters,
        tie_broken=outcome.tie_broken,
    )
    if winner.kind is ProposalKind.END:
        return Change(state=finished(with_round(state, counted), EndReason.VOTED, now))
    if winner.kind is ProposalKind.BACK:
        return Change(state=with_due_time(_taken_back(state, counted, now)))
    is_length_missing = needs_length and continue_at(state, winner) is None
    if is_length_missing and _length_is_awaited(state, each, now):
        return None
    return _sent(state, counted, winner, now, deadline)


def continue_at(state: SessionState, proposal: Proposal) -> float | None:
    """Return the second of the latest clip at which a part begins; None is its end.

    A second holds only for the clip that it was written for.
    """
    is_same = proposal.for_clip_id == state.session.latest_clip_id
    return proposal.continue_at if is_same else None


def _sent(
    state: SessionState,
    counted: Round,
    winner: Proposal,
    now: dt.datetime,
    deadline: dt.timedelta,
) -> Change:
    session, source = state.session, state.latest_clip
    request = Extension(
        idempotency_key=f"{SESSION_KEY_PREFIX}{session.id}:{counted.number}",
        member_id=winner.member_id,
        request=ExtendRequest(
            provider=session.provider,
            clip_id=session.latest_clip_id,
            continue_at=continue_at(state, winner),
            lyrics=winner.lyrics,
            style=winner.style,
            title=session.title,
        ),
        reply=ReplyRef(channel_id=session.channel_id or 0, guild_id=session.guild_id),
        source_title=source.clip.title if source else session.title,
        source_url=source.reply_url if source else None,
        source_letter=source.letter if source else "",
        part_number=source.part_number + 1 if source else 2,
        member_name=winner.member_name,
        created_at=now,
        due_at=now,
        deadline_at=now + deadline,
    )
    made = replace(counted, status=RoundStatus.MAKING, base_clip_id=session.latest_clip_id)
    left = replace(session, parts_left=session.parts_left - 1, active_at=now)
    new = opened(with_round(replace(state, session=left), _without_clock(made)), now)
    return Change(state=with_due_time(new), request=request)


def _taken_back(state: SessionState, counted: Round, now: dt.datetime) -> SessionState:
    """Take the last part out of the song, which goes on from where it began."""
    settled = replace(counted, status=RoundStatus.SETTLED, ended_at=now)
    last = state.chosen_rounds[-1]
    session = replace(
        state.session,
        latest_clip_id=last.base_clip_id or state.session.source_clip_id,
        active_at=now,
    )
    new = replace(state, session=session, latest_clip=None)
    new = with_round(new, replace(last, status=RoundStatus.UNDONE))
    return opened(with_round(new, _without_clock(settled)), now)


def _choosing(state: SessionState, each: Round, now: dt.datetime) -> SessionState:
    """Return the session with the ballot over the clips of a round open."""
    choosing = stopped(replace(each, status=RoundStatus.CHOOSING, voters=0))
    new = with_round(replace(state, session=replace(state.session, active_at=now)), choosing)
    return new if new.session.rests_since is not None else _with_clocks(new, now) or new


def _dropped(
    state: SessionState, each: Round, reason: DropReason, now: dt.datetime
) -> SessionState:
    """Return the session without the part of a round, whose proposal is listed anew.

    A part for which nothing was charged does not count as made. After a failure the votes for
    what comes next are given back, so that nothing is sent before somebody votes again.
    """
    part = state.part_of(each)
    is_free = part is not None and part.handle is None and part.status is not Status.UNCONFIRMED
    session = replace(state.session, active_at=now)
    if reason is DropReason.FAILED and is_free:
        session = replace(session, parts_left=session.parts_left + 1)
    over = replace(each, status=RoundStatus.DROPPED, drop_reason=reason, ended_at=now)
    new = with_round(replace(state, session=session), _without_clock(over))
    following = each.number + 1
    if reason is DropReason.FAILED:
        new = without_votes(new, following)
    proposal = state.winner_of(each)
    if proposal is None:
        return new
    listed = state.proposals_of(following, listed=False)
    known = next((again for again in listed if again.listed_from == each.number), None)
    again = replace(
        proposal,
        id=known.id if known is not None else 0,
        round_number=following,
        number=known.number if known is not None else next_number(new, following),
        idempotency_key=f"again:{session.id}:{each.number}",
        listed_from=each.number,
        created_at=now,
        changed_at=None,
    )
    return with_proposal(new, again)


def _without_clock(each: Round) -> Round:
    return replace(each, clock_started_at=None, ends_at=None)


def _length_is_awaited(state: SessionState, each: Round, now: dt.datetime) -> bool:
    known = state.latest_clip
    is_known = known is not None and known.clip.duration is not None
    return not is_known and each.ends_at is not None and now < each.ends_at + LENGTH_WAIT

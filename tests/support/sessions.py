"""A session in memory, as the store keeps it, for tests of what happens in one."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from bot.domain.models import Clip, ClipRecord, ClipStatus, Extension, Handle, Progress
from bot.domain.sessions import actions
from bot.domain.sessions.actions import PartText, Press
from bot.domain.sessions.models import (
    Ballot,
    Change,
    DropReason,
    Proposal,
    ProposalKind,
    Round,
    RoundStatus,
    Session,
    SessionState,
    Vote,
)
from bot.domain.sessions.steps import IDLE, opened, step, with_due_time
from bot.domain.transitions import expired, observed, reopened, submitted, submitting
from tests.support.factories import DEADLINE, NOW

HOST = 1
ADA, BO, CY, DEE = 11, 12, 13, 14
VOTE_SECONDS = 180
SOURCE = "source"
SOURCE_LENGTH = 97.0  # seconds
CLIP_LENGTH = 110.0
MAX_STEPS = 12  # in a row at the same time; more would be a circle


def new_session(**parts: object) -> Session:
    """Return a session that was just started in a thread; ``parts`` replace any of its fields."""
    fields: dict[str, object] = {
        "idempotency_key": "start",
        "guild_id": 100,
        "card_channel_id": 200,
        "channel_id": 300,
        "has_own_thread": True,
        "host_id": HOST,
        "host_name": "Host",
        "title": "Electric Dreams",
        "provider": "suno",
        "source_clip_id": SOURCE,
        "latest_clip_id": SOURCE,
        "vote_seconds": VOTE_SECONDS,
        "parts_left": 12,
        "created_at": NOW,
        "active_at": NOW,
        "due_at": NOW + IDLE,
    }
    return Session(**(fields | parts))


def new_round(number: int = 1, **parts: object) -> Round:
    """Return an open round; ``parts`` replace any of its fields."""
    return Round(number=number, **({"opened_at": NOW} | parts))


def new_proposal(
    number: int = 1, *, round_number: int = 1, member_id: int = ADA, **parts: object
) -> Proposal:
    """Return a listed proposal; ``parts`` replace any of its fields."""
    fields: dict[str, object] = {
        "member_name": f"member {member_id}",
        "idempotency_key": f"{round_number}-{number}",
        "lyrics": f"[Verse]\nline {number}",
        "created_at": NOW,
    }
    return Proposal(
        round_number=round_number, number=number, member_id=member_id, **(fields | parts)
    )


def new_vote(
    member_id: int,
    choice: object,
    *,
    round_number: int = 1,
    ballot: Ballot = Ballot.NEXT,
    at: dt.datetime = NOW,
) -> Vote:
    """Return a member's vote, cast at ``at``."""
    return Vote(
        round_number=round_number,
        ballot=ballot,
        member_id=member_id,
        choice=str(choice),
        interaction_id=1,
        at=at,
    )


def playable_clip(clip_id: str, duration: float | None = CLIP_LENGTH) -> Clip:
    """Return a complete clip with audio."""
    return Clip(
        id=clip_id,
        status=ClipStatus.COMPLETE,
        audio_url=f"https://audio.example/{clip_id}",
        duration=duration,
    )


def failed_clip(clip_id: str) -> Clip:
    """Return a clip that its provider could not make."""
    return Clip(id=clip_id, status=ClipStatus.FAILED, error="moderated")


class StoredSession:
    """A session as the store keeps it: ids, unique keys, and only as much loaded as is promised.

    Attributes:
        now: the time; set by `pass_time`.
        whole: all rows.
        is_length_known: whether the length of a clip is known as soon as it can be played.
        requests: all parts that were accepted, as they were.
    """

    def __init__(self, *, needs_length: bool = False, **parts: object) -> None:
        """Start a session; one with a channel has its first round."""
        self.now = NOW
        self.needs_length = needs_length
        self.is_length_known = True
        self.requests: list[Extension] = []
        self._last_id = 1000
        state = SessionState(session=new_session(**({"id": 7} | parts)), extensions={})
        if state.session.channel_id is not None:
            state = with_due_time(opened(state, NOW))
        self.whole = self._with_ids(state)

    @property
    def session(self) -> Session:
        """The session's row."""
        return self.whole.session

    @property
    def statuses(self) -> list[RoundStatus]:
        """The statuses of all rounds, by number."""
        return [each.status for each in self.whole.rounds]

    @property
    def part(self) -> Extension:
        """The part that was accepted last, as it is now."""
        return self.whole.extensions[max(self.whole.extensions)]

    def pass_time(self, seconds: float) -> None:
        """Move the clock."""
        self.now += dt.timedelta(seconds=seconds)

    def load(self) -> SessionState:
        """Return what the store loads for a change."""
        whole, first = self.whole, len(self.whole.rounds) - 1
        won = {(each.number, each.winner) for each in whole.rounds}
        sent = [each for each in whole.rounds if each.extension_id is not None]
        parts = {each.extension_id for each in sent[-1:]} | {
            each.extension_id
            for each in sent
            if each.status.is_busy or each.drop_reason is DropReason.FAILED
        }
        return replace(
            whole,
            proposals=tuple(
                each
                for each in whole.proposals
                if each.round_number >= first or (each.round_number, each.number) in won
            ),
            votes=tuple(vote for vote in whole.votes if vote.round_number >= first),
            extensions={key: part for key, part in whole.extensions.items() if key in parts},
            latest_clip=self._latest_clip(),
        )

    def apply(self, change: Change | None) -> bool:
        """Store a change that was decided on what `load` returned; return whether there is one."""
        if change is None:
            return False
        was, new = self.load(), change.state
        extensions = dict(self.whole.extensions)
        assert change.request is None or change.request.id == 0
        if change.request is not None:
            keys = {part.idempotency_key for part in extensions.values()}
            assert change.request.idempotency_key not in keys, "a part is sent twice"
            self._last_id += 1
            part = replace(change.request, id=self._last_id)
            self.requests.append(part)
            extensions[part.id] = part
            made = next(each for each in new.rounds if _lacks_part(each))
            new = replace(
                new,
                rounds=tuple(
                    replace(each, extension_id=part.id) if each is made else each
                    for each in new.rounds
                ),
            )
        assert not any(_lacks_part(each) for each in new.rounds), "a round without its part"
        kept = {_place(each) for each in new.proposals}
        unloaded = [each for each in self.whole.proposals if _place(each) not in kept]
        votes = [vote for vote in self.whole.votes if vote not in was.votes]
        proposals = sorted((*unloaded, *new.proposals), key=_place)
        state = replace(
            new, proposals=tuple(proposals), votes=(*votes, *new.votes), extensions=extensions
        )
        if not state.session.is_running:
            state = replace(state, votes=())
        version = self.session.version + 1
        state = replace(state, session=replace(state.session, version=version))
        self.whole = self._with_ids(state)
        self._check_unique()
        return True

    def vote(
        self, member_id: int, number: int, choice: object, ballot: Ballot = Ballot.NEXT
    ) -> bool:
        """Store a vote in round ``number`` as one press does; return whether it counts."""
        each = self.whole.round(number)
        proposals = {str(listed.number) for listed in self.whole.proposals_of(number)}
        status = RoundStatus.OPEN if ballot is Ballot.NEXT else RoundStatus.CHOOSING
        is_there = ballot is Ballot.CLIP or str(choice) in proposals
        if not self.session.is_running or each.status is not status or not is_there:
            return False
        cast = Vote(
            round_number=number,
            ballot=ballot,
            member_id=member_id,
            choice=str(choice),
            interaction_id=self.next_id(),
            at=self.now,
        )
        place = (number, ballot, member_id)
        others = [
            vote
            for vote in self.whole.votes
            if (vote.round_number, vote.ballot, vote.member_id) != place
        ]
        self.whole = replace(self.whole, votes=(*others, cast))
        return True

    def choose(self, member_id: int, letter: str) -> bool:
        """Store a vote for a clip of the busy round."""
        busy = self.whole.busy_round
        return busy is not None and self.vote(member_id, busy.number, letter, Ballot.CLIP)

    def press(self, member_id: int, *, key: str = "", may_manage: bool = False) -> Press:
        """Return a new press of a member."""
        interaction_id = self.next_id()
        return Press(
            member_id=member_id,
            member_name=f"member {member_id}",
            key=key or str(interaction_id),
            interaction_id=interaction_id,
            at=self.now,
            may_manage=may_manage,
        )

    def propose(self, member_id: int, lyrics: str = "[Verse]\nNeon rain") -> int:
        """Put a part on the board; return its number."""
        proposed = actions.propose_part(self.load(), PartText(lyrics=lyrics), self.press(member_id))
        self.apply(proposed.change)
        return proposed.number

    def propose_end(self, member_id: int) -> int:
        """Propose to end the song; return the number of the proposal."""
        proposed = actions.propose_end(self.load(), self.press(member_id))
        self.apply(proposed.change)
        return proposed.number

    def propose_back(self, member_id: int) -> int:
        """Propose to take the last part back; return the number of the proposal."""
        proposed = actions.propose_back(self.load(), self.press(member_id))
        self.apply(proposed.change)
        return proposed.number

    def run(self) -> list[SessionState]:
        """Apply `step` until nothing is left to change; return the states on the way."""
        states: list[SessionState] = []
        while self.apply(self.next_change()):
            states.append(self.whole)
            assert len(states) <= MAX_STEPS, "the session changes without end"
        return states

    def next_change(self) -> Change | None:
        """Return what `step` says now."""
        return step(self.load(), self.now, needs_length=self.needs_length, deadline=DEADLINE)

    def set_part(self, part: Extension) -> None:
        """Store what became of a part."""
        self.whole = replace(self.whole, extensions={**self.whole.extensions, part.id: part})

    def submit_part(self, *clip_ids: str) -> None:
        """Have the provider take the last part."""
        ids = clip_ids or tuple(f"{self.part.id}{letter}" for letter in "ab")
        part = submitting(self.part, now=self.now, lease_until=self.now)
        self.set_part(
            submitted(part, Handle(clip_ids=ids), now=self.now, due_at=self.now, deadline=DEADLINE)
        )

    def observe_part(self, *clips: Clip, is_open: bool = False) -> None:
        """Have the provider report the clips of the last part."""
        progress = Progress(clips=clips, is_open=is_open)
        self.set_part(observed(self.part, progress, now=self.now))

    def complete_part(self, *, failed: Sequence[int] = ()) -> None:
        """Have the provider take and finish the last part, but for the clips at ``failed``."""
        self.submit_part()
        self.observe_part(
            *(
                failed_clip(clip.id) if index in failed else playable_clip(clip.id)
                for index, clip in enumerate(self.part.clips)
            )
        )

    def expire_part(self) -> None:
        """Have the provider take the last part and never finish it; time passes."""
        self.submit_part()
        self.pass_time(DEADLINE.total_seconds())
        self.set_part(expired(self.part, now=self.now))

    def check_again(self) -> None:
        """Have all clips of the last part come after all."""
        part = reopened(self.part, now=self.now, deadline=DEADLINE)
        clips = tuple(playable_clip(clip.id) for clip in part.clips)
        self.set_part(observed(part, Progress(clips=clips), now=self.now))

    def send_part(self, member_id: int = ADA, lyrics: str = "[Verse]\nNeon rain") -> None:
        """Have a member's part win and be sent; time passes."""
        self.propose(member_id, lyrics)
        self.end_ballot()
        assert self.whole.busy_round is not None

    def make_part(self, member_id: int = ADA, letter: str = "A") -> None:
        """Have a member's part win, be made, and chosen by them; time passes."""
        self.send_part(member_id)
        self.complete_part()
        self.run()
        self.choose(member_id, letter)
        self.end_ballot()

    def end_ballot(self) -> None:
        """Pass the time until the current ballot has ended, and count it."""
        self.run()
        current = self.whole.busy_round or self.whole.open_round
        assert current is not None
        assert current.ends_at is not None
        self.now = max(self.now, current.ends_at)
        self.run()

    def shift(self, seconds: float) -> None:
        """Pass time in which Encore was away, and move the stored times as the store does."""
        gap = dt.timedelta(seconds=seconds)
        self.now += gap
        session = self.session
        if not session.is_running:
            return
        moved = [each for each in self.whole.rounds if each.clock_started_at is not None]
        numbers = {each.number: _current_ballot(each) for each in moved}
        self.whole = replace(
            self.whole,
            session=replace(
                session,
                active_at=session.active_at + gap,
                due_at=session.due_at + gap,
            ),
            rounds=tuple(
                _moved(each, gap) if each in moved else each for each in self.whole.rounds
            ),
            votes=tuple(
                replace(vote, at=vote.at + gap)
                if numbers.get(vote.round_number) is vote.ballot
                else vote
                for vote in self.whole.votes
            ),
        )

    def next_id(self) -> int:
        """Return an id that is higher than all before."""
        self._last_id += 1
        return self._last_id

    def _latest_clip(self) -> ClipRecord | None:
        clip_id = self.session.latest_clip_id
        made = {clip.id: clip for part in self.whole.extensions.values() for clip in part.clips}
        clip = made.get(clip_id) or playable_clip(SOURCE, SOURCE_LENGTH)
        if not self.is_length_known:
            clip = replace(clip, duration=None)
        return ClipRecord(clip=clip, provider="suno", known_at=NOW)

    def _with_ids(self, state: SessionState) -> SessionState:
        return replace(
            state,
            rounds=tuple(
                each if each.id else replace(each, id=self.next_id()) for each in state.rounds
            ),
            proposals=tuple(
                each if each.id else replace(each, id=self.next_id()) for each in state.proposals
            ),
        )

    def _check_unique(self) -> None:
        """Assert what the unique indexes of the store insist on."""
        proposals = self.whole.proposals
        keys = [each.idempotency_key for each in proposals]
        assert len(keys) == len(set(keys)), "a proposal's key is taken"
        places = [_place(each) for each in proposals]
        assert len(places) == len(set(places))
        written = [
            (each.round_number, each.kind is ProposalKind.PART and each.member_id, each.kind)
            for each in proposals
            if each.is_listed and each.listed_from is None
        ]
        assert len(written) == len(set(written)), (
            "a member has two parts, or the end is listed twice"
        )
        votes = [(vote.round_number, vote.ballot, vote.member_id) for vote in self.whole.votes]
        assert len(votes) == len(set(votes))


def _place(each: Proposal) -> tuple[int, int]:
    return each.round_number, each.number


def _lacks_part(each: Round) -> bool:
    return each.status is RoundStatus.MAKING and each.extension_id is None


def _current_ballot(each: Round) -> Ballot:
    return Ballot.CLIP if each.status is RoundStatus.CHOOSING else Ballot.NEXT


def _moved(each: Round, gap: dt.timedelta) -> Round:
    return replace(
        each,
        clock_started_at=each.clock_started_at and each.clock_started_at + gap,
        last_proposal_at=each.last_proposal_at and each.last_proposal_at + gap,
        ends_at=each.ends_at and each.ends_at + gap,
    )

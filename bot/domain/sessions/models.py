"""The values of a session: a song that members write together in a thread.

All are frozen; `steps` and `actions` return changed ones. A row that is not stored yet has the
id 0. Inside a session a round is named by its number, and a proposal by the numbers of its round
and its own, so that changes can be decided before there are ids.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.budgets import Period
from bot.domain.models import ClipRecord, Extension, ReplyRef

NEITHER = ""  # the choice of a vote for no clip
SESSION_KEY_PREFIX = "session:"  # of the idempotency keys of parts and songs of sessions


class SessionStatus(StrEnum):
    """Where a session stands."""

    RUNNING = "running"
    FINISHED = "finished"  # with a part at least
    ENDED = "ended"  # without one, or its server is lost


class EndReason(StrEnum):
    """Why a session is over."""

    VOTED = "voted"
    BY_HAND = "by_hand"  # the host or a moderator ended it
    ALL_PARTS = "all_parts"  # no more may be made
    IDLE = "idle"  # nobody did anything for three days
    THREAD_DELETED = "thread_deleted"
    NO_THREAD = "no_thread"  # Encore may not make one
    TOO_MANY_THREADS = "too_many_threads"  # the server has as many as Discord allows
    GUILD_LOST = "guild_lost"  # Encore was removed from the server


class RestReason(StrEnum):
    """Why a session rests: nothing ends by itself until a member's next press."""

    CLOSED = "closed"  # its thread was archived or locked
    FORBIDDEN = "forbidden"  # Encore may not post there
    DAILY_BUDGET = "daily_budget"  # used up in the server; it goes on by itself the next day
    MONTHLY_BUDGET = "monthly_budget"  # the same for a month


BUDGET_RESTS = {
    RestReason.DAILY_BUDGET: Period.DAY,
    RestReason.MONTHLY_BUDGET: Period.MONTH,
}


class RoundStatus(StrEnum):
    """Where a round stands. Exactly one is open while a session runs."""

    OPEN = "open"  # proposals are written and voted on
    MAKING = "making"  # the part is being made
    CHOOSING = "choosing"  # which clip goes on is voted on
    CHOSEN = "chosen"  # its part is in the song
    UNDONE = "undone"  # its part was in the song and was taken back
    DROPPED = "dropped"  # no part came of it
    SETTLED = "settled"  # its ballot asked for no part, or the session is over

    @property
    def is_busy(self) -> bool:
        """Whether its part is being made or chosen; at most one round is."""
        return self in (RoundStatus.MAKING, RoundStatus.CHOOSING)


class DropReason(StrEnum):
    """Why a round was dropped."""

    NEITHER = "neither"  # members wanted neither clip
    FAILED = "failed"  # the extension did not become complete
    LATE = "late"  # it did after all, when the next part had been sent


class ProposalKind(StrEnum):
    """What a proposal wants."""

    PART = "part"
    END = "end"  # the song is finished
    BACK = "back"  # the last part is taken out


class ProposalStatus(StrEnum):
    """Whether a proposal can be voted for."""

    LISTED = "listed"
    WITHDRAWN = "withdrawn"  # by its writer
    REMOVED = "removed"  # by the host or a moderator


class Ballot(StrEnum):
    """What is voted on."""

    NEXT = "next"  # which proposal
    CLIP = "clip"  # which clip goes on


class PostKind(StrEnum):
    """What a post of a session shows."""

    CARD = "card"
    BOARD = "board"
    PROPOSAL = "proposal"
    RESULT = "result"
    RECAP = "recap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How much was written and voted in a whole session.

    Attributes:
        members: who wrote or voted.
        proposals: parts that they wrote, withdrawn ones too.
        votes: cast in all ballots.
    """

    members: int = 0
    proposals: int = 0
    votes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A song that members of a server write together.

    Attributes:
        idempotency_key: the interaction that started it; unique.
        card_channel_id: where it was started.
        channel_id: where it is held; None until its thread is made.
        has_own_thread: whether Encore makes a thread for it, which hangs from the card.
        host_name: as the server shows it.
        provider: name of the provider that makes its parts.
        source_clip_id: the clip that the song begins with.
        latest_clip_id: the clip that the song so far ends with.
        vote_seconds: how long a vote runs.
        parts_left: how many parts may still be made.
        rests_since: while nothing ends by itself; None if it does not rest.
        song_id: of the extension that is the full song.
        totals: once it is over.
        version: raised by each change.
        active_at: the last proposal, vote, or part.
        due_at: when `steps.step` has something to do at the latest.
    """

    id: int = 0
    idempotency_key: str
    guild_id: int
    card_channel_id: int
    channel_id: int | None
    has_own_thread: bool
    host_id: int
    host_name: str
    title: str
    provider: str
    source_clip_id: str
    latest_clip_id: str
    vote_seconds: int
    parts_left: int
    status: SessionStatus = SessionStatus.RUNNING
    end_reason: EndReason | None = None
    rests_since: dt.datetime | None = None
    rest_reason: RestReason | None = None
    song_id: int | None = None
    totals: Totals = Totals()
    version: int = 0
    created_at: dt.datetime
    active_at: dt.datetime
    finished_at: dt.datetime | None = None
    due_at: dt.datetime

    @property
    def is_running(self) -> bool:
        """Whether members can still write and vote."""
        return self.status is SessionStatus.RUNNING

    @property
    def budget_renews_at(self) -> dt.datetime | None:
        """When the budget renews that the session rests for; None if it doesn't rest for one."""
        if self.rests_since is None or self.rest_reason is None:
            return None
        period = BUDGET_RESTS.get(self.rest_reason)
        return None if period is None else period.end(self.rests_since)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many voted for one choice.

    Attributes:
        choice: number of a proposal, letter of a clip, or `NEITHER`.
        votes: how many.
    """

    choice: str
    votes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One turn of a session: a ballot over proposals, a part, a ballot over its clips.

    Its clock serves its two ballots one after the other.

    Attributes:
        number: from 1.
        base_clip_id: the clip that the part continues; None until it was sent.
        winner: number of the proposal that won; None until the ballot is over, or if none did.
        extension_id: the part; None if none was sent.
        clip_id: the clip that went on.
        clock_started_at: None while its clock does not run.
        last_proposal_at: when a proposal was written or changed last.
        ends_at: when the ballot ends, as the board says; None while its clock does not run.
        voters: how many have voted in the current ballot, as its post says.
        tally: votes of the first ballot for each proposal, most first, once it is over.
        clip_tally: votes of the second ballot for each clip and `NEITHER`.
        tie_broken: whether the first ballot was tied.
        closed_by: the host or moderator who ended the first ballot early.
        clip_closed_by: the one who ended the second ballot early.
        drop_reason: of a dropped round.
    """

    id: int = 0
    number: int
    status: RoundStatus = RoundStatus.OPEN
    base_clip_id: str | None = None
    winner: int | None = None
    extension_id: int | None = None
    clip_id: str | None = None
    clock_started_at: dt.datetime | None = None
    last_proposal_at: dt.datetime | None = None
    ends_at: dt.datetime | None = None
    voters: int = 0
    tally: tuple[Count, ...] = ()
    clip_tally: tuple[Count, ...] = ()
    tie_broken: bool = False
    closed_by: int | None = None
    clip_closed_by: int | None = None
    drop_reason: DropReason | None = None
    opened_at: dt.datetime
    ended_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a member wants next.

    Attributes:
        number: in its round, from 1.
        idempotency_key: the interaction that opened its form, or what listed it anew; unique.
        member_name: as the server shows it.
        style: tags; empty is the song's own style.
        continue_at: seconds into ``for_clip_id``; None is the end of the latest clip.
        listed_from: number of the round whose part was not wanted or not made; None for one that
            was written in this round.
        removed_by: the host or moderator who removed it.
    """

    id: int = 0
    round_number: int
    number: int
    kind: ProposalKind = ProposalKind.PART
    member_id: int
    member_name: str
    idempotency_key: str
    lyrics: str = ""
    style: tuple[str, ...] = ()
    continue_at: float | None = None
    for_clip_id: str | None = None
    listed_from: int | None = None
    status: ProposalStatus = ProposalStatus.LISTED
    removed_by: int | None = None
    created_at: dt.datetime
    changed_at: dt.datetime | None = None

    @property
    def is_listed(self) -> bool:
        """Whether it can be voted for."""
        return self.status is ProposalStatus.LISTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One member's vote in one ballot.

    Attributes:
        choice: number of a proposal, letter of a clip, or `NEITHER`.
        interaction_id: the press; only a newer one replaces a vote.
        at: when it was cast or moved.
    """

    round_number: int
    ballot: Ballot
    member_id: int
    choice: str
    interaction_id: int
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class PostKey:
    """Names a post within its session: a board by its round, a proposal's post by both numbers."""

    kind: PostKind
    round_number: int | None = None
    proposal_number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message that a session keeps up to date.

    Attributes:
        reply: the message, and the routes to it.
        publish_at: when it may be edited next; of a claimed post, when the claim lapses.
        revision: number of changes that a member can see.
        published: the revision that the message shows; 0 is none.
        publish_failures: edits that failed in a row.
    """

    id: int = 0
    session_id: int = 0
    key: PostKey
    reply: ReplyRef
    publish_at: dt.datetime
    revision: int = 1
    published: int = 0
    publish_failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionState:
    """What decides what happens next in a session.

    Attributes:
        rounds: all, by number.
        proposals: of the two newest rounds, and those that won; by round and number.
        votes: of the two newest rounds.
        extensions: by id, the parts of the busy round, of the last one that was sent, and of those
            that were dropped as failed.
        latest_clip: what is known of the latest clip; None if nothing is.
    """

    session: Session
    rounds: tuple[Round, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    votes: tuple[Vote, ...] = ()
    extensions: Mapping[int, Extension]
    latest_clip: ClipRecord | None = None

    @property
    def open_round(self) -> Round | None:
        """The round that can be written for; None before the thread is made, and at the end."""
        newest = self.rounds[-1] if self.rounds else None
        return newest if newest is not None and newest.status is RoundStatus.OPEN else None

    @property
    def busy_round(self) -> Round | None:
        """The round whose part is being made or chosen."""
        return next((each for each in self.rounds if each.status.is_busy), None)

    @property
    def chosen_rounds(self) -> tuple[Round, ...]:
        """The rounds whose parts are in the song, in its order."""
        return tuple(each for each in self.rounds if each.status is RoundStatus.CHOSEN)

    def round(self, number: int) -> Round:
        """Return a round by its number."""
        return self.rounds[number - 1]

    def proposals_of(self, number: int, *, listed: bool = True) -> tuple[Proposal, ...]:
        """Return the proposals of a round; without ``listed`` also those that were taken off."""
        return tuple(
            each
            for each in self.proposals
            if each.round_number == number and (each.is_listed or not listed)
        )

    def proposal(self, number: int, proposal_number: int) -> Proposal | None:
        """Return a proposal by the numbers of its round and its own."""
        found = (each for each in self.proposals_of(number, listed=False))
        return next((each for each in found if each.number == proposal_number), None)

    def winner_of(self, each: Round) -> Proposal | None:
        """Return the proposal that won a round."""
        return None if each.winner is None else self.proposal(each.number, each.winner)

    def votes_of(self, number: int, ballot: Ballot) -> tuple[Vote, ...]:
        """Return the votes of one ballot."""
        return tuple(
            vote for vote in self.votes if vote.round_number == number and vote.ballot is ballot
        )

    def part_of(self, each: Round) -> Extension | None:
        """Return the extension that a round sent, if it is loaded."""
        return None if each.extension_id is None else self.extensions.get(each.extension_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A changed session, to be stored in one transaction.

    Attributes:
        state: as it is to be.
        request: accepted in the same transaction, as the part of the round that `state` has in
            the making without an extension.
        replies: the messages of new posts that the caller sends itself, by an interaction.
    """

    state: SessionState
    request: Extension | None = None
    replies: Mapping[PostKey, ReplyRef] = field(default_factory=dict[PostKey, ReplyRef])

"""Sessions to draw: an evening of Ada, Bo and Cy, and the song that comes of it."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from bot.domain.models import Clip, ClipRecord, Extension, ReplyRef, Status
from bot.domain.sessions.models import (
    Ballot,
    Count,
    PostKey,
    Proposal,
    ProposalKind,
    Round,
    RoundStatus,
    Session,
    SessionState,
    Totals,
    Vote,
)
from bot.domain.sessions.posts import CARD, board_key, proposal_key
from bot.services.session_view import SessionView, SongPart
from tests.support.ui_samples import NOW, SOURCE, extension, playable

GUILD, CHANNEL, THREAD = 1, 2, 3
ADA, BO, CY = 101, 102, 103
NAMES = {ADA: "Ada", BO: "Bo", CY: "Cy"}
SESSION_ID = 5
SOON = NOW + dt.timedelta(minutes=3)
ENDS = f"<t:{int(SOON.timestamp())}:R>"
NEON = "[Verse]\nNeon rain on the window\nRunning down in silver lines"
RUN = "[Chorus]\nRun, run\nNobody is chasing us"


def url(message_id: int, channel_id: int = THREAD) -> str:
    return f"https://discord.com/channels/{GUILD}/{channel_id}/{message_id}"


def session(**parts: object) -> Session:
    fields: dict[str, object] = {
        "id": SESSION_ID,
        "idempotency_key": "start",
        "guild_id": GUILD,
        "card_channel_id": CHANNEL,
        "channel_id": THREAD,
        "has_own_thread": True,
        "host_id": ADA,
        "host_name": "Ada",
        "title": "Electric Dreams",
        "provider": "aimlapi",
        "source_clip_id": SOURCE,
        "latest_clip_id": SOURCE,
        "vote_seconds": 180,
        "parts_left": 9,
        "created_at": NOW,
        "active_at": NOW,
        "due_at": NOW,
    }
    return Session(**(fields | parts))


def session_round(number: int = 1, **parts: object) -> Round:
    return Round(**({"id": 70 + number, "number": number, "opened_at": NOW} | parts))


def proposal(number: int = 1, round_number: int = 1, **parts: object) -> Proposal:
    member_id = parts.get("member_id", BO)
    fields: dict[str, object] = {
        "id": 100 * round_number + number,
        "round_number": round_number,
        "number": number,
        "member_id": member_id,
        "member_name": NAMES.get(member_id, "Someone"),
        "idempotency_key": f"{round_number}-{number}",
        "lyrics": NEON,
        "created_at": NOW,
    }
    return Proposal(**(fields | parts))


def end(number: int = 2, round_number: int = 1, **parts: object) -> Proposal:
    kind = ProposalKind.END
    return proposal(number, round_number, **({"kind": kind, "member_id": CY, "lyrics": ""} | parts))


def back(number: int = 3, round_number: int = 2, **parts: object) -> Proposal:
    kind = ProposalKind.BACK
    return proposal(
        number, round_number, **({"kind": kind, "member_id": ADA, "lyrics": ""} | parts)
    )


def tally(*votes: tuple[object, int]) -> tuple[Count, ...]:
    return tuple(Count(choice=str(choice), votes=number) for choice, number in votes)


def part(status: Status = Status.COMPLETE, *clips: Clip, **parts: object) -> Extension:
    reply = ReplyRef(channel_id=THREAD, guild_id=GUILD, message_id=500)
    return extension(status, *clips, **({"reply": reply, "member_id": BO} | parts))


def twins(**parts: object) -> tuple[Clip, Clip]:
    return playable("a", duration=112.0, **parts), playable("b", duration=107.0, **parts)


def record(clip: Clip | None = None, **parts: object) -> ClipRecord:
    made = ClipRecord(
        clip=clip or playable(SOURCE, style="synthpop, dreamy"), provider="aimlapi", known_at=NOW
    )
    return replace(made, **parts)


def chosen(number: int, **parts: object) -> Round:
    """Return a round whose part is in the song: the first proposal's clip A, by 5 of 6 votes."""
    fields: dict[str, object] = {
        "status": RoundStatus.CHOSEN,
        "winner": 1,
        "extension_id": 7,
        "clip_id": f"clip-{number}",
        "tally": tally((1, 5), (2, 1)),
        "clip_tally": tally(("A", 2), ("B", 1), ("", 0)),
    }
    return session_round(number, **(fields | parts))


def links(proposals: Iterable[Proposal], rounds: Iterable[Round]) -> dict[PostKey, str]:
    posts = {CARD: url(10, CHANNEL)}
    posts |= {board_key(each.number): url(200 + each.number) for each in rounds}
    posts |= {
        proposal_key(each.round_number, each.number): url(300 + each.id)
        for each in proposals
        if each.kind is ProposalKind.PART
    }
    return posts


def votes(round_number: int, ballot: Ballot, count: int) -> tuple[Vote, ...]:
    """Return the votes of so many members for the first choice of a ballot."""
    choice = "1" if ballot is Ballot.NEXT else "A"
    return tuple(
        Vote(
            round_number=round_number,
            ballot=ballot,
            member_id=member_id,
            choice=choice,
            interaction_id=member_id,
            at=NOW,
        )
        for member_id in range(1, count + 1)
    )


def session_view(
    *rounds: Round,
    proposals: Iterable[Proposal] = (),
    extensions: Iterable[Extension] = (),
    votes: tuple[Vote, ...] = (),
    in_session: dict[str, object] | None = None,
    **parts: object,
) -> SessionView:
    """Return a session of ``rounds``; those that are chosen are in its song."""
    proposals = tuple(proposals)
    state = SessionState(
        session=session(**(in_session or {})),
        rounds=rounds or (session_round(),),
        proposals=proposals,
        votes=votes,
        extensions={each.id: each for each in extensions},
    )
    song = [SongPart(starts_at=0.0, clip=record())]
    for each in state.chosen_rounds:
        made = record(playable(each.clip_id or ""), letter="A", reply_url=url(400 + each.number))
        starts_at = 97.0 * len(song)
        won = state.winner_of(each)
        song.append(SongPart(starts_at=starts_at, clip=made, round=each, proposal=won))
    fields: dict[str, object] = {
        "state": state,
        "provider_label": "AIML API",
        "parts": tuple(song),
        "duration": 97.0 * len(song),
        "links": links(proposals, state.rounds),
        "totals": Totals(members=7, proposals=19, votes=74),
    }
    return SessionView(**(fields | parts))


def second_round(**parts: object) -> SessionView:
    """Return a session whose first part is in the song, with an open second round."""
    current = session_round(2, **parts)
    return session_view(chosen(1), current, proposals=(proposal(lyrics=RUN),))

"""Text fragments shared by the posts of a session. Pure.

They escape all texts from outside, as those of `theme` do.
"""

from collections import Counter
from collections.abc import Iterable

import discord

from bot.domain.models import Extension, Status
from bot.domain.sessions.models import (
    EndReason,
    PostKey,
    PostKind,
    Proposal,
    ProposalKind,
    RestReason,
    Round,
    RoundStatus,
    Session,
    SessionState,
)
from bot.domain.sessions.structure import HEADLINE_LENGTH, headline, section, sung_lines
from bot.domain.text import display_title, escape_line
from bot.services.session_view import SessionView, SongPart
from bot.ui.theme import mention, url_within

# UTF-16 units
TITLE_LENGTH = 100
SECTION_LENGTH = 20

MAX_MOST_PARTS = 3  # members who are named for their parts

MINUTE = 60
HOUR = 60 * MINUTE

REST_TEXTS = {
    RestReason.CLOSED: "The thread was closed.",
    RestReason.FORBIDDEN: "Encore isn't allowed to post here.",
    RestReason.DAILY_BUDGET: "This server's budget for today is used up.",
    RestReason.MONTHLY_BUDGET: "This server's budget for this month is used up.",
}
END_TEXTS = {
    EndReason.VOTED: "Its members voted to end it.",
    EndReason.BY_HAND: "It was ended by hand.",
    EndReason.ALL_PARTS: "No more parts can be made.",
    EndReason.IDLE: "Nobody wrote for three days.",
    EndReason.THREAD_DELETED: "The thread was deleted.",
    EndReason.NO_THREAD: "Encore couldn't make a thread: it needs the *Create Public Threads* "
    "permission.",
    EndReason.TOO_MANY_THREADS: "This server has as many threads as Discord allows. "
    "Close some, or start in a thread.",
    EndReason.GUILD_LOST: "Encore was removed from the server.",
}

# said of a part that is on the board again
CHARGE_WARNING = "It may have been charged: ask a moderator before you vote for it."


def session_title(session: Session, limit: int = TITLE_LENGTH) -> str:
    """Return the title of a session."""
    return display_title(session.title, limit)


def quoted_headline(proposal: Proposal | None, limit: int = HEADLINE_LENGTH) -> str:
    """Return the headline of a proposal in quotation marks; of none, *the part*."""
    if proposal is None:
        return "the part"
    return f"“{escaped_headline(proposal, limit)}”"


def escaped_headline(proposal: Proposal, limit: int = HEADLINE_LENGTH) -> str:
    """Return the headline of a proposal."""
    return display_title(headline(proposal.lyrics), limit)


def escaped_section(proposal: Proposal, limit: int = SECTION_LENGTH) -> str:
    """Return the section that a proposal begins with; empty if it names none."""
    return escape_line(section(proposal.lyrics), limit)


def part_name(part: SongPart, number: int) -> str:
    """Return how a list of parts names one; ``number`` is its place in the song, from 0."""
    if part.round is None:
        return "source"
    if part.proposal is None:
        return f"part {number}"
    if named := escaped_section(part.proposal):
        return named
    return f"part {number}" if sung_lines(part.proposal.lyrics) else "Instrumental"


def time_words(seconds: int) -> str:
    """Return how long a vote runs: ``3 minutes``, ``1 hour``."""
    for unit, name in ((HOUR, "hour"), (MINUTE, "minute"), (1, "second")):
        if seconds % unit == 0:
            return counted(seconds // unit, name)
    raise AssertionError(seconds)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 part``, ``3 parts``."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def rest_text(session: Session) -> str:
    """Return why a session rests, and until when; empty if it does not."""
    if session.rests_since is None:
        return ""
    why = REST_TEXTS[session.rest_reason or RestReason.CLOSED]
    if (renews_at := session.budget_renews_at) is not None:
        renewal = discord.utils.format_dt(renews_at, "R")
        return f"**{why}** The vote goes on {renewal}, when it renews; all votes are kept."
    return f"**{why}** It goes on when somebody presses a button; until then the clock waits."


def parts_left_text(session: Session) -> str:
    """Return how many parts may still be made."""
    if session.parts_left == 0:
        return "no more parts can be made"
    return f"{session.parts_left:,} more part{'s' * (session.parts_left != 1)} can be made"


def board_url(view: SessionView, number: int) -> str | None:
    """Return the link to the board of a round."""
    return view.links.get(PostKey(PostKind.BOARD, number))


def newest_board_url(view: SessionView) -> str | None:
    """Return the link to the newest board that stands."""
    numbers = (each.number for each in reversed(view.state.rounds))
    return next((url for number in numbers if (url := board_url(view, number))), None)


def proposal_url(view: SessionView, proposal: Proposal) -> str | None:
    """Return the link to the post of a proposal."""
    return view.links.get(PostKey(PostKind.PROPOSAL, proposal.round_number, proposal.number))


def thread_url(session: Session) -> str:
    """Return the link to where a session is held; to its card's channel, if that is nowhere."""
    return (
        f"https://discord.com/channels/{session.guild_id}"
        f"/{session.channel_id or session.card_channel_id}"
    )


def part_url(view: SessionView, part: SongPart) -> str | None:
    """Return the link to the reply of a part, if all who can read the session can open it."""
    session = view.state.session
    for channel_id in (session.channel_id, session.card_channel_id):
        if channel_id and (url := url_within(channel_id, part.clip.reply_url)):
            return url
    return None


def song_url(view: SessionView) -> str | None:
    """Return the link to the reply with the full song."""
    return view.song.reply.url if view.song is not None else None


def parts_before(state: SessionState, number: int) -> list[Round]:
    """Return the rounds whose parts were in the song when the ballot of a round was counted."""
    in_song: list[Round] = []
    for each in state.rounds[: number - 1]:
        winner = state.winner_of(each)
        if each.status in (RoundStatus.CHOSEN, RoundStatus.UNDONE):
            in_song.append(each)
        elif in_song and winner is not None and winner.kind is ProposalKind.BACK:
            in_song.pop()
    return in_song


def last_part_before(state: SessionState, number: int) -> Proposal | None:
    """Return the proposal of the part that a round can take back."""
    in_song = parts_before(state, number)
    return state.winner_of(in_song[-1]) if in_song else None


def writers_of(state: SessionState, rounds: Iterable[Round]) -> Counter[int]:
    """Return how many parts of ``rounds`` each member wrote."""
    winners = (state.winner_of(each) for each in rounds)
    return Counter(each.member_id for each in winners if each is not None)


def most_parts_text(counts: Iterable[tuple[int, int]]) -> str:
    """Return who wrote most parts: ``<@1> 12 · <@2> 9``."""
    return " · ".join(f"{mention(member_id)} {count:,}" for member_id, count in counts)


def is_free(view: SessionView, part: Extension) -> bool:
    """Whether it is certain that nothing was charged for a part without audio."""
    return view.is_free or (part.handle is None and part.status is not Status.UNCONFIRMED)

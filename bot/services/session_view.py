"""What the posts of a session show: its state, the song so far, and links to its other posts."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.models import ClipRecord, Extension
from bot.domain.sessions.models import PostKey, Proposal, Round, SessionState, Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class SongPart:
    """A part of the song so far; the first one is the source clip.

    Attributes:
        starts_at: second of the song; None if the length of an earlier part is unknown.
        clip: it, and a link to the reply that shows it.
        round: that brought it; None for the source.
        proposal: that it was made from; None for the source.
    """

    starts_at: float | None
    clip: ClipRecord
    round: Round | None = None
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """A session with all that its posts show.

    Attributes:
        state: with the proposals and votes of all rounds.
        provider_label: the provider's name as members read it.
        parts: the song so far, from the source clip on; empty if the source is unknown.
        duration: of the song so far, in seconds; None if unknown.
        links: addresses of the posts that stand, by what they show.
        totals: so far, or at the end.
        song: the full song, once it was asked for.
    """

    state: SessionState
    provider_label: str
    parts: tuple[SongPart, ...]
    duration: float | None
    links: Mapping[PostKey, str]
    totals: Totals
    song: Extension | None = None

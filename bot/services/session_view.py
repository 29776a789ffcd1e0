"""What the posts of a session show: its state, the song so far, and links to its other posts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.lineage import LineageClip, part_starts
from bot.domain.models import ClipRecord, Extension
from bot.domain.sessions.models import PostKey, Proposal, Round, SessionState, Totals
from bot.services.runtime import Runtime


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
        is_free: whether the provider costs no credits.
    """

    state: SessionState
    provider_label: str
    parts: tuple[SongPart, ...]
    duration: float | None
    links: Mapping[PostKey, str]
    totals: Totals
    song: Extension | None = None
    is_free: bool = False


class SessionViewLoader:
    """Loads what the posts of sessions show."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._store = runtime.store

    async def load(self, session_id: int) -> SessionView | None:
        """Return a session as its posts show it; None if it is unknown."""
        state = await self._store.session_state(session_id, whole=True)
        if state is None:
            return None
        session = state.session
        lineage = await self._store.lineage(session.latest_clip_id)
        starts = part_starts(lineage) if lineage else [None]
        posts = await self._store.posts_of(session.id)
        links = {
            post.key: post.reply.url
            for post in posts
            if post.reply.url is not None and not post.reply.unreachable
        }
        is_over = not session.is_running
        return SessionView(
            state=state,
            provider_label=self._runtime.label(session.provider),
            parts=_song_parts(state, lineage, starts),
            duration=starts[-1],
            links=links,
            totals=session.totals if is_over else await self._store.session_totals(session.id),
            song=None if session.song_id is None else await self._store.extension(session.song_id),
            is_free=self._runtime.is_free(session.provider),
        )


def _song_parts(
    state: SessionState, lineage: Sequence[LineageClip], starts: Sequence[float | None]
) -> tuple[SongPart, ...]:
    """Return the source clip and the parts that follow it; empty if the source is unknown.

    What lies before the source clip in its own lineage counts as part of it.
    """
    rounds = {each.clip_id: each for each in state.chosen_rounds}
    parts: list[SongPart] = []
    for clip, starts_at in zip(lineage, starts, strict=False):
        each = rounds.get(clip.known.clip.id)
        proposal = state.winner_of(each) if each is not None else None
        if each is None:
            parts = [SongPart(starts_at=0.0, clip=clip.known)]
        else:
            parts.append(
                SongPart(starts_at=starts_at, clip=clip.known, round=each, proposal=proposal)
            )
    return tuple(parts)

"""The loop that carries sessions on: it applies `step` to each until nothing is left to change.

It looks at what is stored, so that nothing is lost by a kill or by an event that was not heard.
The part that won a ballot is accepted in the transaction that counts it, and sent by the submitter
like any extension. Knows nothing of Discord.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from bot.domain.errors import UserError
from bot.domain.models import ReplyRef
from bot.domain.sessions.models import (
    SESSION_KEY_PREFIX,
    Change,
    Session,
    SessionState,
    SessionStatus,
)
from bot.domain.sessions.posts import CARD
from bot.domain.sessions.steps import step
from bot.services.runtime import Runtime
from bot.services.songs import Songs

log = logging.getLogger(__name__)

MAX_STEPS = 20  # of one session in a row; more would be a circle


class SessionRunner:
    """Counts ballots, sends parts, and finishes sessions."""

    def __init__(
        self,
        runtime: Runtime,
        songs: Songs,
        *,
        is_heard: Callable[[int], bool],
        is_served: Callable[[int], bool],
    ) -> None:
        """Make the loop.

        Args:
            runtime: has the store, the providers and the clock.
            songs: makes the full song of a finished session.
            is_heard: whether events of a server arrive now. Where they don't, nobody can vote, so
                nothing is counted.
            is_served: whether this process serves a server; the sessions of others are left to
                those that do.
        """
        self._runtime = runtime
        self._store = runtime.store
        self._clock = runtime.clock
        self._wakeups = runtime.wakeups
        self._songs = songs
        self._is_heard = is_heard
        self._is_served = is_served
        self._has_looked = False
        self._without_song: set[int] = set()  # ids of sessions whose song was refused

    async def run_once(self) -> None:
        """Apply all changes that are due."""
        touched = self._runtime.touched_sessions
        if not self._has_looked:  # votes from before a restart
            touched.update(await self._store.voting_sessions())
            self._has_looked = True
        due = {*await self._store.due_sessions(now=self._clock())} - self._without_song
        due |= touched
        touched.clear()
        for session_id in sorted(due):
            try:
                await self._run(session_id)
            except Exception:  # one session never holds up another
                log.exception("Session %s could not go on; it is tried again", session_id)
                touched.add(session_id)

    async def _run(self, session_id: int) -> None:
        seen: list[SessionState] = []  # as it was last; to load many votes takes long
        settings = await self._store.settings_of_session(session_id)

        def decide(state: SessionState) -> Change | None:
            seen[:] = [state]  # the transaction may be run twice
            return self._decide(state, model=settings.model)

        for _ in range(MAX_STEPS):
            now = self._clock()
            new = await self._store.change_session(
                session_id, decide, now=now, first_reply_until=now
            )
            if new is None:
                break
            self._wakeups.boards.notify()
            self._wakeups.submitter.notify()
            self._wakeups.publisher.notify()
            self._wakeups.budget_notices.notify()
            if decide(new) is None:
                break
        else:
            log.error("Session %s changes without end", session_id)
        for state in seen:
            if _lacks_song(state):
                await self._request_song(state.session)

    def _decide(self, state: SessionState, *, model: str) -> Change | None:
        """Return the next change; ``model`` is the server's default."""
        session = state.session
        if not self._is_served(session.guild_id):
            return None
        if not self._is_heard(session.guild_id):
            self._runtime.touched_sessions.add(session.id)  # looked at again once it is
            return None
        provider = self._runtime.providers.get(session.provider)
        capabilities = provider.capabilities if provider is not None else None
        change = step(
            state,
            self._clock(),
            needs_length=capabilities is not None
            and capabilities.needs_continue_at
            and not capabilities.lookup,  # else it is asked when the part is sent
            deadline=self._runtime.deadline_of(session.provider),
        )
        if change is None or change.request is None or capabilities is None:
            return change
        if model not in capabilities.models:
            return change
        asked = replace(change.request.request, model=model)
        return replace(change, request=replace(change.request, request=asked))

    async def _request_song(self, session: Session) -> None:
        """Have the full song made; it is posted where the session was started."""
        posts = await self._store.posts_of(session.id)
        card = next((post.reply for post in posts if post.key == CARD), None)
        reply = ReplyRef(
            channel_id=session.card_channel_id,
            guild_id=session.guild_id,
            reply_to_id=card.message_id if card is not None else None,
        )
        try:
            song, *_ = await self._songs.request(
                session.latest_clip_id,
                idempotency_key=f"{SESSION_KEY_PREFIX}{session.id}:song",
                member_id=session.host_id,
                member_name=session.host_name,
                reply=reply,
                is_limited=False,
            )
        except UserError as error:
            log.warning("Session %s has no full song: %s", session.id, error)
            self._without_song.add(session.id)  # until a restart
            return
        await self._store.set_song(session.id, song.id)
        self._wakeups.boards.notify()


def _lacks_song(state: SessionState) -> bool:
    return state.session.status is SessionStatus.FINISHED and state.session.song_id is None

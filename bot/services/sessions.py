"""Sessions as members and Discord's events act on them: vote, choose, end, close, lose.

Each is one transaction. What follows from it is done by the session runner, and shown by the
boards. Knows nothing of Discord. `session_start` starts sessions, `session_proposals` is what
members write.
"""

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from bot.domain.errors import UserError
from bot.domain.models import ReplyRef
from bot.domain.sessions import actions
from bot.domain.sessions.actions import Press
from bot.domain.sessions.models import (
    NEITHER,
    Change,
    EndReason,
    PostKey,
    PostKind,
    RestReason,
    SessionState,
)
from bot.domain.sessions.posts import linking_posts
from bot.services.runtime import Runtime
from bot.services.session_view import SessionView, SessionViewLoader
from bot.store.votes import CastVote

# The caller posts the card and the proposals; the boards do if they are not there by then.
FIRST_POST_TIMEOUT = dt.timedelta(seconds=10)
MIN_EDIT_INTERVAL = dt.timedelta(seconds=2)  # between two edits of one post
CLOCK_POSTS = (PostKind.BOARD, PostKind.RESULT)
PAGE_SIZE = 10  # sessions on a page of the list


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """A page of a server's sessions; ``number`` counts from 1.

    Attributes:
        total: sessions on all pages.
        most_parts: the members with most parts in songs of the server, and how many.
    """

    views: Sequence[SessionView]
    number: int
    page_count: int
    total: int
    most_parts: Sequence[tuple[int, int]]


class Sessions:
    """Finds and changes sessions."""

    def __init__(self, runtime: Runtime, views: SessionViewLoader) -> None:
        self._runtime = runtime
        self._store = runtime.store
        self._clock = runtime.clock
        self._wakeups = runtime.wakeups
        self._views = views

    def press(
        self,
        *,
        member_id: int,
        member_name: str,
        interaction_id: int,
        key: str = "",
        may_manage: bool = False,
        reply: ReplyRef | None = None,
    ) -> Press:
        """Return what a member does now; without a ``key`` the interaction itself is unique."""
        return Press(
            member_id=member_id,
            member_name=member_name,
            key=key or str(interaction_id),
            interaction_id=interaction_id,
            at=self._clock(),
            may_manage=may_manage,
            reply=reply,
        )

    async def view(self, session_id: int) -> SessionView:
        """Return a session as its posts show it.

        Raises:
            UserError: it is unknown.
        """
        view = await self._views.load(session_id)
        if view is None:
            raise unknown_session()
        return view

    async def state(self, session_id: int) -> SessionState:
        """Return what decides what happens next in a session.

        Raises:
            UserError: it is unknown.
        """
        state = await self._store.session_state(session_id)
        if state is None:
            raise unknown_session()
        return state

    async def change(
        self,
        session_id: int,
        decide: Callable[[SessionState], Change | None],
        *,
        now: dt.datetime | None = None,
    ) -> SessionState | None:
        """Store what ``decide`` says of a session, and wake the loops.

        Raises:
            UserError: ``decide`` refuses.
        """
        now = now or self._clock()
        new = await self._store.change_session(
            session_id, decide, now=now, first_reply_until=now + FIRST_POST_TIMEOUT
        )
        self._touch(session_id)
        self._wakeups.boards.notify()
        return new

    async def running_in(self, channel_id: int) -> SessionView | None:
        """Return the session that is held in a channel now."""
        session_id = await self._store.session_in_channel(channel_id)
        return None if session_id is None else await self.view(session_id)

    async def running_in_guild(self, guild_id: int) -> Sequence[SessionView]:
        """Return the sessions that run in a server."""
        ids = await self._store.running_in_guild(guild_id)
        return [await self.view(session_id) for session_id in ids]

    async def page(self, guild_id: int, number: int, *, channels: Collection[int]) -> SessionPage:
        """Return a page of a server's sessions, running ones first, or the last if there are fewer.

        Only those that were started in ``channels``, which the member may view.
        """
        ids, total = await self._store.sessions_of_guild(
            guild_id, channels=channels, offset=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE
        )
        page_count = max(-(-total // PAGE_SIZE), 1)
        if number > page_count:
            return await self.page(guild_id, page_count, channels=channels)
        return SessionPage(
            views=[await self.view(session_id) for session_id in ids],
            number=number,
            page_count=page_count,
            total=total,
            most_parts=await self._store.most_parts(guild_id),
        )

    async def channels(self, guild_id: int) -> list[int]:
        """Return the channels of a server in which sessions were held."""
        return await self._store.session_channels(guild_id)

    async def record_first_post(self, session_id: int, key: PostKey, reply: ReplyRef) -> None:
        """Store where a post is that was sent as the answer to an interaction."""
        await self._store.record_first_post(
            session_id, key, reply, publish_at=self._clock() + MIN_EDIT_INTERVAL
        )
        await self.show_links(session_id, key)

    async def show_links(self, session_id: int, key: PostKey) -> None:
        """Have the posts edited that link to a new post, as that has an address now."""
        await self._store.raise_posts(session_id, linking_posts(key))
        self._wakeups.boards.notify()

    async def vote(self, proposal_id: int, press: Press) -> CastVote:
        """Store a member's vote for a proposal; `CastVote.is_counted` says whether it counts.

        Raises:
            UserError: the proposal is unknown.
        """
        cast = await self._store.vote_for_proposal(
            proposal_id,
            member_id=press.member_id,
            interaction_id=press.interaction_id,
            now=press.at,
        )
        return self._cast(cast)

    async def choose(self, round_id: int, letter: str, press: Press) -> CastVote:
        """Store a member's vote for a clip, or for `NEITHER`; as `vote`.

        Raises:
            UserError: the round is unknown.
        """
        if letter not in (NEITHER, *ascii_uppercase):
            raise unknown_session()
        cast = await self._store.vote_for_clip(
            round_id,
            letter,
            member_id=press.member_id,
            interaction_id=press.interaction_id,
            now=press.at,
        )
        return self._cast(cast)

    async def close(self, round_id: int, press: Press) -> None:
        """End the current ballot of a round now.

        Raises:
            UserError: the member is neither host nor moderator, or `actions.close` refuses.
        """
        place = await self._store.round_place(round_id)
        if place is None:
            raise unknown_session()

        def decide(state: SessionState) -> Change:
            _require_host(state, press)
            return actions.close(state, place.number, press)

        await self.change(place.session_id, decide)

    async def end_now(self, session_id: int, press: Press) -> None:
        """End a session without a vote.

        Raises:
            UserError: the member is neither host nor moderator, or it is over.
        """

        def decide(state: SessionState) -> Change:
            _require_host(state, press)
            return actions.end_by_hand(state, press.at)

        await self.change(session_id, decide)

    async def require_host(self, session_id: int, press: Press) -> SessionView:
        """Return a running session, if the member may end it.

        Raises:
            UserError: the member is neither host nor moderator, or it is over.
        """
        view = await self.view(session_id)
        _require_host(view.state, press)
        actions.require_running(view.state)
        return view

    async def add_thread(self, session_id: int, thread_id: int) -> None:
        """Hold a session in the thread that was made for it."""
        await self.change(
            session_id, lambda state: actions.thread_made(state, thread_id, self._clock())
        )

    async def rest(self, session_id: int, reason: RestReason) -> None:
        """Let a session rest until a member's next press."""
        await self.change(session_id, lambda state: actions.rest(state, reason, self._clock()))

    async def end_lost(self, session_id: int, reason: EndReason) -> None:
        """End a session whose thread or server is gone, or could not be made."""
        await self.change(session_id, lambda state: actions.lost(state, reason, self._clock()))

    async def channel_closed(self, channel_id: int) -> None:
        """Let the session in a channel rest: it was archived or locked."""
        session_id = await self._store.session_in_channel(channel_id)
        if session_id is not None:
            await self.rest(session_id, RestReason.CLOSED)

    async def channel_opened(self, channel_id: int) -> None:
        """Show how the session in a channel stands, which could not be edited while it was closed.

        It goes on with a member's next press.
        """
        session_id = await self._store.session_in_channel(channel_id)
        state = None if session_id is None else await self._store.session_state(session_id)
        if state is not None and state.session.rests_since is not None:
            posts = await self._store.posts_of(state.session.id)
            shown = [post.key for post in posts if post.key.kind in CLOCK_POSTS]
            await self._store.raise_posts(state.session.id, shown[-2:])
            await self._store.retry_posts(state.session.id, now=self._clock())
            self._wakeups.boards.notify()

    async def channel_deleted(self, channel_id: int) -> None:
        """End the session in a channel that was deleted."""
        session_id = await self._store.session_in_channel(channel_id)
        if session_id is not None:
            await self.end_lost(session_id, EndReason.THREAD_DELETED)

    async def guild_lost(self, guild_id: int) -> None:
        """End the sessions of a server that Encore was removed from."""
        for session_id in await self._store.running_in_guild(guild_id):
            await self.end_lost(session_id, EndReason.GUILD_LOST)

    def _cast(self, cast: CastVote | None) -> CastVote:
        if cast is None:
            raise unknown_session()
        if cast.is_counted:
            self._touch(cast.session_id)
        return cast

    def _touch(self, session_id: int) -> None:
        self._runtime.touched_sessions.add(session_id)
        self._wakeups.session_runner.notify()


def unknown_session() -> UserError:
    """Return the refusal of a press on a session that the store does not have."""
    return UserError("I don't know this session.", "Start another one with `/session start`.")


def _require_host(state: SessionState, press: Press) -> None:
    """Raise UserError unless the member is the host or a moderator."""
    host = state.session.host_id
    if press.member_id != host and not press.may_manage:
        raise UserError(
            f"Only <@{host}>, who started this session, or a moderator can do that.",
            "Propose *End the song* instead: that is put to the vote.",
        )

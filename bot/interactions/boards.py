"""The loop that keeps the posts of sessions up to date: one edit for each post with news.

Also makes the thread that hangs from the card. As the publisher for replies, it waits for its
turn in the channel, then claims the post and draws what is stored at that moment; a kill between
the steps only means that the edit is repeated.
"""

import asyncio
import datetime as dt
import logging
import random
from dataclasses import replace
from weakref import WeakValueDictionary

import discord

from bot.domain.clock import Clock
from bot.domain.models import ReplyRef
from bot.domain.polling import backoff
from bot.domain.sessions.models import (
    EndReason,
    Post,
    PostKind,
    RestReason,
    Session,
    SessionStatus,
)
from bot.domain.text import truncate
from bot.interactions.client import Encore
from bot.interactions.delivery import (
    CLOSED_THREAD_CODES,
    MISSING_PERMISSIONS,
    NO_ACCESS,
    TOO_MANY_EDITS,
    UNKNOWN_CHANNEL,
    UNKNOWN_MESSAGE,
    Remedy,
    Route,
    embeds_match,
    is_client_error,
    next_route,
    remedy_for,
    without_route,
)
from bot.interactions.edits import edit_body, edit_by_token, edit_in_channel
from bot.interactions.first_reply import UNREACHABLE
from bot.services.session_view import SessionView
from bot.services.sessions import Sessions
from bot.services.task_pool import TaskPool
from bot.services.wakeups import Wakeups
from bot.store.store import Store
from bot.ui.session_posts import PostMessage, post_message

log = logging.getLogger(__name__)

MIN_EDIT_INTERVAL = dt.timedelta(seconds=2)
OLD_MESSAGE = dt.timedelta(hours=1)  # Discord then allows three edits in six seconds in a channel
OLD_EDIT_INTERVAL = dt.timedelta(minutes=1)
EDIT_TIMEOUT = 60.0  # seconds
LEASE = dt.timedelta(seconds=75)  # longer than an edit may take
LONGEST_PAUSE = dt.timedelta(minutes=10)
SONG_WAIT = dt.timedelta(seconds=60)  # for the reply of the full song, to which posts link
SONG_PAUSE = dt.timedelta(seconds=1)
MAX_CONCURRENT_EDITS = 32
MAX_REMEMBERED = 10_000  # posts of which it is known what they look like

THREAD_EXISTS = 160004  # of this message
TOO_MANY_THREADS = 160006
THREAD_NAME_LENGTH = 100  # Discord's limit
ARCHIVE_MINUTES = 10080  # a week without a message, the longest that Discord takes


class Boards:
    """Shows what is new in sessions: cards, boards, proposals, results, recaps."""

    def __init__(
        self, bot: Encore, store: Store, sessions: Sessions, *, wakeups: Wakeups, clock: Clock
    ) -> None:
        self._bot = bot
        self._store = store
        self._sessions = sessions
        self._wakeups = wakeups
        self._clock = clock
        self._edits = TaskPool[int](limit=MAX_CONCURRENT_EDITS)
        self._threads = TaskPool[int](limit=MAX_CONCURRENT_EDITS)
        # the digests of the posts as this process has shown them, with the revision, by their ids
        self._shown: dict[int, tuple[str, int]] = {}
        # posts of a session appear in the order in which they were made
        self._channel_locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def run_once(self) -> None:
        """Start an edit for each post with news, and make the threads that are missing."""
        now = self._clock()
        for session_id in await self._store.threadless_sessions():
            if session_id not in self._threads.keys and self._threads.free:
                self._threads.start(session_id, self._add_thread(session_id))
        if not self._edits.free:
            return
        posts = await self._store.unpublished_posts(
            now=now, limit=self._edits.free, excluding=self._edits.keys
        )
        for post in posts:
            self._edits.start(post.id, self._deliver(post))

    async def idle(self) -> None:
        """Return when nothing is being sent."""
        await self._edits.idle()
        await self._threads.idle()

    async def stop(self, *, grace: float) -> None:
        """Let what is being sent arrive, for up to ``grace`` seconds."""
        await asyncio.gather(self._edits.stop(grace=grace), self._threads.stop(grace=grace))

    async def _deliver(self, post: Post) -> None:
        lock = self._channel_locks.setdefault(post.reply.channel_id, asyncio.Lock())
        async with lock:
            now = self._clock()
            claimed = await self._store.claim_post(post.id, now=now, lease_until=now + LEASE)
            if claimed is not None:
                await self._show(claimed)
        self._wakeups.boards.notify()

    async def _show(self, post: Post) -> None:
        """Show a claimed post as its session is now; repeat it later if that fails."""
        try:
            async with asyncio.timeout(EDIT_TIMEOUT):
                view = await self._sessions.view(post.session_id)
                if self._awaits_song(post, view):
                    again_at = self._clock() + SONG_PAUSE
                    await self._store.release_post(post, post.reply, publish_at=again_at)
                    return
                route = next_route(post.reply, is_final=False, now=self._clock())
                if route is None:
                    await self._finish(post, replace(post.reply, unreachable=True))
                    return
                await self._show_by(route, post, view)
        except UNREACHABLE as error:
            log.warning("Post %s could not be shown yet: %s", post.id, error)
            await self._postpone(post, error)
        except Exception as error:
            log.exception("Post %s: showing it failed unexpectedly", post.id)
            await self._postpone(post, error)

    async def _show_by(self, route: Route, post: Post, view: SessionView) -> None:
        """Send a post by ``route``, and store what came of it.

        Raises:
            discord.HTTPException: it may work later.
        """
        drawn = post_message(view, post.key, may_attach=self._may_attach(post.reply))
        digest = drawn.digest
        # another process may have shown a later revision
        is_shown = self._shown.get(post.id) == (digest, post.published)
        if post.reply.message_id is not None and is_shown:
            self._remember(post, digest)
            await self._finish(post, post.reply)  # the edit before has shown this already
            return
        try:
            message_id, is_current = await self._send(route, post, drawn)
        except discord.HTTPException as error:
            await self._recover(error, route, post, view)
            return
        known = replace(post.reply, message_id=message_id)
        if is_current:
            self._remember(post, digest)
            await self._finish(post, known)
            if post.reply.message_id is None:
                await self._sessions.show_links(post.session_id, post.key)
        else:  # an older message with this nonce; now that its id is known, it is edited
            await self._store.release_post(post, known, publish_at=self._clock())

    async def _send(self, route: Route, post: Post, drawn: PostMessage) -> tuple[int, bool]:
        """Edit or post; return the message's id, and whether it shows what was sent."""
        reply = post.reply
        if route is Route.INTERACTION:
            shown = await edit_by_token(self._bot, reply, edit_body(**drawn.edited()))
            return int(shown["id"]), True
        await self._bot.rate_limiter.acquire()
        if reply.message_id is not None:
            body = edit_body(**drawn.edited())
            await edit_in_channel(self._bot, reply.channel_id, reply.message_id, body)
            return reply.message_id, True
        channel = self._bot.get_partial_messageable(reply.channel_id, guild_id=reply.guild_id)
        posted = await channel.send(**drawn.sent(), nonce=f"post-{post.id}")
        return posted.id, embeds_match(posted.embeds, drawn.embeds)

    async def _recover(
        self, error: discord.HTTPException, route: Route, post: Post, view: SessionView
    ) -> None:
        """Do what helps after Discord refused a post.

        Raises:
            discord.HTTPException: it may work later.
        """
        session = view.state.session
        is_in_thread = (
            post.reply.channel_id == session.channel_id and route is not Route.INTERACTION
        )
        if is_in_thread and error.code in CLOSED_THREAD_CODES:
            await self._sessions.rest(session.id, RestReason.CLOSED)
            if post.reply.message_id is not None:  # news that the next press shows
                await self._finish(post, post.reply)
                return
            raise error
        if is_in_thread and error.code in (MISSING_PERMISSIONS, NO_ACCESS):
            await self._sessions.rest(session.id, RestReason.FORBIDDEN)
            raise error
        if is_in_thread and error.code == UNKNOWN_CHANNEL:
            await self._sessions.channel_deleted(post.reply.channel_id)
        remedy = remedy_for(
            error, route, post.reply, is_final=False, failures=post.publish_failures
        )
        if remedy is not Remedy.CLOSE_ROUTE:
            raise error
        log.info("Post %s: %s is gone (%s)", post.id, route.name, error.code)
        known = without_route(route, post.reply, deleted=error.code == UNKNOWN_MESSAGE)
        await self._store.release_post(post, known, publish_at=self._clock())

    async def _finish(self, post: Post, reply: ReplyRef) -> None:
        """Store that the claimed revision is shown; edits of old messages are far apart."""
        now, pause = self._clock(), MIN_EDIT_INTERVAL
        if reply.message_id is not None:
            age = now - discord.utils.snowflake_time(reply.message_id)
            pause = OLD_EDIT_INTERVAL if age > OLD_MESSAGE else MIN_EDIT_INTERVAL
        await self._store.finish_post(post, reply, publish_at=now + pause)

    def _remember(self, post: Post, digest: str) -> None:
        """Keep what a post looks like, so that it is not edited without news."""
        self._shown.pop(post.id, None)
        self._shown[post.id] = digest, post.revision
        if len(self._shown) > MAX_REMEMBERED:
            del self._shown[next(iter(self._shown))]

    async def _postpone(self, post: Post, error: Exception) -> None:
        failures = post.publish_failures
        pause = dt.timedelta(
            seconds=backoff(failures, jitter=random.random())  # noqa: S311 - spreads retries
        )
        if isinstance(error, discord.HTTPException) and error.code == TOO_MANY_EDITS:
            pause = OLD_EDIT_INTERVAL
        again_at = self._clock() + min(pause, LONGEST_PAUSE)
        await self._store.postpone_post(post, publish_at=again_at)

    def _may_attach(self, reply: ReplyRef) -> bool:
        """Whether Encore may attach files where a post stands."""
        guild = self._bot.get_guild(reply.guild_id or 0)
        channel = guild.get_channel_or_thread(reply.channel_id) if guild else None
        return guild is None or channel is None or channel.permissions_for(guild.me).attach_files

    def _awaits_song(self, post: Post, view: SessionView) -> bool:
        """Whether a post would lack the link to the full song, whose reply is not there yet."""
        session = view.state.session
        if post.key.kind not in (PostKind.CARD, PostKind.RECAP):
            return False
        if session.status is not SessionStatus.FINISHED or session.finished_at is None:
            return False
        has_link = view.song is not None and view.song.reply.url is not None
        return not has_link and self._clock() < session.finished_at + SONG_WAIT

    async def _add_thread(self, session_id: int) -> None:
        """Make the thread of a session on its card; its id is the id of the card's message."""
        view = await self._sessions.view(session_id)
        session = view.state.session
        card = await self._store.card_of(session_id)
        if card is None or card.reply.message_id is None:
            return
        thread_id = card.reply.message_id
        try:
            async with asyncio.timeout(EDIT_TIMEOUT):
                await self._bot.rate_limiter.acquire()
                channel = self._bot.get_partial_messageable(
                    session.card_channel_id, guild_id=session.guild_id
                )
                await channel.get_partial_message(thread_id).create_thread(
                    name=truncate(f"🎵 {session.title or 'Untitled'}", THREAD_NAME_LENGTH),
                    auto_archive_duration=ARCHIVE_MINUTES,
                )
        except discord.HTTPException as error:
            if error.code != THREAD_EXISTS:
                await self._give_up_thread(session, error)
                return
        except UNREACHABLE as error:
            log.warning("Session %s: its thread could not be made yet: %s", session_id, error)
            return
        await self._sessions.add_thread(session_id, thread_id)

    async def _give_up_thread(self, session: Session, error: discord.HTTPException) -> None:
        """End a session whose thread can't be made; a passing error is tried again."""
        if not is_client_error(error):
            log.warning("Session %s: its thread could not be made yet: %s", session.id, error)
            return
        log.info("Session %s: its thread can't be made (%s)", session.id, error.code)
        many = error.code == TOO_MANY_THREADS
        reason = EndReason.TOO_MANY_THREADS if many else EndReason.NO_THREAD
        await self._sessions.end_lost(session.id, reason)

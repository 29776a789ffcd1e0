"""The loop that edits replies: one edit for each reply that shows an old revision.

It is the only writer of replies after the first one. What the attacher prepared is stored as
pending uploads and attached by the next edit, in place of all files.

Each edit has three steps. It waits for its turn: one message at a time in a channel. Then it
claims the reply and reads the row as it is now, which decides the route, the content, and whether
to post or to edit. At last the result is stored with the mark `published` in one transaction. A
kill between the steps, a failed edit or a lost claim only means that the edit is repeated.
"""

import asyncio
import datetime as dt
import logging
import random
from collections import Counter
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from weakref import WeakValueDictionary

import discord

from bot import metrics
from bot.domain.attachments import Uploads, smaller_limit, with_uploads, without_files
from bot.domain.clock import Clock
from bot.domain.models import Extension, ReplyRef
from bot.domain.polling import backoff
from bot.interactions.access import ATTACH_PERMISSIONS, missing_permissions
from bot.interactions.client import Encore
from bot.interactions.delivery import (
    TOO_MANY_EDITS,
    UNKNOWN_MESSAGE,
    Remedy,
    Route,
    is_client_error,
    is_refusal,
    is_too_large,
    lock_key,
    next_route,
    remedy_for,
    without_route,
)
from bot.interactions.first_reply import MIN_EDIT_INTERVAL, UNREACHABLE
from bot.interactions.sender import ReplySender
from bot.logs import current_extension
from bot.services.task_pool import TaskPool
from bot.services.wakeups import Wakeups
from bot.store.leases import ReplyEdit
from bot.store.store import Store

log = logging.getLogger(__name__)

MAX_COUNTED_OUTAGES = 8  # failures that Discord did not answer: they don't close a route
EDIT_TIMEOUT = 60.0  # seconds for one edit, with its uploads; a request that hangs is given up
LEASE = dt.timedelta(seconds=75)  # longer than an edit may take
OLD_MESSAGE_PAUSE = dt.timedelta(minutes=1)
REFUSED_FILES_PAUSE = dt.timedelta(seconds=3)
MAX_CONCURRENT_EDITS = 64
# Bytes of a file by features of its guild, which discord.py does not count
# (docs.discord.food/resources/guild#guild-features).
FEATURE_LIMITS = {f"MAX_FILE_SIZE_{size}_MB": size * 1024 * 1024 for size in (50, 100, 250)}


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One attempt at the reply of an extension.

    Attributes:
        extension: as it was last seen.
        is_direct: whether a final status goes to the member, although another route is open.
    """

    extension: Extension
    is_direct: bool = False


def guild_file_limit(guild: discord.Guild) -> int:
    """Return how many bytes a file in ``guild`` may have, by its boosts or by a feature."""
    limits = [limit for name, limit in FEATURE_LIMITS.items() if name in guild.features]
    return max([guild.filesize_limit, *limits])


class Publisher:
    """Keeps replies up to date: every final status arrives, nothing is edited without news."""

    def __init__(
        self,
        bot: Encore,
        store: Store,
        *,
        wakeups: Wakeups,
        clock: Clock,
        min_edit_interval: dt.timedelta = MIN_EDIT_INTERVAL,
        edit_timeout: float = EDIT_TIMEOUT,
    ) -> None:
        """Make the loop.

        Args:
            bot: connected to Discord.
            store: where revisions and uploads are.
            wakeups: the attacher's is notified of uploads that were shown or refused, the
                notifier's of each edit.
            clock: the time.
            min_edit_interval: least time between two edits of one reply.
            edit_timeout: seconds that one edit may take.
        """
        self._bot = bot
        self._sender = ReplySender(bot)
        self._store = store
        self._wakeups = wakeups
        self._clock = clock
        self._min_edit_interval = min_edit_interval
        self._edit_timeout = edit_timeout
        self._edits = TaskPool[int](limit=MAX_CONCURRENT_EDITS)
        # Discord lets a bot write into a channel about once a second. An edit that waits here, and
        # not in discord.py, shows the row as it is when its turn comes.
        self._channel_locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def run_once(self) -> None:
        """Start an edit for each reply that shows an old revision."""
        if not self._edits.free:
            return
        unpublished = await self._store.unpublished(
            now=self._clock(), limit=self._edits.free, excluding=self._edits.keys
        )
        for ext in unpublished:
            self._edits.start(ext.id, self._deliver(ext))

    async def idle(self) -> None:
        """Return when no edit is under way."""
        await self._edits.idle()

    async def stop(self, *, grace: float) -> None:
        """Let the edits that are under way finish for up to ``grace`` seconds."""
        await self._edits.stop(grace=grace)

    def attachment_limit(self, reply: ReplyRef) -> int | None:
        """Return how many bytes one file of a reply may have; None where none may be attached."""
        return self._route_limit(next_route(reply, is_final=True, now=self._clock()), reply)

    def _route_limit(self, route: Route | None, reply: ReplyRef) -> int | None:
        """Return the limit of one route: an interaction has the server's or the member's own.

        An interaction needs no permission of the bot in the channel
        (github.com/discord/discord-api-docs/issues/5316).
        """
        if route is Route.DIRECT:
            return discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
        if route is Route.INTERACTION and not reply.files_allowed:
            return None
        if route is Route.INTERACTION and reply.attachment_limit is not None:
            return reply.attachment_limit
        guild = self._bot.get_guild(reply.guild_id) if reply.guild_id else None
        channel = guild.get_channel_or_thread(reply.channel_id) if guild else None
        if (
            guild
            and channel
            and route is not Route.INTERACTION
            and missing_permissions(channel.permissions_for(guild.me), ATTACH_PERMISSIONS)
        ):
            return None
        return guild_file_limit(guild) if guild else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES

    async def _deliver(self, ext: Extension) -> None:
        """Bring the reply of ``ext`` up to date, trying one route after the other."""
        current_extension.set(ext.id)
        attempt: _Attempt | None = _Attempt(ext)
        while attempt is not None:
            key = lock_key(self._route_of(attempt, attempt.extension), attempt.extension.reply)
            async with self._channel_lock(key):
                attempt = await self._try(attempt, held=key)
        self._wakeups.publisher.notify()
        self._wakeups.notifier.notify()

    def _route_of(self, attempt: _Attempt, ext: Extension) -> Route | None:
        """Return the route of an attempt at ``ext`` as it is now."""
        route = next_route(ext.reply, is_final=ext.status.is_final, now=self._clock())
        direct = attempt.is_direct and ext.status.is_final and not ext.reply.final_shown
        return Route.DIRECT if direct and route is not None else route

    def _channel_lock(self, key: int | None) -> AbstractAsyncContextManager[object]:
        """Return the lock of a channel; None needs none."""
        if key is None:
            return nullcontext()
        return self._channel_locks.setdefault(key, asyncio.Lock())

    async def _try(self, attempt: _Attempt, *, held: int | None) -> _Attempt | None:
        """Claim the reply and try one edit; repeat it later if that fails for now.

        Args:
            attempt: whose reply, and how.
            held: key of the lock that is held.

        Returns:
            The attempt that is to follow at once, if any.
        """
        extension_id = attempt.extension.id
        now = self._clock()
        edit = await self._store.claim_edit(extension_id, now=now, lease_until=now + LEASE)
        if edit is None:  # shown meanwhile, or another process edits it
            return None
        try:
            async with asyncio.timeout(self._edit_timeout):
                return await self._edit(edit, attempt, held=held)
        except UNREACHABLE as error:
            log.warning("Extension %s: its reply could not be edited yet: %s", extension_id, error)
            await self._postpone(edit, error)
        except Exception as error:
            log.exception("Extension %s: publishing it failed unexpectedly", extension_id)
            await self._postpone(edit, error)
        return None

    async def _edit(
        self, edit: ReplyEdit, attempt: _Attempt, *, held: int | None
    ) -> _Attempt | None:
        """Edit the reply as its row says; return the attempt that is to follow at once.

        Raises:
            discord.HTTPException: it may work later.
        """
        ext, uploads, now = edit.extension, edit.uploads, self._clock()
        if uploads is not None:
            if not uploads.are_there:  # they were made by a process that has ended
                return await self._requeue(edit, uploads)
            ext = with_uploads(ext, uploads, now=now)
        route = self._route_of(attempt, ext)
        if route is Route.DIRECT and edit.awaits_audio:
            route = None  # a direct message is sent once, with its files: they raise the revision
        key = lock_key(route, ext.reply)
        if key is not None and key != held:  # it is another one's turn there
            await self._store.release_edit(edit, ext.reply, publish_at=now)
            return replace(attempt, extension=ext)
        if route is None:
            await self._finish(edit, ext.reply, None)
            return None
        limit = self._route_limit(route, ext.reply)
        if uploads is not None and limit is not None and uploads.largest_size > limit:
            return await self._requeue(edit, uploads, size_limit=limit)
        return await self._edit_by(route, edit, ext, uploads)

    async def _edit_by(
        self,
        route: Route,
        edit: ReplyEdit,
        ext: Extension,
        uploads: Uploads | None,
        *,
        may_open_thread: bool = True,
    ) -> _Attempt | None:
        """Edit or post by ``route`` and store what came of it; as `_edit`."""
        try:
            sent = await self._sender.show(ext, route, uploads, shown_digest=edit.shown_digest)
        except discord.HTTPException as error:
            return await self._recover(
                error, route, edit, ext, uploads, may_open_thread=may_open_thread
            )
        metrics.EDITS.labels(route.name.lower()).inc()
        if uploads is not None and not sent.has_files:
            log.info("Extension %s: Discord has left out its files", ext.id)
            return await self._edit_without_files(route, edit, uploads)
        known, digest = ext.reply, None
        if route is not Route.DIRECT:
            known, digest = replace(known, message_id=sent.message_id), sent.digest
        if not sent.is_current:  # now that its id is known, it can be edited
            await self._store.release_edit(edit, known, publish_at=self._clock())
        else:
            known = replace(known, final_shown=ext.status.is_final)
            await self._finish(edit, known, uploads, digest)
        if known.message_id is not None and ext.reply.message_id is None:
            await self._bot.services.extensions.announce_continuation(replace(ext, reply=known))
        return None if sent.is_current else _Attempt(replace(ext, reply=known))

    async def _edit_without_files(
        self, route: Route, edit: ReplyEdit, uploads: Uploads
    ) -> _Attempt | None:
        """Show that the files of ``uploads`` are not allowed; as `_edit`."""
        bare = without_files(edit.extension, uploads)
        ext = with_uploads(edit.extension, bare, now=self._clock())
        return await self._edit_by(route, edit, ext, bare)

    async def _recover(
        self,
        error: discord.HTTPException,
        route: Route,
        edit: ReplyEdit,
        ext: Extension,
        uploads: Uploads | None,
        *,
        may_open_thread: bool,
    ) -> _Attempt | None:
        """Do what helps after Discord refused an edit by ``route``; as `_edit`."""
        has_files = uploads is not None and bool(uploads.files)
        remedy = remedy_for(
            error,
            route,
            ext.reply,
            is_final=ext.status.is_final,
            has_files=has_files,
            may_open_thread=may_open_thread,
            failures=ext.publish_failures,
        )
        if uploads is not None and has_files:
            if remedy is Remedy.LEAVE_OUT_FILES:
                return await self._edit_without_files(route, edit, uploads)
            if is_too_large(error) and uploads.limit:
                limit = smaller_limit(uploads.limit)
                return await self._requeue(edit, uploads, size_limit=limit)
            if is_too_large(error) or is_refusal(error):
                return await self._requeue(edit, uploads, failures=1)
        now = self._clock()
        others = next_route(ext.reply, is_final=True, now=now)
        if remedy is Remedy.CLOSE_ROUTE and route is Route.DIRECT is not others:
            remedy = Remedy.DROP_NEWS  # the reply itself is in a thread that may be opened again
        match remedy:
            case Remedy.CLOSE_ROUTE:
                log.info("Extension %s: %s is gone (%s)", ext.id, route.name, error.code)
                known = without_route(route, ext.reply, deleted=error.code == UNKNOWN_MESSAGE)
                await self._store.release_edit(edit, known, publish_at=now, failures=0)
                return _Attempt(replace(ext, reply=known))
            case Remedy.SEND_DIRECT:
                await self._store.release_edit(edit, ext.reply, publish_at=now)
                return _Attempt(ext, is_direct=True)
            case Remedy.OPEN_THREAD:
                if not await self._sender.open_thread(ext.reply):
                    return await self._recover(
                        error, route, edit, ext, uploads, may_open_thread=False
                    )
                return await self._edit_by(route, edit, ext, uploads, may_open_thread=False)
            case Remedy.DROP_NEWS:
                await self._finish(edit, ext.reply, None)
                return None
            case Remedy.RETRY | Remedy.LEAVE_OUT_FILES:
                raise error

    async def _finish(
        self,
        edit: ReplyEdit,
        reply: ReplyRef,
        shown: Uploads | None,
        digest: str | None = None,
    ) -> None:
        """Store that the claimed revision is shown, or that no route to the reply is left."""
        now = self._clock()
        _measure(edit.extension, reply, now=now)
        await self._store.finish_edit(
            edit,
            reply,
            now=now,
            publish_at=now + self._min_edit_interval,
            shown=shown,
            digest=digest,
        )
        if edit.uploads is not None:
            log.info("Extension %s: audio files: %s", edit.extension.id, _outcomes(shown))
            self._wakeups.attacher.notify()

    async def _requeue(
        self,
        edit: ReplyEdit,
        uploads: Uploads,
        *,
        size_limit: int | None = None,
        failures: int = 0,
    ) -> _Attempt:
        """Have ``uploads`` made again, and show what else is new."""
        log.info("Extension %s: its files are made again (limit %s)", edit.extension.id, size_limit)
        now = self._clock()
        await self._store.requeue_uploads(
            edit,
            uploads,
            now=now,
            due_at=now + failures * REFUSED_FILES_PAUSE,
            size_limit=size_limit,
            failures=failures,
        )
        self._wakeups.attacher.notify()
        return _Attempt(edit.extension)

    async def _postpone(self, edit: ReplyEdit, error: Exception) -> None:
        metrics.EDITS.labels("postponed").inc()
        before = edit.extension.publish_failures
        pause = dt.timedelta(
            seconds=backoff(before, jitter=random.random())  # noqa: S311 - spreads retries
        )
        if isinstance(error, discord.HTTPException) and error.code == TOO_MANY_EDITS:
            pause = OLD_MESSAGE_PAUSE
        is_counted = is_client_error(error) or before < MAX_COUNTED_OUTAGES
        await self._store.postpone_edit(
            edit, publish_at=self._clock() + pause, is_counted=is_counted
        )


def _measure(was: Extension, reply: ReplyRef, *, now: dt.datetime) -> None:
    """Measure how late an edit shows the result of ``was``, the first time it does."""
    if reply.final_shown and not was.reply.final_shown and was.finished_at is not None:
        lag = (now - was.finished_at).total_seconds()
        metrics.REPLY_LAG.labels(was.status).observe(lag)


def _outcomes(shown: Uploads | None) -> str:
    """Return how many audio files ended how, such as "1 attached, 1 too large"."""
    if shown is None:
        return "no reply"
    counts = Counter(each.outcome for each in shown.attachments)
    return ", ".join(f"{n} {outcome.replace('_', ' ')}" for outcome, n in counts.items()) or "none"

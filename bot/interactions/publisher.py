"""The third loop: whatever changed since it was last shown -> an edit of its reply.

The one who edits replies, also for the attacher, which hands over the files that one is to carry.

Which way leads to a reply is decided by its `ReplyRef`: the interaction's webhook while its token
lives, the channel's message after that, a direct message with the final result when neither leads
anywhere. A way that is gone is remembered in the store and not tried again.
"""

import asyncio
import datetime as dt
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, cast
from weakref import WeakValueDictionary

import discord

from bot.domain.clock import Clock
from bot.domain.models import Extension, ReplyRef
from bot.domain.polling import backoff
from bot.interactions.access import ATTACH_PERMISSIONS, missing_permissions
from bot.interactions.client import Encore
from bot.interactions.delivery import (
    BAD_REQUEST,
    MISSING_PERMISSIONS,
    NO_HISTORY,
    TOO_LARGE,
    TOO_MANY_EDITS,
    UNKNOWN_MESSAGE,
    Route,
    is_permanent,
    next_route,
    without_route,
)
from bot.interactions.first_reply import MIN_EDIT_INTERVAL, UNREACHABLE
from bot.services.attacher import AttachResult
from bot.services.task_pool import TaskPool
from bot.services.uploads import Upload, Uploads
from bot.services.wakeups import Wakeups
from bot.store.store import Store
from bot.ui.components import extension_view
from bot.ui.extension_embeds import extension_embeds, plain_embeds

log = logging.getLogger(__name__)

LEASE = dt.timedelta(minutes=3)
OLD_MESSAGE_PAUSE = dt.timedelta(minutes=1)
MAX_CONCURRENT_EDITS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyMessage:
    """What a reply shows."""

    embeds: list[discord.Embed]
    view: discord.ui.View | None
    uploads: Sequence[Upload] | None = None  # in place of all files; None leaves them alone

    def files(self) -> list[discord.File]:
        """Return the files anew: whoever sends them reads them to their end."""
        return [
            discord.File(each.path, filename=each.name, description=each.description or None)
            for each in self.uploads or ()
        ]

    def edited(self) -> dict[str, Any]:
        """Return what an edit of a message takes."""
        whole: dict[str, Any] = {"embeds": self.embeds, "view": self.view}
        return whole if self.uploads is None else whole | {"attachments": self.files()}

    def sent(self) -> dict[str, Any]:
        """Return what a new message takes."""
        return {"embeds": self.embeds, "view": self.view, "files": self.files()}


class _NotAllowedError(Exception):
    """Files may not be attached there."""


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
    ) -> None:
        """Make the loop; ``wakeups`` has the one that wakes it."""
        self._bot = bot
        self._store = store
        self._wakeups = wakeups
        self._clock = clock
        self._min_edit_interval = min_edit_interval
        self._workers = TaskPool(limit=MAX_CONCURRENT_EDITS)
        # Discord lets a bot write into a channel about once a second. Who waits for that here,
        # and not in discord.py, shows what is true when its turn comes.
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def run_once(self) -> None:
        """Start an edit for each reply that is behind its extension."""
        if not self._workers.free:
            return
        now = self._clock()
        behind = await self._store.claim_unpublished(
            now=now, lease_until=now + LEASE, limit=self._workers.free
        )
        for ext in behind:
            if not self._workers.has(ext.id):
                self._workers.start(ext.id, self._publish(ext))

    async def idle(self) -> None:
        """Return when no edit is under way."""
        await self._workers.idle()

    async def stop(self, *, grace: float) -> None:
        """Let the edits that are under way finish for up to ``grace`` seconds."""
        await self._workers.stop(grace=grace)

    def attachment_limit(self, reply: ReplyRef) -> int | None:
        """Return how many bytes a file may have there; None where none may be attached."""
        guild = self._bot.get_guild(reply.guild_id) if reply.guild_id else None
        channel = guild.get_channel_or_thread(reply.channel_id) if guild else None
        if (
            guild
            and channel
            and missing_permissions(channel.permissions_for(guild.me), ATTACH_PERMISSIONS)
        ):
            return None
        is_young = reply.token_expires_at is not None and self._clock() < reply.token_expires_at
        if reply.attachment_limit is not None and (is_young or guild is None):
            return reply.attachment_limit
        return guild.filesize_limit if guild else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES

    async def carry(
        self, ext: Extension, prepared: Uploads, look: Callable[[Extension], Extension]
    ) -> AttachResult:
        """Show ``ext``, as it is then and ``look`` makes it, with the files in place of all others.

        Waits for edits that are under way, and for its turn after the last.
        """
        while again_at := await self._claimed(ext.id):
            pause = min(again_at - self._clock(), self._min_edit_interval)
            await asyncio.sleep(max(pause.total_seconds(), 0.05))
        carried = AttachResult.LATER
        try:
            if shown := await self._deliver(ext, look, prepared):
                now = self._clock()
                await self._store.mark_published(
                    ext.id, shown.revision, publish_at=now + self._min_edit_interval
                )
            carried = AttachResult.DONE if shown else AttachResult.NOWHERE
        except _NotAllowedError:
            carried = AttachResult.NOT_ALLOWED
        except UNREACHABLE as error:
            log.warning("Extension %s: its audio did not get through: %s", ext.id, error)
            if isinstance(error, discord.HTTPException) and error.status == TOO_LARGE:
                carried = AttachResult.TOO_LARGE
        finally:
            if carried is not AttachResult.DONE:
                await self._store.release_reply(ext.id, publish_at=self._clock())
                self._wakeups.publisher.notify()
        return carried

    async def _claimed(self, extension_id: int) -> dt.datetime | None:
        now = self._clock()
        return await self._store.claim_reply(extension_id, now=now, lease_until=now + LEASE)

    async def _publish(self, ext: Extension) -> None:
        """Bring the reply of ``ext`` up to date by whichever way still leads there."""
        try:
            ext = await self._deliver(ext) or ext
            await self._store.mark_published(
                ext.id, ext.revision, publish_at=self._clock() + self._min_edit_interval
            )
        except UNREACHABLE as error:
            log.warning("Extension %s: its reply could not be edited yet: %s", ext.id, error)
            await self._postpone(ext, error)
        except Exception as error:
            log.exception("Extension %s: publishing it failed unexpectedly", ext.id)
            await self._postpone(ext, error)
        self._wakeups.publisher.notify()

    async def _deliver(
        self,
        ext: Extension,
        look: Callable[[Extension], Extension] = lambda ext: ext,
        prepared: Uploads | None = None,
    ) -> Extension | None:
        """Show ``ext`` as it is when its turn has come, by whichever way still leads to its reply.

        Returns:
            It as it was shown, None if no way leads there.
        """
        ext = look(ext)
        while way := next_route(ext.reply, is_final=ext.status.is_final, now=self._clock()):
            async with self._channel_lock(way, ext.reply):
                ext = look(await self._store.extension(ext.id) or ext)
                ext, is_done = await self._attempt(ext, way, prepared)
            if is_done:
                return ext
        return None

    def _channel_lock(self, way: Route, reply: ReplyRef) -> AbstractAsyncContextManager[object]:
        """Return what to wait for: one message at a time where the bot writes as itself."""
        if way is Route.INTERACTION:
            return nullcontext()
        place = 0 if way is Route.DIRECT else reply.channel_id
        return self._turns.setdefault(place, asyncio.Lock())

    async def _attempt(
        self, ext: Extension, way: Route, prepared: Uploads | None
    ) -> tuple[Extension, bool]:
        """Show ``ext`` by ``way``; return it with what was learned, and whether that is done.

        Raises:
            discord.HTTPException: it may work later.
            _NotAllowedError: it may work without files.
        """
        reply = ext.reply
        try:
            message_id = await self._render_and_send(ext, way, prepared)
        except discord.HTTPException as error:
            if error.code == MISSING_PERMISSIONS and prepared and prepared.files:
                raise _NotAllowedError from error
            if not is_permanent(error):
                raise
            log.info("Extension %s: %s is gone (%s)", ext.id, way.name, error.code)
            known = without_route(way, reply, deleted=error.code == UNKNOWN_MESSAGE)
            is_done = False
        else:
            known = replace(reply, final_shown=ext.status.is_final)
            if way is not Route.DIRECT:
                known = replace(known, message_id=message_id)
            is_done = True
        if known != reply:
            await self._store.save_reply(ext.id, known)
        shown = replace(ext, reply=known)
        if known.message_id is not None and reply.message_id is None:
            await self._bot.services.extensions.announce_continuation(shown)
        return shown, is_done

    async def _render_and_send(self, ext: Extension, way: Route, prepared: Uploads | None) -> int:
        """Show ``ext`` by ``way``, without anything from outside should Discord refuse that."""
        context = await self._bot.services.reply_contexts.load(ext)
        uploads = None
        if prepared is not None:
            context = replace(context, attachments=prepared.attachments)
            uploads = prepared.files
        view = extension_view(ext, context.attachments)
        try:
            message = ReplyMessage(
                embeds=extension_embeds(ext, context), view=view, uploads=uploads
            )
            return await self._send(ext, message, way)
        except discord.HTTPException as error:
            if error.status != BAD_REQUEST or is_permanent(error) or error.code == TOO_MANY_EDITS:
                raise
            log.exception("Extension %s: Discord refused its embeds; showing it plainly", ext.id)
        message = ReplyMessage(embeds=plain_embeds(ext, context), view=None, uploads=uploads)
        return await self._send(ext, message, way)

    async def _send(self, ext: Extension, message: ReplyMessage, way: Route) -> int:
        """Edit or make the message; return its id."""
        bot, reply = self._bot, ext.reply
        if way is not Route.INTERACTION:
            await bot.rate_limiter.acquire(2 if way is Route.DIRECT else 1)
        channel = bot.get_partial_messageable(reply.channel_id, guild_id=reply.guild_id)
        match way:
            case Route.INTERACTION:
                application = cast("int", bot.application_id)
                webhook = discord.Webhook.partial(application, reply.token, client=bot)
                # The first reply goes by this name until Discord has told its id.
                target = cast("int", reply.message_id or "@original")
                shown = await webhook.edit_message(target, **message.edited())
            case Route.CHANNEL:
                known = channel.get_partial_message(cast("int", reply.message_id))
                shown = await known.edit(**message.edited())
            case Route.REPOST:
                shown = await self._post(channel, reply, message, once=f"ext-{ext.id}")
            case Route.DIRECT:
                direct = await bot.create_dm(discord.Object(ext.member_id))
                once = f"ext-{ext.id}-{ext.revision}"
                shown = await self._post(
                    direct, replace(reply, reply_to_id=None), message, once=once
                )
        return shown.id

    async def _post(
        self, channel: discord.abc.Messageable, reply: ReplyRef, message: ReplyMessage, *, once: str
    ) -> discord.Message:
        """Send a new message, but one only, though Encore be killed before it can take note."""
        if reply.reply_to_id is None:
            return await channel.send(**message.sent(), nonce=once)
        answered = discord.MessageReference(
            message_id=reply.reply_to_id, channel_id=reply.channel_id, fail_if_not_exists=False
        )
        try:
            return await channel.send(**message.sent(), nonce=once, reference=answered)
        except discord.HTTPException as error:
            if error.code != NO_HISTORY:
                raise
            return await channel.send(**message.sent(), nonce=once)

    async def _postpone(self, ext: Extension, error: Exception) -> None:
        pause = dt.timedelta(
            seconds=backoff(ext.publish_failures, jitter=random.random())  # noqa: S311 - spreads retries
        )
        if isinstance(error, discord.HTTPException) and error.code == TOO_MANY_EDITS:
            pause = OLD_MESSAGE_PAUSE
        await self._store.postpone_publishing(ext.id, publish_at=self._clock() + pause)

"""The third loop: whatever changed since it was last shown -> an edit of its reply.

Which way leads to a reply is decided by its `ReplyRef`: the interaction's webhook while its token
lives, the channel's message after that, a direct message with the final result when neither leads
anywhere. A way that is gone is remembered in the store and not tried again.
"""

import asyncio
import datetime as dt
import logging
import random
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, cast
from weakref import WeakValueDictionary

import discord

from bot.client import Encore
from bot.domain.clock import Clock
from bot.domain.models import Extension, ReplyRef
from bot.domain.pacing import backoff
from bot.services.bells import Bells
from bot.services.workers import Workers
from bot.store.store import Store
from bot.ui.embeds import extension_embeds, plain_embeds
from bot.ui.replies import APART, UNREACHABLE
from bot.ui.views import extension_view
from bot.ui.ways import (
    BAD_REQUEST,
    NO_HISTORY,
    TOO_MANY_EDITS,
    UNKNOWN_MESSAGE,
    Way,
    is_gone,
    next_way,
    without,
)

log = logging.getLogger(__name__)

LEASE = dt.timedelta(minutes=3)
OLD_MESSAGE_PAUSE = dt.timedelta(minutes=1)
EDITS_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a reply shows."""

    embeds: list[discord.Embed]
    view: discord.ui.View | None


class Publisher:
    """Keeps replies up to date: every final status arrives, nothing is edited without news."""

    def __init__(self, bot: Encore, store: Store, *, bells: Bells, clock: Clock) -> None:
        """Make the loop; ``bells`` has the one that wakes it."""
        self._bot = bot
        self._store = store
        self._bells = bells
        self._clock = clock
        self._workers = Workers(limit=EDITS_AT_ONCE)
        # Discord lets a bot write into a channel about once a second. Who waits for that here,
        # and not in discord.py, shows what is true when its turn comes.
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def run_once(self) -> None:
        """Start an edit for each reply that is behind its extension."""
        if not self._workers.free:
            return
        now = self._clock()
        behind = await self._store.claim_unpublished(
            now=now, lapses_at=now + LEASE, limit=self._workers.free
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

    async def _publish(self, ext: Extension) -> None:
        """Bring the reply of ``ext`` up to date by whichever way still leads there."""
        try:
            while way := next_way(ext.reply, is_final=ext.status.is_final, now=self._clock()):
                async with self._turn(way, ext.reply):
                    ext = await self._store.extension(ext.id) or ext
                    ext, is_done = await self._try(ext, way)
                if is_done:
                    break
            await self._store.mark_published(ext.id, ext.revision, publish_at=self._clock() + APART)
        except UNREACHABLE as error:
            log.warning("Extension %s: its reply could not be edited yet: %s", ext.id, error)
            await self._postpone(ext, error)
        except Exception as error:
            log.exception("Extension %s: publishing it failed unexpectedly", ext.id)
            await self._postpone(ext, error)
        self._bells.publisher.ring()

    def _turn(self, way: Way, reply: ReplyRef) -> AbstractAsyncContextManager[object]:
        """Return what to wait for: one message at a time where the bot writes as itself."""
        if way is Way.TOKEN:
            return nullcontext()
        place = 0 if way is Way.DIRECT else reply.channel_id
        return self._turns.setdefault(place, asyncio.Lock())

    async def _try(self, ext: Extension, way: Way) -> tuple[Extension, bool]:
        """Show ``ext`` by ``way``; return it with what was learned, and whether that is done.

        Raises:
            discord.HTTPException: it may work later.
        """
        reply = ext.reply
        try:
            message_id = await self._show(ext, way)
        except discord.HTTPException as error:
            if not is_gone(error):
                raise
            log.info("Extension %s: %s is gone (%s)", ext.id, way.name, error.code)
            known = without(way, reply, deleted=error.code == UNKNOWN_MESSAGE)
            is_done = False
        else:
            known = replace(reply, is_settled=ext.status.is_final)
            if way is not Way.DIRECT:
                known = replace(known, message_id=message_id)
            is_done = True
        if known != reply:
            await self._store.save_reply(ext.id, known)
        shown = replace(ext, reply=known)
        if known.message_id is not None and reply.message_id is None:
            await self._bot.service.has_reply(shown)
        return shown, is_done

    async def _show(self, ext: Extension, way: Way) -> int:
        """Show ``ext`` by ``way``, without anything from outside should Discord refuse that."""
        around = await self._bot.service.surroundings(ext)
        view = extension_view(ext)
        try:
            message = Message(embeds=extension_embeds(ext, around), view=view)
            return await self._send(ext, message, way)
        except discord.HTTPException as error:
            if error.status != BAD_REQUEST or is_gone(error) or error.code == TOO_MANY_EDITS:
                raise
            log.exception("Extension %s: Discord refused its embeds; showing it plainly", ext.id)
        message = Message(embeds=plain_embeds(ext, around), view=None)
        return await self._send(ext, message, way)

    async def _send(self, ext: Extension, message: Message, way: Way) -> int:
        """Edit or make the message; return its id."""
        bot, reply = self._bot, ext.reply
        if way is not Way.TOKEN:
            await bot.pace.acquire(2 if way is Way.DIRECT else 1)
        channel = bot.get_partial_messageable(reply.channel_id, guild_id=reply.guild_id)
        match way:
            case Way.TOKEN:
                application = cast("int", bot.application_id)
                webhook = discord.Webhook.partial(application, reply.token, client=bot)
                # The first reply goes by this name until Discord has told its id.
                target = cast("int", reply.message_id or "@original")
                shown = await webhook.edit_message(target, embeds=message.embeds, view=message.view)
            case Way.CHANNEL:
                known = channel.get_partial_message(cast("int", reply.message_id))
                shown = await known.edit(embeds=message.embeds, view=message.view)
            case Way.REPOST:
                shown = await self._post(channel, reply, message, once=f"ext-{ext.id}")
            case Way.DIRECT:
                direct = await bot.create_dm(discord.Object(ext.member_id))
                once = f"ext-{ext.id}-{ext.revision}"
                shown = await self._post(direct, replace(reply, answers=None), message, once=once)
        return shown.id

    async def _post(
        self, channel: discord.abc.Messageable, reply: ReplyRef, message: Message, *, once: str
    ) -> discord.Message:
        """Send a new message, but one only, though Encore be killed before it can take note."""
        what: dict[str, Any] = {"embeds": message.embeds, "view": message.view, "nonce": once}
        if reply.answers is None:
            return await channel.send(**what)
        answered = discord.MessageReference(
            message_id=reply.answers, channel_id=reply.channel_id, fail_if_not_exists=False
        )
        try:
            return await channel.send(**what, reference=answered)
        except discord.HTTPException as error:
            if error.code != NO_HISTORY:
                raise
            return await channel.send(**what)

    async def _postpone(self, ext: Extension, error: Exception) -> None:
        pause = dt.timedelta(
            seconds=backoff(ext.publish_failures, jitter=random.random())  # noqa: S311 - spreads retries
        )
        if isinstance(error, discord.HTTPException) and error.code == TOO_MANY_EDITS:
            pause = OLD_MESSAGE_PAUSE
        await self._store.postpone_publishing(ext.id, publish_at=self._clock() + pause)

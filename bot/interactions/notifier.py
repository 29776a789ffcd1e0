"""The loop that tells members that an extension has ended: one message which mentions them all.

A message of the bot's own has a nonce, so that one which was sent just before a kill is not sent
again; Discord knows a nonce for a few minutes. A message through an interaction can't have one: it
is stored as sent before it is.
"""

import asyncio
import datetime as dt
import hashlib
import logging
import random
from collections.abc import Sequence
from typing import cast

import aiohttp
import discord

from bot.domain.clock import Clock
from bot.domain.models import Extension
from bot.domain.notifications import Notification
from bot.domain.polling import backoff
from bot.interactions.client import Encore
from bot.interactions.delivery import (
    CLOSED_THREAD_CODES,
    GONE_CODES,
    NO_ACCESS,
    NO_HISTORY,
    next_route,
)
from bot.interactions.first_reply import UNREACHABLE
from bot.services.task_pool import TaskPool
from bot.store.store import Store
from bot.ui.notifications import MAX_MENTIONS, ended_text

log = logging.getLogger(__name__)

MAX_CONCURRENT = 16
SEND_TIMEOUT = 60.0  # seconds for all messages about one extension
LEASE = dt.timedelta(seconds=75)  # longer than they may take
MAX_ATTEMPTS = 14  # within about an hour
LONGEST_PAUSE = 600.0  # seconds
TOO_MANY_FOLLOW_UPS = 40094  # where Encore is no member, a token has five
_CLOSED_CODES = GONE_CODES | CLOSED_THREAD_CODES | {TOO_MANY_FOLLOW_UPS}


class Notifier:
    """Tells the members who asked for it that an extension has ended, each of them once."""

    def __init__(self, bot: Encore, store: Store, *, clock: Clock) -> None:
        self._bot = bot
        self._store = store
        self._clock = clock
        self._tasks = TaskPool[int](limit=MAX_CONCURRENT)

    async def run_once(self) -> None:
        """Start on each extension that has ended and of which members are to be told."""
        now, next_at = self._clock(), await self._store.next_notification()
        if not self._tasks.free or next_at is None or next_at > now:
            return
        claimed = await self._store.claim_notifications(
            now=now, lease_until=now + LEASE, limit=self._tasks.free, excluding=self._tasks.keys
        )
        for notification in claimed:
            self._tasks.start(notification.extension.id, self._work_on(notification))

    async def idle(self) -> None:
        """Return when nothing is being sent."""
        await self._tasks.idle()

    async def stop(self, *, grace: float) -> None:
        """Let what is being sent arrive, for up to ``grace`` seconds."""
        await self._tasks.stop(grace=grace)

    async def _work_on(self, notification: Notification) -> None:
        """Tell the members of a claim; those who could not be told now are told later."""
        extension_id = notification.extension.id
        left = set(notification.member_ids)
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                await self._tell(notification, left)
        except UNREACHABLE as error:
            log.warning("Extension %s: its end could not be told yet: %s", extension_id, error)
        except Exception:
            log.exception("Extension %s: telling its end failed unexpectedly", extension_id)
        if left:
            await self._postpone(notification, left)

    async def _postpone(self, notification: Notification, left: set[int]) -> None:
        """Have these members told later, or give up after the last attempt."""
        failures = notification.failures
        if failures + 1 >= MAX_ATTEMPTS:
            log.info("Extension %s: telling its end is given up", notification.extension.id)
            await self._store.finish_notification(notification, left)
            return
        jitter = random.random()  # noqa: S311 - spreads retries
        pause = backoff(failures, jitter=jitter, max_delay=LONGEST_PAUSE)
        due_at = self._clock() + dt.timedelta(seconds=pause)
        await self._store.postpone_notification(notification, left, due_at=due_at)

    async def _tell(self, notification: Notification, left: set[int]) -> None:
        """Tell all members, and remove from ``left`` whoever has been told, or can't be.

        Raises:
            discord.HTTPException: it may work later.
        """
        ext = notification.extension
        told = () if ext.reply.unreachable else notification.told_ids
        await self._finish(notification, left - {*told}, left)
        for start in range(0, len(told), MAX_MENTIONS):
            batch = told[start : start + MAX_MENTIONS]
            if await self._post(ext, batch):
                await self._finish(notification, batch, left)
            elif not await self._follow_up(notification, batch, left):
                for member_id in batch:
                    await self._tell_directly(ext, member_id)
                    await self._finish(notification, [member_id], left)

    async def _finish(
        self, notification: Notification, member_ids: Sequence[int] | set[int], left: set[int]
    ) -> None:
        if member_ids:
            await self._store.finish_notification(notification, member_ids)
            left.difference_update(member_ids)

    async def _post(self, ext: Extension, member_ids: Sequence[int]) -> bool:
        """Answer the reply with a message that mentions the members; return whether it may be.

        Raises:
            discord.HTTPException: it may work later.
        """
        reply = ext.reply
        if not reply.editable_by_bot or reply.message_id is None or reply.is_ephemeral:
            return False
        channel = self._bot.get_partial_messageable(reply.channel_id, guild_id=reply.guild_id)
        answered = discord.MessageReference(
            message_id=reply.message_id, channel_id=reply.channel_id, fail_if_not_exists=False
        )
        nonce, mentions = _nonce(ext, member_ids), _mentions_of(member_ids)
        try:
            await self._bot.rate_limiter.acquire()
            text = ended_text(ext, member_ids, is_answer=True)
            await channel.send(text, allowed_mentions=mentions, nonce=nonce, reference=answered)
        except discord.HTTPException as error:
            if error.code in _CLOSED_CODES:
                return False
            if error.code != NO_HISTORY:
                raise
            await self._bot.rate_limiter.acquire()
            text = ended_text(ext, member_ids, is_answer=False)
            await channel.send(text, allowed_mentions=mentions, nonce=nonce)
        return True

    async def _follow_up(
        self, notification: Notification, member_ids: Sequence[int], left: set[int]
    ) -> bool:
        """Mention the members by the token of the reply; return whether that is possible.

        Raises:
            discord.HTTPException: it may work later.
        """
        ext = notification.extension
        reply = ext.reply
        is_alive = reply.token_expires_at is not None and self._clock() < reply.token_expires_at
        if not is_alive or reply.is_ephemeral:
            return False
        application = cast("int", self._bot.application_id)
        webhook = discord.Webhook.partial(application, reply.token, client=self._bot)
        await self._finish(notification, member_ids, left)
        try:
            await webhook.send(
                ended_text(ext, member_ids, is_answer=True),
                allowed_mentions=_mentions_of(member_ids),
                wait=True,
            )
        except discord.HTTPException as error:
            left.update(member_ids)
            if error.code in _CLOSED_CODES:
                return False
            raise
        except (aiohttp.ClientError, OSError) as error:  # Discord may have sent it
            log.warning("Extension %s: its end may not have been told: %s", ext.id, error)
        return True

    async def _tell_directly(self, ext: Extension, member_id: int) -> None:
        """Send a member a direct message, if they can be sent one.

        The channel is opened anew each time: Discord now and then denies access to an older one
        (github.com/discord/discord-api-docs/issues/7666).

        Raises:
            discord.HTTPException: it may work later.
        """
        is_here = next_route(ext.reply, is_final=True, now=self._clock()) is not None
        if member_id == ext.member_id and not is_here:
            return  # the result itself came by direct message
        text = ended_text(ext, (), is_answer=False, is_here=is_here and ext.reply.url is not None)
        try:
            await self._bot.rate_limiter.acquire(2)
            opened = await self._bot.http.start_private_message(member_id)
            channel = self._bot.get_partial_messageable(int(opened["id"]))
            await channel.send(text, nonce=_nonce(ext, [member_id]))
        except discord.HTTPException as error:
            if error.code not in GONE_CODES or error.code == NO_ACCESS:
                raise
            log.info("Member %s can't be told directly (%s)", member_id, error.code)


def _mentions_of(member_ids: Sequence[int]) -> discord.AllowedMentions:
    return discord.AllowedMentions(
        users=[discord.Object(each) for each in member_ids],
        everyone=False,
        roles=False,
        replied_user=False,
    )


def _nonce(ext: Extension, member_ids: Sequence[int]) -> str:
    """Return the nonce of the message to these members about this end of ``ext``.

    It ends once more after *Check again*. Discord takes 25 characters.
    """
    what = f"{ext.id} {ext.finished_at} {member_ids[0]}"
    return "told-" + hashlib.sha256(what.encode()).hexdigest()[:20]

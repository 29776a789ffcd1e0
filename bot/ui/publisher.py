"""The third loop: whatever changed since it was last shown -> an edit of its reply.

Which way leads to a reply is decided by its `ReplyRef`: the interaction's webhook while its token
lives, the channel's message after that, a direct message with the final result when neither leads
anywhere. A way that is gone is remembered in the store and not tried again.
"""

import datetime as dt
import logging
import random
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import cast

import aiohttp
import discord

from bot.client import Encore
from bot.domain.clock import Clock
from bot.domain.models import Extension, ReplyRef
from bot.domain.pacing import backoff
from bot.services.bells import Bells
from bot.services.workers import Workers
from bot.store.store import Store
from bot.ui.buttons import extension_view
from bot.ui.embeds import extension_embeds, plain_embeds

log = logging.getLogger(__name__)

APART = dt.timedelta(seconds=1.5)
TOKEN_LIFE = dt.timedelta(minutes=14, seconds=30)  # half a minute less than Discord's 15
LEASE = dt.timedelta(minutes=3)
OLD_MESSAGE_PAUSE = dt.timedelta(minutes=1)
EDITS_AT_ONCE = 64

UNKNOWN_MESSAGE = 10008
TOO_MANY_EDITS = 30046  # of a message older than an hour
BAD_REQUEST = 400

# Unknown channel, message, webhook; missing access, can't message this member, missing
# permissions, invalid webhook token, archived thread.
GONE_CODES = frozenset({10003, 10008, 10015, 50001, 50007, 50013, 50027, 50083})
GONE_STATUSES = frozenset({401, 403, 404})


class Way(Enum):
    """How a reply can be reached."""

    TOKEN = auto()  # through the interaction's webhook
    CHANNEL = auto()  # the message, edited by the bot itself
    REPOST = auto()  # the first reply never arrived: a message of the bot's own
    DIRECT = auto()  # a direct message to the member who asked


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
            await self._deliver(ext)
        except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("Extension %s: its reply could not be edited yet: %s", ext.id, error)
            await self._postpone(ext, error)
        except Exception as error:
            log.exception("Extension %s: publishing it failed unexpectedly", ext.id)
            await self._postpone(ext, error)
        self._bells.publisher.ring()

    async def _deliver(self, ext: Extension) -> None:
        reply = ext.reply
        while way := next_way(reply, is_final=ext.status.is_final, now=self._clock()):
            try:
                message_id = await self._show(ext, reply, way)
            except discord.HTTPException as error:
                if not is_gone(error):
                    raise
                log.info("Extension %s: %s is gone (%s)", ext.id, way.name, error.code)
                reply = without(way, reply, deleted=error.code == UNKNOWN_MESSAGE)
                await self._store.save_reply(ext.id, reply)
            else:
                if way in (Way.REPOST, Way.TOKEN) and reply.message_id != message_id:
                    await self._store.save_reply(ext.id, replace(reply, message_id=message_id))
                break
        await self._store.mark_published(ext.id, ext.revision, publish_at=self._clock() + APART)

    async def _show(self, ext: Extension, reply: ReplyRef, way: Way) -> int:
        """Show ``ext`` by ``way``, without anything from outside should Discord refuse that."""
        around = await self._bot.service.surroundings(ext)
        view = extension_view(ext)
        try:
            message = Message(embeds=extension_embeds(ext, around), view=view)
            return await self._send(ext, message, reply, way)
        except discord.HTTPException as error:
            if error.status != BAD_REQUEST or is_gone(error) or error.code == TOO_MANY_EDITS:
                raise
            log.exception("Extension %s: Discord refused its embeds; showing it plainly", ext.id)
        message = Message(embeds=plain_embeds(ext, around), view=None)
        return await self._send(ext, message, reply, way)

    async def _send(self, ext: Extension, message: Message, reply: ReplyRef, way: Way) -> int:
        match way:
            case Way.TOKEN:
                webhook = discord.Webhook.partial(
                    cast("int", self._bot.application_id), reply.token, client=self._bot
                )
                # The first reply goes by this name until Discord has told its id.
                target = cast("int", reply.message_id or "@original")
                edited = await webhook.edit_message(
                    target, embeds=message.embeds, view=message.view
                )
                return edited.id
            case Way.CHANNEL:
                channel = self._bot.get_partial_messageable(
                    reply.channel_id, guild_id=reply.guild_id
                )
                known = channel.get_partial_message(cast("int", reply.message_id))
                return (await known.edit(embeds=message.embeds, view=message.view)).id
            case Way.REPOST:
                channel = self._bot.get_partial_messageable(
                    reply.channel_id, guild_id=reply.guild_id
                )
                return await self._post(channel, ext, message)
            case Way.DIRECT:
                member = discord.Object(ext.member_id)
                return await self._post(await self._bot.create_dm(member), ext, message)

    async def _post(
        self, channel: discord.abc.Messageable, ext: Extension, message: Message
    ) -> int:
        """Send a new message, once even if Encore is killed before it can take note of it."""
        sent = await channel.send(
            embeds=message.embeds,
            view=message.view or discord.utils.MISSING,
            nonce=f"ext-{ext.id}-{ext.revision}",
        )
        return sent.id

    async def _postpone(self, ext: Extension, error: Exception) -> None:
        pause = dt.timedelta(
            seconds=backoff(ext.publish_failures, jitter=random.random())  # noqa: S311 - spreads retries
        )
        if isinstance(error, discord.HTTPException) and error.code == TOO_MANY_EDITS:
            pause = OLD_MESSAGE_PAUSE
        await self._store.postpone_publishing(ext.id, publish_at=self._clock() + pause)


def next_way(reply: ReplyRef, *, is_final: bool, now: dt.datetime) -> Way | None:
    """Return the best way that is left to a reply, or None if nothing is to be sent now."""
    if reply.is_gone:
        return None
    if reply.token_until is not None and now < reply.token_until:
        return Way.TOKEN
    if reply.in_channel:
        return Way.REPOST if reply.message_id is None else Way.CHANNEL
    return Way.DIRECT if is_final else None


def without(way: Way, reply: ReplyRef, *, deleted: bool) -> ReplyRef:
    """Return ``reply`` after ``way`` turned out to lead nowhere.

    A message that was ``deleted`` is gone by every way; one that was never seen may only not
    have been sent.
    """
    match way:
        case Way.TOKEN if deleted and reply.message_id is not None:
            return replace(reply, token_until=None, in_channel=False)
        case Way.TOKEN:
            return replace(reply, token_until=None)
        case Way.CHANNEL | Way.REPOST:
            return replace(reply, in_channel=False)
        case Way.DIRECT:
            return replace(reply, is_gone=True)


def is_gone(error: discord.HTTPException) -> bool:
    """Whether asking again would meet the same wall: it is deleted, closed, or not ours."""
    return error.code in GONE_CODES or error.status in GONE_STATUSES

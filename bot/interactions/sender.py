"""Sends a reply to Discord by one route: an edit, a message of the bot's own, a direct message."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple, cast

import discord

from bot.domain.attachments import Uploads
from bot.domain.models import Extension, ReplyRef
from bot.interactions.client import Encore
from bot.interactions.delivery import (
    NO_ACCESS,
    NO_HISTORY,
    ReplyMessage,
    Route,
    is_client_error,
    is_refusal,
)
from bot.interactions.edits import edit_body, edit_by_token, edit_in_channel
from bot.ui.components import extension_view
from bot.ui.extension_embeds import extension_embeds, plain_embeds

log = logging.getLogger(__name__)


class SentReply(NamedTuple):
    """What came of sending a reply.

    Attributes:
        message_id: of the message; None if the first reply was left alone before its id is known.
        is_current: whether it shows what was sent.
        has_files: whether it carries what was attached; a guild may have files left out.
        digest: of what was to be shown.
    """

    message_id: int | None
    is_current: bool = True
    has_files: bool = True
    digest: str = ""


class ReplySender:
    """Draws a reply as its extension is, and sends it."""

    def __init__(self, bot: Encore) -> None:
        self._bot = bot

    async def show(
        self,
        ext: Extension,
        route: Route,
        uploads: Uploads | None,
        *,
        shown_digest: str | None = None,
    ) -> SentReply:
        """Show ``ext`` by ``route``, as plain text should Discord refuse titles or links in it.

        Nothing is sent if an edit would repeat ``shown_digest``, and has no files.
        """
        context = await self._bot.services.reply_contexts.load(ext)
        files = None
        if uploads is not None:
            context = replace(context, attachments=uploads.attachments, is_audio_awaited=False)
            files = uploads.files
        view = extension_view(ext, context.attachments, context.other_providers)
        message = ReplyMessage(embeds=extension_embeds(ext, context), view=view, uploads=files)
        digest = message.digest
        is_edit = route in (Route.INTERACTION, Route.CHANNEL)
        if is_edit and uploads is None and digest == shown_digest:
            return SentReply(ext.reply.message_id, digest=digest)
        try:
            sent = await self._send(ext, message, route)
        except discord.HTTPException as error:
            if not is_refusal(error):
                raise
            log.exception("Extension %s: Discord refused its embeds; showing it plainly", ext.id)
            message = ReplyMessage(embeds=plain_embeds(ext, context), view=None, uploads=files)
            sent = await self._send(ext, message, route)
        return sent._replace(digest=digest)

    async def open_thread(self, reply: ReplyRef) -> bool:
        """Open the archived thread that ``reply`` is in; return whether Discord allowed it.

        That takes no more than the permission to send messages, unless the thread is locked
        (Discord's documentation of *Modify Channel*).
        """
        await self._bot.rate_limiter.acquire()
        try:
            await self._bot.http.edit_channel(reply.channel_id, archived=False)
        except discord.HTTPException as error:
            if not is_client_error(error):
                raise
            return False
        return True

    async def _send(self, ext: Extension, message: ReplyMessage, route: Route) -> SentReply:
        """Edit the message or post it; the digest is left out."""
        bot, reply = self._bot, ext.reply
        if route is not Route.INTERACTION:
            await bot.rate_limiter.acquire(2 if route is Route.DIRECT else 1)
        match route:
            case Route.INTERACTION:
                shown = await edit_by_token(bot, reply, edit_body(**message.edited()))
                return _shown(message, shown)
            case Route.CHANNEL:
                known, body = cast("int", reply.message_id), edit_body(**message.edited())
                return _shown(message, await edit_in_channel(bot, reply.channel_id, known, body))
            case Route.REPOST:
                channel = bot.get_partial_messageable(reply.channel_id, guild_id=reply.guild_id)
                posted = await self._post(channel, reply, message, nonce=f"ext-{ext.id}")
                return SentReply(posted.id, is_current=message.is_shown_by(posted))
            case Route.DIRECT:
                posted = await self._send_direct(ext, message)
                if message.is_shown_by(posted):
                    return SentReply(posted.id)
                body = edit_body(**message.edited())
                shown = await edit_in_channel(bot, posted.channel.id, posted.id, body)
                return _shown(message, shown)

    async def _send_direct(self, ext: Extension, message: ReplyMessage) -> discord.Message:
        """Post a direct message.

        discord.py keeps the channels that it opened. Discord now and then denies access to one of
        them until it is opened anew (github.com/discord/discord-api-docs/issues/7666).
        """
        bot, nonce = self._bot, f"ext-{ext.id}-dm"
        unrelated = replace(ext.reply, reply_to_id=None)
        try:
            direct = await bot.create_dm(discord.Object(ext.member_id))
            return await self._post(direct, unrelated, message, nonce=nonce)
        except discord.HTTPException as error:
            if error.code != NO_ACCESS:
                raise
        await bot.rate_limiter.acquire(2)
        opened = await bot.http.start_private_message(ext.member_id)
        direct = bot.get_partial_messageable(int(opened["id"]), guild_id=None)
        return await self._post(direct, unrelated, message, nonce=nonce)

    async def _post(
        self,
        channel: discord.abc.Messageable,
        reply: ReplyRef,
        message: ReplyMessage,
        *,
        nonce: str,
    ) -> discord.Message:
        """Post a message, or return the one that was posted with this nonce, unchanged.

        Discord knows a nonce for a few minutes. If Encore is away for longer after a post whose
        answer it never saw, there are two messages, and only the newer one is kept up to date.
        """
        if reply.reply_to_id is None:
            return await channel.send(**message.sent(), nonce=nonce)
        answered = discord.MessageReference(
            message_id=reply.reply_to_id, channel_id=reply.channel_id, fail_if_not_exists=False
        )
        try:
            return await channel.send(**message.sent(), nonce=nonce, reference=answered)
        except discord.HTTPException as error:
            if error.code != NO_HISTORY:
                raise
            return await channel.send(**message.sent(), nonce=nonce)


def _shown(message: ReplyMessage, answered: Mapping[str, Any]) -> SentReply:
    """Return what Discord made of an edit."""
    has_files = not message.uploads or message.has_all_files(len(answered["attachments"]))
    return SentReply(int(answered["id"]), has_files=has_files)

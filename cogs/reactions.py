"""Reactions on finished replies: 🔁 another take, ⏩ go on from the end of clip A."""

import asyncio
import logging

import discord
from discord.ext import commands

from bot.domain.errors import UserError
from bot.domain.form import Form
from bot.domain.models import Extension, ReplyRef, Status
from bot.interactions.access import (
    POST_IN_THREAD_PERMISSIONS,
    POST_PERMISSIONS,
    missing_permissions,
    missing_permissions_text,
)
from bot.interactions.client import Encore
from bot.interactions.responses import send_dm
from bot.services.extensions import ExtensionService
from bot.ui.extension_embeds import refusal_embed

log = logging.getLogger(__name__)

ANOTHER_TAKE = "🔁"
GO_ON = "⏩"


class ReactionsCog(commands.Cog):
    """Extends again by reaction; every reaction has a button that does the same."""

    def __init__(self, bot: Encore, service: ExtensionService) -> None:
        self._bot = bot
        self._service = service
        self._in_order = asyncio.Lock()  # who reacted first is served first

    @commands.Cog.listener("on_raw_reaction_add")
    async def extend_again(self, reaction: discord.RawReactionActionEvent) -> None:
        """Take on what a reaction asks for, once per member, message and emoji."""
        if reaction.emoji.name not in (ANOTHER_TAKE, GO_ON) or self._is_by_a_bot(reaction):
            return
        try:
            async with self._in_order:
                ext = await self._service.by_reply(reaction.message_id)
                if ext is not None and ext.status is Status.COMPLETE:
                    await self._extend(reaction, ext)
        except UserError as error:
            refusal = refusal_embed(error.problem, error.remedy)
            await send_dm(self._bot, reaction.user_id, refusal)
        except Exception:
            log.exception("The reaction on message %s came to nothing", reaction.message_id)

    def _is_by_a_bot(self, reaction: discord.RawReactionActionEvent) -> bool:
        member = reaction.member  # unknown in direct messages, where only one person can be
        user = self._bot.user
        return (member is not None and member.bot) or (
            user is not None and reaction.user_id == user.id
        )

    async def _extend(self, reaction: discord.RawReactionActionEvent, ext: Extension) -> None:
        self._check_permissions(reaction)
        who = reaction.user_id
        idempotency_key = f"reaction:{reaction.message_id}:{reaction.emoji.name}:{who}"
        reply = ReplyRef(
            channel_id=reaction.channel_id,
            guild_id=reaction.guild_id,
            reply_to_id=reaction.message_id,
        )
        if reaction.emoji.name == ANOTHER_TAKE:
            await self._service.retake(
                ext.id, idempotency_key=idempotency_key, member_id=who, reply=reply
            )
            return
        if not ext.extendable_clip_ids:
            raise UserError(
                "That reply has no clip any more that can be heard.",
                "Press *Check again* on it, or extend another one.",
            )
        form = Form(clip=ext.extendable_clip_ids[0])
        await self._service.accept(
            form, idempotency_key=idempotency_key, member_id=who, reply=reply
        )

    def _check_permissions(self, reaction: discord.RawReactionActionEvent) -> None:
        """Let pass what can be answered where it was asked, by whom may ask there.

        Raises:
            UserError: Encore may not post there, or the thread is closed.
        """
        guild = self._bot.get_guild(reaction.guild_id) if reaction.guild_id else None
        channel = guild.get_channel_or_thread(reaction.channel_id) if guild else None
        if guild is None:
            return
        is_thread = isinstance(channel, discord.Thread)
        if channel is None or (is_thread and (channel.locked or channel.archived)):
            raise UserError(
                f"Encore can't write in <#{reaction.channel_id}>: it is closed, or hidden from it.",
                "Nothing was sent. Ask a moderator to open it.",
            )
        needed = POST_IN_THREAD_PERMISSIONS if is_thread else POST_PERMISSIONS
        if lacking := missing_permissions(channel.permissions_for(guild.me), needed):
            raise UserError(
                missing_permissions_text(lacking, reaction.channel_id),
                "Nothing was sent. Ask a moderator to give it.",
            )
        if reaction.member and not channel.permissions_for(reaction.member).view_channel:
            raise UserError("You may not use Encore in that channel.", "Nothing was sent.")

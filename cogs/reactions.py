"""Reactions on complete replies: 🔁 requests another take, ⏩ continues clip A from its end."""

import asyncio
import logging

import discord
from discord.ext import commands

from bot.domain.errors import UserError
from bot.domain.form import Form
from bot.domain.guild_settings import GuildSettings
from bot.domain.models import Extension, ReplyRef, Status
from bot.interactions.access import (
    GRANT_IT,
    NO_ACCESS,
    POST_IN_THREAD_PERMISSIONS,
    POST_PERMISSIONS,
    missing_permissions,
    missing_permissions_text,
    require_allowed,
)
from bot.interactions.client import Encore
from bot.interactions.responses import send_dm
from bot.ui.extension_embeds import refusal_embed

log = logging.getLogger(__name__)

ANOTHER_TAKE = "🔁"
CONTINUE = "⏩"
REFUSAL_INTERVAL = 60.0  # seconds; reactions cost a member nothing, messages to them do


class ReactionsCog(commands.Cog):
    """Extends again by reaction; every reaction has a button that does the same."""

    def __init__(self, bot: Encore) -> None:
        self._bot = bot
        self._services = bot.services
        self._in_order = asyncio.Lock()  # reactions are accepted in the order of their events
        self._told: dict[int, float] = {}  # by member, when a refusal was sent last

    @commands.Cog.listener("on_raw_reaction_add")
    async def extend_again(self, reaction: discord.RawReactionActionEvent) -> None:
        """Accept the extension that a reaction asks for, once per member, message and emoji."""
        if reaction.emoji.name not in (ANOTHER_TAKE, CONTINUE) or self._is_from_bot(reaction):
            return
        try:
            async with self._in_order:
                ext = await self._services.store.find_by_reply(reaction.message_id)
                if ext is not None and ext.status is Status.COMPLETE:
                    await self._extend(reaction, ext)
        except UserError as error:
            await self._refuse(reaction.user_id, error)
        except Exception:
            log.exception("The reaction on message %s failed", reaction.message_id)

    async def _refuse(self, member_id: int, error: UserError) -> None:
        """Tell a member what was wrong, but no more often than each `REFUSAL_INTERVAL`."""
        now = asyncio.get_running_loop().time()
        told = {who: at for who, at in self._told.items() if now - at < REFUSAL_INTERVAL}
        if member_id not in told:
            self._told = told | {member_id: now}
            embed = refusal_embed(error.problem, error.remedy)
            await send_dm(self._bot, member_id, embed)

    def _is_from_bot(self, reaction: discord.RawReactionActionEvent) -> bool:
        member = reaction.member  # None in direct messages, which have one member and Encore
        user = self._bot.user
        return (member is not None and member.bot) or (
            user is not None and reaction.user_id == user.id
        )

    async def _extend(self, reaction: discord.RawReactionActionEvent, ext: Extension) -> None:
        settings = await self._check_permissions(reaction)
        member_id = reaction.user_id
        member_name = reaction.member.display_name if reaction.member else ""
        idempotency_key = f"reaction:{reaction.message_id}:{reaction.emoji.name}:{member_id}"
        reply = ReplyRef(
            channel_id=reaction.channel_id,
            guild_id=reaction.guild_id,
            reply_to_id=reaction.message_id,
        )
        if reaction.emoji.name == ANOTHER_TAKE:
            await self._services.extensions.retake(
                ext.id,
                idempotency_key=idempotency_key,
                member_id=member_id,
                member_name=member_name,
                reply=reply,
            )
            return
        if not ext.extendable_clip_ids:
            raise UserError(
                "None of that reply's clips can be played any more.",
                "Press *Check again* on it, or pick another one.",
            )
        form = Form(clip=ext.extendable_clip_ids[0])
        await self._services.acceptance.accept_form(
            form,
            idempotency_key=idempotency_key,
            member_id=member_id,
            member_name=member_name,
            reply=reply,
            defaults=settings.form_defaults,
        )

    async def _check_permissions(self, reaction: discord.RawReactionActionEvent) -> GuildSettings:
        """Return the settings of the server, if Encore can reply there and the member may extend.

        Raises:
            UserError: it can't, or they can't view the channel or may not extend there.
        """
        settings = await self._services.guild_settings.settings_of(reaction.guild_id)
        guild = self._bot.get_guild(reaction.guild_id) if reaction.guild_id else None
        channel = guild.get_channel_or_thread(reaction.channel_id) if guild else None
        if guild is None:
            return settings
        is_thread = isinstance(channel, discord.Thread)
        if channel is None or (is_thread and (channel.locked or channel.archived)):
            raise UserError(
                f"Encore can't post in <#{reaction.channel_id}>: it's closed or hidden.",
                "Nothing was sent. Ask a moderator to open it for Encore.",
            )
        needed = POST_IN_THREAD_PERMISSIONS if is_thread else POST_PERMISSIONS
        if lacking := missing_permissions(channel.permissions_for(guild.me), needed):
            raise UserError(
                missing_permissions_text(lacking, reaction.channel_id),
                f"Nothing was sent. {GRANT_IT}",
            )
        member = reaction.member
        if member is None:
            return settings
        if not channel.permissions_for(member).view_channel:
            raise UserError(NO_ACCESS, "Nothing was sent.")
        if not member.guild_permissions.manage_guild:
            require_allowed(settings, guild, member, channel)
        return settings

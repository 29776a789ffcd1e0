"""The first reply: an extension is accepted, and its message answers the interaction."""

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import aiohttp
import discord

from bot.client import Encore
from bot.domain.models import Extension, ReplyRef, Status
from bot.services.extensions import ExtensionService
from bot.services.intake import Accepted
from bot.ui.answers import answer
from bot.ui.embeds import extension_embeds, refusal_embed
from bot.ui.permissions import TO_EDIT, missing, missing_sentence
from bot.ui.views import extension_view
from bot.ui.ways import UNKNOWN_MESSAGE

log = logging.getLogger(__name__)

CHECKED_WITHIN = 1.0  # seconds
APART = dt.timedelta(seconds=1.5)  # between two edits of one reply
TOKEN_LIFE = dt.timedelta(minutes=14, seconds=30)  # half a minute less than Discord's 15

# What Discord or the way there may answer; it may work later, or another way.
UNREACHABLE = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)

Accept = Callable[[ReplyRef], Awaitable[Accepted]]


async def reply_first(
    interaction: discord.Interaction[Any], service: ExtensionService, accept: Accept
) -> None:
    """Have ``accept`` take on an extension and show it as the answer to ``interaction``.

    Should the answer not get through, the publisher finds another way.

    Raises:
        UserError: it was not accepted.
    """
    ext, is_new, around = await accept(_reply_ref(interaction))
    if not is_new:  # even if its reply is not there yet: the publisher sees to that
        await answer(interaction, embeds=[_already_asked(ext)])
        return
    try:
        shown = await interaction.response.send_message(
            embeds=extension_embeds(ext, around),
            view=extension_view(ext) or discord.utils.MISSING,
        )
    except UNREACHABLE as error:
        # It is accepted: to suggest that it be sent again would be to pay twice.
        log.warning("Extension %s: its first reply did not get through: %s", ext.id, error)
        return
    reply = replace(_reply_ref(interaction), message_id=shown.message_id)
    await service.replied(ext, reply, apart=APART)
    await _warn(interaction, reply)


async def _warn(interaction: discord.Interaction[Any], reply: ReplyRef) -> None:
    """Tell the member now if the result may not reach this channel later, and why."""
    if not reply.in_channel or reply.guild_id is None:
        return
    if lacking := missing(interaction.app_permissions, TO_EDIT):
        sentence = missing_sentence(lacking, reply.channel_id)
        remedy = "If it takes longer than 15 minutes, the result comes by direct message."
        await answer(interaction, embeds=[refusal_embed(sentence, remedy)])


def _reply_ref(interaction: discord.Interaction[Any]) -> ReplyRef:
    """Return where the answer to ``interaction`` will stand, and the ways that will lead there."""
    guild_id, context = interaction.guild_id, interaction.context
    return ReplyRef(
        channel_id=interaction.channel_id or 0,
        guild_id=guild_id,
        token=interaction.token,
        token_until=interaction.created_at + TOKEN_LIFE,
        attachment_limit=interaction.filesize_limit,
        in_channel=interaction.is_guild_integration() if guild_id else context.dm_channel,
    )


async def is_deleted(bot: Encore, ext: Extension) -> bool:
    """Return whether the final reply of ``ext`` has been deleted; nobody told Encore."""
    if ext.status is not Status.COMPLETE or ext.reply.message_id is None:
        return False
    channel = bot.get_partial_messageable(ext.reply.channel_id, guild_id=ext.reply.guild_id)
    try:
        async with asyncio.timeout(CHECKED_WITHIN):  # someone waits for an answer
            await bot.pace.acquire()
            await channel.fetch_message(ext.reply.message_id)
    except UNREACHABLE as error:
        return isinstance(error, discord.HTTPException) and error.code == UNKNOWN_MESSAGE
    return False


def _already_asked(ext: Extension) -> discord.Embed:
    where = f"[Its reply]({ext.reply.url})" if ext.reply.url else "Its reply"
    if ext.kind.is_song and ext.status is Status.COMPLETE:
        return refusal_embed("This channel has that full song already.", f"{where} carries it.")
    if ext.kind.is_song:
        return refusal_embed(
            "That full song is being made already.", f"{where} shows how it goes on."
        )
    return refusal_embed("You have sent this already.", f"{where} shows how it goes on.")

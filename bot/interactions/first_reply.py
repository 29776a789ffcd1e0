"""The first reply to an extension: the answer to the interaction that asked for it."""

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import cast

import aiohttp
import discord

from bot.domain.errors import UserError
from bot.domain.models import Extension, ReplyRef, Status
from bot.interactions.access import (
    EDIT_PERMISSIONS,
    is_outside_thread,
    missing_permissions,
    missing_permissions_text,
    require_may_extend,
)
from bot.interactions.client import Encore, Interaction
from bot.interactions.delivery import UNKNOWN_MESSAGE, ReplyMessage, next_route
from bot.interactions.lost_answers import is_lost_answer
from bot.interactions.responses import answer
from bot.services.acceptance import AcceptResult
from bot.ui.components import extension_view
from bot.ui.extension_embeds import extension_embeds, note_embed, refusal_embed

log = logging.getLogger(__name__)

LOOKUP_TIMEOUT = 1.0  # seconds
MIN_EDIT_INTERVAL = dt.timedelta(seconds=1.5)  # between two edits of one reply
TOKEN_LIFETIME = dt.timedelta(minutes=14, seconds=30)  # half a minute less than Discord's 15

EPHEMERAL_NOTE = (
    "Only you can see this: apps that members install for themselves can't post here. "
    "Find the result with `/library`."
)
DIRECT_NOTE = "If it takes longer than 15 minutes, the result comes as a direct message."
SHORT_LIVED_NOTE = "If it takes longer than 15 minutes, find the result with `/library`."

# Errors of Discord and of the network; it may work later, or by another route.
UNREACHABLE = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)

Accept = Callable[[ReplyRef], Awaitable[AcceptResult]]


async def send_first_reply(interaction: Interaction, accept: Accept) -> None:
    """Accept an extension by ``accept`` and show it as the answer to ``interaction``.

    If the answer does not arrive, the publisher uses another route.

    Raises:
        UserError: it was not accepted.
    """
    reply = reply_ref(interaction)
    await require_may_extend(interaction)
    ext, is_new, context = await accept(reply)
    if not is_new:  # even if its reply is not there yet: the publisher sends it
        await answer(interaction, embeds=[_duplicate_embed(ext)])
        return
    message = ReplyMessage(embeds=extension_embeds(ext, context), view=extension_view(ext))
    try:
        shown = await interaction.response.send_message(
            embeds=message.embeds, view=message.view or discord.utils.MISSING
        )
    except Exception as error:
        if not isinstance(error, UNREACHABLE) and not is_lost_answer(error):
            raise
        # It is accepted: to suggest that it be sent again would be to pay twice.
        log.warning("Extension %s: its first reply did not get through: %s", ext.id, error)
        return
    reply = replace(
        reply_ref(interaction), message_id=shown.message_id, is_ephemeral=shown.is_ephemeral()
    )
    client = interaction.client
    await client.services.extensions.record_first_reply(
        ext, reply, min_edit_interval=client.min_edit_interval, digest=message.digest
    )
    try:
        await _tell_where_the_result_will_be(interaction, reply)
    except UNREACHABLE as error:
        log.info("Extension %s: its member was not told where it will be: %s", ext.id, error)


async def _tell_where_the_result_will_be(interaction: Interaction, reply: ReplyRef) -> None:
    """Tell the member, if only 15 minutes are sure, and which permission is missing."""
    if reply.is_ephemeral:
        await answer(interaction, embeds=[note_embed(EPHEMERAL_NOTE)])
    elif not reply.editable_by_bot:
        await answer(interaction, embeds=[note_embed(SHORT_LIVED_NOTE)])
    elif reply.guild_id is None:
        return
    elif lacking := missing_permissions(interaction.app_permissions, EDIT_PERMISSIONS):
        sentence = missing_permissions_text(lacking, reply.channel_id)
        await answer(interaction, embeds=[refusal_embed(sentence, DIRECT_NOTE)])
    elif is_outside_thread(interaction):
        sentence = f"Encore isn't in <#{reply.channel_id}>, a private thread."
        remedy = f"{DIRECT_NOTE} To get it here, mention Encore once in the thread."
        await answer(interaction, embeds=[refusal_embed(sentence, remedy)])


def reply_ref(interaction: Interaction) -> ReplyRef:
    """Return where the answer to ``interaction`` will be, and the routes to it."""
    guild_id, context = interaction.guild_id, interaction.context
    if interaction.channel_id is None:  # discord.py does not know its type
        raise UserError("This doesn't work in this kind of channel.", "Try it in another one.")
    return ReplyRef(
        channel_id=interaction.channel_id,
        guild_id=guild_id,
        token=interaction.token,
        token_expires_at=interaction.created_at + TOKEN_LIFETIME,
        attachment_limit=interaction.filesize_limit,
        files_allowed=interaction.is_guild_integration()
        or interaction.app_permissions.attach_files,
        editable_by_bot=interaction.is_guild_integration() if guild_id else context.dm_channel,
    )


async def renew_token(interaction: Interaction, extension_id: int) -> None:
    """Store the token of a press on a reply's own button: it reaches the reply for 15 minutes.

    The press must have been acknowledged without a new message. Nothing is stored if the button
    is not on the reply itself.
    """
    store, pressed = interaction.client.services.store, interaction.message
    ext = await store.extension(extension_id)
    if ext is None or pressed is None or pressed.id != ext.reply.message_id:
        return
    fresh = reply_ref(interaction)
    renewed = replace(
        ext.reply,
        token=fresh.token,
        token_expires_at=fresh.token_expires_at,
        attachment_limit=fresh.attachment_limit,
        files_allowed=fresh.files_allowed,
        editable_by_bot=fresh.editable_by_bot,
        unreachable=False,
    )
    await store.save_reply(extension_id, renewed)


@asynccontextmanager
async def sending_copy_again(interaction: Interaction, extension_id: int) -> AsyncGenerator[None]:
    """Have a result that was sent by direct message sent again with the news that the body causes.

    That holds if a button of the direct message was pressed and the reply itself can't be edited
    any more. Without news, which is a `UserError`, nothing is sent.
    """
    store = interaction.client.services.store
    ext = await store.extension(extension_id)
    if ext is None or not _is_last_copy(ext.reply, interaction):
        yield
        return
    again = replace(ext.reply, final_shown=False, unreachable=False)
    await store.save_reply(extension_id, again)
    try:
        yield
    except UserError:
        await store.save_reply(extension_id, ext.reply)
        raise


def _is_last_copy(reply: ReplyRef, interaction: Interaction) -> bool:
    """Whether the pressed message is a direct message in place of ``reply``."""
    pressed = interaction.message
    left = next_route(replace(reply, unreachable=False), is_final=True, now=interaction.created_at)
    return (
        pressed is not None
        and pressed.id != reply.message_id
        and interaction.context.dm_channel
        and reply.final_shown
        and left is None
    )


async def is_deleted(bot: Encore, ext: Extension) -> bool:
    """Return whether the complete reply of ``ext`` has been deleted, which takes a request.

    Where Encore is no member, its token must be alive.
    """
    reply = ext.reply
    if ext.status is not Status.COMPLETE or reply.message_id is None:
        return False
    try:
        async with asyncio.timeout(LOOKUP_TIMEOUT):  # someone waits for an answer
            if reply.is_ephemeral or not reply.editable_by_bot:
                application = cast("int", bot.application_id)
                webhook = discord.Webhook.partial(application, reply.token, client=bot)
                await webhook.fetch_message(reply.message_id)
            else:
                channel = bot.get_partial_messageable(reply.channel_id, guild_id=reply.guild_id)
                await bot.rate_limiter.acquire()
                await channel.fetch_message(reply.message_id)
    except UNREACHABLE as error:
        return isinstance(error, discord.HTTPException) and error.code == UNKNOWN_MESSAGE
    return False


def _duplicate_embed(ext: Extension) -> discord.Embed:
    where = f"[Its reply]({ext.reply.url})" if ext.reply.url else "Its reply"
    if ext.kind.is_song and ext.status is Status.COMPLETE:
        return refusal_embed("This channel has that full song already.", f"{where} has it.")
    if ext.kind.is_song:
        return refusal_embed(
            "That full song is being made already.", f"{where} shows how it's going."
        )
    return refusal_embed("You've sent this already.", f"{where} shows how it's going.")

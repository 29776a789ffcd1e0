"""Edits of messages that Encore has sent, through an interaction's webhook or by the bot itself.

All have flags, without which embeds that a member or a moderator has hidden stay hidden. Neither
`discord.Webhook.edit_message` nor `discord.PartialMessage.edit` can send them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import discord
from discord.http import MultipartParameters, handle_message_parameters
from discord.webhook.async_ import async_context

from bot.domain.models import ReplyRef
from bot.interactions.client import Encore


def edit_body(
    *,
    embeds: Sequence[discord.Embed],
    view: discord.ui.View | None,
    attachments: Sequence[discord.File] = discord.utils.MISSING,
) -> MultipartParameters:
    """Return the body of an edit, to be sent once and closed; its files replace all others.

    Without ``attachments`` the message keeps the files that it has.
    """
    return handle_message_parameters(
        embeds=embeds, view=view, attachments=attachments, flags=discord.MessageFlags()
    )


async def edit_by_token(
    bot: Encore, reply: ReplyRef, body: MultipartParameters
) -> Mapping[str, Any]:
    """Edit a message through its interaction's webhook; return what Discord made of it.

    Raises:
        discord.HTTPException: Discord refuses.
    """
    application = cast("int", bot.application_id)
    webhook = discord.Webhook.partial(application, reply.token, client=bot)
    # The first reply goes by this name until Discord has told its id.
    target = cast("int", reply.message_id or "@original")
    with body as edited:
        return await async_context.get().edit_webhook_message(
            webhook.id,
            reply.token,
            target,
            session=webhook.session,
            proxy=webhook.proxy,
            proxy_auth=webhook.proxy_auth,
            payload=edited.payload,
            multipart=edited.multipart,
            files=edited.files,
            with_components=True,
        )


async def edit_in_channel(
    bot: Encore, channel_id: int, message_id: int, body: MultipartParameters
) -> Mapping[str, Any]:
    """Edit a message as the bot, which takes a request of its own; as `edit_by_token`."""
    with body as edited:
        return await bot.http.edit_message(channel_id, message_id, params=edited)

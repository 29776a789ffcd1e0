"""What a command offers while its member types: clips made or used here."""

import datetime as dt
from typing import Any

import discord
from discord.app_commands import Choice

from bot.client import Encore
from bot.ui.labels import clip_label
from bot.ui.sight import viewer_from


async def clip_choices(
    interaction: discord.Interaction[Any], typed: str, *, now: dt.datetime
) -> list[Choice[str]]:
    """Return the clips with ``typed`` in title, style or id that the member may see."""
    client: Encore = interaction.client
    known = await client.library.suggestions(typed, await viewer_from(interaction))
    return [Choice(name=clip_label(each, now=now), value=each.clip.id) for each in known]

"""The short texts of autocomplete: a clip, a time, in at most 100 characters."""

import datetime as dt
from typing import Any

import discord
from discord.app_commands import Choice

from bot.domain.models import ClipRecord
from bot.domain.text import collapse_whitespace, strip_invisible, truncate
from bot.domain.timecode import format_time
from bot.interactions.access import viewer_from
from bot.interactions.client import Encore

CHOICE_LENGTH = 100


def clip_label(known: ClipRecord, *, now: dt.datetime) -> str:
    """Return e.g. ``Electric Dreams · B · 1:37 · 5 min ago``."""
    clip = known.clip
    title = (
        strip_invisible(collapse_whitespace(clip.title))
        or strip_invisible(collapse_whitespace(clip.id))
        or "Untitled"
    )
    length = format_time(round(clip.duration)) if clip.duration else ""
    tail = "".join(
        f" · {part}" for part in (known.letter, length, age_text(now - known.known_at)) if part
    )
    room = CHOICE_LENGTH - len(tail)
    return truncate(title, room) + tail if room > 0 else truncate(title, CHOICE_LENGTH)


def age_text(age: dt.timedelta) -> str:
    """Return an age in its largest unit, e.g. ``5 min ago``."""
    minutes = int(age.total_seconds() // 60)
    if minutes < 1:
        return "just now"
    hour, day = 60, 24 * 60
    if minutes < hour:
        return f"{minutes} min ago"
    if minutes < day:
        return f"{minutes // hour} h ago"
    days = minutes // day
    return f"{days} day{'s' * (days != 1)} ago"


async def clip_choices(
    interaction: discord.Interaction[Any], typed: str, *, now: dt.datetime
) -> list[Choice[str]]:
    """Return the clips with ``typed`` in title, style or id that the member may see."""
    client: Encore = interaction.client
    known = await client.library.suggestions(typed, await viewer_from(interaction))
    return [Choice(name=clip_label(each, now=now), value=each.clip.id) for each in known]

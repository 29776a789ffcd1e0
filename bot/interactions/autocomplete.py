"""Choices for the options of commands, each a text of at most 100 characters."""

import datetime as dt

from discord.app_commands import Choice

from bot.domain.models import ClipRecord
from bot.domain.text import collapse_whitespace, strip_invisible, truncate
from bot.domain.timecode import format_time
from bot.interactions.access import viewer_from
from bot.interactions.client import Interaction

CHOICE_LENGTH = 100  # Discord's limit


async def clip_choices(interaction: Interaction, typed: str) -> list[Choice[str]]:
    """Return the clips with ``typed`` in title, style or id that the member may see."""
    viewer = await viewer_from(interaction)
    clips = await interaction.client.services.library.suggestions(typed, viewer)
    now = interaction.created_at
    return [
        Choice(name=clip_label(each, now=now), value=each.clip.id)
        for each in clips
        if len(each.clip.id) <= CHOICE_LENGTH  # one that is too long has all refused
    ]


def provider_choices(interaction: Interaction, typed: str) -> list[Choice[str]]:
    """Return the enabled providers with ``typed`` in their names."""
    return [
        Choice(name=capabilities.label, value=name)
        for name, capabilities in interaction.client.services.forms.capabilities.items()
        if typed.casefold() in f"{name} {capabilities.label}".casefold()
    ]


def text_choice(text: str) -> Choice[str]:
    """Return ``text`` as a choice, cut to what Discord shows."""
    return Choice(name=truncate(collapse_whitespace(text), CHOICE_LENGTH), value=text)


def clip_label(known: ClipRecord, *, now: dt.datetime) -> str:
    """Return e.g. ``Electric Dreams · B · 1:37 · 5 min ago``."""
    clip = known.clip
    title = (
        strip_invisible(collapse_whitespace(clip.title))
        or strip_invisible(collapse_whitespace(clip.id))
        or "Untitled"
    )
    length = format_time(round(clip.duration)) if clip.duration else ""
    parts = (known.letter, length, age_text(now - known.known_at))
    tail = "".join(f" · {part}" for part in parts if part)
    available = CHOICE_LENGTH - len(tail)
    if available <= 0:
        return truncate(title, CHOICE_LENGTH)
    return truncate(title, available) + tail


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

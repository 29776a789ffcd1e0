"""Choices for the options of commands, each a text of at most 100 characters."""

from discord.app_commands import Choice

from bot.domain.clip_reference import parse_clip_reference
from bot.domain.text import collapse_whitespace, truncate
from bot.interactions.access import viewer_from
from bot.interactions.client import Interaction
from bot.services.clip_naming import PASTE_HINT
from bot.ui.clip_names import clip_label

CHOICE_LENGTH = 100  # Discord's limit


async def clip_choices(interaction: Interaction, typed: str) -> list[Choice[str]]:
    """Return the clips in which ``typed`` is found and that the member may see.

    With none, and unless a link or an id was typed, the one choice says how to get a link.
    """
    viewer = await viewer_from(interaction)
    clips = await interaction.client.services.library.suggestions(typed, viewer)
    now = interaction.created_at
    choices = [
        Choice(name=clip_label(each, now=now, limit=CHOICE_LENGTH), value=each.clip.id)
        for each in clips
        if len(each.clip.id) <= CHOICE_LENGTH  # one that is too long has all refused
    ]
    if choices or parse_clip_reference(typed) is not None:
        return choices
    return [Choice(name=PASTE_HINT, value=PASTE_HINT)]


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

"""Taking a clip out of the library: the question, its two buttons, and the answers. Pure."""

import discord

from bot.services.library import OwnedClip
from bot.ui.custom_ids import Action
from bot.ui.embeds import note_embed
from bot.ui.looks import GREY
from bot.ui.texts import escape_line
from bot.ui.views import Button, build_view

TITLE_LENGTH = 80

_WHAT_STAYS = "Its reply and its audio stay, and so does all that others made of it."


def removal_question(own: OwnedClip) -> tuple[discord.Embed, discord.ui.View | None]:
    """Return what is asked before a clip is taken out of the library."""
    question = f"**Take {_named(own)} out of the library?**\n{_WHAT_STAYS}"
    choices = (
        ("Remove", Action.DROP_CLIP, discord.ButtonStyle.danger),
        ("Keep", Action.KEEP_CLIP, discord.ButtonStyle.secondary),
    )
    buttons = (
        Button(label=label, custom_id=action.custom_id_for(own.known.clip.id), style=style)
        for label, action, style in choices
    )
    return note_embed(question), build_view(buttons)


def removed_embed(own: OwnedClip) -> discord.Embed:
    """Return what is said once a clip was taken out."""
    url = own.known.reply_url
    where = f" [There it is.]({url})" if url else ""
    return _note(f"**{_named(own)} is out of the library.**\n{_WHAT_STAYS}{where}")


def kept_embed(own: OwnedClip) -> discord.Embed:
    """Return what is said when a clip is left where it is."""
    return _note(f"**{_named(own)} stays in the library.**")


def _note(text: str) -> discord.Embed:
    return discord.Embed(colour=GREY, description=text)


def _named(own: OwnedClip) -> str:
    title = escape_line(own.title, TITLE_LENGTH) or "Untitled"
    return f"“{title}”" if own.extension.kind.is_song else f"“{title} · {own.known.letter}”"

"""What Encore keeps of a member, and the question whether to forget it. Pure."""

import json
from io import BytesIO

import discord

from bot.store.personal_data import PersonalData
from bot.ui.components import build_view
from bot.ui.custom_ids import Action
from bot.ui.extension_embeds import note_embed

FILE_NAME = "encore-data.json"
_NAMES = {
    "extensions": ("request, with its style and lyrics", "requests, with their styles and lyrics"),
    "drafts": ("unsent form", "unsent forms"),
    "sessions_hosted": ("session that you hosted", "sessions that you hosted"),
    "proposals": ("proposal in a session", "proposals in sessions"),
    "notifications": ("reply that you want to be told of", "replies that you want to be told of"),
    "preferences": ("choice: *Always tell me*", "choices: *Always tell me*"),
    "settings_changed": ("change of a server's settings", "changes of a server's settings"),
    "votes": ("vote in a running session", "votes in running sessions"),
}


def privacy_answer(
    data: PersonalData, member_id: int
) -> tuple[discord.Embed, discord.ui.View | None]:
    """Return what is kept of a member, and the buttons to have it or to have it forgotten."""
    counts = {name: len(data[name]) for name in _NAMES if data.get(name)}
    if not counts:
        return note_embed("**Encore keeps nothing about you.**"), None
    lines = ["**What Encore keeps about you**"]
    for name, count in counts.items():
        one, many = _NAMES[name]
        lines.append(f"- {count:,} {one if count == 1 else many}")
    lines.append("With each request goes your Discord id, and the name that you had then.")
    buttons = [Action.DOWNLOAD_DATA.button(member_id), Action.FORGET_ME.button(member_id)]
    return note_embed("\n".join(lines)), build_view(buttons)


def data_file(data: PersonalData) -> discord.File:
    """Return all that is kept of a member, as JSON."""
    text = json.dumps(data, ensure_ascii=False, indent=2)
    return discord.File(BytesIO(text.encode()), FILE_NAME)


def forget_question(member_id: int) -> tuple[discord.Embed, discord.ui.View | None]:
    """Return the question whether to forget a member."""
    text = (
        "**Delete your data?**\n"
        "Your name, your lyrics and your unsent forms are deleted. The clips stay for those who "
        "go on from them, but nobody can see here that they are yours, and they leave your "
        "library. What stands in Discord's channels is not deleted. This can't be undone."
    )
    return note_embed(text), build_view([Action.CONFIRM_FORGET.button(member_id)])


def forgotten_embed(left: int) -> discord.Embed:
    """Return the answer once a member is forgotten; ``left`` is what still goes on."""
    if not left:
        return note_embed("**Done.** Encore keeps nothing about you any more.")
    return note_embed(
        f"**Almost done.** {left:,} left: requests of today, which count until tomorrow, and what "
        "is still in progress. Use `/privacy` again then."
    )

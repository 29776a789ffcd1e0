"""Replies by command: *Extend this song* in the Apps menu, and every button as `/reply`."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import discord
from discord import app_commands
from discord.app_commands import Choice
from typing_extensions import override

from bot.domain.clip_reference import MessageLink, find_clip_id, parse_clip_reference
from bot.domain.errors import UserError
from bot.domain.form import Form
from bot.domain.models import Extension
from bot.interactions.access import require_may_extend
from bot.interactions.buttons import (
    AnotherTake,
    Cancel,
    CheckAgain,
    PersistentButton,
    SendAgain,
    SongOfClip,
    open_form,
)
from bot.interactions.client import Encore, Interaction
from bot.interactions.message_buttons import DeleteReply, ShowLyrics
from bot.interactions.notification_buttons import TellMe
from bot.interactions.responses import EncoreCog, answer, answer_error
from bot.services.clip_naming import WAIT_OR_PICK, no_finished_clip, no_reply_of_encore
from bot.ui.components import clips_view
from bot.ui.extension_embeds import clip_letter, question_embed

MENU = "Extend this song"


def _button(kind: type[PersistentButton], ext: Extension) -> PersistentButton:
    return kind(str(ext.id))


def _song_button(letter: str, ext: Extension) -> PersistentButton:
    for index, clip in enumerate(ext.clips):
        if clip_letter(index) == letter and clip.is_playable:
            return SongOfClip(clip.id)
    raise UserError(f"That reply has no clip {letter} that can be played.", WAIT_OR_PICK)


BUTTONS: dict[str, Callable[[Extension], PersistentButton]] = {
    "another take": partial(_button, AnotherTake),
    "song A": partial(_song_button, "A"),
    "song B": partial(_song_button, "B"),
    "change & redo": partial(_button, SendAgain),
    "edit & send": partial(_button, SendAgain),
    "check again": partial(_button, CheckAgain),
    "lyrics": partial(_button, ShowLyrics),
    "tell me": partial(_button, TellMe),
    "cancel": partial(_button, Cancel),
    "delete": partial(_button, DeleteReply),
}


class ReplyCommandsCog(EncoreCog):
    """Does by command what the buttons of a reply do."""

    def __init__(self, bot: Encore) -> None:
        self._bot = bot
        self._store = bot.services.store
        self._menu = app_commands.ContextMenu(name=MENU, callback=self.extend_this_song)

    @override
    async def cog_load(self) -> None:
        self._bot.tree.add_command(self._menu)

    @override
    async def cog_unload(self) -> None:
        self._bot.tree.remove_command(self._menu.name, type=self._menu.type)

    async def extend_this_song(self, interaction: Interaction, message: discord.Message) -> None:
        """Open the form for the clip in a message, after asking which if there are two."""
        try:
            ext = await self._store.find_by_reply(message.id)
            if ext is None:
                await open_form(interaction, Form(clip=_clip_named_in(message)))
            else:
                await self._extend_reply(interaction, ext)
        except Exception as error:  # noqa: BLE001 - told to the member and logged there
            await answer_error(interaction, error)

    async def _extend_reply(self, interaction: Interaction, ext: Extension) -> None:
        await require_may_extend(interaction)
        if not ext.extendable_clip_ids:
            raise no_finished_clip()
        if len(ext.extendable_references) == 1:
            await open_form(interaction, Form(clip=ext.extendable_references[0]))
            return
        question = question_embed("Which one do you want to extend?")
        await answer(interaction, embeds=[question], view=clips_view(ext))

    @app_commands.command()
    @app_commands.describe(
        link="The reply's link: open its menu and choose Copy Message Link", do="What to do"
    )
    @app_commands.choices(do=[Choice(name=name, value=name) for name in BUTTONS])
    async def reply(self, interaction: Interaction, link: str, do: Choice[str]) -> None:
        """Use a reply's buttons by command."""
        reference = parse_clip_reference(link)
        ext = None
        if isinstance(reference, MessageLink):
            ext = await self._store.find_by_reply(reference.message_id)
        if ext is None:
            raise no_reply_of_encore()
        await BUTTONS[do.value](ext).check_and_press(interaction)


def _texts_of(message: discord.Message | discord.MessageSnapshot) -> Iterator[str]:
    """Yield the texts and addresses of a message; those of a forwarded one are in a snapshot."""
    yield message.content
    for embed in message.embeds:
        yield from (embed.url or "", embed.title or "", embed.description or "")
    for component in message.components:
        yield from _texts_of_component(component)
    for snapshot in getattr(message, "message_snapshots", ()):
        yield from _texts_of(snapshot)


def _texts_of_component(component: object) -> Iterator[str]:
    """Yield the text of a component, the address of a button, and what is inside it."""
    for name in ("content", "url"):
        text = getattr(component, name, None)
        if isinstance(text, str):
            yield text
    inner: Iterable[object] = getattr(component, "children", None) or ()
    for each in (*inner, getattr(component, "accessory", None)):
        if each is not None:
            yield from _texts_of_component(each)


def _clip_named_in(message: discord.Message) -> str:
    """Return the id of the clip that a message names, wherever it is."""
    clip_id = find_clip_id("\n".join(_texts_of(message)))
    if clip_id is None:
        raise UserError(
            "There's no song in that message.",
            "Choose one of my replies, or a message with a `suno.com/song/…` link.",
        )
    return clip_id

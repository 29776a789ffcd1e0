"""Takes in the file of `/extend file:`, and offers the form to continue it.

The file is checked before the form opens, which may take longer than the three seconds in which a
form has to open: so the form opens by a button.
"""

from dataclasses import replace

import discord

from bot.domain.errors import FormError, UnknownClipError, UserError
from bot.domain.form import NO_DEFAULTS, Form
from bot.domain.text import display_title
from bot.domain.timecode import format_time
from bot.interactions.access import require_may_extend_now
from bot.interactions.client import Interaction
from bot.interactions.drafts import refuse_form
from bot.interactions.responses import answer, answer_error, defer
from bot.ui.components import draft_view
from bot.ui.extension_embeds import note_embed

TITLE_LENGTH = 60  # UTF-16 units
OPEN_LABEL = "✍️ Write what comes next"


async def receive_file(interaction: Interaction, file: discord.Attachment, form: Form) -> None:
    """Take ``file`` in, and answer with the button that opens ``form`` for it."""
    try:
        await _receive(interaction, file, form)
    except Exception as error:  # noqa: BLE001 - told to the member and logged there
        await answer_error(interaction, error, unsent_lyrics=form.lyrics)


async def _receive(interaction: Interaction, file: discord.Attachment, form: Form) -> None:
    if form.clip:
        raise UserError("You named a clip and a file.", "Use `clip:` or `file:`, not both.")
    services = interaction.client.services
    if not services.uploaded_files.are_accepted:  # the command is older than the settings
        raise UserError(
            "No service here can continue a file.", "Pick a clip, or paste a link to one."
        )
    settings = await require_may_extend_now(interaction)  # files take room, so before one is kept
    await defer(interaction, thinking=True)
    name = file.title or file.filename
    clip = await services.uploaded_files.receive(file.url, name=name, size=file.size)
    form = replace(form, clip=clip.id)
    try:
        defaults = settings.form_defaults if settings is not None else NO_DEFAULTS
        form = (await services.forms.parse(form, defaults)).form
    except (FormError, UnknownClipError) as error:
        await refuse_form(interaction, form, error)
        return
    draft_id = await services.extensions.keep_draft(form, member_id=interaction.user.id)
    length = format_time(int(clip.duration or 0))
    note = note_embed(
        f"**{display_title(clip.title, TITLE_LENGTH)}** is {length} long. What comes next?"
    )
    await answer(interaction, embeds=[note], view=draft_view(draft_id, label=OPEN_LABEL))

"""Clips that a member may have meant by a text that is no id and no link, as buttons."""

from bot.domain.errors import ClipNotFoundError
from bot.domain.form import Form
from bot.interactions.access import viewer_from
from bot.interactions.client import Interaction
from bot.interactions.responses import answer, answer_error
from bot.ui.components import found_clips_view
from bot.ui.custom_ids import Action
from bot.ui.extension_embeds import note_embed


async def named_clip(interaction: Interaction, text: str, action: Action) -> str | None:
    """Return the id of the clip that ``text`` names.

    If it is no id and no link, answer with a button for each clip in which it is found, which does
    ``action``, and return None.

    Raises:
        UserError: it names no clip.
    """
    try:
        return await interaction.client.services.forms.clip_id_of(text)
    except ClipNotFoundError as error:
        await offer_clips(interaction, error, action)
        return None


async def offer_clips(
    interaction: Interaction,
    error: ClipNotFoundError,
    action: Action,
    *,
    form: Form | None = None,
) -> None:
    """Answer with a button for each clip in which the text is found, else with ``error``.

    Args:
        interaction: to be answered.
        error: has the text.
        action: of the buttons.
        form: that they open; it is kept as a draft.
    """
    services, member_id, draft_id = interaction.client.services, interaction.user.id, None
    unsent_lyrics = form.lyrics if form is not None else ""
    try:
        clips = await services.library.suggestions(error.text, await viewer_from(interaction))
        if clips and form is not None:
            draft_id = await services.extensions.keep_draft(form, member_id=member_id)
        now = interaction.created_at
        view = found_clips_view(clips, action, now=now, draft_id=draft_id)
    except Exception as failure:  # noqa: BLE001 - told to the member and logged there
        await answer_error(interaction, failure, unsent_lyrics=unsent_lyrics)
        return
    if view is None:
        await answer_error(interaction, error, unsent_lyrics=unsent_lyrics)
    else:
        await answer(interaction, embeds=[note_embed("**Did you mean one of these?**")], view=view)

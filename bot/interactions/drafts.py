"""Tells a member why their form was refused, and keeps what they typed as a draft."""

import logging
from collections.abc import Callable

import discord

from bot.domain.errors import FormError, LimitError, UnknownClipError
from bot.domain.form import Form
from bot.interactions.client import Interaction
from bot.interactions.lost_answers import is_lost_answer
from bot.interactions.responses import answer_error
from bot.ui.components import NO_PROVIDERS, draft_view

log = logging.getLogger(__name__)


async def refuse_form(interaction: Interaction, form: Form, error: Exception) -> None:
    """Answer with the error, above buttons that open the form as it was typed.

    If another provider may accept it, a button opens it for that one. Where a limit refuses it and
    nothing was typed, there is nothing to keep.
    """
    if isinstance(error, LimitError) and not form.has_text:
        await answer_error(interaction, error)
        return
    is_correctable = not isinstance(error, UnknownClipError)
    has_others = isinstance(error, UnknownClipError | FormError)
    others = error.other_providers if has_others else NO_PROVIDERS
    await answer_with_draft(
        interaction,
        form,
        error,
        lambda draft_id: draft_view(draft_id, others, is_correctable=is_correctable),
    )


async def answer_with_draft(
    interaction: Interaction,
    form: Form,
    error: Exception,
    view_of: Callable[[int], discord.ui.View | None],
) -> None:
    """Answer with the error, above the buttons that ``view_of`` makes of the draft's id."""
    if is_lost_answer(error):  # the form was accepted before
        await answer_error(interaction, error)
        return
    view, unsent_lyrics = None, ""
    if isinstance(error, LimitError):
        error = LimitError(error.problem, f"{error.remedy} Your text is kept.")
    try:
        extensions = interaction.client.services.extensions
        view = view_of(await extensions.keep_draft(form, member_id=interaction.user.id))
    except Exception:
        log.exception("A draft could not be stored; its lyrics are returned to the member")
        unsent_lyrics = form.lyrics
    await answer_error(interaction, error, view=view, unsent_lyrics=unsent_lyrics)

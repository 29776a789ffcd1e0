"""The modal of `/extend`: drawn from a form, and read back into one.

It carries its state in its custom id (``extend:form:<provider>:<clip>:<asked by>:<model>``), so a
modal that was open while Encore restarted is still understood. It decides nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import discord

from bot.domain.errors import UserError
from bot.domain.form import Form
from bot.domain.text import collapse_whitespace, strip_invisible, truncate
from bot.services.form_check import PrefilledForm

AREA = "extend:form"
CUSTOM_ID_LENGTH = 100
TITLE_LENGTH = 45
LYRICS_LENGTH = 4000
STYLE_LENGTH = 1000
SONG_TITLE_LENGTH = 200
TIME_LENGTH = 30

EXAMPLE = "[Verse]\nSilver cities shine brightly …\n\n[Chorus]\nFuture dreams so high …"


@dataclass(frozen=True, slots=True)
class SubmittedForm:
    """What a member sent with the modal.

    Attributes:
        asked_by: the interaction that opened the modal; the same however often it is sent.
    """

    form: Form
    idempotency_key: str


def extend_modal(opened: PrefilledForm, *, idempotency_key: int) -> discord.ui.Modal:
    """Return the modal for ``opened``, with everything known or typed so far filled in.

    Raises:
        UserError: the model's name is too long for any provider.
    """
    form = opened.form
    custom_id = f"{AREA}:{form.provider}:{form.clip}:{idempotency_key}:{form.model}"
    if len(custom_id) > CUSTOM_ID_LENGTH:
        raise UserError(
            "That model has too long a name.", "Leave `model` empty, or pick one from the list."
        )
    modal = discord.ui.Modal(title=_modal_title(opened), timeout=None, custom_id=custom_id)
    modal.add_item(
        discord.ui.Label(
            text="Lyrics",
            description="Leave empty for an instrumental continuation.",
            component=_input("lyrics", form.lyrics, LYRICS_LENGTH, example=EXAMPLE, long=True),
        )
    )
    modal.add_item(
        discord.ui.Label(
            text="Continue at",
            description="Seconds (121.1), minutes (2:01.1), or end.",
            component=_input("at", form.at, TIME_LENGTH, example="end"),
        )
    )
    modal.add_item(
        discord.ui.Label(
            text="Style",
            description="Separate styles with commas; empty keeps the song's.",
            component=_input("style", form.style, STYLE_LENGTH, example="folk, acoustic guitar"),
        )
    )
    modal.add_item(
        discord.ui.Label(
            text="Title",
            component=_input("title", form.title, SONG_TITLE_LENGTH, example="Title of the song"),
        )
    )
    if opened.capabilities.exclude:
        modal.add_item(
            discord.ui.Label(
                text="Exclude styles",
                component=_input("exclude", form.exclude, STYLE_LENGTH, example="heavy metal"),
            )
        )
    # Answers are read by `submitted_form`, after a restart too: discord.py need not remember it.
    modal.stop()
    return modal


def submitted_form(interaction: discord.Interaction) -> SubmittedForm | None:
    """Return what was sent with an `extend_modal`; None for any other interaction."""
    sent = cast("dict[str, Any]", interaction.data or {})
    custom_id = str(sent.get("custom_id", ""))
    if interaction.type is not discord.InteractionType.modal_submit or not custom_id.startswith(
        AREA + ":"
    ):
        return None
    provider, clip, idempotency_key, model = custom_id.removeprefix(AREA + ":").split(":", 3)
    form = Form(clip=clip, provider=provider, model=model)
    return SubmittedForm(
        replace(form, **dict(_values(sent.get("components", [])))), idempotency_key
    )


def _values(components: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for label in components:
        field = label.get("component", {})
        if field.get("custom_id") in ("lyrics", "at", "style", "title", "exclude"):
            yield field["custom_id"], field.get("value") or ""


def _modal_title(opened: PrefilledForm) -> str:
    name = strip_invisible(collapse_whitespace(opened.source_title))
    context = len("Extend “”")
    return f"Extend “{truncate(name, TITLE_LENGTH - context)}”" if name else "Extend a clip"


def _input(
    name: str, value: str, limit: int, *, example: str, long: bool = False
) -> discord.ui.TextInput[discord.ui.Modal]:
    style = discord.TextStyle.paragraph if long else discord.TextStyle.short
    return discord.ui.TextInput(
        custom_id=name,
        style=style,
        # What a member typed fits by Discord's own count, whichever that is: never cut it shorter.
        default=value[:limit] or None,
        placeholder=truncate(example, 100),
        required=False,
        max_length=limit,
    )

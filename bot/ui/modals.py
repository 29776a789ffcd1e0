"""The modal of `/extend`: drawn from a form, and read back into one.

Its custom id carries the state (``extend:form:<provider>:<clip>:<idempotency key>:<model>``), so
Encore understands a modal that was opened before a restart.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import discord

from bot.domain.errors import UserError
from bot.domain.form import Form
from bot.domain.text import collapse_whitespace, strip_invisible, truncate, utf16_length
from bot.domain.timecode import format_length
from bot.providers.base import Capabilities
from bot.services.form_check import PrefilledForm

PREFIX = "extend:form:"
MAX_CUSTOM_ID_LENGTH = 100  # Discord's limit
MAX_PLACEHOLDER_LENGTH = 100  # Discord's limit
MAX_TITLE_LENGTH = 45  # Discord's limit
MAX_INPUT_LENGTH = 4000  # Discord's limit


@dataclass(frozen=True, slots=True)
class Field:
    """A text input of a modal; ``name`` is its custom id, and that of what it fills."""

    name: str
    label: str
    max_length: int
    placeholder: str
    description: str | None = None
    style: discord.TextStyle = discord.TextStyle.short


_FIELD_NAMES = frozenset({"lyrics", "at", "style", "title", "exclude", "length"})


@dataclass(frozen=True, slots=True)
class SubmittedForm:
    """What a member sent with the modal.

    Attributes:
        form: as typed.
        idempotency_key: the interaction that opened the modal; the same each time it is sent.
    """

    form: Form
    idempotency_key: str


def extend_modal(prefilled: PrefilledForm, *, idempotency_key: int) -> discord.ui.Modal:
    """Return the modal, filled with ``prefilled``.

    Raises:
        UserError: the model's name is too long for any provider.
    """
    form = prefilled.form
    custom_id = f"{PREFIX}{form.provider}:{form.clip}:{idempotency_key}:{form.model}"
    if len(custom_id) > MAX_CUSTOM_ID_LENGTH:
        raise UserError(
            "That model's name is too long.", "Leave `model` empty, or pick one from the list."
        )
    values = {name: getattr(form, name) for name in _FIELD_NAMES}
    return build_modal(_title(prefilled), custom_id, _fields(prefilled), values)


def build_modal(
    title: str, custom_id: str, fields: Iterable[Field], values: Mapping[str, str]
) -> discord.ui.Modal:
    """Return a modal of ``fields``, filled with ``values``, which are by their names.

    A field holds its value even where that is longer than its ``max_length``.
    """
    modal = discord.ui.Modal(title=title, timeout=None, custom_id=custom_id)
    for field in fields:
        text_input = _text_input(field, values[field.name])
        modal.add_item(
            discord.ui.Label(text=field.label, description=field.description, component=text_input)
        )
    # It is read by its custom id, after a restart too, so discord.py need not keep the modal.
    modal.stop()
    return modal


def submitted_form(data: Mapping[str, object]) -> SubmittedForm | None:
    """Return the form in the data of an interaction; None if that is not the modal's submission."""
    custom_id = str(data.get("custom_id", ""))
    if not custom_id.startswith(PREFIX) or "components" not in data:
        return None
    try:
        provider, clip, idempotency_key, model = custom_id.removeprefix(PREFIX).split(":", 3)
    except ValueError:  # it is not one that Encore makes
        return None
    form = Form(clip=clip, provider=provider, model=model)
    return SubmittedForm(replace(form, **typed_values(data, _FIELD_NAMES)), idempotency_key)


def typed_values(data: Mapping[str, object], names: Container[str]) -> dict[str, str]:
    """Return what was typed into the fields ``names`` of a modal, by name."""
    labels = cast("list[dict[str, Any]]", data["components"])
    text_inputs = [label.get("component", {}) for label in labels]
    return {
        text_input["custom_id"]: text_input.get("value") or ""
        for text_input in text_inputs
        if text_input.get("custom_id") in names
    }


def _title(prefilled: PrefilledForm) -> str:
    title = strip_invisible(collapse_whitespace(prefilled.source_title))
    letter = prefilled.source.letter if prefilled.source else ""
    if prefilled.song is not None:
        letter = "full song"
    tail = f" · {letter}" if letter else ""
    available = MAX_TITLE_LENGTH - len(f"Extend “”{tail}")
    return f"Extend “{truncate(title, available)}”{tail}" if title else f"Extend a clip{tail}"


def _fields(prefilled: PrefilledForm) -> Iterator[Field]:
    capabilities = prefilled.capabilities
    limits = prefilled.limits
    yield Field(
        "lyrics",
        "Lyrics",
        limits.lyrics,
        "[Verse]\nSilver cities shine brightly …\n\n[Chorus]\nFuture dreams so high …",
        "Leave empty for an instrumental continuation.",
        discord.TextStyle.paragraph,
    )
    of_what = " of the full song" if prefilled.song is not None else ""
    yield Field("at", "Continue at", 30, "end", times_text(prefilled.length, of_what=of_what))
    yield Field(
        "style",
        "Style",
        limits.style,
        "folk, acoustic guitar",
        f"Separate styles with commas; {_style_rule(capabilities)}.",
    )
    yield Field("title", "Title", limits.title, "Title of the song")
    if capabilities.exclude:
        yield Field("exclude", "Exclude styles", limits.style, "heavy metal")
    if bounds := capabilities.new_length:
        yield Field(
            "length",
            "Length",
            10,
            f"{bounds.usual:g}",
            f"Seconds of the new part, {bounds.shortest:g} to {bounds.longest:g}.",
        )


def times_text(length: float | None, *, of_what: str = "") -> str:
    """Return which times a field takes for a clip of ``length`` seconds."""
    if not length:
        return "Seconds (121.1), minutes (2:01.1), or end."
    return f"0:00 to {format_length(length)}{of_what}, or end."


def _style_rule(capabilities: Capabilities) -> str:
    """Return what happens without a style; a style that is not typed is the source clip's."""
    if capabilities.needs_style:
        return f"{capabilities.label} needs one"
    if capabilities.instrumental_needs_style:
        return f"{capabilities.label} needs one without lyrics"
    return "empty keeps the song's"


def _text_input(field: Field, value: str) -> discord.ui.TextInput[discord.ui.Modal]:
    max_length = min(max(field.max_length, utf16_length(value)), MAX_INPUT_LENGTH)
    return discord.ui.TextInput(
        custom_id=field.name,
        style=field.style,
        # Typed text fits by Discord's own count, so it is not cut to fewer characters.
        default=value[:max_length] or None,
        placeholder=truncate(field.placeholder, MAX_PLACEHOLDER_LENGTH),
        required=False,
        max_length=max_length,
    )

"""The modal in which a member writes a part for a session: drawn, and read back.

Its custom id carries the state (``session:form:<session>:<round number>:<proposal>:<idempotency
key>``), so Encore understands a modal that was opened before a restart. A proposal is 0 unless it
is to be changed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import discord

from bot.domain.sessions.part_form import PartForm
from bot.domain.timecode import format_length
from bot.ui.modals import Field, build_modal, typed_values

PREFIX = "session:form:"

_NEXT_SECTIONS = {"intro": "Verse", "verse": "Chorus", "chorus": "Verse", "bridge": "Chorus"}
_FIELD_NAMES = frozenset({"lyrics", "style", "at"})


@dataclass(frozen=True, slots=True)
class SubmittedPart:
    """What a member sent with the modal.

    Attributes:
        form: as typed.
        idempotency_key: the interaction that opened the modal; the same each time it is sent.
    """

    form: PartForm
    idempotency_key: str


def part_modal(form: PartForm, *, idempotency_key: int) -> discord.ui.Modal:
    """Return the modal, filled with ``form``."""
    ids = f"{form.session_id}:{form.round_number}:{form.proposal_id or 0}:{idempotency_key}"
    values = {"lyrics": form.lyrics, "style": form.style, "at": form.at}
    title = f"Round {form.round_number} · your part"
    return build_modal(title, f"{PREFIX}{ids}", _fields(form), values)


def submitted_part(data: Mapping[str, object]) -> SubmittedPart | None:
    """Return what the data of an interaction says; None if it is not the modal's submission."""
    custom_id = str(data.get("custom_id", ""))
    if not custom_id.startswith(PREFIX) or "components" not in data:
        return None
    try:
        *ids, key = custom_id.removeprefix(PREFIX).split(":", 3)
        session_id, number, proposal_id = map(int, ids)
    except ValueError:  # it is not one that Encore makes
        return None
    typed = typed_values(data, _FIELD_NAMES)
    form = PartForm(
        session_id=session_id,
        round_number=number,
        proposal_id=proposal_id or None,
        takes_second="at" in typed,
    )
    return SubmittedPart(replace(form, **typed), key)


def _fields(form: PartForm) -> Iterator[Field]:
    next_section = _next_section(form.latest_section)
    yield Field(
        "lyrics",
        "Lyrics",
        4000,
        f"[{next_section}]\nNeon rain on the window\nRunning down in silver lines …",
        "Leave empty for an instrumental part.",
        discord.TextStyle.paragraph,
    )
    yield Field(
        "style",
        "Style",
        1000,
        "half-time, piano",
        "As the song has it; change it only if you mean to.",
    )
    if form.takes_second:
        duration = form.latest.duration if form.latest is not None else None
        length = f" ({format_length(duration)} long)" if duration else ""
        yield Field("at", "Go on at", 30, "end", f"A second of the last part{length}, or end.")


def _next_section(latest: str) -> str:
    """Return the section that usually follows ``latest``."""
    words = latest.casefold().split()
    return _NEXT_SECTIONS.get(words[0], "Verse") if words else "Verse"

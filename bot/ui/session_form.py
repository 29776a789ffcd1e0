"""The modal in which a member writes a part for a session: drawn, and read back.

Its custom id carries the state (``session:form:<session>:<round number>:<proposal>:<idempotency
key>``), so Encore understands a modal that was opened before a restart. A proposal is 0 unless it
is to be changed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import discord

from bot.domain.form import Form
from bot.domain.sessions.models import Round
from bot.domain.sessions.structure import section
from bot.services.session_view import SessionView
from bot.ui.modals import Field, build_modal, typed_values
from bot.ui.theme import duration_text

PREFIX = "session:form:"

_NEXT_SECTIONS = {"intro": "Verse", "verse": "Chorus", "chorus": "Verse", "bridge": "Chorus"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedPart:
    """What a member sent with the modal.

    Attributes:
        session_id: of the session.
        round_number: of the round that was open when the modal was opened.
        proposal_id: of the proposal that is to be changed; None for a new one.
        idempotency_key: the interaction that opened the modal; the same each time it is sent.
        form: lyrics, style and the second, as typed; without a clip.
    """

    session_id: int
    round_number: int
    proposal_id: int | None
    idempotency_key: str
    form: Form


def part_modal(
    view: SessionView,
    each: Round,
    prefill: Form,
    *,
    idempotency_key: int,
    proposal_id: int | None = None,
) -> discord.ui.Modal:
    """Return the modal, filled with ``prefill``.

    Args:
        view: of the session.
        each: the round that is written for.
        prefill: lyrics, style and the second that its fields begin with.
        idempotency_key: the interaction that it answers.
        proposal_id: of the proposal that is to be changed.
    """
    ids = f"{view.state.session.id}:{each.number}:{proposal_id or 0}:{idempotency_key}"
    title = f"Round {each.number} · your part"
    return build_modal(title, f"{PREFIX}{ids}", _fields(view), prefill)


def submitted_part(data: Mapping[str, object]) -> SubmittedPart | None:
    """Return what the data of an interaction says; None if it is not the modal's submission."""
    custom_id = str(data.get("custom_id", ""))
    if not custom_id.startswith(PREFIX) or "components" not in data:
        return None
    session_id, number, proposal_id, key = custom_id.removeprefix(PREFIX).split(":", 3)
    return SubmittedPart(
        session_id=int(session_id),
        round_number=int(number),
        proposal_id=int(proposal_id) or None,
        idempotency_key=key,
        form=replace(Form(clip=""), **typed_values(data)),
    )


def _fields(view: SessionView) -> Iterator[Field]:
    yield Field(
        "lyrics",
        "Lyrics",
        4000,
        f"[{_next_section(view)}]\nNeon rain on the window\nRunning down in silver lines …",
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
    if view.state.busy_round is None:
        yield Field(
            "at", "Go on at", 30, "end", f"A second of the last part{_length(view)}, or end."
        )


def _length(view: SessionView) -> str:
    duration = view.parts[-1].clip.clip.duration if view.parts else None
    return f" ({duration_text(duration)} long)" if duration else ""


def _next_section(view: SessionView) -> str:
    """Return the section that usually follows the last one."""
    last = view.parts[-1].proposal if view.parts else None
    named = section(last.lyrics).casefold().split() if last is not None else []
    return _NEXT_SECTIONS.get(named[0], "Verse") if named else "Verse"

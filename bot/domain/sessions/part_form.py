"""The form for a part: as its modal shows it, and as a member typed it."""

from dataclasses import dataclass

from bot.domain.models import Clip


@dataclass(frozen=True, slots=True, kw_only=True)
class PartForm:
    """The form for a part as its modal shows it, and as it is typed.

    Attributes:
        session_id: whose.
        at: where it goes on in the latest clip; ``end`` or a time.
        takes_second: whether `at` can be said now; while a part is being made, it is its end.
        latest: the latest clip, if it is known.
        latest_section: the section that the latest part begins with; empty if unknown.
        round_number: of the round that it is for.
        proposal_id: of the proposal that it changes; None for a new one.
    """

    session_id: int
    lyrics: str = ""
    style: str = ""
    at: str = ""
    takes_second: bool = False
    latest: Clip | None = None
    latest_section: str = ""
    round_number: int = 0
    proposal_id: int | None = None

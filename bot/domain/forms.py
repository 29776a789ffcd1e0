"""What a member typed to extend a clip, before any of it is believed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The fields of ``/extend`` and of its modal, as typed; empty means not given.

    Kept as it is whenever something is refused, so that nothing a member typed is lost.
    """

    clip: str
    at: str = ""
    style: str = ""
    lyrics: str = ""
    title: str = ""
    exclude: str = ""
    model: str = ""
    provider: str = ""

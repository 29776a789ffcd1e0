"""Whom members are asked to tell what only the operator of this bot can mend."""

from bot.domain.text import escape_line

NAME_LENGTH = 100  # UTF-16 units
UNKNOWN_OPERATOR = "whoever runs this bot"


class OperatorContact:
    """The operator, as members read it.

    Attributes:
        operator: ends the sentence *Please tell …*.
    """

    def __init__(self, configured: str = "") -> None:
        self._is_configured = bool(configured)
        self.operator = configured or UNKNOWN_OPERATOR

    def set_owner(self, name: str) -> None:
        """Name the owner of the application, unless the settings name somebody."""
        if not self._is_configured and (shown := escape_line(name, NAME_LENGTH)):
            self.operator = f"{shown}, who runs this bot"

    @property
    def request(self) -> str:
        """The sentence that asks a member to tell the operator."""
        return tell_operator(self.operator)


def tell_operator(operator: str, what: str = "") -> str:
    """Return the sentence that asks a member to tell the operator, and perhaps what."""
    return f"Please tell {operator}{f': {what}' if what else ''}."

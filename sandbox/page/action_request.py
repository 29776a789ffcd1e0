"""Reads what the page asks for: JSON objects with the ids of things."""

from typing import Any, cast

from sandbox.discord.command_options import NotPossibleError
from sandbox.discord.models import Channel, Message, User
from sandbox.discord.protocol import JsonObject, is_object
from sandbox.discord.state import DiscordState


class ActionRequest:
    """What a member wants to do, as the page sent it.

    Everything that is missing or unknown raises NotPossibleError, with a sentence for the member.
    """

    def __init__(self, state: DiscordState, fields: JsonObject) -> None:
        self.fields = fields
        self._state = state

    def text(self, name: str) -> str:
        """A text; empty if it is not there."""
        value: object = self.fields.get(name, "")
        if not isinstance(value, str):
            raise NotPossibleError(f"{name} must be a text")
        return value

    def texts(self, name: str) -> list[str]:
        """A list of texts."""
        value: object = self.fields.get(name, [])
        items = cast("list[object]", value) if isinstance(value, list) else [None]
        if not all(isinstance(item, str) for item in items):
            raise NotPossibleError(f"{name} must be a list of texts")
        return cast("list[str]", items)

    def mapping(self, name: str) -> dict[str, Any]:
        """An object."""
        value: object = self.fields.get(name, {})
        if not is_object(value):
            raise NotPossibleError(f"{name} must be an object")
        return value

    def user(self, name: str) -> User:
        """A user."""
        found = self._state.users.get(self._parse_id(self.text(name)))
        if found is None:
            raise NotPossibleError("There is no such person")
        return found

    def channel(self, name: str = "channel") -> Channel:
        """A channel."""
        found = self._state.channels.get(self._parse_id(self.text(name)))
        if found is None:
            raise NotPossibleError("The channel is gone")
        return found

    def message(self, name: str = "message") -> Message:
        """A message of the channel that is named too."""
        found = self.channel().messages.get(self._parse_id(self.text(name)))
        if found is None:
            raise NotPossibleError("The message is gone")
        return found

    def _parse_id(self, text: str) -> int:
        return int(text) if text.isascii() and text.isdigit() else -1

"""Reads the JSON objects in which the page requests actions, and looks up the ids in them."""

from typing import Any, cast

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.models import Channel, Message, User
from sandbox.discord.protocol import JsonObject, is_object
from sandbox.discord.state import DiscordState


class ActionRequest:
    """An action that a member requests on the page.

    Raises NotPossibleError, with a sentence for the member, for a missing or unknown value.
    """

    def __init__(self, state: DiscordState, fields: JsonObject) -> None:
        self.fields = fields
        self._state = state

    def text(self, name: str) -> str:
        """Return a string; empty if it is missing."""
        value: object = self.fields.get(name, "")
        if not isinstance(value, str):
            raise NotPossibleError(f"{name} must be a text")
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of strings; empty if it is missing."""
        value: object = self.fields.get(name, [])
        items = cast("list[object]", value) if isinstance(value, list) else [None]
        if not all(isinstance(item, str) for item in items):
            raise NotPossibleError(f"{name} must be a list of texts")
        return cast("list[str]", items)

    def mapping(self, name: str) -> dict[str, Any]:
        """Return an object; empty if it is missing."""
        value: object = self.fields.get(name, {})
        if not is_object(value):
            raise NotPossibleError(f"{name} must be an object")
        return value

    def user(self, name: str) -> User:
        """Return the user with the id in field ``name``."""
        found = self._state.users.get(self._parse_id(self.text(name)))
        if found is None:
            raise NotPossibleError("There is no such person")
        return found

    def channel(self, name: str = "channel") -> Channel:
        """Return the channel with the id in field ``name``."""
        found = self._state.channels.get(self._parse_id(self.text(name)))
        if found is None:
            raise NotPossibleError("The channel is gone")
        return found

    def message(self, name: str = "message") -> Message:
        """Return the message with the id in field ``name``, of the channel in field ``channel``."""
        found = self.channel().messages.get(self._parse_id(self.text(name)))
        if found is None:
            raise NotPossibleError("The message is gone")
        return found

    def _parse_id(self, text: str) -> int:
        return int(text) if text.isascii() and text.isdigit() else -1

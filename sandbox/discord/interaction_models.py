"""Interactions and modals."""

import asyncio
import dataclasses
import datetime as dt
import time

from sandbox.discord.models import Channel, Message, User
from sandbox.discord.protocol import (
    CallbackType,
    ComponentType,
    JsonObject,
    objects,
)
from sandbox.discord.rules.components import walk_components

TOKEN_LIFETIME = 15 * 60.0
TIMEOUT_TEXT = "The application did not respond"
INPUT_TYPES = frozenset(
    set(ComponentType)
    - {
        ComponentType.ROW,
        ComponentType.LABEL,
        ComponentType.TEXT_DISPLAY,
        ComponentType.BUTTON,
    }
)


@dataclasses.dataclass(slots=True, eq=False)
class Modal:
    """A modal that a member has open."""

    interaction: "Interaction"
    title: str
    custom_id: str
    components: list[JsonObject]
    submitted: bool = False

    @property
    def fields(self) -> dict[str, JsonObject]:
        """Its inputs by custom id, as the bot sent them."""
        found = walk_components(self.components)
        return {item["custom_id"]: item for item in found if item.get("type") in INPUT_TYPES}

    @property
    def labels(self) -> dict[str, str]:
        """The custom ids of its inputs by label."""
        found: dict[str, str] = {}
        for top in objects(self.components):
            for item in walk_components([top]):
                if item.get("type") in INPUT_TYPES:
                    found[top.get("label") or item.get("label") or ""] = item["custom_id"]
        return found


@dataclasses.dataclass(slots=True, eq=False)
class Interaction:
    """A member's interaction with the application, and the application's response.

    ``message`` is the response (the source message itself if that was updated), ``followups`` are
    later messages, ``error`` is the text that the client shows when the application fails.
    """

    id: int
    token: str
    type: int
    user: User
    channel: Channel
    payload: JsonObject
    user_installed: bool = False
    source: Message | None = None
    submitted_modal: Modal | None = None
    begun_at: float = dataclasses.field(default_factory=time.monotonic)
    token_lifetime: float = TOKEN_LIFETIME
    token_error: int | None = None
    callback_type: CallbackType | None = None
    acknowledged_at: float | None = None
    message: Message | None = None
    modal: Modal | None = None
    choices: list[JsonObject] | None = None
    followups: list[Message] = dataclasses.field(default_factory=list[Message])
    error: str | None = None
    acknowledged: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    @property
    def is_ephemeral(self) -> bool:
        """Whether only the member sees the response."""
        return self.message is not None and self.message.is_ephemeral

    @property
    def token_expired(self) -> bool:
        """Whether the token is older than its lifetime of 15 minutes."""
        return time.monotonic() - self.begun_at > self.token_lifetime

    def age_token(self, by: dt.timedelta) -> None:
        """Make the token older by ``by``."""
        self.token_lifetime -= by.total_seconds()

    def invalidate_token(self, code: int = 50027) -> None:
        """Invalidate the token with an error code: 50027 invalid token, 10015 unknown webhook."""
        self.token_error = code

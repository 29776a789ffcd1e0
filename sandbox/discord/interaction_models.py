"""What members do with the application: an interaction, and the modal that may answer it."""

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
from sandbox.discord.rules.components import walk

TOKEN_LIVES = 15 * 60.0
NO_ANSWER = "The application did not respond"
INPUTS = frozenset(
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
    """A form on a member's screen."""

    interaction: "Interaction"
    title: str
    custom_id: str
    components: list[JsonObject]
    submitted: bool = False

    @property
    def fields(self) -> dict[str, JsonObject]:
        """Its inputs by custom id, each as the bot sent it."""
        found = walk(self.components)
        return {item["custom_id"]: item for item in found if item.get("type") in INPUTS}

    @property
    def labels(self) -> dict[str, str]:
        """The custom ids of its inputs by what is written above them."""
        found: dict[str, str] = {}
        for top in objects(self.components):
            for item in walk([top]):
                if item.get("type") in INPUTS:
                    found[top.get("label") or item.get("label") or ""] = item["custom_id"]
        return found


@dataclasses.dataclass(slots=True, eq=False)
class Interaction:
    """One thing that a member did with the application, and what came of it.

    ``message`` is the answer (the source message itself, if that was changed), ``followups`` are
    later messages, ``failed`` is what the member reads when the application fails.
    """

    id: int
    token: str
    type: int
    user: User
    channel: Channel
    payload: JsonObject
    limited: bool = False
    source: Message | None = None
    modal_of: Modal | None = None
    begun: float = dataclasses.field(default_factory=time.monotonic)
    lives: float = TOKEN_LIVES
    death: int | None = None
    answer: CallbackType | None = None
    answered_at: float | None = None
    message: Message | None = None
    modal: Modal | None = None
    choices: list[JsonObject] | None = None
    followups: list[Message] = dataclasses.field(default_factory=list[Message])
    failed: str | None = None
    settled: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    @property
    def ephemeral(self) -> bool:
        """Whether only the member sees the answer."""
        return self.message is not None and self.message.ephemeral

    @property
    def expired(self) -> bool:
        """Whether its token has reached its end of life."""
        return time.monotonic() - self.begun > self.lives

    def age(self, by: dt.timedelta) -> None:
        """Have its token be older by ``by`` (it lives for 15 minutes)."""
        self.lives -= by.total_seconds()

    def kill(self, code: int = 50027) -> None:
        """Have its token die now: 50027 is an invalid token, 10015 an unknown webhook."""
        self.death = code

"""The log of the bot's requests and rule violations."""

import dataclasses
import time

from sandbox.discord.protocol import Json


@dataclasses.dataclass(slots=True)
class LoggedRequest:
    """A request of the bot, without tokens.

    ``route`` is the template with parameter names; ``at`` is in monotonic seconds; ``status`` is 0
    until the request is answered.
    """

    method: str
    path: str
    route: str
    json: Json = None
    files: tuple[str, ...] = ()
    status: int = 0
    code: int | None = None
    at: float = dataclasses.field(default_factory=time.monotonic)


@dataclasses.dataclass(slots=True, frozen=True)
class Violation:
    """A request that broke one of Discord's rules."""

    request: LoggedRequest
    code: int
    description: str

    def __str__(self) -> str:
        return f"{self.request.method} {self.request.route}: {self.description}"

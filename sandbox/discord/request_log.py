"""What the bot asked for, and where it broke the rules."""

import dataclasses
import time

from sandbox.discord.protocol import Json


@dataclasses.dataclass(slots=True)
class LoggedRequest:
    """A request of the bot.

    ``path`` and everything else here is free of tokens; ``route`` is the template with the
    parameters' names; ``at`` is in monotonic seconds; ``status`` is 0 until it is answered.
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
    """A rule of Discord's that a request broke."""

    request: LoggedRequest
    code: int
    description: str

    def __str__(self) -> str:
        return f"{self.request.method} {self.request.route}: {self.description}"

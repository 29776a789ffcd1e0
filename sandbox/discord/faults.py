"""Fault injection: what happens to the next requests to a route."""

import asyncio
import dataclasses
import enum
import fnmatch
from collections.abc import Callable

from sandbox.discord.protocol import JsonObject
from sandbox.discord.request_log import LoggedRequest


class FaultKind(enum.Enum):
    """What happens to a request."""

    ANSWER = "answered instead of applied"
    HANG_BEFORE = "neither applied nor answered"
    HANG_AFTER = "applied, never answered"
    CLOSE_BEFORE = "connection closed, not applied"
    CLOSE_AFTER = "applied, then connection closed"


def _always(_: LoggedRequest) -> bool:
    return True


@dataclasses.dataclass(slots=True, eq=False)
class Fault:
    """A planned fault for the next ``remaining`` requests that match.

    ``method`` and ``route`` are patterns as for file names (``*``); the route is a template such as
    ``/channels/{channel_id}/messages/{message_id}``.
    """

    kind: FaultKind
    method: str
    route: str
    remaining: int = 1
    status: int = 500
    code: int = 0
    message: str = "500: Internal Server Error"
    headers: dict[str, str] = dataclasses.field(default_factory=dict[str, str])
    extra: JsonObject = dataclasses.field(default_factory=JsonObject)
    when: Callable[[LoggedRequest], bool] = _always
    matched_requests: list[LoggedRequest] = dataclasses.field(default_factory=list[LoggedRequest])
    released: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    def release(self) -> None:
        """End the fault: hanging requests are answered if they were applied, else disconnected."""
        self.remaining = 0
        self.released.set()

    def _matches(self, request: LoggedRequest) -> bool:
        return (
            self.remaining > 0
            and fnmatch.fnmatchcase(request.method, self.method)
            and fnmatch.fnmatchcase(request.route, self.route)
            and self.when(request)
        )

    def consume(self, request: LoggedRequest) -> bool:
        """Count ``request`` if the fault applies to it; return whether it does."""
        if not self._matches(request):
            return False
        self.remaining -= 1
        self.matched_requests.append(request)
        return True


class Faults:
    """The planned faults, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Plan ``fault`` and return it."""
        self._faults.append(fault)
        return fault

    def answer(
        self,
        method: str,
        route: str,
        *,
        status: int,
        code: int = 0,
        times: int = 1,
        retry_after: float | None = None,
        when: Callable[[LoggedRequest], bool] = _always,
    ) -> Fault:
        """Answer the next requests with ``status`` and ``code`` instead of applying them.

        A ``retry_after`` in seconds adds the headers and body of Discord's 429.
        """
        fault = Fault(FaultKind.ANSWER, method, route, times, status, code, when=when)
        fault.message = f"{status}: ordered by a test"
        if retry_after is not None:
            fault.headers = {
                "Via": "1.1 google",
                "Retry-After": str(max(1, round(retry_after))),
                "X-RateLimit-Scope": "shared",
            }
            fault.extra = {"retry_after": retry_after, "global": False}
        return self.add(fault)

    def hang(
        self,
        method: str,
        route: str,
        *,
        times: int = 1,
        applied: bool = False,
        when: Callable[[LoggedRequest], bool] = _always,
    ) -> Fault:
        """Leave the next requests unanswered until ``release``, ``applied`` or not."""
        kind = FaultKind.HANG_AFTER if applied else FaultKind.HANG_BEFORE
        return self.add(Fault(kind, method, route, times, when=when))

    def close(
        self,
        method: str,
        route: str,
        *,
        times: int = 1,
        applied: bool = False,
        when: Callable[[LoggedRequest], bool] = _always,
    ) -> Fault:
        """Close the connection of the next requests, after they were ``applied`` or not."""
        kind = FaultKind.CLOSE_AFTER if applied else FaultKind.CLOSE_BEFORE
        return self.add(Fault(kind, method, route, times, when=when))

    def clear(self) -> None:
        """Remove and release all faults."""
        for fault in self._faults:
            fault.release()
        self._faults.clear()

    def take(self, request: LoggedRequest) -> Fault | None:
        """Return the fault that applies to ``request``, and count it."""
        if not self._faults:
            return None
        return next((fault for fault in self._faults if fault.consume(request)), None)

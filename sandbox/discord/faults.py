"""Trouble on order: what the next requests to a route run into."""

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
    """An order for trouble; ``left`` counts the requests that it is still waiting for.

    ``method`` and ``route`` are patterns in the manner of file names (``*``); the route is a
    template such as ``/channels/{channel_id}/messages/{message_id}``.
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
        """Have no more requests hang.

        Those that do are answered if they were applied, and cut off if not.
        """
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
        """Whether ``request`` runs into this fault, which is then one less."""
        if not self._matches(request):
            return False
        self.remaining -= 1
        self.matched_requests.append(request)
        return True


class Faults:
    """The faults on order, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Add ``fault``; it is returned, to be asked about or released."""
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
        """Have the next requests answered with ``status`` and ``code``.

        A ``retry_after`` in seconds makes a proper 429 of it.
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
        """Have the next requests hang until ``release``, ``applied`` or not."""
        trouble = FaultKind.HANG_AFTER if applied else FaultKind.HANG_BEFORE
        return self.add(Fault(trouble, method, route, times, when=when))

    def close(
        self,
        method: str,
        route: str,
        *,
        times: int = 1,
        applied: bool = False,
        when: Callable[[LoggedRequest], bool] = _always,
    ) -> Fault:
        """Have the connection of the next requests closed, after they were ``applied`` or not."""
        trouble = FaultKind.CLOSE_AFTER if applied else FaultKind.CLOSE_BEFORE
        return self.add(Fault(trouble, method, route, times, when=when))

    def clear(self) -> None:
        """Forget all orders, and let go what hangs."""
        for fault in self._faults:
            fault.release()
        self._faults.clear()

    def take(self, request: LoggedRequest) -> Fault | None:
        """The fault that ``request`` runs into."""
        if not self._faults:
            return None
        return next((fault for fault in self._faults if fault.consume(request)), None)

"""The bot's requests to Discord, as the page's panel lists them."""

import json
import time

from sandbox.discord.protocol import JsonObject
from sandbox.discord.request_log import LoggedRequest
from sandbox.discord.server import DiscordServer

MAX_REQUESTS = 100
MAX_BODY = 3000


class RequestFeed:
    """Reads the server's request log from where it stopped last."""

    def __init__(self, discord: DiscordServer) -> None:
        self.is_enabled = False
        self._discord = discord
        self._read_count = 0
        self._unanswered: dict[int, LoggedRequest] = {}

    def take_new(self) -> list[JsonObject]:
        """Return the requests that are new or newly answered: the latest ones, oldest first."""
        if not self.is_enabled:
            return []
        log = self._discord.requests
        start = max(self._read_count, len(log) - MAX_REQUESTS)
        answered = {number: each for number, each in self._unanswered.items() if each.status}
        found = answered | dict(enumerate(log[start:], start=start))
        self._read_count = len(log)
        self._unanswered = {
            number: each
            for number, each in (self._unanswered | found).items()
            if not each.status and number >= self._read_count - MAX_REQUESTS
        }
        return [request_view(number, each) for number, each in sorted(found.items())]


def request_view(number: int, request: LoggedRequest) -> JsonObject:
    """Return a request as the panel shows it; ``at`` is Unix time in seconds."""
    text = json.dumps(request.json, ensure_ascii=False, indent=1) if request.json else ""
    return {
        "number": number,
        "to": "Discord",
        "method": request.method,
        "path": request.path,
        "status": request.status,
        "code": request.code,
        "files": list(request.files),
        "body": text if len(text) <= MAX_BODY else text[:MAX_BODY] + " …",
        "at": time.time() - (time.monotonic() - request.at),
    }

"""What the bot sent to Discord, for those who look behind the scenes."""

import json
import time

from sandbox.discord.protocol import JsonObject
from sandbox.discord.request_log import Request
from sandbox.discord.server import DiscordServer

MOST = 100
LONGEST = 3000


class Traffic:
    """Reads the server's book of requests, from where it stopped reading."""

    def __init__(self, discord: DiscordServer) -> None:
        self.wanted = False
        self._discord = discord
        self._read = 0
        self._open: dict[int, Request] = {}

    def fresh(self) -> list[JsonObject]:
        """Requests that are new, or were answered since; the latest of them, oldest first."""
        if not self.wanted:
            return []
        book = self._discord.requests
        start = max(self._read, len(book) - MOST)
        answered = {number: each for number, each in self._open.items() if each.status}
        found = answered | dict(enumerate(book[start:], start=start))
        self._read = len(book)
        self._open = {
            number: each
            for number, each in (self._open | found).items()
            if not each.status and number >= self._read - MOST
        }
        return [request_view(number, each) for number, each in sorted(found.items())]


def request_view(number: int, request: Request) -> JsonObject:
    """A request as the panel lists it; ``at`` is in seconds of Unix time."""
    text = json.dumps(request.json, ensure_ascii=False, indent=1) if request.json else ""
    return {
        "number": number,
        "to": "Discord",
        "method": request.method,
        "path": request.path,
        "status": request.status,
        "code": request.code,
        "files": list(request.files),
        "body": text if len(text) <= LONGEST else text[:LONGEST] + " …",
        "at": time.time() - (time.monotonic() - request.at),
    }

"""Finds the route for a request."""

import urllib.parse

from sandbox.discord.rest import (
    account,
    channels,
    commands,
    guilds,
    messages,
    reactions,
    webhooks,
)
from sandbox.discord.rest.request import Route

SECRET_PARAMS = frozenset({"interaction_token", "webhook_token"})
MAJOR_PARAMS = ("channel_id", "guild_id", "webhook_id", "webhook_token")
HIDDEN = "…"


class RouteMatch:
    """A route, the parameters of a request, and its path without tokens."""

    __slots__ = ("params", "redacted_path", "route")

    def __init__(self, route: Route, params: dict[str, str], path: str) -> None:
        self.route = route
        self.params = params
        self.redacted_path = path

    @property
    def major(self) -> str:
        """The major parameters, which have buckets of their own."""
        return "/".join(self.params[name] for name in MAJOR_PARAMS if name in self.params)


class Router:
    """All routes; literal segments take precedence over parameters."""

    def __init__(self) -> None:
        self._by_shape: dict[tuple[str, int], list[tuple[Route, list[str]]]] = {}
        for module in (account, commands, guilds, channels, messages, reactions, webhooks):
            for route in module.ROUTES:
                segments = route.template.strip("/").split("/")
                shape = self._by_shape.setdefault((route.method, len(segments)), [])
                shape.append((route, segments))
        for shape in self._by_shape.values():
            shape.sort(key=lambda entry: [segment.startswith("{") for segment in entry[1]])

    def find(self, method: str, raw_path: str) -> RouteMatch | None:
        """Return the route for a percent-encoded path below the API's base."""
        parts = [urllib.parse.unquote(part) for part in raw_path.strip("/").split("/")]
        for route, segments in self._by_shape.get((method, len(parts)), ()):
            params: dict[str, str] = {}
            shown: list[str] = []
            for segment, part in zip(segments, parts, strict=True):
                if segment.startswith("{"):
                    name = segment[1:-1]
                    params[name] = part
                    shown.append(HIDDEN if name in SECRET_PARAMS else part)
                elif segment == part:
                    shown.append(part)
                else:
                    break
            else:
                return RouteMatch(route, params, "/" + "/".join(shown))
        return None


def redact_tokens(path: str) -> str:
    """Return an unknown path without anything that could be a token."""
    parts = path.split("/")
    secret = {"webhooks", "interactions"}
    return "/".join(
        HIDDEN if index > 1 and parts[index - 2] in secret else part
        for index, part in enumerate(parts)
    )

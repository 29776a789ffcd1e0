"""The log of requests, submissions and violations. Headers are left out: they contain keys."""

import dataclasses
from typing import Literal, TypeAlias

from sandbox.providers.json_values import JsonObject

Work: TypeAlias = Literal["extend", "concat"]


@dataclasses.dataclass(slots=True)
class LoggedRequest:
    """A request; ``status`` is None until it is answered."""

    method: str
    path: str
    query: list[tuple[str, str]]
    json: JsonObject | None
    at: float
    status: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Submission:
    """Work that a service accepted; ``charged`` is in credits."""

    provider: str
    work: Work
    request: JsonObject
    clip_ids: tuple[str, ...]
    charged: int
    at: float


@dataclasses.dataclass(frozen=True, slots=True)
class Violation:
    """A breach of the contract; ``refused`` is whether the service refused the request."""

    provider: str
    method: str
    path: str
    reason: str
    refused: bool
    at: float

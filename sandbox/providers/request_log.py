"""What the sandbox remembers of its clients, for tests to read. Headers, hence keys, never."""

import dataclasses
from typing import Literal, TypeAlias

from sandbox.providers.json_values import JsonObject

Work: TypeAlias = Literal["extend", "concat"]


@dataclasses.dataclass(slots=True)
class LoggedRequest:
    """A request; ``status`` is None while, or because, it was never answered."""

    method: str
    path: str
    query: list[tuple[str, str]]
    json: JsonObject | None
    at: float
    status: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Submission:
    """Work that a service accepted; ``charged`` are credits."""

    provider: str
    work: Work
    request: JsonObject
    clip_ids: tuple[str, ...]
    charged: int
    at: float


@dataclasses.dataclass(frozen=True, slots=True)
class Violation:
    """A breach of the contract; ``refused`` says whether the service minded."""

    provider: str
    method: str
    path: str
    reason: str
    refused: bool
    at: float

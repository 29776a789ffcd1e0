"""The words for JSON that the fake services share."""

from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]


def is_number(value: object) -> bool:
    """Say whether ``value`` is a JSON number; ``true`` is none, though Python thinks so."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_text(value: object) -> bool:
    """Say whether ``value`` is a JSON string with something in it."""
    return isinstance(value, str) and bool(value.strip())

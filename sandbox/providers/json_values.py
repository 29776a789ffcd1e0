"""JSON types and checks that the providers share."""

from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]


def is_number(value: object) -> bool:
    """Whether ``value`` is a JSON number; booleans are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_text(value: object) -> bool:
    """Whether ``value`` is a JSON string that is not blank."""
    return isinstance(value, str) and bool(value.strip())

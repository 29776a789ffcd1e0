"""Collects the errors in a request's body, in the nested shape of Discord's error responses."""

from sandbox.discord.errors import INVALID_FORM, ApiError
from sandbox.discord.protocol import Json, JsonObject, is_integer

REQUIRED_TEXT = "This field is required"


class FormErrors:
    """The errors of one body, by path."""

    def __init__(self) -> None:
        self.nested: JsonObject = {}

    def add(self, path: tuple[str | int, ...], code: str, message: str) -> None:
        """Add an error for the value at ``path``."""
        node = self.nested
        for step in path:
            node = node.setdefault(str(step), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def add_missing(self, path: tuple[str | int, ...]) -> None:
        """Add an error for a missing value at ``path``."""
        self.add(path, "BASE_TYPE_REQUIRED", REQUIRED_TEXT)

    def check_text(
        self,
        path: tuple[str | int, ...],
        value: Json,
        max_length: int,
        *,
        min_length: int = 0,
        required: bool = False,
    ) -> bool:
        """Check a string of ``min_length`` to ``max_length`` characters; return if it is valid."""
        if value is None or (value == "" and min_length):
            if required:
                self.add_missing(path)
            return not required
        if not isinstance(value, str):
            self.add(path, "STRING_TYPE_CONVERT", "Could not interpret value as string.")
            return False
        if min_length <= len(value) <= max_length:
            return True
        if min_length:
            message = f"Must be between {min_length} and {max_length} in length."
            self.add(path, "BASE_TYPE_BAD_LENGTH", message)
        else:
            message = f"Must be {max_length} or fewer in length."
            self.add(path, "BASE_TYPE_MAX_LENGTH", message)
        return False

    def check_count(
        self, path: tuple[str | int, ...], amount: int, maximum: int, *, minimum: int = 0
    ) -> None:
        """Check the length of a list."""
        if not minimum <= amount <= maximum:
            message = f"Must be between {minimum} and {maximum} in length."
            self.add(path, "BASE_TYPE_BAD_LENGTH", message)

    def check_number(
        self, path: tuple[str | int, ...], value: Json, lowest: int, highest: int
    ) -> None:
        """Check an optional integer."""
        if value is None:
            return
        if not is_integer(value):
            self.add(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        elif not lowest <= value <= highest:
            message = f"int value should be between {lowest} and {highest}."
            self.add(path, "NUMBER_TYPE_MAX", message)

    def raise_if_any(self) -> None:
        """Raise the collected errors, if there are any.

        Raises:
            ApiError: 50035 with all errors.
        """
        if self.nested:
            raise ApiError(INVALID_FORM, errors=self.nested)


def describe_errors(errors: JsonObject, path: str = "") -> list[str]:
    """Return the errors as sentences with their paths."""
    found: list[str] = []
    for step, inner in errors.items():
        if step == "_errors":
            found += [f"{path or 'body'}: {error['message']}" for error in inner]
        else:
            found += describe_errors(inner, f"{path}.{step}" if path else step)
    return found

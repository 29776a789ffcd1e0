"""Collects what is wrong with a request's body, in the nested shape that Discord answers with."""

from sandbox.discord.errors import INVALID_FORM, ApiError
from sandbox.discord.protocol import Json, JsonObject, is_integer

REQUIRED = "This field is required"


class Form:
    """The errors of one body, each at its place in it."""

    def __init__(self) -> None:
        self.errors: JsonObject = {}

    def wrong(self, place: tuple[str | int, ...], code: str, message: str) -> None:
        """Note that the value at ``place`` is refused."""
        node = self.errors
        for step in place:
            node = node.setdefault(str(step), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def missing(self, place: tuple[str | int, ...]) -> None:
        """Note that there has to be a value at ``place``."""
        self.wrong(place, "BASE_TYPE_REQUIRED", REQUIRED)

    def text(
        self,
        place: tuple[str | int, ...],
        value: Json,
        longest: int,
        *,
        shortest: int = 0,
        required: bool = False,
    ) -> bool:
        """Check a text of ``shortest`` to ``longest`` characters; say whether it passed."""
        if value is None or (value == "" and shortest):
            if required:
                self.missing(place)
            return not required
        if not isinstance(value, str):
            self.wrong(place, "STRING_TYPE_CONVERT", "Could not interpret value as string.")
            return False
        if shortest <= len(value) <= longest:
            return True
        if shortest:
            message = f"Must be between {shortest} and {longest} in length."
            self.wrong(place, "BASE_TYPE_BAD_LENGTH", message)
        else:
            message = f"Must be {longest} or fewer in length."
            self.wrong(place, "BASE_TYPE_MAX_LENGTH", message)
        return False

    def count(
        self, place: tuple[str | int, ...], amount: int, most: int, *, least: int = 0
    ) -> None:
        """Check the length of a list."""
        if not least <= amount <= most:
            message = f"Must be between {least} and {most} in length."
            self.wrong(place, "BASE_TYPE_BAD_LENGTH", message)

    def number(self, place: tuple[str | int, ...], value: Json, lowest: int, highest: int) -> None:
        """Check an integer that may be absent."""
        if value is None:
            return
        if not is_integer(value):
            self.wrong(place, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        elif not lowest <= value <= highest:
            message = f"int value should be between {lowest} and {highest}."
            self.wrong(place, "NUMBER_TYPE_MAX", message)

    def check(self) -> None:
        """Raise what was noted, if anything.

        Raises:
            ApiError: 50035 with all errors.
        """
        if self.errors:
            raise ApiError(INVALID_FORM, errors=self.errors)


def sentences(errors: JsonObject, place: str = "") -> list[str]:
    """The errors of a form as readable sentences with their places."""
    found: list[str] = []
    for step, inner in errors.items():
        if step == "_errors":
            found += [f"{place or 'body'}: {error['message']}" for error in inner]
        else:
            found += sentences(inner, f"{place}.{step}" if place else step)
    return found

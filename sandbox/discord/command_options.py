"""Turns what a member types for a command into options, as Discord's client does."""

import dataclasses

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.models import Channel, Role, Upload, User
from sandbox.discord.protocol import (
    SUBCOMMAND_TYPES,
    Json,
    JsonObject,
    OptionType,
    is_integer,
    objects,
)
from sandbox.discord.resolved import Entity, Resolved

MAX_TEXT = 6000
ValueTypes = type[object] | tuple[type[object], ...]
MENTIONABLE_TYPES: dict[int, ValueTypes] = {
    OptionType.USER: User,
    OptionType.CHANNEL: Channel,
    OptionType.ROLE: Role,
    OptionType.MENTIONABLE: (User, Role),
}


@dataclasses.dataclass(slots=True)
class CommandOptions:
    """Options for one use of a command; ``resolved`` has the users, channels and files in them."""

    resolved: Resolved

    def submitted_options(
        self, offered: list[JsonObject], path: list[str], values: dict[str, object]
    ) -> list[JsonObject]:
        """Return the options of an interaction; ``path`` names subcommands.

        Raises:
            NotPossibleError: a required value is missing or a value is invalid.
        """
        by_name = {option["name"]: option for option in offered}
        nested = [option for option in offered if option["type"] in SUBCOMMAND_TYPES]
        if path or nested:
            inner = by_name.get(path[0]) if path else None
            if inner is None or inner["type"] not in SUBCOMMAND_TYPES:
                raise NotPossibleError(f"There is no subcommand {' '.join(path)!r}")
            found = self.submitted_options(list(objects(inner.get("options"))), path[1:], values)
            return [{"name": inner["name"], "type": inner["type"], "options": found}]
        unknown = values.keys() - by_name.keys()
        if unknown:
            raise NotPossibleError(f"The command has no option {', '.join(sorted(unknown))}")
        for option in offered:
            if option.get("required") and values.get(option["name"]) is None:
                raise NotPossibleError(f"The option {option['name']} is required")
        return [
            {
                "name": name,
                "type": by_name[name]["type"],
                "value": self._checked_value(by_name[name], given),
            }
            for name, given in values.items()
            if given is not None
        ]

    def focused_options(
        self, offered: list[JsonObject], path: list[str], values: dict[str, object], name: str
    ) -> list[JsonObject]:
        """Return the unchecked options while the member types ``name`` (autocomplete)."""
        if path:
            inner = next(option for option in offered if option["name"] == path[0])
            found = self.focused_options(
                list(objects(inner.get("options"))), path[1:], values, name
            )
            return [{"name": inner["name"], "type": inner["type"], "options": found}]
        by_name = {option["name"]: option for option in offered}
        if not by_name.get(name, {}).get("autocomplete"):
            raise NotPossibleError(f"The option {name} completes nothing")
        typed: list[JsonObject] = []
        for key, value in values.items():
            item: JsonObject = {"name": key, "type": by_name[key]["type"], "value": value}
            typed.append(item | ({"focused": True} if key == name else {}))
        return typed

    def _checked_value(self, option: JsonObject, value: object) -> Json:
        kind, name = option["type"], option["name"]
        choices = {choice["name"]: choice["value"] for choice in objects(option.get("choices"))}
        if choices:
            value = choices.get(value, value) if isinstance(value, str) else value
            if value not in choices.values():
                raise NotPossibleError(f"{value!r} is no choice of the option {name}")
        if kind in MENTIONABLE_TYPES:
            return self._mentionable_id(kind, name, value)
        if kind == OptionType.ATTACHMENT:
            return self._attachment_id(name, value)
        if kind == OptionType.STRING:
            fits = isinstance(value, str) and value != ""
            size: object = len(value) if isinstance(value, str) else 0
            low, high = option.get("min_length", 0), option.get("max_length", MAX_TEXT)
        else:
            whole = is_integer(value)
            fits = whole or (kind == OptionType.NUMBER and isinstance(value, float))
            if kind == OptionType.BOOLEAN:
                fits = isinstance(value, bool)
            size = value
            low, high = option.get("min_value"), option.get("max_value")
        if not fits:
            raise NotPossibleError(f"{value!r} does not fit the option {name}")
        _check_range(name, size, low, high)
        return value

    def _mentionable_id(self, kind: int, name: str, value: object) -> str:
        if not (isinstance(value, Entity) and isinstance(value, MENTIONABLE_TYPES[kind])):
            raise NotPossibleError(f"{value!r} does not fit the option {name}")
        return self.resolved.add(value)

    def _attachment_id(self, name: str, value: object) -> str:
        if not isinstance(value, Upload):
            raise NotPossibleError(f"The option {name} takes an Upload")
        return self.resolved.add_file(value)


def _check_range(name: str, size: object, low: Json, high: Json) -> None:
    if isinstance(size, bool) or not isinstance(size, int | float):
        return
    if (low is not None and size < low) or (high is not None and size > high):
        raise NotPossibleError(f"The option {name} must be between {low} and {high}")

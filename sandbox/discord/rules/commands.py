"""Rules for application commands."""

import re
from collections.abc import Set as AbstractSet

from sandbox.discord.protocol import (
    SUBCOMMAND_TYPES,
    CommandType,
    Json,
    JsonArray,
    JsonObject,
    OptionType,
    is_array,
    is_integer,
    is_object,
    objects,
)
from sandbox.discord.rules.errors import FormErrors

NAME_PATTERN = re.compile(r"^[-_'\w]{1,32}$")
MAX_OPTIONS, MAX_CHOICES, MAX_TEXT = 25, 25, 6000
MAX_SLASH_COMMANDS, MAX_CONTEXT_MENUS = 100, 15
MAX_TOTAL_TEXT = 8000
AUTOCOMPLETE_TYPES = frozenset({OptionType.STRING, OptionType.INTEGER, OptionType.NUMBER})


def check_commands(commands: Json, integration_types: AbstractSet[int]) -> None:
    """Check the commands of a scope of an application with these ``integration_types``.

    Raises:
        ApiError: 50035 with all errors.
    """
    errors = FormErrors()
    if not is_array(commands):
        errors.add((), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        errors.raise_if_any()
        return
    seen: set[tuple[int, str]] = set()
    kinds: list[int] = []
    for index, command in enumerate(commands):
        _check_command(errors, (index,), command, integration_types)
        if not is_object(command):
            continue
        kinds.append(command.get("type") or 1)
        key = (kinds[-1], str(command.get("name")))
        if key in seen:
            message = "Application command names must be unique"
            errors.add((index,), "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
        seen.add(key)
    for kind, maximum in (
        (CommandType.SLASH, MAX_SLASH_COMMANDS),
        (CommandType.MESSAGE, MAX_CONTEXT_MENUS),
    ):
        if kinds.count(kind) > maximum:
            message = f"Must be {maximum} or fewer in length."
            errors.add((), "BASE_TYPE_MAX_LENGTH", message)
    errors.raise_if_any()


def check_command(command: Json, integration_types: AbstractSet[int]) -> None:
    """Check one command of an application with these ``integration_types``.

    Raises:
        ApiError: 50035 with all errors.
    """
    errors = FormErrors()
    _check_command(errors, (), command, integration_types)
    errors.raise_if_any()


def _check_command(
    errors: FormErrors,
    path: tuple[str | int, ...],
    command: Json,
    integration_types: AbstractSet[int],
) -> None:
    if not is_object(command):
        errors.add(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return
    kind = command.get("type") or CommandType.SLASH
    name = command.get("name")
    errors.check_text((*path, "name"), name, 32, min_length=1, required=True)
    if kind == CommandType.SLASH:
        _check_name(errors, (*path, "name"), name)
        field = (*path, "description")
        errors.check_text(field, command.get("description"), 100, min_length=1, required=True)
        _check_options(errors, (*path, "options"), command.get("options"), depth=0)
        if _total_text(command) > MAX_TOTAL_TEXT:
            message = f"Command exceeds maximum size ({MAX_TOTAL_TEXT})"
            errors.add(path, "APPLICATION_COMMAND_TOO_LARGE", message)
    else:
        if command.get("options"):
            message = "Context menu commands cannot have options"
            errors.add((*path, "options"), "APPLICATION_COMMAND_OPTIONS_NOT_ALLOWED", message)
        if command.get("description"):
            message = "Context menu commands cannot have description"
            errors.add((*path, "description"), "APPLICATION_COMMAND_DESCRIPTION", message)
    _check_choices(errors, (*path, "contexts"), command.get("contexts"), {0, 1, 2})
    _check_choices(
        errors,
        (*path, "integration_types"),
        command.get("integration_types"),
        integration_types,
    )


def _check_choices(
    errors: FormErrors, path: tuple[str | int, ...], value: Json, allowed: AbstractSet[int]
) -> None:
    if value is None:
        return
    if not is_array(value) or not value or len(set(map(str, value))) != len(value):
        errors.add(path, "BASE_TYPE_BAD_LENGTH", "Must be a list of distinct values.")
        return
    for index, item in enumerate(value):
        if not is_integer(item) or item not in allowed:
            names = ", ".join(map(str, sorted(allowed)))
            errors.add((*path, index), "BASE_TYPE_CHOICES", f"Value must be one of {{{names}}}.")


def _check_name(errors: FormErrors, path: tuple[str | int, ...], name: Json) -> None:
    if isinstance(name, str) and (not NAME_PATTERN.match(name) or name != name.lower()):
        message = "Command name is invalid: lower case letters, digits, - and _ only"
        errors.add(path, "APPLICATION_COMMAND_INVALID_NAME", message)


def _check_options(
    errors: FormErrors, path: tuple[str | int, ...], options: Json, *, depth: int
) -> None:
    if options is None:
        return
    items: JsonArray = options if is_array(options) else []
    errors.check_count(path, len(items), MAX_OPTIONS)
    seen: set[str] = set()
    optional = False
    for index, option in enumerate(objects(items)):
        field = (*path, index)
        _check_option(errors, field, option, depth=depth)
        if option.get("name") in seen:
            message = "Option names must be unique"
            errors.add(field, "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATE", message)
        seen.add(str(option.get("name")))
        if option.get("type") in SUBCOMMAND_TYPES:
            continue
        if option.get("required") and optional:
            message = "Required options must be placed before non-required options"
            errors.add(field, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        optional = optional or not option.get("required")
    nested = [option.get("type") in SUBCOMMAND_TYPES for option in objects(items)]
    if any(nested) and not all(nested):
        message = "Sub-command and sub-command group option types are mutually exclusive to others"
        errors.add(path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)


def _check_option(
    errors: FormErrors, path: tuple[str | int, ...], option: JsonObject, *, depth: int
) -> None:
    kind = option.get("type")
    errors.check_number((*path, "type"), kind if kind is not None else 0, 1, 11)
    errors.check_text((*path, "name"), option.get("name"), 32, min_length=1, required=True)
    _check_name(errors, (*path, "name"), option.get("name"))
    field = (*path, "description")
    errors.check_text(field, option.get("description"), 100, min_length=1, required=True)
    if kind in SUBCOMMAND_TYPES:
        if kind == OptionType.GROUP and depth > 0:
            errors.add(path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Groups do not nest")
        _check_options(errors, (*path, "options"), option.get("options"), depth=depth + 1)
        return
    errors.check_number((*path, "min_length"), option.get("min_length"), 0, MAX_TEXT)
    errors.check_number((*path, "max_length"), option.get("max_length"), 1, MAX_TEXT)
    choices: JsonArray = option.get("choices") or []
    errors.check_count((*path, "choices"), len(choices), MAX_CHOICES)
    if option.get("autocomplete") and (choices or kind not in AUTOCOMPLETE_TYPES):
        message = "Autocomplete is for texts and numbers without choices"
        errors.add(path, "APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES", message)
    for index, choice in enumerate(objects(choices)):
        at = (*path, "choices", index)
        errors.check_text((*at, "name"), choice.get("name"), 100, min_length=1, required=True)
        value = choice.get("value")
        right = isinstance(value, str) if kind == OptionType.STRING else _is_number(value)
        if not right:
            errors.add((*at, "value"), "BASE_TYPE_BAD_TYPE", "Not a value of the option's type.")
        elif isinstance(value, str):
            errors.check_text((*at, "value"), value, 100)


def _is_number(value: Json) -> bool:
    return is_integer(value) or isinstance(value, float)


def _total_text(part: JsonObject) -> int:
    total = sum(len(str(part.get(key) or "")) for key in ("name", "description"))
    for choice in objects(part.get("choices")):
        total += len(str(choice.get("name"))) + len(str(choice.get("value")))
    return total + sum(_total_text(option) for option in objects(part.get("options")))

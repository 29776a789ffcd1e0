"""What Discord demands of a command that an application registers."""

import re

from sandbox.discord.protocol import (
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
from sandbox.discord.rules.errors import Form

NAME = re.compile(r"^[-_'\w]{1,32}$")
MOST_OPTIONS, MOST_CHOICES, MOST_LENGTH = 25, 25, 6000
MOST_SLASH, MOST_MENU = 100, 15
MOST_TOTAL = 8000
NESTED = frozenset({OptionType.SUBCOMMAND, OptionType.GROUP})
COMPLETED = frozenset({OptionType.STRING, OptionType.INTEGER, OptionType.NUMBER})


def check_commands(commands: Json) -> None:
    """Check a whole set of commands.

    Raises:
        ApiError: 50035, naming what is wrong.
    """
    form = Form()
    if not is_array(commands):
        form.wrong((), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        form.check()
        return
    seen: set[tuple[int, str]] = set()
    kinds: list[int] = []
    for index, command in enumerate(commands):
        _check_command(form, (index,), command)
        if not is_object(command):
            continue
        kinds.append(command.get("type") or 1)
        key = (kinds[-1], str(command.get("name")))
        if key in seen:
            message = "Application command names must be unique"
            form.wrong((index,), "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
        seen.add(key)
    for kind, most in ((CommandType.SLASH, MOST_SLASH), (CommandType.MESSAGE, MOST_MENU)):
        if kinds.count(kind) > most:
            message = f"Must be {most} or fewer in length."
            form.wrong((), "BASE_TYPE_MAX_LENGTH", message)
    form.check()


def check_command(command: Json) -> None:
    """Check one command.

    Raises:
        ApiError: 50035, naming what is wrong.
    """
    form = Form()
    _check_command(form, (), command)
    form.check()


def _check_command(form: Form, place: tuple[str | int, ...], command: Json) -> None:
    if not is_object(command):
        form.wrong(place, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return
    kind = command.get("type") or CommandType.SLASH
    name = command.get("name")
    form.text((*place, "name"), name, 32, shortest=1, required=True)
    if kind == CommandType.SLASH:
        _check_name(form, (*place, "name"), name)
        where = (*place, "description")
        form.text(where, command.get("description"), 100, shortest=1, required=True)
        _check_options(form, (*place, "options"), command.get("options"), depth=0)
        if _length(command) > MOST_TOTAL:
            message = f"Command exceeds maximum size ({MOST_TOTAL})"
            form.wrong(place, "APPLICATION_COMMAND_TOO_LARGE", message)
    else:
        if command.get("options"):
            message = "Context menu commands cannot have options"
            form.wrong((*place, "options"), "APPLICATION_COMMAND_OPTIONS_NOT_ALLOWED", message)
        if command.get("description"):
            message = "Context menu commands cannot have description"
            form.wrong((*place, "description"), "APPLICATION_COMMAND_DESCRIPTION", message)
    _check_places(form, (*place, "contexts"), command.get("contexts"), highest=2)
    _check_places(form, (*place, "integration_types"), command.get("integration_types"), highest=1)


def _check_places(form: Form, place: tuple[str | int, ...], value: Json, *, highest: int) -> None:
    if value is None:
        return
    if not is_array(value) or not value or len(set(map(str, value))) != len(value):
        form.wrong(place, "BASE_TYPE_BAD_LENGTH", "Must be a list of distinct values.")
        return
    for index, item in enumerate(value):
        form.number((*place, index), item, 0, highest)


def _check_name(form: Form, place: tuple[str | int, ...], name: Json) -> None:
    if isinstance(name, str) and (not NAME.match(name) or name != name.lower()):
        message = "Command name is invalid: lower case letters, digits, - and _ only"
        form.wrong(place, "APPLICATION_COMMAND_INVALID_NAME", message)


def _check_options(form: Form, place: tuple[str | int, ...], options: Json, *, depth: int) -> None:
    if options is None:
        return
    items: JsonArray = options if is_array(options) else []
    form.count(place, len(items), MOST_OPTIONS)
    seen: set[str] = set()
    optional = False
    for index, option in enumerate(objects(items)):
        where = (*place, index)
        _check_option(form, where, option, depth=depth)
        if option.get("name") in seen:
            message = "Option names must be unique"
            form.wrong(where, "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATE", message)
        seen.add(str(option.get("name")))
        if option.get("type") in NESTED:
            continue
        if option.get("required") and optional:
            message = "Required options must be placed before non-required options"
            form.wrong(where, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        optional = optional or not option.get("required")
    nested = [option.get("type") in NESTED for option in objects(items)]
    if any(nested) and not all(nested):
        message = "Sub-command and sub-command group option types are mutually exclusive to others"
        form.wrong(place, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)


def _check_option(
    form: Form, place: tuple[str | int, ...], option: JsonObject, *, depth: int
) -> None:
    kind = option.get("type")
    form.number((*place, "type"), kind if kind is not None else 0, 1, 11)
    form.text((*place, "name"), option.get("name"), 32, shortest=1, required=True)
    _check_name(form, (*place, "name"), option.get("name"))
    where = (*place, "description")
    form.text(where, option.get("description"), 100, shortest=1, required=True)
    if kind in NESTED:
        if kind == OptionType.GROUP and depth > 0:
            form.wrong(place, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Groups do not nest")
        _check_options(form, (*place, "options"), option.get("options"), depth=depth + 1)
        return
    form.number((*place, "min_length"), option.get("min_length"), 0, MOST_LENGTH)
    form.number((*place, "max_length"), option.get("max_length"), 1, MOST_LENGTH)
    choices: JsonArray = option.get("choices") or []
    form.count((*place, "choices"), len(choices), MOST_CHOICES)
    if option.get("autocomplete") and (choices or kind not in COMPLETED):
        message = "Autocomplete is for texts and numbers without choices"
        form.wrong(place, "APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES", message)
    for index, choice in enumerate(objects(choices)):
        at = (*place, "choices", index)
        form.text((*at, "name"), choice.get("name"), 100, shortest=1, required=True)
        value = choice.get("value")
        right = isinstance(value, str) if kind == OptionType.STRING else _is_number(value)
        if not right:
            form.wrong((*at, "value"), "BASE_TYPE_BAD_TYPE", "Not a value of the option's type.")
        elif isinstance(value, str):
            form.text((*at, "value"), value, 100)


def _is_number(value: Json) -> bool:
    return is_integer(value) or isinstance(value, float)


def _length(part: JsonObject) -> int:
    total = sum(len(str(part.get(key) or "")) for key in ("name", "description"))
    for choice in objects(part.get("choices")):
        total += len(str(choice.get("name"))) + len(str(choice.get("value")))
    return total + sum(_length(option) for option in objects(part.get("options")))

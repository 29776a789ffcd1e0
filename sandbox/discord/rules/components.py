"""Rules for message components: rows, buttons, selects, and layout components (V2)."""

import copy

from sandbox.discord.protocol import (
    SELECTS,
    ButtonStyle,
    ComponentType,
    Json,
    JsonArray,
    JsonObject,
    MessageFlag,
    is_array,
    is_object,
    objects,
)
from sandbox.discord.rules.errors import FormErrors

MAX_ROWS, MAX_BUTTONS, MAX_COMPONENTS = 5, 5, 40
MAX_CUSTOM_ID, MAX_LABEL, MAX_PLACEHOLDER, MAX_URL, MAX_TEXT = 100, 80, 150, 512, 4000
MAX_OPTIONS = 25
# documented for *Select Default Value Structure*
DEFAULT_VALUE_TYPES = {
    ComponentType.USER_SELECT: ("user",),
    ComponentType.ROLE_SELECT: ("role",),
    ComponentType.MENTIONABLE_SELECT: ("user", "role"),
    ComponentType.CHANNEL_SELECT: ("channel",),
}
URL_SCHEMES = ("http://", "https://", "discord://")
LAYOUT_TYPES = frozenset(
    {
        ComponentType.SECTION,
        ComponentType.TEXT_DISPLAY,
        ComponentType.MEDIA_GALLERY,
        ComponentType.FILE,
        ComponentType.SEPARATOR,
        ComponentType.CONTAINER,
    }
)


def check_components(errors: FormErrors, components: Json, flags: int) -> None:
    """Add the errors in ``components`` of a message with ``flags``."""
    if components is None:
        return
    if not is_array(components):
        errors.add(("components",), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return
    if flags & MessageFlag.COMPONENTS_V2:
        errors.check_count(
            ("components",), len(list(walk_components(components))), MAX_COMPONENTS, minimum=1
        )
        _check_total_text(errors, components)
        allowed = LAYOUT_TYPES | {ComponentType.ROW}
    else:
        errors.check_count(("components",), len(components), MAX_ROWS)
        allowed = frozenset({ComponentType.ROW})
    for index, component in enumerate(components):
        _check_top_level(errors, ("components", index), component, allowed)
    check_custom_ids(errors, components)


def _check_top_level(
    errors: FormErrors,
    path: tuple[str | int, ...],
    component: Json,
    allowed: frozenset[ComponentType],
) -> None:
    if not is_object(component) or component.get("type") not in allowed:
        names = ", ".join(str(int(kind)) for kind in sorted(allowed))
        errors.add((*path, "type"), "BASE_TYPE_CHOICES", f"Value must be one of {{{names}}}.")
        return
    if component["type"] == ComponentType.ROW:
        _check_row(errors, path, component)
        return
    for index, inner in enumerate(objects(component.get("components"))):
        field = (*path, "components", index)
        if inner.get("type") == ComponentType.ROW:
            _check_row(errors, field, inner)
        elif inner.get("type") == ComponentType.TEXT_DISPLAY:
            _check_text(errors, field, inner)
    if component["type"] == ComponentType.TEXT_DISPLAY:
        _check_text(errors, path, component)
    accessory = component.get("accessory")
    if is_object(accessory) and accessory.get("type") == ComponentType.BUTTON:
        _check_button(errors, (*path, "accessory"), accessory)


def _check_row(errors: FormErrors, path: tuple[str | int, ...], row: JsonObject) -> None:
    inner: JsonArray = row.get("components") or []
    path = (*path, "components")
    errors.check_count(path, len(inner), MAX_BUTTONS, minimum=1)
    for index, component in enumerate(objects(inner)):
        field = (*path, index)
        kind = component.get("type")
        if kind == ComponentType.BUTTON:
            _check_button(errors, field, component)
        elif kind in SELECTS:
            if len(inner) > 1:
                errors.add(field, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A select fills its row.")
            check_select(errors, field, component)
        else:
            message = "Value must be one of {2, 3, 5, 6, 7, 8}."
            errors.add((*field, "type"), "BASE_TYPE_CHOICES", message)


def _check_button(errors: FormErrors, path: tuple[str | int, ...], button: JsonObject) -> None:
    errors.check_text((*path, "label"), button.get("label"), MAX_LABEL)
    if button.get("style") == ButtonStyle.LINK:
        url = button.get("url")
        errors.check_text((*path, "url"), url, MAX_URL, min_length=1, required=True)
        if isinstance(url, str) and not url.lower().startswith(URL_SCHEMES):
            message = "Scheme must be one of ('http', 'https', 'discord')."
            errors.add((*path, "url"), "URL_TYPE_INVALID_SCHEME", message)
        if button.get("custom_id") is not None:
            message = "A custom id and url cannot both be specified"
            errors.add((*path, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_URL_BOTH", message)
    elif button.get("style") != ButtonStyle.PREMIUM:
        field = (*path, "custom_id")
        errors.check_text(
            field, button.get("custom_id"), MAX_CUSTOM_ID, min_length=1, required=True
        )
        if button.get("url") is not None:
            message = "A custom id and url cannot both be specified"
            errors.add((*path, "url"), "BUTTON_COMPONENT_CUSTOM_ID_URL_BOTH", message)
        errors.check_number((*path, "style"), button.get("style", 0), 1, 4)
        if not button.get("label") and not button.get("emoji"):
            errors.add_missing((*path, "label"))


def check_select(errors: FormErrors, path: tuple[str | int, ...], select: JsonObject) -> None:
    """Add the errors in a select menu."""
    field = (*path, "custom_id")
    errors.check_text(field, select.get("custom_id"), MAX_CUSTOM_ID, min_length=1, required=True)
    errors.check_text((*path, "placeholder"), select.get("placeholder"), MAX_PLACEHOLDER)
    errors.check_number((*path, "min_values"), select.get("min_values"), 0, MAX_OPTIONS)
    errors.check_number((*path, "max_values"), select.get("max_values"), 1, MAX_OPTIONS)
    if select.get("type") != ComponentType.STRING_SELECT:
        _check_default_values(errors, path, select)
        return
    options = list(objects(select.get("options")))
    errors.check_count((*path, "options"), len(options), MAX_OPTIONS, minimum=1)
    seen: set[str] = set()
    for index, option in enumerate(options):
        at = (*path, "options", index)
        for key in ("label", "value"):
            errors.check_text((*at, key), option.get(key), 100, min_length=1, required=True)
        errors.check_text((*at, "description"), option.get("description"), 100)
        if option.get("value") in seen:
            message = "The specified option value is already used"
            errors.add((*at, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message)
        seen.add(option.get("value", ""))


def _check_default_values(
    errors: FormErrors, path: tuple[str | int, ...], select: JsonObject
) -> None:
    """Add the errors in what a select of users, roles or channels begins with."""
    values = list(objects(select.get("default_values")))
    if not values:
        return
    least, most = select.get("min_values", 1), select.get("max_values", 1)
    errors.check_number((*path, "default_values"), len(values), least, most)
    kinds = DEFAULT_VALUE_TYPES[select["type"]]
    for index, value in enumerate(values):
        if value.get("type") not in kinds:
            names = ", ".join(f"'{kind}'" for kind in kinds)
            field = (*path, "default_values", index, "type")
            errors.add(field, "BASE_TYPE_CHOICES", f"Value must be one of ({names}).")


def check_custom_ids(errors: FormErrors, components: JsonArray) -> None:
    """Add an error for each duplicate custom id."""
    seen: set[str] = set()
    for component in walk_components(components):
        custom_id = component.get("custom_id")
        if custom_id is not None and custom_id in seen:
            message = f"Component custom id cannot be duplicated: {custom_id}"
            errors.add(("components",), "COMPONENT_CUSTOM_ID_DUPLICATED", message)
        if isinstance(custom_id, str):
            seen.add(custom_id)


def walk_components(components: JsonArray) -> list[JsonObject]:
    """Return all components, nested ones too."""
    found: list[JsonObject] = []
    for component in objects(components):
        found.append(component)
        found += walk_components(component.get("components") or [])
        found += walk_components([component.get("component"), component.get("accessory")])
    return found


def stored_components(components: Json) -> JsonArray:
    """Return a copy of valid ``components`` as Discord keeps them: ids are strings."""
    stored: JsonArray = copy.deepcopy(components or [])
    for component in walk_components(stored):
        for value in objects(component.get("default_values")):
            value["id"] = str(value["id"])
    return stored


def _check_text(errors: FormErrors, path: tuple[str | int, ...], component: JsonObject) -> None:
    field = (*path, "content")
    errors.check_text(field, component.get("content"), MAX_TEXT, min_length=1, required=True)


def _check_total_text(errors: FormErrors, components: JsonArray) -> None:
    total = sum(len(component.get("content") or "") for component in walk_components(components))
    if total > MAX_TEXT:
        message = f"Must be {MAX_TEXT} or fewer in length."
        errors.add(("components",), "COMPONENT_MAX_TOTAL_TEXT_LENGTH", message)

"""Limits of the components of a message: rows, buttons, selects, and the newer layout."""

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
from sandbox.discord.rules.errors import Form

MOST_ROWS, MOST_BUTTONS, MOST_COMPONENTS = 5, 5, 40
CUSTOM_ID, LABEL, PLACEHOLDER, URL, TEXT = 100, 80, 150, 512, 4000
MOST_OPTIONS = 25
LINKS = ("http://", "https://", "discord://")
LAYOUT = frozenset(
    {
        ComponentType.SECTION,
        ComponentType.TEXT_DISPLAY,
        ComponentType.MEDIA_GALLERY,
        ComponentType.FILE,
        ComponentType.SEPARATOR,
        ComponentType.CONTAINER,
    }
)


def check_components(form: Form, components: Json, flags: int) -> None:
    """Note what is wrong with the ``components`` of a message with these ``flags``."""
    if components is None:
        return
    if not is_array(components):
        form.wrong(("components",), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return
    if flags & MessageFlag.COMPONENTS_V2:
        form.count(("components",), len(list(walk(components))), MOST_COMPONENTS, least=1)
        _check_total_text(form, components)
        allowed = LAYOUT | {ComponentType.ROW}
    else:
        form.count(("components",), len(components), MOST_ROWS)
        allowed = frozenset({ComponentType.ROW})
    for index, component in enumerate(components):
        _check_top(form, ("components", index), component, allowed)
    check_custom_ids(form, components)


def _check_top(
    form: Form, place: tuple[str | int, ...], component: Json, allowed: frozenset[ComponentType]
) -> None:
    if not is_object(component) or component.get("type") not in allowed:
        names = ", ".join(str(int(kind)) for kind in sorted(allowed))
        form.wrong((*place, "type"), "BASE_TYPE_CHOICES", f"Value must be one of {{{names}}}.")
        return
    if component["type"] == ComponentType.ROW:
        _check_row(form, place, component)
        return
    for index, inner in enumerate(objects(component.get("components"))):
        where = (*place, "components", index)
        if inner.get("type") == ComponentType.ROW:
            _check_row(form, where, inner)
        elif inner.get("type") == ComponentType.TEXT_DISPLAY:
            _check_text(form, where, inner)
    if component["type"] == ComponentType.TEXT_DISPLAY:
        _check_text(form, place, component)
    accessory = component.get("accessory")
    if is_object(accessory) and accessory.get("type") == ComponentType.BUTTON:
        _check_button(form, (*place, "accessory"), accessory)


def _check_row(form: Form, place: tuple[str | int, ...], row: JsonObject) -> None:
    inner: JsonArray = row.get("components") or []
    place = (*place, "components")
    form.count(place, len(inner), MOST_BUTTONS, least=1)
    for index, component in enumerate(objects(inner)):
        where = (*place, index)
        kind = component.get("type")
        if kind == ComponentType.BUTTON:
            _check_button(form, where, component)
        elif kind in SELECTS:
            if len(inner) > 1:
                form.wrong(where, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A select fills its row.")
            check_select(form, where, component)
        else:
            message = "Value must be one of {2, 3, 5, 6, 7, 8}."
            form.wrong((*where, "type"), "BASE_TYPE_CHOICES", message)


def _check_button(form: Form, place: tuple[str | int, ...], button: JsonObject) -> None:
    form.text((*place, "label"), button.get("label"), LABEL)
    if button.get("style") == ButtonStyle.LINK:
        url = button.get("url")
        form.text((*place, "url"), url, URL, shortest=1, required=True)
        if isinstance(url, str) and not url.lower().startswith(LINKS):
            message = "Scheme must be one of ('http', 'https', 'discord')."
            form.wrong((*place, "url"), "URL_TYPE_INVALID_SCHEME", message)
        if button.get("custom_id") is not None:
            message = "A custom id and url cannot both be specified"
            form.wrong((*place, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_URL_BOTH", message)
    elif button.get("style") != ButtonStyle.PREMIUM:
        where = (*place, "custom_id")
        form.text(where, button.get("custom_id"), CUSTOM_ID, shortest=1, required=True)
        if button.get("url") is not None:
            message = "A custom id and url cannot both be specified"
            form.wrong((*place, "url"), "BUTTON_COMPONENT_CUSTOM_ID_URL_BOTH", message)
        form.number((*place, "style"), button.get("style", 0), 1, 4)
        if not button.get("label") and not button.get("emoji"):
            form.missing((*place, "label"))


def check_select(form: Form, place: tuple[str | int, ...], select: JsonObject) -> None:
    """Note what is wrong with a select menu."""
    where = (*place, "custom_id")
    form.text(where, select.get("custom_id"), CUSTOM_ID, shortest=1, required=True)
    form.text((*place, "placeholder"), select.get("placeholder"), PLACEHOLDER)
    form.number((*place, "min_values"), select.get("min_values"), 0, MOST_OPTIONS)
    form.number((*place, "max_values"), select.get("max_values"), 1, MOST_OPTIONS)
    if select.get("type") != ComponentType.STRING_SELECT:
        return
    options = list(objects(select.get("options")))
    form.count((*place, "options"), len(options), MOST_OPTIONS, least=1)
    seen: set[str] = set()
    for index, option in enumerate(options):
        at = (*place, "options", index)
        for key in ("label", "value"):
            form.text((*at, key), option.get(key), 100, shortest=1, required=True)
        form.text((*at, "description"), option.get("description"), 100)
        if option.get("value") in seen:
            message = "The specified option value is already used"
            form.wrong((*at, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message)
        seen.add(option.get("value", ""))


def check_custom_ids(form: Form, components: JsonArray) -> None:
    """Note custom ids that appear more than once."""
    seen: set[str] = set()
    for component in walk(components):
        custom_id = component.get("custom_id")
        if custom_id is not None and custom_id in seen:
            message = f"Component custom id cannot be duplicated: {custom_id}"
            form.wrong(("components",), "COMPONENT_CUSTOM_ID_DUPLICATED", message)
        if isinstance(custom_id, str):
            seen.add(custom_id)


def walk(components: JsonArray) -> list[JsonObject]:
    """All components, those inside of others too."""
    found: list[JsonObject] = []
    for component in objects(components):
        found.append(component)
        found += walk(component.get("components") or [])
        found += walk([component.get("component"), component.get("accessory")])
    return found


def _check_text(form: Form, place: tuple[str | int, ...], component: JsonObject) -> None:
    where = (*place, "content")
    form.text(where, component.get("content"), TEXT, shortest=1, required=True)


def _check_total_text(form: Form, components: JsonArray) -> None:
    total = sum(len(component.get("content") or "") for component in walk(components))
    if total > TEXT:
        message = f"Must be {TEXT} or fewer in length."
        form.wrong(("components",), "COMPONENT_MAX_TOTAL_TEXT_LENGTH", message)

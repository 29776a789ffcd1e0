"""Rules for modals and autocomplete choices."""

from sandbox.discord.protocol import (
    SELECTS,
    ComponentType,
    Json,
    JsonArray,
    JsonObject,
    is_integer,
    is_object,
    objects,
)
from sandbox.discord.rules.components import check_custom_ids, check_select
from sandbox.discord.rules.errors import FormErrors

MAX_TITLE, MAX_LABEL, MAX_DESCRIPTION, MAX_PLACEHOLDER, MAX_CUSTOM_ID, MAX_TEXT = (
    45,
    45,
    100,
    100,
    100,
    4000,
)
MAX_COMPONENTS = 5
MAX_CHOICE, MAX_CHOICES = 100, 25
TOP_LEVEL_TYPES = frozenset({ComponentType.ROW, ComponentType.TEXT_DISPLAY, ComponentType.LABEL})
INPUT_TYPES = frozenset(
    {
        ComponentType.TEXT_INPUT,
        ComponentType.FILE_UPLOAD,
        ComponentType.RADIO_GROUP,
        ComponentType.CHECKBOX_GROUP,
        ComponentType.CHECKBOX,
        *SELECTS,
    }
)


def check_modal(errors: FormErrors, modal: Json) -> None:
    """Add the errors in a modal."""
    if not is_object(modal):
        errors.add_missing(("data",))
        return
    errors.check_text(("data", "title"), modal.get("title"), MAX_TITLE, min_length=1, required=True)
    field = ("data", "custom_id")
    errors.check_text(field, modal.get("custom_id"), MAX_CUSTOM_ID, min_length=1, required=True)
    components: JsonArray = modal.get("components") or []
    errors.check_count(("data", "components"), len(components), MAX_COMPONENTS, minimum=1)
    for index, component in enumerate(objects(components)):
        _check_top_level(errors, ("data", "components", index), component)
    check_custom_ids(errors, components)


def _check_top_level(
    errors: FormErrors, path: tuple[str | int, ...], component: JsonObject
) -> None:
    kind = component.get("type")
    if kind == ComponentType.LABEL:
        errors.check_text(
            (*path, "label"), component.get("label"), MAX_LABEL, min_length=1, required=True
        )
        errors.check_text((*path, "description"), component.get("description"), MAX_DESCRIPTION)
        _check_input(errors, (*path, "component"), component.get("component"), labelled=True)
    elif kind == ComponentType.ROW:
        inner: JsonArray = component.get("components") or []
        errors.check_count((*path, "components"), len(inner), 1, minimum=1)
        for item in inner:
            _check_input(errors, (*path, "components", 0), item, labelled=False)
    elif kind not in TOP_LEVEL_TYPES:
        errors.add((*path, "type"), "BASE_TYPE_CHOICES", "Value must be one of {1, 10, 18}.")


def _check_input(
    errors: FormErrors, path: tuple[str | int, ...], item: Json, *, labelled: bool
) -> None:
    if not is_object(item) or item.get("type") not in INPUT_TYPES:
        errors.add((*path, "type"), "BASE_TYPE_CHOICES", "Not a component that a modal can hold.")
    elif item["type"] == ComponentType.TEXT_INPUT:
        _check_text_input(errors, path, item, labelled=labelled)
    elif item["type"] in SELECTS:
        check_select(errors, path, item)
    else:
        field = (*path, "custom_id")
        errors.check_text(field, item.get("custom_id"), MAX_CUSTOM_ID, min_length=1, required=True)


def _check_text_input(
    errors: FormErrors, path: tuple[str | int, ...], item: JsonObject, *, labelled: bool
) -> None:
    field = (*path, "custom_id")
    errors.check_text(field, item.get("custom_id"), MAX_CUSTOM_ID, min_length=1, required=True)
    if labelled and item.get("label") is not None:
        message = "A text input in a label has no label of its own"
        errors.add((*path, "label"), "COMPONENT_LABEL_NOT_ALLOWED", message)
    elif not labelled:
        errors.check_text(
            (*path, "label"), item.get("label"), MAX_LABEL, min_length=1, required=True
        )
    errors.check_number((*path, "style"), item.get("style", 0), 1, 2)
    errors.check_number((*path, "min_length"), item.get("min_length"), 0, MAX_TEXT)
    errors.check_number((*path, "max_length"), item.get("max_length"), 1, MAX_TEXT)
    errors.check_text((*path, "placeholder"), item.get("placeholder"), MAX_PLACEHOLDER)
    minimum, maximum = item.get("min_length"), item.get("max_length")
    maximum = maximum if is_integer(maximum) else MAX_TEXT
    if is_integer(minimum) and minimum > maximum:
        message = "min_length must not be greater than max_length"
        errors.add((*path, "min_length"), "TEXT_INPUT_COMPONENT_BAD_LENGTH", message)
    errors.check_text((*path, "value"), item.get("value"), min(maximum, MAX_TEXT))


def check_choices(errors: FormErrors, data: Json) -> None:
    """Add the errors in autocomplete choices."""
    if not is_object(data):
        errors.add_missing(("data",))
        return
    choices: JsonArray = data.get("choices") or []
    errors.check_count(("data", "choices"), len(choices), MAX_CHOICES)
    for index, choice in enumerate(objects(choices)):
        path = ("data", "choices", index)
        errors.check_text(
            (*path, "name"), choice.get("name"), MAX_CHOICE, min_length=1, required=True
        )
        value = choice.get("value")
        if isinstance(value, str):
            errors.check_text((*path, "value"), value, MAX_CHOICE)
        elif value is None:
            errors.add_missing((*path, "value"))

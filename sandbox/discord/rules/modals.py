"""Limits of modals and of autocompletion."""

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
from sandbox.discord.rules.errors import Form

TITLE, LABEL, DESCRIPTION, PLACEHOLDER, CUSTOM_ID, TEXT = 45, 45, 100, 100, 100, 4000
MOST_COMPONENTS = 5
CHOICE, MOST_CHOICES = 100, 25
TOP = frozenset({ComponentType.ROW, ComponentType.TEXT_DISPLAY, ComponentType.LABEL})
INPUTS = frozenset(
    {
        ComponentType.TEXT_INPUT,
        ComponentType.FILE_UPLOAD,
        ComponentType.RADIO_GROUP,
        ComponentType.CHECKBOX_GROUP,
        ComponentType.CHECKBOX,
        *SELECTS,
    }
)


def check_modal(form: Form, modal: Json) -> None:
    """Note what is wrong with a modal."""
    if not is_object(modal):
        form.missing(("data",))
        return
    form.text(("data", "title"), modal.get("title"), TITLE, shortest=1, required=True)
    where = ("data", "custom_id")
    form.text(where, modal.get("custom_id"), CUSTOM_ID, shortest=1, required=True)
    components: JsonArray = modal.get("components") or []
    form.count(("data", "components"), len(components), MOST_COMPONENTS, least=1)
    for index, component in enumerate(objects(components)):
        _check_top(form, ("data", "components", index), component)
    check_custom_ids(form, components)


def _check_top(form: Form, place: tuple[str | int, ...], component: JsonObject) -> None:
    kind = component.get("type")
    if kind == ComponentType.LABEL:
        form.text((*place, "label"), component.get("label"), LABEL, shortest=1, required=True)
        form.text((*place, "description"), component.get("description"), DESCRIPTION)
        _check_input(form, (*place, "component"), component.get("component"), labelled=True)
    elif kind == ComponentType.ROW:
        inner: JsonArray = component.get("components") or []
        form.count((*place, "components"), len(inner), 1, least=1)
        for item in inner:
            _check_input(form, (*place, "components", 0), item, labelled=False)
    elif kind not in TOP:
        form.wrong((*place, "type"), "BASE_TYPE_CHOICES", "Value must be one of {1, 10, 18}.")


def _check_input(form: Form, place: tuple[str | int, ...], item: Json, *, labelled: bool) -> None:
    if not is_object(item) or item.get("type") not in INPUTS:
        form.wrong((*place, "type"), "BASE_TYPE_CHOICES", "Not a component that a modal can hold.")
    elif item["type"] == ComponentType.TEXT_INPUT:
        _check_text_input(form, place, item, labelled=labelled)
    elif item["type"] in SELECTS:
        check_select(form, place, item)
    else:
        where = (*place, "custom_id")
        form.text(where, item.get("custom_id"), CUSTOM_ID, shortest=1, required=True)


def _check_text_input(
    form: Form, place: tuple[str | int, ...], item: JsonObject, *, labelled: bool
) -> None:
    where = (*place, "custom_id")
    form.text(where, item.get("custom_id"), CUSTOM_ID, shortest=1, required=True)
    if labelled and item.get("label") is not None:
        message = "A text input in a label has no label of its own"
        form.wrong((*place, "label"), "COMPONENT_LABEL_NOT_ALLOWED", message)
    elif not labelled:
        form.text((*place, "label"), item.get("label"), LABEL, shortest=1, required=True)
    form.number((*place, "style"), item.get("style", 0), 1, 2)
    form.number((*place, "min_length"), item.get("min_length"), 0, TEXT)
    form.number((*place, "max_length"), item.get("max_length"), 1, TEXT)
    form.text((*place, "placeholder"), item.get("placeholder"), PLACEHOLDER)
    least, most = item.get("min_length"), item.get("max_length")
    most = most if is_integer(most) else TEXT
    if is_integer(least) and least > most:
        message = "min_length must not be greater than max_length"
        form.wrong((*place, "min_length"), "TEXT_INPUT_COMPONENT_BAD_LENGTH", message)
    form.text((*place, "value"), item.get("value"), min(most, TEXT))


def check_choices(form: Form, data: Json) -> None:
    """Note what is wrong with the choices that an autocompletion offers."""
    if not is_object(data):
        form.missing(("data",))
        return
    choices: JsonArray = data.get("choices") or []
    form.count(("data", "choices"), len(choices), MOST_CHOICES)
    for index, choice in enumerate(objects(choices)):
        place = ("data", "choices", index)
        form.text((*place, "name"), choice.get("name"), CHOICE, shortest=1, required=True)
        value = choice.get("value")
        if isinstance(value, str):
            form.text((*place, "value"), value, CHOICE)
        elif value is None:
            form.missing((*place, "value"))

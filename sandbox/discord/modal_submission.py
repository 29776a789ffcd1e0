"""Turns what a member enters in a modal into a submission, as Discord's client does."""

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.interaction_models import INPUT_TYPES, Modal
from sandbox.discord.models import Upload
from sandbox.discord.protocol import (
    SELECTS,
    ComponentType,
    Json,
    JsonObject,
    is_array,
    objects,
)
from sandbox.discord.resolved import SELECTED_TYPES, Resolved
from sandbox.discord.rules.modals import MAX_TEXT

GROUP_TYPES = frozenset({ComponentType.CHECKBOX_GROUP, ComponentType.RADIO_GROUP})


class ModalSubmission:
    """The submission of a modal; ``resolved`` holds what was chosen and uploaded."""

    def __init__(self, resolved: Resolved, modal: Modal) -> None:
        self.resolved = resolved
        self._modal = modal
        self._last_id = 0

    def submission_data(self, values: dict[str, object]) -> JsonObject:
        """Return the data of the interaction; ``values`` are by custom id or label.

        Inputs missing in ``values`` keep their default.

        Raises:
            NotPossibleError: a required value is missing or a value is invalid.
        """
        labels, fields = self._modal.labels, self._modal.fields
        written = {labels.get(name, name): value for name, value in values.items()}
        unknown = written.keys() - fields.keys()
        if unknown:
            raise NotPossibleError(f"The modal has no input {', '.join(sorted(unknown))}")
        components = [self._submitted_component(item, written) for item in self._modal.components]
        return {
            "custom_id": self._modal.custom_id,
            "components": components,
            "resolved": self.resolved.payload,
        }

    def _submitted_component(self, item: JsonObject, written: dict[str, object]) -> JsonObject:
        kind = item.get("type")
        self._last_id += 1
        sent: JsonObject = {"type": kind, "id": item.get("id") or self._last_id}
        if kind == ComponentType.LABEL:
            sent["component"] = self._submitted_component(item["component"], written)
        elif kind == ComponentType.ROW:
            inner = objects(item.get("components"))
            sent["components"] = [self._submitted_component(each, written) for each in inner]
        elif kind in INPUT_TYPES:
            sent["custom_id"] = item["custom_id"]
            sent |= self._submitted_value(item, written.get(item["custom_id"]))
        return sent

    def _submitted_value(self, item: JsonObject, value: object) -> JsonObject:
        kind = item["type"]
        if kind == ComponentType.TEXT_INPUT:
            return {"value": _checked_text(item, value)}
        if kind == ComponentType.CHECKBOX:
            return {"value": bool(item.get("default")) if value is None else bool(value)}
        if kind == ComponentType.FILE_UPLOAD:
            return {"values": self._store_files(item, value)}
        options = list(objects(item.get("options")))
        if value is None:
            value = [option["value"] for option in options if option.get("default")]
            value += [each["id"] for each in objects(item.get("default_values"))]
        if kind in SELECTED_TYPES:
            chosen = self.resolved.add_selected(item, list(_as_list(value)))
        else:
            chosen = [str(each) for each in _as_list(value)]
        known = {option["value"] for option in options}
        if options and not known.issuperset(chosen):
            raise NotPossibleError(f"The input {item['custom_id']} has no such option")
        if kind == ComponentType.RADIO_GROUP:
            _check_count(item, chosen, 1)
            return {"value": chosen[0] if chosen else None}
        _check_count(item, chosen, len(options) if kind in GROUP_TYPES else 1)
        return {"values": chosen}

    def _store_files(self, item: JsonObject, value: object) -> list[str]:
        files = [file for file in _as_list(value) if isinstance(file, Upload)]
        _check_count(item, list(files), 1)
        return [self.resolved.add_file(file) for file in files]


def _as_list(value: object) -> list[Json]:
    return value if is_array(value) else [value]


def _checked_text(item: JsonObject, value: object) -> str:
    text = item.get("value") or "" if value is None else value
    name = item["custom_id"]
    if not isinstance(text, str):
        raise NotPossibleError(f"The input {name} takes text")
    required = item.get("required")
    if not text:
        if required is None or required:
            raise NotPossibleError(f"The input {name} is required")
        return text
    low, high = item.get("min_length") or 0, item.get("max_length") or MAX_TEXT
    if not low <= len(text) <= high:
        raise NotPossibleError(f"The input {name} must be {low} to {high} characters long")
    return text


def _check_count(item: JsonObject, chosen: list[Json], most: int) -> None:
    required = item.get("required")
    least = item.get("min_values")
    least = 1 if least is None else least
    high = item.get("max_values") or most
    if not chosen and required is False:
        return
    if not least <= len(chosen) <= max(high, least):
        raise NotPossibleError(f"The input {item['custom_id']} takes {least} to {high} values")


def is_select(component: JsonObject) -> bool:
    """Whether ``component`` is a select menu."""
    return component.get("type") in SELECTS

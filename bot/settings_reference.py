"""What each environment variable means, from the fields of `Settings`.

``.env.example`` is `settings_text`, and the README's table has the same words, as a test checks.
"""

import datetime as dt
import difflib
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.provider_settings import ApiSettings
from bot.setting_types import Unset
from bot.settings import Settings

_HEADER = """\
# Every setting of Encore. Copy this into a file named .env and fill in DISCORD_TOKEN and what
# enables one service. Everything else may stay as it is: a value after an equals sign is the
# default.
"""
# Only compose.yaml reads it.
_COMPOSE = """\
# --- compose.yaml with its profile "postgres" ---

# Password of the database; put the same one into ENCORE_DATABASE_URL.
#POSTGRES_PASSWORD=
"""
_TESTS_PREFIX = "ENCORE_TEST_"  # settings of the tests (CONTRIBUTING.md)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One environment variable.

    Attributes:
        name: of the variable.
        meaning: a phrase in Markdown, without a full stop.
        default: the value that it has where it is not set; empty if there is no such value.
        unset: what holds where it is not set, in words; empty if ``default`` says it.
        is_required: whether Encore needs it.
    """

    name: str
    meaning: str
    default: str
    unset: str
    is_required: bool


def settings_of(model: type[BaseModel], prefix: str = "") -> Iterator[Setting]:
    """Yield the variables of ``model``, whose names begin with ``prefix``, without nested ones."""
    for name, field in model.model_fields.items():
        if _nested_model(field) is None:
            default, unset = _default(field)
            yield Setting(
                name=f"{prefix}{field.alias or name}".upper(),
                meaning=field.description or "",
                default=default,
                unset=unset,
                is_required=field.is_required(),
            )


def services() -> Mapping[str, type[ApiSettings]]:
    """Return the model of each service, by the field's name."""
    models = {name: _nested_model(field) for name, field in Settings.model_fields.items()}
    return {name: model for name, model in models.items() if model is not None}


def settings_by_group() -> Mapping[str, list[Setting]]:
    """Return all settings under the names of Discord, the services and Encore."""
    own = list(settings_of(Settings))
    groups = {"Discord": [each for each in own if each.name.startswith("DISCORD_")]}
    for name, model in services().items():
        label = str(Settings.model_fields[name].description)
        groups[label] = list(settings_of(model, f"{name}_"))
    groups["Encore"] = [each for each in own if each.name.startswith("ENCORE_")]
    return groups


def settings_text() -> str:
    """Return all settings with their meaning and default, in the format of ``.env``."""
    parts = [_HEADER]
    for group, settings in settings_by_group().items():
        parts.append(f"# --- {group} ---\n")
        parts += map(_setting_text, settings)
    return "\n".join([*parts, _COMPOSE])


def unknown_settings(variables: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each of ``variables`` that is named like a setting and is none."""
    known = [each.name for group in settings_by_group().values() for each in group]
    prefixes = ("ENCORE_", *(f"{name}_".upper() for name in services()))
    for name in sorted(variable.upper() for variable in variables):
        prefix = next(filter(name.startswith, prefixes), None)
        if prefix is None or name in known or name.startswith(_TESTS_PREFIX):
            continue
        candidates = [other for other in known if other.startswith(prefix)]
        similar = difflib.get_close_matches(name, candidates, n=1)
        hint = f"did you mean {similar[0]}?" if similar else "`python -m bot settings` lists them."
        yield f"{name} is not a setting of Encore: {hint}"


def _setting_text(setting: Setting) -> str:
    remark = "required" if setting.is_required else setting.unset and f"default: {setting.unset}"
    meaning = setting.meaning[0].upper() + setting.meaning[1:]
    # in a file that is no Markdown
    text = f"{meaning} ({remark})." if remark else f"{meaning}."
    comment = textwrap.fill(
        text.replace("`", "").replace("*", ""),
        width=100,
        initial_indent="# ",
        subsequent_indent="# ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    mark = "" if setting.is_required else "#"
    return f"{comment}\n{mark}{setting.name}={setting.default}\n"


def _nested_model(field: FieldInfo) -> type[ApiSettings] | None:
    """Return the model of a service's field, None for any other field."""
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, ApiSettings) else None


def _default(field: FieldInfo) -> tuple[str, str]:
    """Return the default of ``field`` as a value and in words, one of them empty."""
    for mark in field.metadata:
        if isinstance(mark, Unset):
            return "", mark.text
    if field.is_required():
        return "", ""
    value = field.default
    return (f"{value.total_seconds():g}" if isinstance(value, dt.timedelta) else str(value)), ""

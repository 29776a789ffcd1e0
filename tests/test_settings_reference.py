"""A setting's meaning is written once, in its field; all other places have the same words."""

from pathlib import Path

import pytest

from bot.provider_settings import ApiSettings
from bot.providers.registry import open_providers
from bot.settings import Settings
from bot.settings_reference import (
    Setting,
    services,
    settings_by_group,
    settings_of,
    settings_text,
    unknown_settings,
)

ROOT = Path(__file__).parent.parent


def readme_row(setting: Setting) -> str:
    default = f"`{setting.default}`" if setting.default else setting.unset
    return f"| `{setting.name}` | {setting.meaning} | {default or 'required'} |"


def readme_rows() -> list[str]:
    """The rows of README's table: what all services have stands there once."""
    rows = [readme_row(setting) for setting in settings_of(Settings)]
    rows += [readme_row(setting) for setting in settings_of(ApiSettings, "<PREFIX>_")]
    for name, model in services().items():
        if model is ApiSettings:
            continue
        own = {f"{name}_{field}".upper() for field in model.__annotations__}
        rows += [readme_row(each) for each in settings_of(model, f"{name}_") if each.name in own]
    return rows


def test_readme_has_each_setting_with_its_meaning_and_default() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("\n## Settings\n")[2].partition("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("| `")]
    assert table == readme_rows()
    assert all(f"`{name.upper()}`" in section for name in services())


def test_env_example_has_each_setting_with_its_meaning_and_default() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == settings_text()


def test_each_setting_has_a_meaning_and_says_what_holds_without_it() -> None:
    for setting in [each for group in settings_by_group().values() for each in group]:
        assert setting.meaning, setting.name
        assert not setting.meaning.endswith(".")
        assert (setting.default != "") + (setting.unset != "") + setting.is_required == 1
        assert "None" not in setting.default


async def test_services_have_the_names_that_their_adapters_have() -> None:
    api = {"api_key": "k", "base_url": "http://127.0.0.1:3000"}
    settings = Settings.model_validate({"discord_token": "t", **dict.fromkeys(services(), api)})
    async with open_providers(settings) as providers:
        labels = [provider.capabilities.label for provider in providers.values()]
    assert settings.enabled_labels == ", ".join(labels)
    assert len(labels) == len(services())


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ENCORE_DEADLNE", "did you mean ENCORE_DEADLINE?"),
        ("encore_member_limits", "did you mean ENCORE_MEMBER_LIMIT?"),
        ("AIMLAPI_KEY", "did you mean AIMLAPI_API_KEY?"),
        ("SUNO_API_KEY", "did you mean SUNO_API_API_KEY?"),
        ("SUNOSAY_COOKIE_OF_THE_DAY", "`python -m bot settings` lists them."),
    ],
)
def test_unknown_setting_is_told_with_what_may_be_meant(name: str, hint: str) -> None:
    [sentence] = unknown_settings([name])
    assert sentence == f"{name.upper()} is not a setting of Encore: {hint}"


def test_variables_of_others_are_no_unknown_settings() -> None:
    known = [each.name for group in settings_by_group().values() for each in group]
    others = ["PATH", "DISCORD_WEBHOOK", "POSTGRES_PASSWORD", "SUNO", "ENCORE_TEST_POSTGRES_URL"]
    assert list(unknown_settings([*known, *others])) == []

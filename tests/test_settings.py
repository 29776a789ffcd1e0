"""Settings from the environment and .env."""

import datetime as dt
import os
from pathlib import Path

import pytest

from bot.setting_types import Shards
from bot.settings import Settings, SettingsError, given_variables, load_settings, log_style

PREFIXES = ("AIMLAPI", "SUNOAPI_CO", "SUNO_API", "SUNOAPI_COM", "SUNOSAY", "SUNOAPI_ORG")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty working directory, and only a token and one provider in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [*os.environ]:
        if name.startswith(("DISCORD_", "ENCORE_", *PREFIXES)):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DISCORD_TOKEN", "a-secret-token")
    monkeypatch.setenv("SUNOSAY_API_KEY", "a-secret-key")


def problem() -> str:
    """Return the sentence with which loading fails."""
    with pytest.raises(SettingsError) as caught:
        load_settings()
    sentence = str(caught.value)
    assert "secret" not in f"{sentence} {caught.value!r} {caught.value.__cause__!r}"
    assert sentence.endswith(".")
    return sentence


def test_token_and_one_key_are_enough() -> None:
    settings = load_settings()
    assert settings.discord_token.get_secret_value() == "a-secret-token"
    assert settings.discord_api_url is None
    assert settings.database_url == "sqlite+aiosqlite:///encore.db"
    assert settings.provider == "sunosay"
    assert list(settings.enabled) == ["sunosay"]
    assert settings.poll_every is None
    assert settings.deadline == dt.timedelta(minutes=15)
    assert settings.reconcile_timeout == dt.timedelta(minutes=2)
    assert settings.trusted_audio_hosts == frozenset()
    assert (settings.member_limit, settings.channel_limit) == (2, 10)
    assert (settings.session_parts, settings.session_vote, settings.session_limit) == (12, 180, 3)
    assert settings.operator == ""
    assert settings.log is None
    assert settings.shards is None


def test_each_setting_is_read_from_its_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, text in {
        "DISCORD_API_URL": "http://127.0.0.1:8080/api/v10/",
        "ENCORE_DATABASE_URL": "postgresql+asyncpg://encore@db/encore",
        "ENCORE_POLL_EVERY": "0.5",
        "ENCORE_DEADLINE": "60",
        "ENCORE_RECONCILE_TIMEOUT": "0.5",
        "ENCORE_TRUSTED_AUDIO_HOSTS": " 127.0.0.1:9000, Audio.Local ,",
        "ENCORE_MEMBER_LIMIT": "0",
        "ENCORE_CHANNEL_LIMIT": "7",
        "ENCORE_SESSION_PARTS": "0",
        "ENCORE_SESSION_VOTE": "86400",
        "ENCORE_SESSION_LIMIT": "0",
        "ENCORE_OPERATOR": " <@42>  or <#43>",
        "ENCORE_LOG": "json",
        "ENCORE_SHARDS": "4,0-2/16",
        "ENCORE_STATE_DIR": str(tmp_path),
        "ENCORE_METRICS": "[::1]:9464",
        "ENCORE_NOTICES_CHANNEL": "9007199254740993",
    }.items():
        monkeypatch.setenv(name, text)
    settings = load_settings()
    assert settings.discord_api_url == "http://127.0.0.1:8080/api/v10"
    assert settings.database_url == "postgresql+asyncpg://encore@db/encore"
    assert settings.poll_every == 0.5
    assert settings.deadline == dt.timedelta(minutes=1)
    assert settings.reconcile_timeout == dt.timedelta(seconds=0.5)
    assert settings.trusted_audio_hosts == {"127.0.0.1:9000", "audio.local"}
    assert (settings.member_limit, settings.channel_limit) == (0, 7)
    assert (settings.session_parts, settings.session_vote, settings.session_limit) == (0, 86_400, 0)
    assert settings.operator == "<@42> or <#43>"
    assert settings.log == "json"
    assert settings.state_dir == tmp_path
    assert settings.metrics == ("::1", 9464)
    assert settings.notices_channel == 9007199254740993
    assert settings.shards == Shards((0, 1, 2, 4), 16)
    assert str(settings.shards) == "0,1,2,4/16"
    assert settings.shards.share == 0.25


@pytest.mark.parametrize("prefix", PREFIXES)
def test_each_provider_has_its_variables(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    monkeypatch.setenv(f"{prefix}_API_KEY", " a-secret-key ")
    monkeypatch.setenv(f"{prefix}_BASE_URL", "http://localhost:3000/suno/")
    monkeypatch.setenv(f"{prefix}_SUBMIT_EVERY", "2.5")
    monkeypatch.setenv(f"{prefix}_QUERY_EVERY", "0")
    monkeypatch.setenv("ENCORE_PROVIDER", prefix.lower())
    settings = load_settings()
    assert settings.provider == prefix.lower()
    api = settings.enabled[prefix.lower()]
    assert api.api_key is not None
    assert api.api_key.get_secret_value() == "a-secret-key"
    assert api.base_url == "http://localhost:3000/suno"
    assert (api.submit_every, api.query_every) == (2.5, 0)


def test_setting_of_a_single_provider_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUNO_API_BASE_URL", "http://localhost:3000")
    monkeypatch.setenv("SUNO_API_COOKIE", "__client=a-secret; other=1")
    monkeypatch.setenv("SUNOAPI_CO_CONTINUE_AT", "number")
    monkeypatch.setenv("SUNO_API_MODEL", "chirp-hawk")
    monkeypatch.setenv("SUNO_API_SUBMIT_TIMEOUT", "120")
    monkeypatch.setenv("SUNOAPI_CO_TASK_PATH", "/music/query")
    settings = load_settings()
    assert settings.suno_api.cookie is not None
    assert settings.suno_api.cookie.get_secret_value() == "__client=a-secret; other=1"
    assert settings.sunoapi_co.continue_at == "number"
    assert settings.suno_api.model == "chirp-hawk"
    assert settings.suno_api.submit_timeout == 120
    assert settings.sunoapi_co.task_path == "/music/query"


def test_suno_api_is_enabled_by_its_address_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUNO_API_BASE_URL", "http://localhost:3000")
    settings = load_settings()
    assert list(settings.enabled) == ["suno_api", "sunosay"]
    assert settings.provider == "suno_api"


def test_address_without_key_enables_no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIMLAPI_BASE_URL", "https://api.example")
    assert list(load_settings().enabled) == ["sunosay"]


def test_environment_overrides_the_env_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ENCORE_MEMBER_LIMIT", "5")
    Path(".env").write_text(
        "ENCORE_MEMBER_LIMIT=3\nENCORE_CHANNEL_LIMIT=4\nAIMLAPI_API_KEY=k\nOTHER=1\n", "utf-8"
    )
    settings = load_settings()
    assert (settings.member_limit, settings.channel_limit) == (5, 4)
    assert settings.provider == "aimlapi"


def test_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AIMLAPI_API_KEY", "SUNO_API_BASE_URL", "ENCORE_PROVIDER", "ENCORE_POLL_EVERY"):
        monkeypatch.setenv(name, "")
    assert list(load_settings().enabled) == ["sunosay"]


@pytest.mark.parametrize("name", ["LOG", "PROVIDER", "DEADLINE"])
def test_unknown_variables_are_ignored(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    before = load_settings()
    monkeypatch.setenv(name, "something")
    assert load_settings() == before


def test_secrets_are_not_in_the_repr() -> None:
    assert "secret" not in f"{load_settings()!r} {load_settings()}"


def test_trusted_host_may_be_an_ipv6_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCORE_TRUSTED_AUDIO_HOSTS", "::1,localhost,a-b.example:80")
    assert load_settings().trusted_audio_hosts == {"::1", "localhost", "a-b.example:80"}


def test_trusted_hosts_may_be_given_as_a_set() -> None:
    settings = Settings(encore_trusted_audio_hosts={"a"}, encore_deadline=dt.timedelta(1))
    assert settings.trusted_audio_hosts == {"a"}
    assert settings.deadline == dt.timedelta(days=1)


def test_missing_token_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "")
    assert problem().startswith("DISCORD_TOKEN is not set: put the bot's token")


def test_error_without_provider_says_how_to_enable_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUNOSAY_API_KEY")
    sentence = problem()
    assert sentence.startswith("No service is enabled: set AIMLAPI_API_KEY")
    assert "SUNO_API_BASE_URL" in sentence


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("ENCORE_METRICS", "9464", "must be an address and a port, such as 127.0.0.1:9464"),
        ("ENCORE_METRICS", "localhost:99999", "must be an address and a port"),
        ("ENCORE_METRICS", "http://secret:80", "must be an address and a port"),
        ("ENCORE_NOTICES_CHANNEL", "general", "must be a whole number."),
        ("ENCORE_PROVIDER", "aimlapi", "must name an enabled service: sunosay"),
        ("DISCORD_API_URL", "secret.example", "must be an address that begins with https://"),
        ("DISCORD_API_URL", "http://secret:port", "must be an address that begins with https://"),
        ("SUNOSAY_BASE_URL", "ftp://secret.example", "must be an address that begins with"),
        ("SUNOSAY_BASE_URL", "https://a secret", "must be an address that begins with"),
        ("SUNOSAY_BASE_URL", "https://u:secret@a.example", "without user name, password"),
        ("SUNOSAY_BASE_URL", "https://a.example?key=secret", "without user name, password"),
        ("SUNOSAY_API_KEY", "two\nsecret lines", "must be one line of plain characters"),
        ("SUNOSAY_API_KEY", "  ", "must be one line of plain characters"),
        ("SUNOSAY_API_KEY", "“secret”", "must be one line of plain characters"),
        ("SUNOSAY_SUBMIT_EVERY", "-1", "must be greater than or equal to 0"),
        ("SUNOSAY_QUERY_EVERY", "nan", "must be a finite number"),
        ("SUNOAPI_CO_CONTINUE_AT", "secret", "must be 'text' or 'number'"),
        ("SUNO_API_COOKIE", "a-secret", "must contain __client="),
        ("SUNO_API_COOKIE", "__client_uat=1; not__client=secret", "must contain __client="),
        ("SUNO_API_COOKIE", "'__client=secret'", "must contain __client="),
        ("SUNO_API_MODEL", "a secret", "must be one word"),
        ("SUNO_API_SUBMIT_TIMEOUT", "0", "must be greater than"),
        ("SUNO_API_SUBMIT_TIMEOUT", "3601", "must be less than or equal to 3600"),
        ("SUNOAPI_CO_TASK_PATH", "https://secret.example", "must be a path that begins with /"),
        ("SUNOAPI_CO_TASK_PATH", "/music?secret", "must be a path that begins with /"),
        ("ENCORE_POLL_EVERY", "0", "must be greater than 0"),
        ("ENCORE_DEADLINE", "secret", "must be a number of seconds"),
        ("ENCORE_DEADLINE", "nan", "must be a number of seconds"),
        ("ENCORE_DEADLINE", "0", "must be a number of seconds"),
        ("ENCORE_MEMBER_LIMIT", "secret", "must be a whole number."),
        ("ENCORE_CHANNEL_LIMIT", "-1", "must be greater than or equal to 0"),
        ("ENCORE_SESSION_PARTS", "-1", "must be greater than or equal to 0"),
        ("ENCORE_SESSION_PARTS", "101", "must be less than or equal to 100"),
        ("ENCORE_SESSION_VOTE", "29", "must be greater than or equal to 30"),
        ("ENCORE_SESSION_VOTE", "86401", "must be less than or equal to 86400"),
        ("ENCORE_SESSION_VOTE", "secret", "must be a whole number."),
        ("ENCORE_SESSION_LIMIT", "-1", "must be greater than or equal to 0"),
        ("ENCORE_LOG", "secret", "must be 'console' or 'json'"),
        ("ENCORE_TRUSTED_AUDIO_HOSTS", "http://secret", "must be hosts such as 127.0.0.1:9000"),
        ("ENCORE_TRUSTED_AUDIO_HOSTS", "a.example, secret/path", "without a path"),
        ("ENCORE_TRUSTED_AUDIO_HOSTS", "secret host", "must be hosts"),
        ("ENCORE_TRUSTED_AUDIO_HOSTS", "*.secret", "must be hosts"),
        ("ENCORE_STATE_DIR", "/no/such/folder", "must be an existing folder."),
    ],
)
def test_wrong_setting_error_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, told: str
) -> None:
    monkeypatch.setenv(name, text)
    sentence = problem()
    assert sentence.startswith(f"{name} ")
    assert told in sentence


def test_variable_named_only_like_a_provider_is_explained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SUNOSAY", "a-secret-key")
    assert "SUNOSAY_API_KEY" in problem()


def test_env_file_that_is_no_text_is_one_sentence() -> None:
    Path(".env").write_bytes(b"ENCORE_LOG=json\nENCORE_PROVIDER=\xff\n")
    assert problem().startswith("The file .env can't be read")
    assert log_style() is None


def test_style_of_the_log_is_known_though_other_settings_are_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DISCORD_TOKEN")
    assert log_style() is None
    Path(".env").write_text("ENCORE_LOG=json\n", "utf-8")
    assert log_style() == "json"
    monkeypatch.setenv("ENCORE_LOG", "console")
    assert log_style() == "console"
    monkeypatch.setenv("ENCORE_LOG", "loud")
    assert log_style() is None


def test_given_variables_are_those_of_environment_and_env_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text("ENCORE_FROM_FILE=1\n#ENCORE_COMMENT=1\n", "utf-8")
    monkeypatch.setenv("ENCORE_FROM_ENVIRONMENT", "1")
    monkeypatch.setenv("ENCORE_EMPTY", "")
    given = given_variables()
    assert {"encore_from_file", "encore_from_environment", "sunosay_api_key"} <= given.keys()
    assert not {"encore_comment", "encore_empty"} & given.keys()


def test_models_of_sunoapi_org_are_a_list_with_the_default_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load_settings().sunoapi_org.offered_models == ("V6", "V6_WILD", "V6_MINI")
    monkeypatch.setenv("SUNOAPI_ORG_MODELS", " V5, V6 ,,V5")
    assert load_settings().sunoapi_org.offered_models == ("V5", "V6")
    monkeypatch.setenv("SUNOAPI_ORG_MODEL", "V4_5ALL")
    assert load_settings().sunoapi_org.offered_models == ("V4_5ALL", "V5", "V6")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SUNOAPI_ORG_MODELS", " , "),
        ("SUNOAPI_ORG_MODELS", "V5 or V6"),
        ("SUNOAPI_ORG_MODEL", "the best"),
        ("SUNOAPI_ORG_ROUTE", "v2"),
        ("SUNOAPI_ORG_CALLBACK_URL", "encore.invalid"),
    ],
)
def test_wrong_setting_of_sunoapi_org_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(name, text)
    assert problem().startswith(f"{name} must be")


@pytest.mark.parametrize(
    "text",
    ["0", "4/4", "0-4/4", "2-1/4", "0/0", "a/4", "/4", "0,/4", "0-3", "0/20000", "0-1-2/8", "-1/4"],
)
def test_wrong_shards_are_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("ENCORE_SHARDS", text)
    assert problem() == (
        "ENCORE_SHARDS must be shards of so many in all, such as 0-3/16 or 0,1/4: "
        "each less than the number after the slash, which is 16384 at most."
    )


def test_one_shard_may_be_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCORE_SHARDS", " 0 / 1 ")
    assert load_settings().shards == Shards((0,), 1)

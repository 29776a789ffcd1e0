"""Typed settings from the environment and ``.env``; nothing is read at import.

Of the providers it knows only the names, from which the names of their variables are made.
"""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    DirectoryPath,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableError

LONGEST_DEADLINE = dt.timedelta(days=7)


class SettingsError(Exception):
    """A setting is wrong or missing; the text is one sentence with its name and what to do."""


def _address(text: str) -> str:
    """Return a base URL without its last slash; it may have a path."""
    wrong = ValueError("must be an address that begins with https:// or http://")
    try:
        parts = urlsplit(text.strip())
        is_one = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        raise wrong from None
    if not is_one or any(letter.isspace() for letter in parts.geturl()):
        raise wrong
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("must be an address without user name, password, ? and #")
    return parts.geturl().rstrip("/")


def _path(text: str) -> str:
    """Return a path that can be appended to a base URL."""
    if not re.fullmatch(r"/[\w./~-]*", text.strip(), re.ASCII):
        raise ValueError("must be a path that begins with /")
    return text.strip()


def _header(secret: SecretStr) -> SecretStr:
    """Return a key without surrounding spaces, if it is valid in an HTTP header."""
    text = secret.get_secret_value().strip()
    if not (text and text.isascii() and text.isprintable()):
        raise ValueError("must be one line of plain characters, copied without quotes")
    return SecretStr(text)


def _session_cookie(cookie: SecretStr) -> SecretStr:
    """Return a cookie that suno-api uses; one without ``__client`` it ignores (providers.md §3.1).

    It would then use, and charge, the server's own account.
    """
    if not re.search(r"(?:^|;\s*)__client=", cookie.get_secret_value()):
        raise ValueError("must contain __client=, as the Cookie header of suno.com's requests does")
    return cookie


def _model(word: str) -> str:
    if not re.fullmatch(r"[\w.-]{0,64}", word.strip(), re.ASCII):
        raise ValueError("must be one word, such as chirp-hawk")
    return word.strip()


def _hosts(text: object) -> object:
    """Return the hosts in a comma-separated text."""
    if not isinstance(text, str):
        return text
    return frozenset(host.strip().lower() for host in text.split(",") if host.strip())


def _seconds(text: object) -> object:
    """Return a number of seconds as a timedelta."""
    if not isinstance(text, str):
        return text
    try:
        span = dt.timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        span = dt.timedelta(0)
    if not dt.timedelta(0) < span <= LONGEST_DEADLINE:
        raise ValueError("must be a number of seconds greater than 0, a week at most")
    return span


Path = Annotated[str, AfterValidator(_path)]
Address = Annotated[str, AfterValidator(_address)]
Secret = Annotated[SecretStr, AfterValidator(_header)]
Interval = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]


class ApiSettings(BaseModel):
    """How to reach one provider; None means the value of its contract."""

    model_config = ConfigDict(frozen=True)

    api_key: Secret | None = None
    base_url: Address | None = None
    submit_every: Interval | None = None
    query_every: Interval | None = None

    @property
    def is_enabled(self) -> bool:
        """Whether enough is set to use the provider."""
        return self.api_key is not None


class SunoApiCoSettings(ApiSettings):
    """sunoapi.co, whose documents contradict each other (providers.md §2.2, §2.3).

    Attributes:
        continue_at: the type in which the second is sent.
        task_path: where the state of a task is asked for; None is the path documented last.
    """

    continue_at: Literal["text", "number"] = "text"
    task_path: Path | None = None


class SunoApiSettings(ApiSettings):
    """A self-hosted suno-api: an address, no key, a cookie where several accounts share it.

    Attributes:
        cookie: selects the Suno account; None is the server's own.
        model: sent where a member chose none; empty is the server's default.
        submit_timeout: seconds to wait for the answer to a submission; the server may have a
            captcha solved first.
    """

    cookie: Annotated[Secret, AfterValidator(_session_cookie)] | None = None
    model: Annotated[str, AfterValidator(_model)] = ""
    submit_timeout: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] = 300

    @property
    def is_enabled(self) -> bool:
        """Whether its address is set; it has no default."""
        return self.base_url is not None


class Settings(BaseSettings):
    """All settings (architecture.md §5); a field is its variable in lower case.

    Attributes:
        provider: used when a member names none and the clip is unknown; by default the first
            enabled one.
        poll_every: a fixed interval for the tracker, in seconds; None is the learned one.
        deadline: the time after which an unfinished extension expires.
        reconcile_timeout: how long a provider that lists recent clips (suno_api) is searched for
            the result of an interrupted submission, before the reply says *No answer*.
        state_dir: an existing folder for what could not be saved to the database when Encore was
            stopped; None is the folder of the SQLite file, and no folder with PostgreSQL.
        trusted_audio_hosts: ``host`` or ``host:port``, in lower case.
        member_limit, channel_limit: extensions in progress at once; 0 is no limit.
        session_parts: how many parts one session may have made; 0 turns sessions off.
        session_vote: seconds that a vote runs where the host says nothing.
        session_limit: sessions at once per server; 0 is no limit.
        log: None is ``console`` on a terminal, else ``json``.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        # AIMLAPI_API_KEY is ``aimlapi.api_key``: the field's name, one delimiter, the rest
        env_nested_delimiter="_",
        env_nested_max_split=1,
        extra="ignore",
        frozen=True,
    )

    discord_token: Secret
    discord_api_url: Address | None = None
    database_url: str = Field(
        "sqlite+aiosqlite:///encore.db", alias="encore_database_url", repr=False
    )
    provider: str = Field("", alias="encore_provider")
    poll_every: float | None = Field(
        None, alias="encore_poll_every", gt=0, le=3600, allow_inf_nan=False
    )
    deadline: Annotated[dt.timedelta, BeforeValidator(_seconds)] = Field(
        dt.timedelta(seconds=900), alias="encore_deadline"
    )
    # a suno-api may wait that long for a captcha before its clips can be listed
    reconcile_timeout: Annotated[dt.timedelta, BeforeValidator(_seconds)] = Field(
        dt.timedelta(seconds=120), alias="encore_reconcile_timeout"
    )
    state_dir: DirectoryPath | None = Field(None, alias="encore_state_dir")
    trusted_audio_hosts: Annotated[frozenset[str], NoDecode, BeforeValidator(_hosts)] = Field(
        frozenset(), alias="encore_trusted_audio_hosts"
    )
    member_limit: int = Field(2, alias="encore_member_limit", ge=0)
    channel_limit: int = Field(10, alias="encore_channel_limit", ge=0)
    session_parts: int = Field(12, alias="encore_session_parts", ge=0, le=100)
    session_vote: int = Field(180, alias="encore_session_vote", ge=30, le=86_400)
    session_limit: int = Field(3, alias="encore_session_limit", ge=0)
    log: Literal["console", "json"] | None = Field(None, alias="encore_log")

    aimlapi: ApiSettings = ApiSettings()
    sunoapi_co: SunoApiCoSettings = SunoApiCoSettings()
    suno_api: SunoApiSettings = SunoApiSettings()
    sunoapi_com: ApiSettings = ApiSettings()
    sunosay: ApiSettings = ApiSettings()

    @property
    def enabled(self) -> Mapping[str, ApiSettings]:
        """The providers that can be used, by name, in the order of the documentation."""
        apis = {
            "aimlapi": self.aimlapi,
            "sunoapi_co": self.sunoapi_co,
            "suno_api": self.suno_api,
            "sunoapi_com": self.sunoapi_com,
            "sunosay": self.sunosay,
        }
        return {name: api for name, api in apis.items() if api.is_enabled}

    @model_validator(mode="after")
    def _choose_provider(self) -> Self:
        enabled = self.enabled
        if not enabled:
            raise ValueError(
                "No provider is enabled: set AIMLAPI_API_KEY, SUNOAPI_CO_API_KEY, "
                "SUNO_API_BASE_URL, SUNOAPI_COM_API_KEY or SUNOSAY_API_KEY."
            )
        chosen = self.provider or next(iter(enabled))
        if chosen not in enabled:
            raise ValueError(
                f"ENCORE_PROVIDER must name an enabled provider: {', '.join(enabled)}."
            )
        object.__setattr__(self, "provider", chosen)
        return self


def load_settings() -> Settings:
    """Return the settings of the environment and of ``.env`` in the working directory.

    Raises:
        SettingsError: one is wrong or missing; its value is not in the text.
    """
    try:
        return Settings()  # pyright: ignore[reportCallIssue] - the environment gives the rest
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None
    except UnreadableError:
        raise SettingsError(
            "A variable that is named like a provider alone (such as SUNOSAY) can't be read: "
            "use SUNOSAY_API_KEY and its like."
        ) from None


def _sentence(error: ValidationError) -> str:
    """Return the first error as a sentence with its variable's name, but never its value."""
    first = error.errors(include_url=False, include_input=False)[0]
    problem = first["msg"].removeprefix("Value error, ").rstrip(".")
    variable = "_".join(str(part) for part in first["loc"]).upper()
    if not variable:
        return f"{problem}."
    if first["type"] == "missing":
        return f"{variable} is not set: put the bot's token there (see .env.example)."
    problem = problem.replace("Input should be", "must be", 1)
    return f"{variable} {problem}."

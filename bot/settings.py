"""Typed settings from the environment and ``.env``; nothing is read at import.

What a setting means is written once, as the description of its field, and so is what holds where it
is not set (`Unset`). `bot.settings_reference` prints both.
"""

import datetime as dt
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self
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
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as UnreadableError

LONGEST_DEADLINE = dt.timedelta(days=7)

LogStyle = Literal["console", "json"]


@dataclass(frozen=True, slots=True)
class Unset:
    """Marks a field whose default says nothing to a reader: what holds where it is not set."""

    text: str


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


def _are_hosts(hosts: frozenset[str]) -> frozenset[str]:
    """Return ``hosts``, each of which is ``host`` or ``host:port``."""
    if not all(map(_is_host, hosts)):
        raise ValueError(
            "must be hosts such as 127.0.0.1:9000 or audio.example, separated by commas, "
            "without http:// and without a path"
        )
    return hosts


def _is_host(text: str) -> bool:
    if re.fullmatch(r"[\w.-]+(?::\d{1,5})?", text):
        return True
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


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

    api_key: Annotated[Secret | None, Unset("none")] = Field(
        default=None, description="key of the service, which enables it"
    )
    base_url: Annotated[Address | None, Unset("the service's own")] = Field(
        default=None, description="address of the service, such as a proxy's; it may have a path"
    )
    submit_every: Annotated[Interval | None, Unset("as the service documents")] = Field(
        default=None, description="least seconds between two submissions; 0 is no limit"
    )
    query_every: Annotated[Interval | None, Unset("as the service documents")] = Field(
        default=None, description="least seconds between two questions for results; 0 is no limit"
    )

    # whether it serves the audio itself, to Encore alone
    serves_audio: ClassVar[bool] = False

    @property
    def is_enabled(self) -> bool:
        """Whether enough is set to use the provider."""
        return self.api_key is not None

    @property
    def key(self) -> str:
        """The key as text; empty if none is set."""
        return self.api_key.get_secret_value() if self.api_key else ""


class SunoApiCoSettings(ApiSettings):
    """sunoapi.co, whose documents contradict each other (providers.md §2.2, §2.3)."""

    continue_at: Literal["text", "number"] = Field(
        default="text",
        description=(
            "how sunoapi.co is sent the second to continue at, as `text` or as `number`: "
            "its documents differ"
        ),
    )
    task_path: Annotated[Path | None, Unset("`/suno/music/get-task`")] = Field(
        default=None,
        description=(
            "path at which sunoapi.co is asked for a result; older documents have `/music/query`"
        ),
    )


class SunoApiSettings(ApiSettings):
    """A self-hosted suno-api: an address, no key, a cookie where several accounts share it."""

    api_key: Annotated[Secret | None, Unset("none")] = Field(
        default=None, description="key that a proxy in front of your suno-api asks for"
    )
    base_url: Annotated[Address | None, Unset("none")] = Field(
        default=None,
        description="address of your suno-api, such as `http://127.0.0.1:3000`, which enables it",
    )
    submit_every: Annotated[Interval | None, Unset("no limit")] = Field(
        default=None,
        description=(
            "least seconds between two submissions; 20 to 30 where captchas appear, "
            "since each of them opens a browser on that server"
        ),
    )
    cookie: Annotated[
        Secret | None, AfterValidator(_session_cookie), Unset("the server's own account")
    ] = Field(
        default=None,
        description=(
            "account that suno-api uses: the `Cookie` header of suno.com's requests, "
            "which contains `__client=`"
        ),
    )
    model: Annotated[str, AfterValidator(_model), Unset("the server's own, `chirp-v3-5`")] = Field(
        default="",
        description="model of suno-api for members who choose none, such as `chirp-hawk`",
    )
    submit_timeout: float = Field(
        default=300,
        gt=0,
        le=3600,
        allow_inf_nan=False,
        description=(
            "seconds to wait for suno-api's answer to a submission; it may solve a captcha first"
        ),
    )

    @property
    def is_enabled(self) -> bool:
        """Whether its address is set; it has no default."""
        return self.base_url is not None


class AceStepSettings(ApiSettings):
    """A self-hosted ACE-Step: an address, and a key where one is set there."""

    serves_audio: ClassVar[bool] = True

    api_key: Annotated[Secret | None, Unset("none")] = Field(
        default=None, description="key that your ACE-Step asks for, if it does"
    )
    base_url: Annotated[Address | None, Unset("none")] = Field(
        default=None,
        description="address of your ACE-Step, such as `http://127.0.0.1:8001`, which enables it",
    )
    submit_every: Annotated[Interval | None, Unset("no limit")] = Field(
        default=None,
        description="least seconds between two submissions; it queues them itself",
    )
    length: float = Field(
        default=60,
        ge=10,
        le=90,
        allow_inf_nan=False,
        description="seconds of a new part for members who choose none, 10 to 90",
    )
    model: Annotated[str, AfterValidator(_model), Unset("the server's own")] = Field(
        default="", description="model that your ACE-Step has loaded, such as `acestep-v15-turbo`"
    )
    inference_steps: int = Field(
        default=8,
        ge=1,
        le=200,
        description="steps of ACE-Step: 8 for turbo models, 32 to 64 for base models",
    )
    deadline: Annotated[dt.timedelta, BeforeValidator(_seconds)] = Field(
        default=dt.timedelta(seconds=2700),
        description=(
            "seconds that an extension of ACE-Step may take, where that is more than "
            "`ENCORE_DEADLINE`"
        ),
    )

    @property
    def is_enabled(self) -> bool:
        """Whether its address is set; it has no default."""
        return self.base_url is not None


class Settings(BaseSettings):
    """All settings (architecture.md §5); a field is its variable in lower case.

    The description of a provider's field is the provider's name as people read it.
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

    discord_token: Secret = Field(
        description=(
            "token of your bot: in Discord's developer portal choose your application, "
            "*Bot*, *Reset Token*"
        )
    )
    discord_api_url: Annotated[Address | None, Unset("Discord's own")] = Field(
        None, description="address of Discord's REST API, such as a proxy's or the sandbox's"
    )

    aimlapi: ApiSettings = Field(ApiSettings(), description="AIML API")
    sunoapi_co: SunoApiCoSettings = Field(SunoApiCoSettings(), description="sunoapi.co")
    suno_api: SunoApiSettings = Field(SunoApiSettings(), description="suno-api")
    sunoapi_com: ApiSettings = Field(ApiSettings(), description="sunoapi.com")
    sunosay: ApiSettings = Field(ApiSettings(), description="sunosay.com")
    acestep: AceStepSettings = Field(AceStepSettings(), description="ACE-Step")

    database_url: str = Field(
        "sqlite+aiosqlite:///encore.db",
        alias="encore_database_url",
        repr=False,
        description=(
            "SQLAlchemy URL of the database: SQLite for one process, or PostgreSQL, which several "
            "may share, such as `postgresql+asyncpg://encore:password@localhost/encore` "
            "after `pip install 'encore[postgres]'`"
        ),
    )
    state_dir: Annotated[
        DirectoryPath | None, Unset("the folder of the SQLite file; none with PostgreSQL")
    ] = Field(
        None,
        alias="encore_state_dir",
        description=(
            "existing folder that outlives the process: kept there are uploaded files, audio that "
            "has no public link, and, if the database can't be reached when Encore stops, the "
            "answers to paid requests until the next start"
        ),
    )
    provider: Annotated[str, Unset("the first that is enabled")] = Field(
        "",
        alias="encore_provider",
        description=(
            "service used where a member chooses none and the clip is unknown, such as `sunosay`"
        ),
    )
    poll_every: Annotated[float | None, Unset("learned from how long results take")] = Field(
        None,
        alias="encore_poll_every",
        gt=0,
        le=3600,
        allow_inf_nan=False,
        description="seconds between two questions to a service about one extension",
    )
    deadline: Annotated[dt.timedelta, BeforeValidator(_seconds)] = Field(
        dt.timedelta(seconds=900),
        alias="encore_deadline",
        description="seconds after which Encore gives up an unfinished extension",
    )
    # a suno-api may wait that long for a captcha before its clips can be listed
    reconcile_timeout: Annotated[dt.timedelta, BeforeValidator(_seconds)] = Field(
        dt.timedelta(seconds=120),
        alias="encore_reconcile_timeout",
        description=(
            "seconds for which a suno-api is searched for the result of an interrupted request, "
            "before the reply says *No answer*"
        ),
    )
    trusted_audio_hosts: Annotated[
        frozenset[str],
        NoDecode,
        BeforeValidator(_hosts),
        AfterValidator(_are_hosts),
        Unset("none"),
    ] = Field(
        frozenset(),
        alias="encore_trusted_audio_hosts",
        description=(
            "hosts, separated by commas, from which audio may come over plain http or from a "
            "private address, such as `127.0.0.1:9000`"
        ),
    )
    member_limit: int = Field(
        2,
        alias="encore_member_limit",
        ge=0,
        description="extensions in progress at once per member; 0 is no limit",
    )
    channel_limit: int = Field(
        10,
        alias="encore_channel_limit",
        ge=0,
        description="extensions in progress at once per channel; 0 is no limit",
    )
    session_parts: int = Field(
        12,
        alias="encore_session_parts",
        ge=0,
        le=100,
        description="parts that one session may have made, 100 at most; 0 turns sessions off",
    )
    session_vote: int = Field(
        180,
        alias="encore_session_vote",
        ge=30,
        le=86_400,
        description="seconds that a vote runs where the host says nothing, 30 to 86400",
    )
    session_limit: int = Field(
        3,
        alias="encore_session_limit",
        ge=0,
        description="sessions at once per server; 0 is no limit",
    )
    log: Annotated[LogStyle | None, Unset("`console` on a terminal, else `json`")] = Field(
        None, alias="encore_log", description="form of the log, `console` or `json`"
    )

    @property
    def enabled(self) -> Mapping[str, ApiSettings]:
        """The providers that can be used, by name, in the order of the documentation."""
        apis = {
            "aimlapi": self.aimlapi,
            "sunoapi_co": self.sunoapi_co,
            "suno_api": self.suno_api,
            "sunoapi_com": self.sunoapi_com,
            "sunosay": self.sunosay,
            "acestep": self.acestep,
        }
        return {name: api for name, api in apis.items() if api.is_enabled}

    @property
    def enabled_labels(self) -> str:
        """The names of the enabled providers as people read them."""
        return ", ".join(str(Settings.model_fields[name].description) for name in self.enabled)

    @model_validator(mode="after")
    def _choose_provider(self) -> Self:
        enabled = self.enabled
        if not enabled:
            raise ValueError(
                "No provider is enabled: set AIMLAPI_API_KEY, SUNOAPI_CO_API_KEY, "
                "SUNO_API_BASE_URL, SUNOAPI_COM_API_KEY, SUNOSAY_API_KEY or ACESTEP_BASE_URL."
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
    given_variables()
    try:
        return Settings()  # pyright: ignore[reportCallIssue] - the environment gives the rest
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None
    except UnreadableError:
        raise SettingsError(
            "A variable that is named like a provider alone (such as SUNOSAY) can't be read: "
            "use SUNOSAY_API_KEY and its like."
        ) from None


def given_variables() -> Mapping[str, str]:
    """Return the variables of the environment and ``.env`` that are not empty, in lower case.

    Raises:
        SettingsError: ``.env`` is not text.
    """
    try:
        sources = DotEnvSettingsSource(Settings).env_vars, EnvSettingsSource(Settings).env_vars
    except UnicodeDecodeError:
        raise SettingsError("The file .env can't be read: it must be text in UTF-8.") from None
    return {name: text for source in sources for name, text in source.items() if text}


def log_style() -> LogStyle | None:
    """Return what ENCORE_LOG says; None if it is not set or wrong.

    It needs no other setting, so that even a wrong one can be logged in the style that is set.
    """
    try:
        text = given_variables().get("encore_log")
    except SettingsError:
        return None
    return text if text in ("console", "json") else None


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

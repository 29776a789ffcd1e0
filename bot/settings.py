"""Typed settings from the environment and ``.env``; nothing is read at import.

What a setting means is written once, as the description of its field, and so is what holds where it
is not set (`Unset`). `bot.settings_reference` prints both.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, DirectoryPath, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as UnreadableError

from bot.domain.text import collapse_whitespace
from bot.provider_settings import (
    AceStepSettings,
    ApiSettings,
    SunoApiCoSettings,
    SunoApiOrgSettings,
    SunoApiSettings,
)
from bot.setting_types import Address, HostAndPort, Hosts, Seconds, Secret, ShardsOfAll, Unset

LogStyle = Literal["console", "json"]


class SettingsError(Exception):
    """A setting is wrong or missing; the text is one sentence with its name and what to do."""


class Settings(BaseSettings):
    """All settings; a field is its variable in lower case.

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
    sunoapi_org: SunoApiOrgSettings = Field(SunoApiOrgSettings(), description="SunoAPI.org")
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
    shards: Annotated[ShardsOfAll | None, NoDecode, Unset("all, as many as Discord says")] = Field(
        None,
        alias="encore_shards",
        description=(
            "shards that this process serves, of how many in all, such as `0-3/16` or `0,1/4`, "
            "where several processes share the work"
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
        description="seconds between two checks on one extension with its service",
    )
    deadline: Seconds = Field(
        dt.timedelta(seconds=900),
        alias="encore_deadline",
        description="seconds after which Encore gives up an unfinished extension",
    )
    # a suno-api may wait that long for a captcha before its clips can be listed
    reconcile_timeout: Seconds = Field(
        dt.timedelta(seconds=120),
        alias="encore_reconcile_timeout",
        description=(
            "seconds for which a suno-api is searched for the result of an interrupted request, "
            "before the reply says that there was no clear answer"
        ),
    )
    trusted_audio_hosts: Annotated[Hosts, NoDecode, Unset("none")] = Field(
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
    keep_days: int = Field(
        0,
        alias="encore_keep_days",
        ge=0,
        le=36_500,
        description=(
            "days after which finished requests, their clips and sessions are forgotten, unless "
            "newer ones go on from them; 0 keeps them for ever"
        ),
    )
    metrics: Annotated[HostAndPort | None, NoDecode, Unset("off")] = Field(
        None,
        alias="encore_metrics",
        description=(
            "address and port, such as `127.0.0.1:9464`, at which Prometheus finds `/metrics` "
            "and a probe finds `/health`; keep it private"
        ),
    )
    notices_channel: Annotated[int | None, Unset("a direct message to the bot's owner")] = Field(
        None,
        alias="encore_notices_channel",
        gt=0,
        lt=2**63,
        description=(
            "id of the channel in which Encore says, once, what only you can mend: a key that is "
            "refused, credits that are used up, a disk that is nearly full"
        ),
    )
    operator: Annotated[
        str,
        AfterValidator(collapse_whitespace),
        Field(max_length=200),
        Unset("the owner of the application, by name"),
    ] = Field(
        "",
        alias="encore_operator",
        description=(
            "whom members are asked to tell what only you can mend, as *Please tell …* ends: a "
            "name, or a mention such as `<@80351110224678912>`"
        ),
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
            "sunoapi_org": self.sunoapi_org,
            "acestep": self.acestep,
        }
        return {name: api for name, api in apis.items() if api.is_enabled}

    @property
    def keep(self) -> dt.timedelta | None:
        """How long what is finished is kept; None is for ever."""
        return dt.timedelta(days=self.keep_days) if self.keep_days else None

    @property
    def enabled_labels(self) -> str:
        """The names of the enabled providers as people read them."""
        return ", ".join(str(Settings.model_fields[name].description) for name in self.enabled)

    @model_validator(mode="after")
    def _choose_provider(self) -> Self:
        enabled = self.enabled
        if not enabled:
            raise ValueError(
                "No service is enabled: set AIMLAPI_API_KEY, SUNOAPI_CO_API_KEY, "
                "SUNO_API_BASE_URL, SUNOAPI_COM_API_KEY, SUNOSAY_API_KEY, SUNOAPI_ORG_API_KEY "
                "or ACESTEP_BASE_URL."
            )
        chosen = self.provider or next(iter(enabled))
        if chosen not in enabled:
            raise ValueError(f"ENCORE_PROVIDER must name an enabled service: {', '.join(enabled)}.")
        object.__setattr__(self, "provider", chosen)
        return self


_ALONE = (
    "A variable that is named like a service alone (such as SUNOSAY) can't be read: "
    "use SUNOSAY_API_KEY and its like."
)
# what pydantic does not say in words for an operator, by its name of the error
_PROBLEMS = {
    "path_not_directory": "must be an existing folder",
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "string_too_long": "is too long",
}


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
        raise SettingsError(_ALONE) from None


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
    if first["type"] == "model_type":
        return _ALONE
    problem = _PROBLEMS.get(first["type"]) or problem.replace("Input should be", "must be", 1)
    return f"{variable} {problem}."

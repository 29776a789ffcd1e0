"""Typed settings from the environment and ``.env``; nothing is read at import.

What a setting means is written once, as the description of its field, and so is what holds where it
is not set (`Unset`). `bot.settings_reference` prints both.
"""

import datetime as dt
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, NamedTuple, Self
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

from bot.domain.text import collapse_whitespace

LONGEST_DEADLINE = dt.timedelta(days=7)
LAST_PORT = 65535
MAX_SHARDS = 16_384

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
    """Return a cookie that suno-api uses; one without ``__client`` it ignores.

    It would then use, and charge, the server's own account.
    """
    if not re.search(r"(?:^|;\s*)__client=", cookie.get_secret_value()):
        raise ValueError("must contain __client=, as the Cookie header of suno.com's requests does")
    return cookie


def _model(word: str) -> str:
    if not re.fullmatch(r"[\w.-]{0,64}", word.strip(), re.ASCII):
        raise ValueError("must be one word, such as chirp-hawk")
    return word.strip()


def _models(text: str) -> str:
    """Return models as they are written in a list with commas, each once."""
    models = dict.fromkeys(_model(word) for word in text.split(",") if word.strip())
    if not models:
        raise ValueError("must be models separated by commas, such as V6,V5_5")
    return ",".join(models)


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


@dataclass(frozen=True, slots=True)
class Shards:
    """The shards that this process serves, of ``count`` in all.

    Discord sends a server's events to the shard ``(server id >> 22) % count``, and those of direct
    messages to shard 0 (its documentation of sharding).
    """

    ids: tuple[int, ...]
    count: int

    @property
    def share(self) -> float:
        """The part of all shards that this process serves, at most 1."""
        return len(self.ids) / self.count

    def __str__(self) -> str:
        return f"{','.join(map(str, self.ids))}/{self.count}"


def _shards(text: object) -> object:
    """Return the shards in a text such as ``0-3/16`` or ``0,1/4``."""
    if not isinstance(text, str):
        return text
    wrong = ValueError(
        f"must be shards of so many in all, such as 0-3/16 or 0,1/4: each less than the number "
        f"after the slash, which is {MAX_SHARDS} at most"
    )
    form = r"(\d{1,5}(?:-\d{1,5})?(?:,\d{1,5}(?:-\d{1,5})?)*)/(\d{1,5})"
    found = re.fullmatch(form, re.sub(r"\s", "", text), re.ASCII)
    if found is None:
        raise wrong
    spans = [[int(number) for number in span.split("-")] for span in found[1].split(",")]
    ids = {each for span in spans for each in range(span[0], span[-1] + 1)}
    count = int(found[2])
    if not all(span[0] <= span[-1] < count <= MAX_SHARDS for span in spans):
        raise wrong
    return Shards(tuple(sorted(ids)), count)


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


class ListenAddress(NamedTuple):
    """Where a server listens."""

    host: str
    port: int


def _listen_address(text: object) -> object:
    """Return ``host:port`` as a `ListenAddress`; an IPv6 address is in brackets."""
    if not isinstance(text, str):
        return text
    found = re.fullmatch(r"(?:\[([\da-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})", text.strip(), re.ASCII)
    if found is None or int(found[3]) > LAST_PORT:
        raise ValueError("must be an address and a port, such as 127.0.0.1:9464")
    return ListenAddress(found[1] or found[2], int(found[3]))


class ApiSettings(BaseModel):
    """How to reach one provider; None means the value of its contract."""

    model_config = ConfigDict(frozen=True)

    # whether it serves the audio itself, to Encore alone
    serves_audio: ClassVar[bool] = False

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
        default=None, description="least seconds between two checks for results; 0 is no limit"
    )

    @property
    def is_enabled(self) -> bool:
        """Whether enough is set to use the provider."""
        return self.api_key is not None

    @property
    def key(self) -> str:
        """The key as text; empty if none is set."""
        return self.api_key.get_secret_value() if self.api_key else ""


class SunoApiCoSettings(ApiSettings):
    """sunoapi.co, whose documents contradict each other."""

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


class SunoApiOrgSettings(ApiSettings):
    """sunoapi.org and the services with its contract."""

    base_url: Annotated[Address | None, Unset("`https://api.sunoapi.org`")] = Field(
        default=None,
        description=(
            "address of the service; others with the same API are `https://api.kie.ai` "
            "and `https://api.box`"
        ),
    )
    route: Annotated[Literal["legacy", "jobs"] | None, Unset("`jobs` at kie.ai, else `legacy`")] = (
        Field(
            default=None,
            description=(
                "which of two APIs the service has: `legacy`, that of sunoapi.org, "
                "or `jobs`, the newer one of kie.ai"
            ),
        )
    )
    models: Annotated[str, AfterValidator(_models)] = Field(
        default="V6,V6_WILD,V6_MINI",
        description="models that members can choose, separated by commas",
    )
    model: Annotated[str, AfterValidator(_model), Unset("the first of the models")] = Field(
        default="",
        description=(
            "model for members who choose none; a clip that Encore made is continued "
            "with the model that made it"
        ),
    )
    audio: Literal["part", "whole"] = Field(
        default="part",
        description=(
            "what the audio of a result is: the new `part` alone, or the `whole` with what comes "
            "before it; the documents don't say, so listen to the first one"
        ),
    )
    callback_url: Annotated[Address | None, Unset("`https://encore.invalid`")] = Field(
        default=None,
        description=(
            "address that the service is told to report results to, because it insists on one; "
            "Encore asks for them and needs none"
        ),
    )

    @property
    def offered_models(self) -> tuple[str, ...]:
        """The models that members can choose, and the default first."""
        offered = tuple(self.models.split(","))
        return tuple(dict.fromkeys((self.model or offered[0], *offered)))


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
    shards: Annotated[
        Shards | None, NoDecode, BeforeValidator(_shards), Unset("all, as many as Discord says")
    ] = Field(
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
            "before the reply says that there was no clear answer"
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
    metrics: Annotated[
        ListenAddress | None,
        NoDecode,
        BeforeValidator(_listen_address),
        Unset("off"),
    ] = Field(
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

"""The settings of each provider: one class for what all have, one for each that has more."""

import datetime as dt
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.setting_types import (
    Address,
    Interval,
    Model,
    Models,
    Path,
    Seconds,
    Secret,
    SessionCookie,
    Unset,
)


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
    cookie: Annotated[SessionCookie | None, Unset("the server's own account")] = Field(
        default=None,
        description=(
            "account that suno-api uses: the `Cookie` header of suno.com's requests, "
            "which contains `__client=`"
        ),
    )
    model: Annotated[Model, Unset("the server's own, `chirp-v3-5`")] = Field(
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
    models: Models = Field(
        default="V6,V6_WILD,V6_MINI",
        description="models that members can choose, separated by commas",
    )
    model: Annotated[Model, Unset("the first of the models")] = Field(
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
    model: Annotated[Model, Unset("the server's own")] = Field(
        default="", description="model that your ACE-Step has loaded, such as `acestep-v15-turbo`"
    )
    inference_steps: int = Field(
        default=8,
        ge=1,
        le=200,
        description="steps of ACE-Step: 8 for turbo models, 32 to 64 for base models",
    )
    deadline: Seconds = Field(
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

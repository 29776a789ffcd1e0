"""sunoapi.org, and kie.ai by the other route to the same work: submissions become tasks.

Contract: docs.sunoapi.org and docs.kie.ai. The two routes differ in paths and in the spelling of
their fields; `sunoapi_org_answers` reads what both answer. Only ``code`` in the body decides about
an answer: refusals, too, come with HTTP 200.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Literal
from urllib.parse import urlsplit

import httpx
from pydantic import TypeAdapter
from typing_extensions import override

from bot.domain.form import TextLimits, format_style
from bot.domain.models import ExtendRequest, Handle, Progress, Status
from bot.providers.adapter import (
    INSTRUMENTAL,
    Adapter,
    ApiConfig,
    gather_successes,
    require_continue_at,
)
from bot.providers.base import Capabilities, Credits, ProviderError, Unavailable, Unconfirmed
from bot.providers.errors import ErrorResponse, error_for
from bot.providers.sunoapi_org_answers import (
    CreditsAnswer,
    JobAnswer,
    LegacyAnswer,
    SubmitAnswer,
    error_from_code,
)

Route = Literal["legacy", "jobs"]

DEFAULTS = ApiConfig(
    base_url="https://api.sunoapi.org",
    # "20 requests in 10 seconds" for an account, both kinds together
    submit_every=1.0,
    query_every=1.0,
)
MODELS = ("V6", "V6_WILD", "V6_MINI")
CALLBACK_URL = "https://encore.invalid"
_LIMITS = TextLimits(lyrics=5000, style=1000, title=80)  # of V6 and V4_5ALL
_LONG_TITLE = TextLimits(lyrics=5000, style=1000, title=100)
MODEL_LIMITS: Mapping[str, TextLimits] = {
    "V4": TextLimits(lyrics=3000, style=200, title=80),
    **dict.fromkeys(("V4_5", "V4_5PLUS", "V5", "V5_5"), _LONG_TITLE),
}
CAPABILITIES = Capabilities(
    label="SunoAPI.org",
    limits=_LIMITS,
    model_limits=MODEL_LIMITS,
    exclude=True,
    models=MODELS,
    default_model=MODELS[0],
    same_model_as_source=True,  # "model consistency"
    retention=dt.timedelta(days=14),  # "14 to 15 days"
)

_SUBMIT_SCHEMA = TypeAdapter(SubmitAnswer)
_CREDITS_SCHEMA = TypeAdapter(CreditsAnswer)
_LEGACY_SCHEMA = TypeAdapter(LegacyAnswer)
_JOB_SCHEMA = TypeAdapter(JobAnswer)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paths:
    """The paths of a route."""

    extend: str
    task: str
    credits: str


_PATHS: Mapping[Route, _Paths] = {
    "legacy": _Paths(
        extend="/api/v1/generate/extend",
        task="/api/v1/generate/record-info",
        credits="/api/v1/generate/credit",
    ),
    "jobs": _Paths(
        extend="/api/v1/jobs/createTask",
        task="/api/v1/jobs/recordInfo",
        credits="/api/v1/chat/credit",
    ),
}


class SunoApiOrg(Adapter):
    """The adapter to sunoapi.org and to kie.ai.

    Args:
        client: for this API alone.
        config: how to reach it.
        route: which of the two APIs to speak; None is the one that the base URL's host has.
        models: those to offer; the first is asked for where nobody chose.
        callback_url: where the service shall report results; None is a dead address where the
            route insists on one, and none elsewhere.
        contains_source: whether the audio of a result begins with the source's, which the
            documents don't say.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        config: ApiConfig,
        *,
        route: Route | None = None,
        models: Sequence[str] = MODELS,
        callback_url: str | None = None,
        contains_source: bool = False,
    ) -> None:
        is_kie = _is_kie(config.base_url)
        self._route: Route = route or ("jobs" if is_kie else "legacy")
        self._has_kie_codes = is_kie or self._route == "jobs"
        self._paths = _PATHS[self._route]
        self._callback_url = callback_url
        self._contains_source = contains_source
        capabilities = replace(
            CAPABILITIES,
            label="kie.ai" if is_kie else CAPABILITIES.label,
            limits=MODEL_LIMITS.get(models[0], _LIMITS),
            model_limits={**dict.fromkeys(models, _LIMITS), **MODEL_LIMITS},
            models=tuple(models),
            default_model=models[0],
            # where it is left out, this route takes that of the source
            needs_style=self._route == "legacy",
        )
        super().__init__(client, config, name="sunoapi_org", capabilities=capabilities)

    async def extend(self, request: ExtendRequest) -> Handle:
        """Submit ``request``, with the default model where it names none."""
        request = replace(request, model=request.model or self.capabilities.default_model)
        if self._route == "legacy":
            payload = _legacy_payload(request, self._callback_url or CALLBACK_URL)
        else:
            payload = _jobs_payload(request, self._callback_url)
        answer = await self._api.submit(
            self._paths.extend,
            payload,
            _SUBMIT_SCHEMA,
            timeout_seconds=self.capabilities.submit_timeout,
        )
        if response := answer.error_response(is_query=False):
            raise self._api.logged(self._error_for(response))
        task_id = answer.data.task_id if answer.data else None
        if not task_id:
            raise Unconfirmed(f"{self.capabilities.label} named no task.")
        return Handle(task_id=task_id)

    async def fetch(
        self, handles: Sequence[Handle], *, newer_than: Status | None = None
    ) -> Mapping[Handle, Progress]:
        """Return the progress of each task, with one request per task; unknown ones are left out.

        Raises:
            ProviderError: every request failed.
        """
        del newer_than  # the API can't wait for news
        answers = await gather_successes(
            *(self._fetch_task(handle) for handle in handles if handle.task_id)
        )
        return {handle: progress for handle, progress in answers if progress is not None}

    @override
    async def credits(self) -> Credits | None:
        """Return the credits left."""
        answer = await self._api.query(self._paths.credits, _CREDITS_SCHEMA)
        if response := answer.error_response(is_query=True):
            raise self._error_for(response)
        return None if answer.data is None else Credits(answer.data)

    async def _fetch_task(self, handle: Handle) -> tuple[Handle, Progress | None]:
        path, params = self._paths.task, [("taskId", handle.task_id or "")]
        answer: LegacyAnswer | JobAnswer
        if self._route == "legacy":
            answer = await self._api.query(path, _LEGACY_SCHEMA, params=params)
        else:
            answer = await self._api.query(path, _JOB_SCHEMA, params=params)
        if response := answer.error_response(is_query=True):
            if answer.tells_failed_task:
                return handle, Progress(error=response.text)
            raise self._error_for(response)
        if answer.data is None:
            return handle, None
        progress = answer.data.progress(self._trusted_hosts)
        clips = (replace(clip, contains_source=self._contains_source) for clip in progress.clips)
        return handle, replace(progress, clips=tuple(clips))

    def _error_for(self, response: ErrorResponse) -> ProviderError:
        """Return the error of a refusal, whose status is the ``code`` in the body."""
        unknown_outcome = Unavailable if response.is_query else Unconfirmed
        error = error_from_code(response, has_kie_codes=self._has_kie_codes)
        return error or error_for(response, unknown_outcome)

    @override
    def _error_from(self, response: ErrorResponse) -> ProviderError | None:
        """Return the error of the code in a body that came with a bad HTTP status."""
        try:
            code: object = json.loads(response.body).get("code")
        except (ValueError, AttributeError, RecursionError):
            return None
        if not isinstance(code, int) or code == HTTPStatus.OK:
            return None
        return self._error_for(replace(response, status=code))


def _is_kie(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    return host == "kie.ai" or host.endswith(".kie.ai")


def _legacy_payload(request: ExtendRequest, callback_url: str) -> dict[str, object]:
    """Return the body of an extension that suits clients of all models.

    V6 reads the words from ``lyrics``, older models from ``prompt``. Without the flag, all but the
    clip would be taken from the source.
    """
    payload: dict[str, object] = {
        "defaultParamFlag": True,
        "audioId": request.clip_id,
        "model": request.model,
        "callBackUrl": callback_url,
        "prompt": request.lyrics or INSTRUMENTAL,
        "style": format_style(request.style),
        "title": request.title or "Untitled",
        "continueAt": require_continue_at(request),
        "instrumental": not request.lyrics,
    }
    if request.lyrics:
        payload["lyrics"] = request.lyrics
    if request.exclude:
        payload["negativeTags"] = format_style(request.exclude)
    return payload


def _jobs_payload(request: ExtendRequest, callback_url: str | None) -> dict[str, object]:
    """Return the body of an extension; what is left out is taken from the source."""
    given = {
        "style": format_style(request.style),
        "title": request.title,
        "negative_tags": format_style(request.exclude),
    }
    extension: dict[str, object] = {
        "audio_id": request.clip_id,
        "model": request.model,
        "continue_at": require_continue_at(request),
        "lyrics": request.lyrics or INSTRUMENTAL,  # without any, the source's would be sung
        "instrumental": not request.lyrics,
        **{name: text for name, text in given.items() if text},
    }
    payload: dict[str, object] = {"model": "ai-music-api/extend", "input": extension}
    if callback_url:
        payload["callBackUrl"] = callback_url
    return payload

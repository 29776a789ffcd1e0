"""sunoapi.org with its legacy route, and the jobs route of kie.ai."""

import dataclasses
import json
import re
from typing import ClassVar, Final, Literal, cast
from urllib.parse import urlsplit

from aiohttp import web
from typing_extensions import override

from sandbox.providers.account import ExtendParameters, NoCreditsError, ProviderAccount
from sandbox.providers.api import Api, RefusedError, Route
from sandbox.providers.clips import Clip, Links
from sandbox.providers.faults import Kind
from sandbox.providers.json_values import JsonObject, is_number, is_text
from sandbox.providers.timeline import Status

_LEGACY: Final = "/api/v1/generate"
_JOBS: Final = "/api/v1/jobs"
_MODELS: Final = ("V4", "V4_5", "V4_5PLUS", "V4_5ALL", "V5", "V5_5", "V6", "V6_WILD", "V6_MINI")
_JOB_MODEL: Final = "ai-music-api/extend"
_TITLE_LENGTH: Final = 100
_OPTIONAL: Final = {"negativeTags", "vocalGender", "styleWeight", "weirdnessConstraint"} | {
    "audioWeight",
    "personaId",
    "personaModel",
}
_LEGACY_FIELDS: Final = _OPTIONAL | {
    *("defaultParamFlag", "audioId", "taskId", "model", "callBackUrl", "prompt", "lyrics"),
    *("style", "title", "continueAt", "instrumental"),
}
_JOB_FIELDS: Final = {
    *("audio_id", "model", "continue_at", "lyrics", "prompt", "style", "title", "negative_tags"),
    *("instrumental", "vocal_gender", "style_weight", "weirdness_constraint", "audio_weight"),
    *("variety", "persona_id", "persona_model"),
}

_RouteName = Literal["legacy", "jobs"]


@dataclasses.dataclass(frozen=True, slots=True)
class _Task:
    """An accepted extension. ``is_called_back`` is whether somebody hears its callbacks."""

    clips: list[Clip]
    model: str
    is_called_back: bool


class SunoApiOrg(Api):
    """Returns a task id on submission; each refusal has HTTP 200, and its code in the body.

    The same code has different meanings: an empty account is 429 on the legacy route (that of
    sunoapi.org) and 402 on the jobs route (that of kie.ai), where 429 is the rate limit.
    """

    no_credits: ClassVar = (429, "Insufficient credits")
    unknown_clip: ClassVar = (400, "The song id does not exist or has been taken offline.")
    continue_at_too_late: ClassVar = (400, "continueAt must be less than the audio's duration")
    always_200: ClassVar = True

    def __init__(self, account: ProviderAccount, links: Links, key: str | None) -> None:
        super().__init__(account, links, key)
        self._tasks: dict[str, _Task] = {}
        self._requested_at: list[float] = []

    @override
    def routes(self) -> list[Route]:
        """Return the end points of both routes."""
        return [
            Route("POST", f"{_LEGACY}/extend", "submit", self._extend),
            Route("GET", f"{_LEGACY}/record-info", "fetch", self._record_info),
            Route("GET", f"{_LEGACY}/credit", "other", self._credits),
            Route("POST", f"{_JOBS}/createTask", "submit", self._create_task),
            Route("GET", f"{_JOBS}/recordInfo", "fetch", self._job_info),
            Route("GET", "/api/v1/chat/credit", "other", self._credits),
        ]

    @override
    def envelope(self, request: web.Request, status: int, message: str) -> JsonObject:
        """Return a body whose ``code`` says what happened."""
        del request
        return {"code": status, "msg": message, "data": None}

    @override
    def empty_answer(self, kind: Kind) -> JsonObject | list[JsonObject]:
        """Return a refunded submission, or an unknown task."""
        if kind == "submit":
            return {"code": 531, "msg": "Generation failed, the credits are refunded", "data": None}
        return {"code": 200, "msg": "success", "data": None}

    async def _extend(self, request: web.Request, body: JsonObject) -> web.Response:
        self._check_rate(430)
        seconds = _checked_extension(body)
        self.record_unknown_fields(request, body, _LEGACY_FIELDS)
        has_own_words = body["defaultParamFlag"]
        parameters = ExtendParameters(
            clip_id=body["audioId"],
            continue_at=seconds,
            # V6 sings the lyrics and takes the prompt for a description, older models the prompt
            prompt=(_words(body) if has_own_words else ""),
            title=body["title"] if has_own_words else "",
            tags=body["style"] if has_own_words else "",
            negative_tags=body.get("negativeTags", ""),
            model=body["model"],
            instrumental=body.get("instrumental", False),
        )
        return self._accepted("legacy", parameters, body, callback=body["callBackUrl"])

    async def _create_task(self, request: web.Request, body: JsonObject) -> web.Response:
        self._check_rate(429)
        given = _checked_job(body)
        self.record_unknown_fields(request, body, {"model", "input", "callBackUrl"})
        self.record_unknown_fields(request, given, _JOB_FIELDS)
        parameters = ExtendParameters(
            clip_id=given["audio_id"],
            continue_at=given.get("continue_at"),
            prompt=given.get("lyrics") or given.get("prompt") or "",
            title=given.get("title", ""),
            tags=given.get("style", ""),
            negative_tags=given.get("negative_tags", ""),
            model=given["model"],
            instrumental=given.get("instrumental", False),
        )
        return self._accepted("jobs", parameters, body, callback=body.get("callBackUrl", ""))

    def _accepted(
        self, route: _RouteName, parameters: ExtendParameters, body: JsonObject, *, callback: str
    ) -> web.Response:
        source = self.account.clip(parameters.clip_id)
        if source.model in _MODELS and source.model != parameters.model:
            message = f"The model must be that of the source music, {source.model}"
            raise RefusedError(400, message, is_violation=True)
        try:
            clips = self.account.extend(parameters, body)
        except NoCreditsError:
            raise RefusedError(429 if route == "legacy" else 402, self.no_credits[1]) from None
        task_id = self.account.new_id().replace("-", "")
        host = urlsplit(callback).hostname or ""
        is_dead = bool(host) and re.search(r"(^|\.)invalid$", host) is not None
        self._tasks[task_id] = _Task(clips, parameters.model, is_called_back=not is_dead)
        return web.json_response({"code": 200, "msg": "success", "data": {"taskId": task_id}})

    async def _record_info(self, request: web.Request, body: JsonObject) -> web.Response:
        del body
        self._check_rate(430)
        task_id, task = self._task(request)
        if task is None:
            return web.json_response({"code": 200, "msg": "success", "data": None})
        status = self._legacy_status(task)
        view = self.view(task.clips)
        is_begun = status not in {"PENDING", "CREATE_TASK_FAILED"}
        is_failed = status.endswith("_FAILED")
        songs = [self._song(clip, task) for clip in view.clips] if is_begun else []
        listed = "data" if _has_snake_case(task) else "sunoData"
        record = {
            "taskId": task_id,
            "parentMusicId": "",
            "param": json.dumps(self._request_of(task)),
            "response": {"taskId": task_id, listed: songs} if songs else None,
            "status": view.status_word or status,
            "type": "EXTEND",
            "operationType": "extend",
            "errorCode": 400 if is_failed else None,
            "errorMessage": self._failure_of(task) if is_failed else None,
        }
        return web.json_response({"code": 200, "msg": "success", "data": record})

    async def _job_info(self, request: web.Request, body: JsonObject) -> web.Response:
        del body
        self._check_rate(429)
        task_id, task = self._task(request)
        if task is None:
            return web.json_response({"code": 200, "msg": "success", "data": None})
        view = self.view(task.clips)
        state = self._job_state(task)
        is_begun = state in {"generating", "success"}
        songs = [self._song(clip, task, snake_case=True) for clip in view.clips]
        job = {
            "taskId": task_id,
            "model": _JOB_MODEL,
            "state": view.status_word or state,
            "resultJson": json.dumps({"data": songs}) if is_begun else "",
            "failCode": "501" if state == "fail" else "",
            "failMsg": self._failure_of(task) if state == "fail" else "",
            "creditsConsumed": 12 if state == "success" else 0,
        }
        return web.json_response({"code": 200, "msg": "success", "data": job})

    async def _credits(self, request: web.Request, body: JsonObject) -> web.Response:
        del body
        is_job = request.path.endswith("/chat/credit")
        left = float(self.account.credits) if is_job else self.account.credits
        return web.json_response({"code": 200, "msg": "success", "data": left})

    def _task(self, request: web.Request) -> tuple[str, _Task | None]:
        task_id = request.query.get("taskId", "")
        if not task_id:
            raise RefusedError(400, "taskId is required", is_violation=True)
        return task_id, self._tasks.get(task_id)

    def _check_rate(self, code: int) -> None:
        """Raise RefusedError for more than 20 requests in 10 seconds."""
        now = self.account.clock.now()
        recent = [moment for moment in self._requested_at if now - moment < 9.5]  # noqa: PLR2004 - 5 % tolerance
        if self.account.enforce_rate_limits and len(recent) >= 20:  # noqa: PLR2004 - see above
            message = "Your call frequency is too high. Please try again later."
            raise RefusedError(code, message, is_violation=True)
        self._requested_at = [*recent, now]

    def _statuses(self, task: _Task) -> list[Status]:
        now = self.account.clock.now()
        return [clip.status(now) for clip in task.clips]

    def _legacy_status(self, task: _Task) -> str:
        """Return the word for a task's status; one of two songs may be finished earlier."""
        statuses = self._statuses(task)
        if all(status.is_final for status in statuses):
            if Status.ERROR in statuses:
                return "GENERATE_AUDIO_FAILED"
            return "SUCCESS" if task.is_called_back else "CALLBACK_EXCEPTION"
        if Status.COMPLETE in statuses:
            return "FIRST_SUCCESS"
        return "TEXT_SUCCESS" if Status.STREAMING in statuses else "PENDING"

    def _job_state(self, task: _Task) -> str:
        statuses = self._statuses(task)
        if all(status.is_final for status in statuses):
            return "success" if Status.COMPLETE in statuses else "fail"
        latest = max(statuses, key=lambda status: status.rank)
        words = {Status.SUBMITTED: "waiting", Status.QUEUED: "queuing"}
        return words.get(latest, "generating")

    def _failure_of(self, task: _Task) -> str:
        now = self.account.clock.now()
        return next(filter(None, (clip.error_text(now) for clip in task.clips)), "")

    def _request_of(self, task: _Task) -> JsonObject:
        """Return the body of the request that made the task."""
        ids = tuple(clip.id for clip in task.clips)
        return next(each.request for each in self.account.submissions if each.clip_ids == ids)

    def _song(self, clip: Clip, task: _Task, *, snake_case: bool = False) -> JsonObject:
        now = self.account.clock.now()
        status = clip.status(now)
        is_complete = status is Status.COMPLETE
        has_stream = status in {Status.STREAMING, Status.COMPLETE}
        seconds = clip.created_at
        song: JsonObject = {
            "id": clip.id,
            "audioUrl": self.links.audio_url(clip, now) if is_complete else "",
            "streamAudioUrl": self.links.stream_url(clip) if has_stream else "",
            "imageUrl": self.links.image_url(clip, now),
            "prompt": clip.prompt,
            "modelName": f"chirp-{clip.model.lower()}",
            "title": clip.title,
            "tags": clip.tags,
            "createTime": f"{seconds:%Y-%m-%d %H:%M:%S}",
            "duration": clip.duration if is_complete else None,
        }
        if not (snake_case or _has_snake_case(task)):
            return song
        spelt = {re.sub(r"(?<=[a-z])([A-Z])", r"_\1", key).lower(): it for key, it in song.items()}
        del spelt["create_time"]
        return spelt | {"createTime": int(seconds.timestamp() * 1000)}


def _has_snake_case(task: _Task) -> bool:
    """Whether songs are spelt so on the legacy route: since V6."""
    return task.model.startswith("V6")


def _words(body: JsonObject) -> str:
    """Return what is sung."""
    if body["model"].startswith("V6"):
        return body.get("lyrics") or body["prompt"]
    return body["prompt"]


def _refused(code: int, message: str) -> RefusedError:
    return RefusedError(code, message, is_violation=True)


def _checked_extension(body: JsonObject) -> float | None:
    """Return ``continueAt``, None without own parameters; raise RefusedError for a bad body."""
    for name in ("audioId", "callBackUrl"):
        if not is_text(body.get(name)):
            raise _refused(400, f"{name} is required")
    if body.get("model") not in _MODELS:
        raise _refused(400, f"model must be one of {', '.join(_MODELS)}")
    if not isinstance(body.get("defaultParamFlag"), bool):
        raise _refused(400, "defaultParamFlag is required")
    for name in ("prompt", "lyrics", "style", "title", "negativeTags"):
        if not isinstance(body.get(name, ""), str):
            raise _refused(400, f"{name} must be a string")
    if not body["defaultParamFlag"]:
        return None
    for name in ("prompt", "style", "title"):
        if not is_text(body.get(name)):
            raise _refused(400, f"{name} is required when defaultParamFlag is true")
    if not is_number(body.get("continueAt")):
        raise _refused(400, "continueAt must be a number when defaultParamFlag is true")
    return body["continueAt"]


def _checked_job(body: JsonObject) -> JsonObject:
    """Return ``input``; raise RefusedError for a bad body."""
    given = body.get("input")
    if body.get("model") != _JOB_MODEL or not isinstance(given, dict):
        raise _refused(422, f"model must be {_JOB_MODEL}, with an input")
    checked = cast("JsonObject", given)
    if not is_text(checked.get("audio_id")):
        raise _refused(422, "audio_id is required")
    if checked.get("model") not in _MODELS:
        raise _refused(422, f"input.model must be one of {', '.join(_MODELS)}")
    for name in ("lyrics", "prompt", "style", "title", "negative_tags"):
        if not isinstance(checked.get(name, ""), str):
            raise _refused(422, f"{name} must be a string")
    if len(checked.get("title", "")) > _TITLE_LENGTH:
        raise _refused(422, "title is too long")
    if not is_number(checked.get("continue_at", 1)):
        raise _refused(422, "continue_at must be a number")
    if not isinstance(checked.get("instrumental", False), bool):
        raise _refused(422, "instrumental must be a boolean")
    return checked

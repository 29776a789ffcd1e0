"""ACE-Step 1.5 as it runs on one's own machine.

It continues audio that comes with the request, and its result holds that audio too. Tasks are in
memory only: after a restart each of them is said to wait, for ever.
"""

import asyncio
import dataclasses
import io
import json
import urllib.parse
from http import HTTPStatus
from typing import Any, ClassVar, Final

import av
import av.error
import numpy as np
from aiohttp import web
from aiohttp.multipart import BodyPartReader
from typing_extensions import override

from sandbox.providers.account import ProviderAccount
from sandbox.providers.api import Api, RefusedError, Route
from sandbox.providers.clips import Clip, LinkKind, Links
from sandbox.providers.faults import Fault, Kind
from sandbox.providers.json_values import JsonObject
from sandbox.providers.mp3 import encode_mp3
from sandbox.providers.music import SAMPLE_RATE, Samples, render
from sandbox.providers.timeline import Status

_FILES: Final = {"src_audio", "ctx_audio"}
_FIELDS: Final = {
    "src_audio",
    "ctx_audio",
    "task_type",
    "repainting_start",
    "repainting_end",
    "audio_duration",
    "prompt",
    "caption",
    "lyrics",
    "batch_size",
    "inference_steps",
    "thinking",
    "use_cot_caption",
    "use_cot_language",
    "vocal_language",
    "audio_format",
    "model",
    "seed",
    "use_random_seed",
}
_MODELS: Final = ("acestep-v15-turbo", "acestep-v15-base")
_TMP: Final = "/app/.cache/acestep/tmp/api_audio"
_MAX_SECONDS: Final = 600.0
_QUEUE_MAXSIZE: Final = 200
_WAITING, _DONE, _FAILED, _UNKNOWN = 0, 1, 2, 3
# how its errors read; it knows neither credits nor moderation
_TEXTS: Final = {
    Fault.BAD_REQUEST: "Invalid JSON payload",
    Fault.UNAUTHORIZED: "Invalid API key",
    Fault.UNPROCESSABLE: "Input should be a valid number",
    Fault.RATE_LIMITED: "Server busy: queue is full",
    Fault.RATE_LIMITED_SECONDS: "Server busy: queue is full",
    Fault.RATE_LIMITED_DATE: "Server busy: queue is full",
}
_TRACEBACK: Final = """\
Traceback (most recent call last):
  File "/app/acestep/api/job_execution_runtime.py", line 92, in run_one_job_runtime
    result = await loop.run_in_executor(executor, blocking)
             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
RuntimeError: Music generation failed: {}
"""
_UPLOAD: Final = web.RequestKey("upload", bytes)


@dataclasses.dataclass(slots=True)
class _Task:
    """A task: the audio that it was given, and the clips with the new parts."""

    id: str
    generation: int
    source: Samples
    clips: list[Clip]
    files: dict[int, bytes] = dataclasses.field(default_factory=dict[int, bytes])


class AceStep(Api):
    """Answers in an envelope of its own; errors are FastAPI's ``detail``."""

    no_credits: ClassVar = (402, "unused: it costs nothing")
    unknown_clip: ClassVar = (404, "unused: it knows no clips")
    continue_at_too_late: ClassVar = (400, "unused: it continues what it is given")

    def __init__(self, account: ProviderAccount, links: Links, key: str | None) -> None:
        super().__init__(account, links, key)
        account.error_text = "CUDA out of memory. Tried to allocate 2.00 GiB."
        self._tasks: dict[str, _Task] = {}

    @override
    def routes(self) -> list[Route]:
        """Return the end points of the server."""
        return [
            Route("POST", "/release_task", "submit", self._release_task),
            Route("POST", "/query_result", "fetch", self._query_result),
            Route("GET", "/v1/audio", "other", self._audio),
            Route("GET", "/v1/stats", "other", self._stats),
            Route("GET", "/v1/models", "other", self._list_models),
            Route("GET", "/health", "other", self._health),
        ]

    @override
    def envelope(self, request: web.Request, status: int, message: str) -> JsonObject:
        """Return FastAPI's body of an error."""
        del request
        if status == HTTPStatus.UNPROCESSABLE_ENTITY:
            where = ["body", "repainting_end"]
            return {"detail": [{"type": "float_parsing", "loc": where, "msg": message}]}
        return {"detail": message}

    @override
    def empty_answer(self, kind: Kind) -> JsonObject | list[JsonObject]:
        """Return an answer without a task."""
        return _wrapped({} if kind == "submit" else [])

    @override
    def fault_text(self, fault: Fault) -> str:
        """Return the error text of a planned fault; a full queue is its only rate limit."""
        return _TEXTS.get(fault) or super().fault_text(fault)

    @override
    def unauthorized_text(self, request: web.Request) -> str:
        has_key = bool(request.headers.get("Authorization"))
        return "Invalid API key" if has_key else "Missing Authorization header"

    @override
    async def read_body(self, request: web.Request) -> JsonObject | None:
        """Return JSON, or the fields of a form; an uploaded file is its length in bytes."""
        if not request.content_type.startswith("multipart/"):
            return await super().read_body(request)
        fields: JsonObject = {}
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                continue
            content = bytes(await part.read(decode=True))
            if part.filename is None:
                fields[part.name] = content.decode()
            else:
                fields[part.name] = len(content)
                request[_UPLOAD] = content
        return fields

    async def _release_task(self, request: web.Request, body: JsonObject) -> web.Response:
        if any(str(body.get(name, "")).startswith("/") for name in ("src_audio_path", "src_audio")):
            message = "absolute audio file paths are not allowed"
            raise RefusedError(400, message, is_violation=True)
        if body.get("task_type") != "repaint":
            raise RefusedError(400, "the sandbox can only repaint", is_violation=True)
        if _UPLOAD not in request:
            raise RefusedError(400, "repaint needs src_audio", is_violation=True)
        self.record_unknown_fields(request, body, _FIELDS)
        if body.get("model", _MODELS[0]) not in _MODELS:
            raise RefusedError(400, "model is not loaded")
        if len(self._unfinished()) >= _QUEUE_MAXSIZE:
            raise RefusedError(429, "Server busy: queue is full")
        source = await asyncio.to_thread(_decoded, request[_UPLOAD])
        seconds = source.shape[1] / SAMPLE_RATE
        start, end = (_number(body, name) for name in ("repainting_start", "repainting_end"))
        if start is None or not 0 <= start < seconds:
            raise RefusedError(400, "repainting_start is outside the audio", is_violation=True)
        # -1, 0 and nothing are the end of the source, so that nothing is added
        end = seconds if end is None or end <= 0 else end
        if max(end, seconds) > _MAX_SECONDS:
            raise RefusedError(400, "audio_duration must be between 10 and 600", is_violation=True)
        if (_number(body, "audio_duration") or 0) < end:
            self.record_violation(request, "audio_duration is less than repainting_end")
        for name in ("thinking", "use_cot_caption", "use_cot_language"):
            if body.get(name) != "false":
                self.record_violation(request, f"{name} needs the language model")
        task = self._new_task(body, source, round(max(end - seconds, 0.0), 6))
        position = len(self._unfinished())
        return web.json_response(
            _wrapped({"task_id": task.id, "status": "queued", "queue_position": position})
        )

    def _new_task(self, body: JsonObject, source: Samples, length: float) -> _Task:
        lyrics = str(body.get("lyrics", ""))
        clips = self.account.continue_audio(
            start=source.shape[1] / SAMPLE_RATE,
            length=length,
            takes=int(_number(body, "batch_size") or 2),
            song=len(self._tasks) + 1,
            prompt=lyrics.rpartition("\n\n")[2],
            tags=str(body.get("prompt", "")),
            request=body,
        )
        task = _Task(self.account.new_id(), self.account.restarts, source, clips)
        self._tasks[task.id] = task
        return task

    async def _query_result(self, request: web.Request, body: JsonObject) -> web.Response:
        self.record_unknown_fields(request, body, {"task_id_list"})
        ids = body.get("task_id_list")
        if isinstance(ids, str):
            ids = json.loads(ids)
        if not isinstance(ids, list):
            raise RefusedError(400, "task_id_list is required", is_violation=True)
        named: list[object] = [*ids]  # pyright: ignore[reportUnknownArgumentType]
        tasks = (self._task_json(str(each)) for each in named)
        return web.json_response(_wrapped([task for task in tasks if task is not None]))

    def _task_json(self, task_id: str) -> JsonObject | None:
        """Return what is said of a task; None where a planned fault has it left out."""
        task = self._tasks.get(task_id)
        if task is None or task.generation != self.account.restarts:
            return {"task_id": task_id, "status": _WAITING, "result": "[]", "progress_text": ""}
        view = self.view(task.clips)
        if len(view.clips) < len(task.clips):
            return None
        statuses = [self.account.status(clip) for clip in view.clips]
        done = [clip for clip in view.clips if self.account.status(clip) is Status.COMPLETE]
        if view.status_word or not all(status.is_final for status in statuses):
            status = _UNKNOWN if view.status_word else _WAITING
            results = [self._unfinished_json(statuses)]
        elif not done:
            status, results = _FAILED, [self._failed_json(view.clips[0])]
        else:
            # what could not be saved is left out; without any file one result tells so
            saved = [clip for clip in done if clip.link_kind is not LinkKind.EMPTY]
            status, results = _DONE, [self._done_json(task, clip) for clip in saved or done[:1]]
        return {
            "task_id": task_id,
            "status": status,
            "result": json.dumps(results),
            "progress_text": "",
        }

    def _unfinished_json(self, statuses: list[Status]) -> JsonObject:
        is_running = any(status is not Status.SUBMITTED for status in statuses)
        return {
            "file": "",
            "status": _WAITING,
            "progress": 0.5 if is_running else 0.0,
            "stage": "running" if is_running else "queued",
        }

    def _failed_json(self, clip: Clip) -> JsonObject:
        error = _TRACEBACK.format(clip.error_message)
        return {"file": "", "status": _FAILED, "error": error, "stage": "failed"}

    def _done_json(self, task: _Task, clip: Clip) -> JsonObject:
        place = task.clips.index(clip)
        path = urllib.parse.quote(f"{_TMP}/{task.id}-{place}.mp3", safe="")
        is_there = clip.link_kind is not LinkKind.EMPTY
        return {
            "file": f"/v1/audio?path={path}" if is_there else "",
            "wave": "",
            "status": _DONE,
            "prompt": clip.tags,
            "lyrics": clip.prompt,
            "metas": {"bpm": "N/A", "duration": "N/A", "genres": "", "keyscale": "N/A"},
            "seed_value": "12345,67890",
            "dit_model": _MODELS[0],
            "progress": 1.0,
            "stage": "succeeded",
        }

    async def _audio(self, request: web.Request, body: JsonObject) -> web.Response:
        del body
        path = request.query.get("path", "")
        if not path.startswith(f"{_TMP}/"):
            raise RefusedError(403, "Access denied: path outside allowed directory")
        task_id, _, place = path.removeprefix(f"{_TMP}/").removesuffix(".mp3").rpartition("-")
        task = self._tasks.get(task_id)  # files outlive a restart
        if task is None or not place.isdigit() or int(place) >= len(task.clips):
            raise RefusedError(404, "Audio file not found")
        clip = task.clips[int(place)]
        if clip.link_kind is not LinkKind.PLAYABLE or not self.account.status(clip).is_final:
            raise RefusedError(404, "Audio file not found")
        if int(place) not in task.files:
            task.files[int(place)] = await asyncio.to_thread(_rendered, task.source, clip)
        return web.Response(body=task.files[int(place)], content_type="audio/mpeg")

    async def _stats(self, request: web.Request, body: JsonObject) -> web.Response:
        del request, body
        tasks = [each for each in self._tasks.values() if each.generation == self.account.restarts]
        unfinished = self._unfinished()
        running = min(len(unfinished), 1)
        jobs = {
            "total": len(tasks),
            "queued": len(unfinished) - running,
            "running": running,
            "succeeded": len(tasks) - len(unfinished),
            "failed": 0,
        }
        return web.json_response(
            _wrapped(
                {
                    "jobs": jobs,
                    "queue_size": jobs["queued"],
                    "queue_maxsize": _QUEUE_MAXSIZE,
                    "avg_job_seconds": 8.5,
                }
            )
        )

    async def _list_models(self, request: web.Request, body: JsonObject) -> web.Response:
        del request, body
        models = [{"name": name, "is_default": name == _MODELS[0]} for name in _MODELS]
        return web.json_response(_wrapped({"models": models, "default_model": _MODELS[0]}))

    async def _health(self, request: web.Request, body: JsonObject) -> web.Response:
        del request, body
        return web.json_response(_wrapped({"status": "ok", "service": "ACE-Step API"}))

    def _unfinished(self) -> list[_Task]:
        return [
            task
            for task in self._tasks.values()
            if task.generation == self.account.restarts
            and not all(self.account.status(clip).is_final for clip in task.clips)
        ]


def _wrapped(data: JsonObject | list[JsonObject]) -> JsonObject:
    return {"data": data, "code": 200, "error": None, "timestamp": 1_700_000_000_000, "extra": None}


def _number(body: JsonObject, name: str) -> float | None:
    """Return a field of a form as a number; raise RefusedError if it is none."""
    if name not in body:
        return None
    try:
        return float(body[name])
    except ValueError:
        raise RefusedError(400, f"{name} must be a number", is_violation=True) from None


def _decoded(content: bytes) -> Samples:
    """Return the samples (2, n) of an audio file; raise RefusedError if it is none."""
    try:
        with av.open(io.BytesIO(content), "r") as container:
            resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE)
            pieces: list[Any] = []
            for frame in (*container.decode(audio=0), None):
                pieces += [piece.to_ndarray() for piece in resampler.resample(frame)]
    except (av.error.FFmpegError, IndexError) as error:
        raise RefusedError(400, "src_audio can't be decoded", is_violation=True) from error
    return np.concatenate(pieces, axis=1).astype(np.float32)


def _rendered(source: Samples, clip: Clip) -> bytes:
    """Return source and new part as one MP3."""
    if clip.duration <= 0:
        return encode_mp3(source)
    return encode_mp3(np.concatenate((source, render(clip.segments)), axis=1))

"""sunoapi.co and sunosay.com: one service under two names."""

import collections
import re
from typing import ClassVar, Final

from aiohttp import web
from typing_extensions import override

from sandbox.providers.account import ExtendParameters, ProviderAccount
from sandbox.providers.api import Api, ClipView, RefusedError, Route
from sandbox.providers.clips import Clip, Links
from sandbox.providers.faults import Kind
from sandbox.providers.json_values import JsonObject, is_number, is_text, utc_timestamp
from sandbox.providers.timeline import Status

_SUNO: Final = "/suno/music"
_KEY_FAILED: Final = "Key verification failed, please check whether the key is correct"
_FIELDS: Final = {"tags", "title", "continue_clip_id", "continue_at", "model", "negative_tags"}


class SunoSay(Api):
    """Returns a task id on submission; errors are in the body's ``code`` only, with HTTP 200.

    sunoapi.co takes ``continue_at`` as a string of decimal seconds, sunosay.com as a number; the
    latter requires ``tags``.
    """

    no_credits: ClassVar = (402, "Insufficient credits, please recharge")
    unknown_clip: ClassVar = (400, "The song id does not exist or has been taken offline.")
    continue_at_too_late: ClassVar = (400, "continue_at must be less than the duration of the song")
    always_200: ClassVar = True

    def __init__(self, account: ProviderAccount, links: Links, key: str | None) -> None:
        super().__init__(account, links, key)
        self._is_sunosay = account.name == "sunosay"
        self._tasks: dict[str, list[Clip]] = {}
        self._extend_limit = _RateLimit(calls=1, seconds=4.0)
        self._query_limit = _RateLimit(calls=2, seconds=1.0)

    @override
    def routes(self) -> list[Route]:
        """Return the end points; the capital I is the contract's."""
        return [
            Route("POST", f"{_SUNO}/extend-music", "submit", self._extend_music),
            Route("POST", f"{_SUNO}/extend-Instrumental", "submit", self._extend_instrumental),
            Route("POST", f"{_SUNO}/get-task", "fetch", self._get_task),
        ]

    @override
    def envelope(self, request: web.Request, status: int, message: str) -> JsonObject:
        """Return a body whose ``code`` says what happened."""
        del request
        return {"code": status, "message": message}

    @override
    def empty_answer(self, kind: Kind) -> JsonObject | list[JsonObject]:
        """Return a task that has failed without clips."""
        if kind == "submit":
            return {"code": 200, "task_id": "", "status": "error", "clips": []}
        return {"code": 200, "status": "error", "prompt": {}, "clips": [], "message": "ok!"}

    @override
    def unauthorized_text(self, request: web.Request) -> str:
        """Return the text that the documentation shows on success as well."""
        del request
        return _KEY_FAILED

    async def _extend_music(self, request: web.Request, body: JsonObject) -> web.Response:
        if not is_text(body.get("prompt")):
            raise RefusedError(400, "prompt is required", is_violation=True)
        return self._extend(request, body, instrumental=False)

    async def _extend_instrumental(self, request: web.Request, body: JsonObject) -> web.Response:
        return self._extend(request, body, instrumental=True)

    def _extend(
        self, request: web.Request, body: JsonObject, *, instrumental: bool
    ) -> web.Response:
        seconds = self._checked_continue_at(body)
        self.record_unknown_fields(request, body, _FIELDS if instrumental else _FIELDS | {"prompt"})
        self._check_rate(self._extend_limit)
        order = ExtendParameters(
            clip_id=body["continue_clip_id"],
            continue_at=seconds,
            prompt=body.get("prompt") or "",
            title=body.get("title") or "",
            tags=body.get("tags") or "",
            negative_tags=body.get("negative_tags") or "",
            model="chirp-v3.5",
            instrumental=instrumental,
        )
        task_id = self.account.new_id()
        self._tasks[task_id] = self.account.extend(order, body)
        # the documentation's sample of a success has this misleading message
        return web.json_response({"code": 200, "task_id": task_id, "message": _KEY_FAILED})

    def _checked_continue_at(self, body: JsonObject) -> float:
        """Return ``continue_at`` in seconds; raise RefusedError for an invalid body."""
        if not is_text(body.get("continue_clip_id")):
            raise RefusedError(400, "continue_clip_id is required", is_violation=True)
        if self._is_sunosay and not is_text(body.get("tags")):
            raise RefusedError(400, "tags is required", is_violation=True)
        for name in ("tags", "title", "prompt", "model", "negative_tags"):
            if not isinstance(body.get(name, ""), str):
                raise RefusedError(400, f"{name} must be a string", is_violation=True)
        seconds = body.get("continue_at")
        if self._is_sunosay:
            if not is_number(seconds):
                raise RefusedError(400, "continue_at must be a number", is_violation=True)
        elif not (isinstance(seconds, str) and re.fullmatch(r"\d+(\.\d+)?", seconds)):
            raise RefusedError(400, "continue_at must be a string of seconds", is_violation=True)
        return float(seconds or 0)

    def _check_rate(self, window: "_RateLimit") -> None:
        """Raise RefusedError for requests more frequent than one in four seconds."""
        if self.account.enforce_rate_limits and not window.allows(self.account.clock.now()):
            raise RefusedError(429, "Too many requests, please slow down", is_violation=True)

    async def _get_task(self, request: web.Request, body: JsonObject) -> web.Response:
        self.record_unknown_fields(request, body, {"task_id"})
        self._check_rate(self._query_limit)
        task_id = body.get("task_id")
        if not isinstance(task_id, str) or task_id not in self._tasks:
            raise RefusedError(400, "task not found", is_violation=not is_text(task_id))
        now = self.account.clock.now()
        twins = self._tasks[task_id]
        status = _task_status([clip.status(now) for clip in twins])
        failed = status is Status.ERROR
        heard = [clip for clip in twins if clip.status(now).rank >= Status.STREAMING.rank]
        view = self.view(heard)
        return web.json_response(
            {
                "code": 200,
                "task_id": task_id,
                "status": view.status_word or status.value,
                "prompt": {"prompt": twins[0].prompt},
                "clips": [self._clip_json(clip, view) for clip in view.clips],
                "message": twins[0].error_message if failed else "ok!",
            }
        )

    def _clip_json(self, clip: Clip, view: ClipView) -> JsonObject:
        now = self.account.clock.now()
        complete = clip.status(now) is Status.COMPLETE
        return {
            "continue_clip_id": clip.id,
            "title": clip.title,
            "status": view.status_of(clip, now),
            "audio_url": self.links.audio_url(clip, now),
            "video_url": "",
            "image_url": self.links.image_url(clip, now) or "",
            "image_large_url": self.links.image_url(clip, now) or "",
            "duration": f"{clip.duration:g}" if complete else "",
            "created_at": utc_timestamp(clip.created_at),
            "model_name": clip.model,
            "major_model_version": "v3.5",
        }


class _RateLimit:
    """A sliding window: at most ``calls`` calls in ``seconds`` seconds."""

    def __init__(self, *, calls: int, seconds: float) -> None:
        self._calls = calls
        # 5 % tolerance for clients that wait exactly as long as required
        self._seconds = seconds * 0.95
        self._allowed_at: collections.deque[float] = collections.deque(maxlen=calls)

    def allows(self, now: float) -> bool:
        """Whether a call is allowed at ``now``; if so it is counted."""
        if len(self._allowed_at) == self._calls and now - self._allowed_at[0] < self._seconds:
            return False
        self._allowed_at.append(now)
        return True


def _task_status(clips: list[Status]) -> Status:
    """Return the status of a task from those of its clips."""
    if all(status.is_final for status in clips):
        return Status.COMPLETE if Status.COMPLETE in clips else Status.ERROR
    if any(status.rank >= Status.STREAMING.rank for status in clips):
        return Status.STREAMING
    return min(clips, key=lambda status: status.rank)

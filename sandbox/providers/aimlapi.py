"""AIML API's Suno clip service."""

import datetime as dt
import re
import uuid
from typing import ClassVar, Final, cast

from aiohttp import web
from typing_extensions import override

from sandbox.providers.account import ExtendParameters
from sandbox.providers.api import Api, ClipView, RefusedError, Route
from sandbox.providers.clips import Clip
from sandbox.providers.faults import Kind
from sandbox.providers.json_values import JsonObject, is_number, is_text, utc_timestamp
from sandbox.providers.timeline import Status

_SUNO: Final = "/v2/generate/audio/suno-ai"
_LONG_POLL_TIMEOUT: Final = 120.0
_MAX_IDS: Final = 6
# the wait parameter says "completed" where a clip says "complete"
_WAIT_STATUSES: Final = {
    "submitted": Status.SUBMITTED,
    "queued": Status.QUEUED,
    "streaming": Status.STREAMING,
    "completed": Status.COMPLETE,
}
_FIELDS: Final = {"continue_clip_id", "continue_at", "prompt", "title", "tags", "mv"}


class AimlApi(Api):
    """Returns clip ids on submission, and offers long polling for their status."""

    no_credits: ClassVar = (403, "You've run out of credits. Please top up your balance")
    unknown_clip: ClassVar = (404, "Clip not found")
    continue_at_too_late: ClassVar = (400, "continue_at must lie within the clip")

    @override
    def routes(self) -> list[Route]:
        """Return the end points that submit, ask and tell of clips."""
        return [
            Route("POST", f"{_SUNO}/clip", "submit", self._extend),
            Route("GET", f"{_SUNO}/clip", "fetch", self._clip),
            Route("GET", f"{_SUNO}/clips", "fetch", self._clips),
            Route("GET", "/v2/billing", "other", self._billing),
        ]

    @override
    def envelope(self, request: web.Request, status: int, message: str) -> JsonObject:
        """Return the envelope of an error, its ``statusCode`` a string as in the sample."""
        return {
            "message": message,
            "path": request.path.removeprefix(f"/{self.account.name}"),
            "requestId": str(uuid.uuid4()),
            "statusCode": str(status),
            "timestamp": utc_timestamp(dt.datetime.now(dt.UTC)),
        }

    @override
    def empty_answer(self, kind: Kind) -> JsonObject | list[JsonObject]:
        """Return an answer without clips."""
        return {"clip_ids": []} if kind == "submit" else []

    @override
    def unauthorized_text(self, request: web.Request) -> str:
        """Return the text of an error."""
        del request
        return "This request requires a valid API key"

    async def _extend(self, request: web.Request, body: JsonObject) -> web.Response:
        hints = _validation_errors(body)
        if hints:
            message = f"Body validation error: {'; '.join(hints)}"
            raise RefusedError(400, message, is_violation=True)
        self.record_unknown_fields(request, body, _FIELDS)
        order = ExtendParameters(
            clip_id=body["continue_clip_id"],
            continue_at=body["continue_at"],
            prompt=body["prompt"],
            title=body.get("title") or "",
            tags=", ".join(body.get("tags") or ()),
        )
        clips = self.account.extend(order, body)
        return web.json_response({"clip_ids": [clip.id for clip in clips]}, status=201)

    async def _clip(self, request: web.Request, body: JsonObject) -> web.Response:
        del body
        clip = self.account.clip(request.query.get("clip_id", ""))
        await self._long_poll(request, [clip])
        view = self.view([clip])
        if not view.clips:
            raise RefusedError(*self.unknown_clip)
        return web.json_response(self._clip_json(clip, view))

    async def _clips(self, request: web.Request, body: JsonObject) -> web.Response:
        del body
        ids = request.query.getall("clip_ids[]", [])
        if not 1 <= len(ids) <= _MAX_IDS:
            message = f"Query validation error: clip_ids must have 1 to {_MAX_IDS} items"
            raise RefusedError(400, message, is_violation=True)
        clips = [self.account.clip(clip_id) for clip_id in ids]
        await self._long_poll(request, clips)
        view = self.view(clips)
        return web.json_response([self._clip_json(clip, view) for clip in view.clips])

    async def _long_poll(self, request: web.Request, clips: list[Clip]) -> None:
        """Wait until all clips have the status, for two minutes at most."""
        word = request.query.get("status", "submitted")
        if word not in _WAIT_STATUSES:
            expected = ", ".join(_WAIT_STATUSES)
            message = f"Query validation error: status: expected {expected}"
            raise RefusedError(400, message, is_violation=True)
        clock = self.account.clock
        deadline = clock.now() + _LONG_POLL_TIMEOUT
        while not clock.is_stopped:
            # computed in each iteration: milestones may have changed
            reached = max(clip.milestones.reached_at(_WAIT_STATUSES[word]) for clip in clips)
            if clock.now() >= min(reached, deadline):
                return
            await clock.wait_until(min(reached, deadline))

    async def _billing(self, request: web.Request, body: JsonObject) -> web.Response:
        del request, body
        balance = {"current_balance": float(self.account.credits), "currency": "USD"}
        return web.json_response(balance)

    def _clip_json(self, clip: Clip, view: ClipView) -> JsonObject:
        now = self.account.clock.now()
        complete = clip.status(now) is Status.COMPLETE
        metadata: JsonObject = {
            "duration": clip.duration if complete else None,
            "prompt": clip.prompt,
            "gpt_description_prompt": None,
            "tags": clip.tags,
            "error_message": clip.error_text(now),
        }
        if clip.source is not None:
            metadata["task"] = "extend"
            metadata["history"] = [{"id": clip.source.id, "continue_at": clip.continue_at}]
        return {
            "id": clip.id,
            "title": clip.title,
            "status": view.status_of(clip, now),
            "audio_url": self.links.audio_url(clip, now),
            "image_url": self.links.image_url(clip, now) or "",
            "video_url": "",
            "model_name": clip.model,
            "created_at": utc_timestamp(clip.created_at),
            "metadata": metadata,
        }


def _validation_errors(body: JsonObject) -> list[str]:
    hints: list[str] = []
    if not re.fullmatch(r"[0-9a-fA-F-]{36}", str(body.get("continue_clip_id"))):
        hints.append("continue_clip_id: expected uuid")
    if not is_number(body.get("continue_at")):
        hints.append("continue_at: expected number")
    if not isinstance(body.get("prompt"), str):
        hints.append("prompt: expected string")
    if not isinstance(body.get("title", ""), str):
        hints.append("title: expected string")
    tags: object = body.get("tags", [])
    if not (isinstance(tags, list) and all(map(is_text, cast("list[object]", tags)))):
        hints.append("tags: expected array of strings")
    return hints

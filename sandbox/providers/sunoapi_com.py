"""sunoapi.com's second generation."""

from typing import ClassVar, Final

from aiohttp import web
from typing_extensions import override

from sandbox.providers.account import ExtendParameters
from sandbox.providers.api import Api, ClipView, RefusedError, Route
from sandbox.providers.clips import Clip
from sandbox.providers.faults import Fault, Kind
from sandbox.providers.json_values import JsonObject, is_number, is_text, utc_timestamp
from sandbox.providers.timeline import Status

_SUNO: Final = "/api/v2/suno/v3.5"
_MAX_IDS: Final = 2
_FIELDS: Final = {"prompt", "tags", "title", "continue_clip_id", "continue_at"}


class SunoApiCom(Api):
    """Returns a task on submission, which is "complete" while its clips have only begun."""

    no_credits: ClassVar = (403, "The remaining credits are not enough, please recharge.")
    unknown_clip: ClassVar = (400, "clip not found.")
    continue_at_too_late: ClassVar = (
        400,
        "continue_at must be less than the duration of the clip.",
    )

    @override
    def routes(self) -> list[Route]:
        """Return the end points, and that of the credits."""
        return [
            Route("POST", f"{_SUNO}/extend", "submit", self._extend),
            Route("GET", f"{_SUNO}/clips", "fetch", self._clips),
            Route("GET", "/api/v1/get-credits", "other", self._credits),
        ]

    @override
    def envelope(self, request: web.Request, status: int, message: str) -> JsonObject:
        """Return the error body of its error page; ``error`` is where the text sits."""
        del request
        return {"code": status, "error": message}

    @override
    def empty_answer(self, kind: Kind) -> JsonObject | list[JsonObject]:
        """Return Suno's own failure under HTTP 200."""
        return {"status": "error", "clips": []} if kind == "submit" else {"clips": []}

    @override
    def fault_text(self, fault: Fault) -> str:
        """Return the texts of its error page; 403 is credits or moderation, as the text tells."""
        if fault is Fault.SERVER_ERROR:
            return "Internal Server Error."
        return super().fault_text(fault)

    @override
    def unauthorized_text(self, request: web.Request) -> str:
        """Return the text of its error page."""
        if "Authorization" not in request.headers:
            return "Authorization header is missing."
        return "Invalid authorization format."

    async def _extend(self, request: web.Request, body: JsonObject) -> web.Response:
        for name in ("prompt", "tags"):
            if not isinstance(body.get(name), str):
                message = f"{name} is a required field of type string."
                raise RefusedError(400, message, is_violation=True)
        if not isinstance(body.get("title", ""), str):
            raise RefusedError(400, "The 'title' field should be string.", is_violation=True)
        if not is_text(body.get("continue_clip_id")):
            raise RefusedError(400, "continue_clip_id is a required field.", is_violation=True)
        if not is_number(body.get("continue_at")):
            raise RefusedError(400, "The 'continue_at' field should be number.", is_violation=True)
        self.record_unknown_fields(request, body, _FIELDS)
        order = ExtendParameters(
            clip_id=body["continue_clip_id"],
            continue_at=body["continue_at"],
            prompt=body["prompt"],
            title=body.get("title", ""),
            tags=body["tags"],
        )
        clips = self.account.extend(order, body)
        view = ClipView(clips, None)
        return web.json_response(
            {
                "id": self.account.new_id(),
                "clips": [self._clip_json(clip, view) for clip in clips],
                "metadata": self._metadata(clips[0]),
                "major_model_version": "v3",
                # the status of the submission, not of the audio, as in the documentation's sample
                "status": "complete",
                "created_at": utc_timestamp(clips[0].created_at),
                "batch_size": 1,
            }
        )

    async def _clips(self, request: web.Request, body: JsonObject) -> web.Response:
        del body
        ids = [clip_id for clip_id in request.query.get("ids", "").split(",") if clip_id]
        if not ids:
            raise RefusedError(400, "missing ids.", is_violation=True)
        if len(ids) > _MAX_IDS:
            self.record_violation(request, "more than 2 ids: only the first 2 are answered")
        view = self.view([self.account.clip(clip_id) for clip_id in ids][:_MAX_IDS])
        return web.json_response({"clips": [self._clip_json(clip, view) for clip in view.clips]})

    async def _credits(self, request: web.Request, body: JsonObject) -> web.Response:
        del request, body
        return web.json_response({"credits": self.account.credits, "extra_credits": 0})

    def _clip_json(self, clip: Clip, view: ClipView) -> JsonObject:
        now = self.account.clock.now()
        image = self.links.image_url(clip, now)
        return {
            "id": clip.id,
            "video_url": "",
            "audio_url": self.links.audio_url(clip, now),
            "image_url": image,
            "image_large_url": image,
            "is_video_pending": False,
            "major_model_version": "v3.5",
            "model_name": clip.model,
            "metadata": self._metadata(clip),
            "is_liked": False,
            "user_id": "4ed4f182-0b5a-4cde-bffe-44fb5237a3aa",
            "display_name": "Sandbox",
            "handle": "sandbox",
            "is_handle_updated": False,
            "avatar_image_url": "",
            "is_trashed": False,
            "reaction": None,
            "created_at": utc_timestamp(clip.created_at),
            "status": view.status_of(clip, now),
            "title": clip.title,
            "play_count": 0,
            "upvote_count": 0,
            "is_public": False,
        }

    def _metadata(self, clip: Clip) -> JsonObject:
        now = self.account.clock.now()
        status = clip.status(now)
        error = clip.error_text(now)
        history: list[JsonObject] = []
        if clip.source is not None:
            # prefixed as in the seed's sample; it is no valid clip id
            earlier: JsonObject = {"id": f"m_{clip.source.id}", "continue_at": clip.continue_at}
            history.append(earlier | {"type": "upload", "source": "web", "infill": False})
        return {
            "tags": clip.tags,
            "prompt": clip.prompt,
            "gpt_description_prompt": None,
            "audio_prompt_id": history[0]["id"] if history else None,
            "history": history or None,
            "concat_history": None,
            "type": "gen",
            "duration": clip.duration if status is Status.COMPLETE else None,
            "refund_credits": None,
            "stream": True,
            "infill": False,
            "has_vocal": clip.segments[0].voice,
            "is_audio_upload_tos_accepted": True,
            "error_type": "moderation_failure" if error else None,
            "error_message": error,
        }

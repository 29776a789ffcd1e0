"""The self-hosted gcui-art/suno-api."""

from typing import ClassVar, Final

from aiohttp import web
from typing_extensions import override

from sandbox.providers.account import ExtendParameters, NoSuchClipError
from sandbox.providers.api import Api, ClipView, RefusedError, Route
from sandbox.providers.clips import Clip
from sandbox.providers.faults import Fault, Kind
from sandbox.providers.faulty_responses import html_page
from sandbox.providers.json_values import JsonObject, is_number, utc_timestamp
from sandbox.providers.timeline import Status

_MAX_IDS: Final = 2
_LIBRARY_PAGE: Final = 20
_WAIT_AUDIO_TIMEOUT: Final = 100.0
_TEXT_FIELDS: Final = ("prompt", "tags", "negative_tags", "title", "model")
_FIELDS: Final = {*_TEXT_FIELDS, "audio_id", "continue_at", "wait_audio"}
_SESSION_ENDED: Final = "Failed to get session id, you may need to update the SUNO_COOKIE"
_NO_BROWSER: Final = (
    "pOST: Executable doesn't exist at /home/node/.cache/ms-playwright/chromium-1148/chrome\n"
    "╔═══════════════════════════════════════════════════╗\n"
    "║ Looks like Playwright was just installed or updated ║\n"
    "╚═══════════════════════════════════════════════════╝"
)
_CONTINUE_AT_REQUIRED: Final = "Invalid parameter 'continueAt': expected number, got undefined"
_NETWORK_ERROR: Final = (
    "Network error: Unable to connect to Suno API. "
    "Please check your internet connection and try again."
)


class SunoApi(Api):
    """Returns the clips on submission, lists its library, joins clips; needs no key."""

    no_credits: ClassVar = (402, "Payment required")
    unknown_clip: ClassVar = (404, "API Error: Not found.")
    continue_at_too_late: ClassVar = (
        400,
        "API Error: continue_at must be less than the clip's duration",
    )

    @override
    def routes(self) -> list[Route]:
        """Return the end points that Encore uses."""
        return [
            Route("POST", "/api/extend_audio", "submit", self._extend),
            Route("POST", "/api/concat", "submit", self._concat),
            Route("GET", "/api/get", "fetch", self._get),
            Route("GET", "/api/clip", "fetch", self._clip),
            Route("GET", "/api/get_limit", "other", self._limit),
        ]

    @override
    def envelope(self, request: web.Request, status: int, message: str) -> JsonObject:
        """Return the body of an error; of queries only the credits' 500 says why."""
        if status == 500 and request.method == "GET":  # noqa: PLR2004 - an HTTP status
            reason = message.removeprefix("Internal error: ")
            shows_reason = request.path.endswith("/api/get_limit")
            hidden = "Internal server error"
            return {"error": f"{hidden}. Error: {reason}" if shows_reason else hidden}
        return {"error": message}

    @override
    def unknown_route(self, request: web.Request, status: int, message: str) -> web.StreamResponse:
        """Return what Next.js does: a page for a path, an empty 405 for a method."""
        if status == 405:  # noqa: PLR2004 - an HTTP status
            return web.Response(status=status)
        return html_page(status, "404: This page could not be found.")

    @override
    def empty_answer(self, kind: Kind) -> JsonObject | list[JsonObject]:
        """Return no clips."""
        del kind
        return []

    @override
    def fault_text(self, fault: Fault) -> str:
        """Return the text of an error: what Suno refused is passed through with a prefix."""
        match fault:
            case Fault.PAYMENT_REQUIRED:
                return "Payment required"
            case Fault.UNAVAILABLE | Fault.SLOW_BUT_MADE:
                return _NETWORK_ERROR
            case Fault.SERVER_ERROR | Fault.ERROR_BODY | Fault.SESSION_ENDED:
                return f"Internal error: {_SESSION_ENDED}"
            case Fault.NO_BROWSER:
                return f"Internal error: {_NO_BROWSER}"
            case Fault.CONTINUE_AT_REQUIRED:
                return f"Internal error: {_CONTINUE_AT_REQUIRED}"
            case _:
                return f"API Error: {super().fault_text(fault)}"

    async def _extend(self, request: web.Request, body: JsonObject) -> web.Response:
        if not body.get("audio_id"):
            raise RefusedError(400, "Audio ID is required", is_violation=True)
        if "continue_at" in body and not is_number(body["continue_at"]):
            raise RefusedError(400, "API Error: continue_at must be a number", is_violation=True)
        for name in _TEXT_FIELDS:
            if not isinstance(body.get(name, ""), str):
                raise RefusedError(400, f"API Error: {name} must be a string", is_violation=True)
        self.record_unknown_fields(request, body, _FIELDS)
        order = ExtendParameters(
            clip_id=str(body["audio_id"]),
            continue_at=body.get("continue_at"),
            prompt=body.get("prompt", ""),
            title=body.get("title", ""),
            tags=body.get("tags", ""),
            negative_tags=body.get("negative_tags", ""),
            model=body.get("model") or "chirp-v3-5",
        )
        clips = self.account.extend(order, body)
        # any non-empty value waits, even "false", as in the real service
        if body.get("wait_audio"):
            await self._wait_audio(clips)
            return web.json_response(
                [self._clip_json(clip, ClipView(clips, None)) for clip in clips]
            )
        return web.json_response([self._submitted_json(clip) for clip in clips])

    async def _wait_audio(self, clips: list[Clip]) -> None:
        """Wait until all clips stream or all failed, for 100 seconds at most."""
        clock = self.account.clock
        deadline = clock.now() + _WAIT_AUDIO_TIMEOUT
        while not clock.is_stopped and clock.now() < deadline:
            statuses = {clip.status(clock.now()) for clip in clips}
            if statuses <= {Status.STREAMING, Status.COMPLETE} or statuses == {Status.ERROR}:
                return
            # polls like the real service, since the twins' statuses may never be equal
            await clock.wait_until(min(clock.now() + 3, deadline))

    async def _concat(self, request: web.Request, body: JsonObject) -> web.Response:
        if not body.get("clip_id"):
            raise RefusedError(400, "Clip id is required", is_violation=True)
        self.record_unknown_fields(request, body, {"clip_id"})
        clip = self.account.concat(str(body["clip_id"]), body)
        return web.json_response(self._suno_clip_json(clip, ClipView([clip], None)))

    async def _get(self, request: web.Request, body: JsonObject) -> web.Response:
        del body
        ids = [clip_id for clip_id in request.query.get("ids", "").split(",") if clip_id]
        if ids:
            if len(ids) > _MAX_IDS:
                self.record_violation(request, "more than 2 ids: only the first 2 are answered")
            # as Suno's feed: the clips that it knows, an error only if there is none
            known = [clip_id for clip_id in ids if clip_id in self.account.clips]
            clips = [self._clip_or_500(clip_id) for clip_id in (known or ids)[:_MAX_IDS]]
        else:
            if "ids" in request.query:
                self.record_violation(request, "empty ids: the whole library is answered")
            clips = list(self.account.clips.values())[: -_LIBRARY_PAGE - 1 : -1]
        view = self.view(clips)
        return web.json_response([self._clip_json(clip, view) for clip in view.clips])

    async def _clip(self, request: web.Request, body: JsonObject) -> web.Response:
        del body
        clip_id = request.query.get("id")
        if not clip_id:
            raise RefusedError(400, "Missing parameter id", is_violation=True)
        view = self.view([self._clip_or_500(clip_id)])
        if not view.clips:
            raise RefusedError(500, "Internal server error")
        return web.json_response(self._suno_clip_json(view.clips[0], view))

    async def _limit(self, request: web.Request, body: JsonObject) -> web.Response:
        del request, body
        spent = sum(submission.charged for submission in self.account.submissions)
        return web.json_response(
            {
                "credits_left": self.account.credits,
                "period": "day",
                "monthly_limit": self.account.credits + spent,
                "monthly_usage": spent,
            }
        )

    def _clip_or_500(self, clip_id: str) -> Clip:
        try:
            return self.account.clip(clip_id)
        except NoSuchClipError:
            raise RefusedError(500, "Internal server error") from None

    def _submitted_json(self, clip: Clip) -> JsonObject:
        """Return the clip as in the submission's response, which differs in two fields."""
        shown = self._clip_json(clip, ClipView([clip], None))
        del shown["error_message"]
        return shown | {"negative_tags": clip.negative_tags}

    def _clip_json(self, clip: Clip, view: ClipView) -> JsonObject:
        now = self.account.clock.now()
        return {
            "id": clip.id,
            "title": clip.title,
            "image_url": self.links.image_url(clip, now),
            "lyric": "\n".join(line for line in clip.prompt.splitlines() if line.strip()),
            "audio_url": self.links.audio_url(clip, now),
            "video_url": "",
            "created_at": utc_timestamp(clip.created_at),
            "model_name": clip.model,
            "status": view.status_of(clip, now),
            "gpt_description_prompt": None,
            "prompt": clip.prompt,
            "type": _clip_type(clip),
            "tags": clip.tags,
            "duration": self._duration(clip),
            "error_message": clip.error_text(now),
        }

    def _suno_clip_json(self, clip: Clip, view: ClipView) -> JsonObject:
        """Return the clip as Suno itself does, with details in ``metadata``."""
        now = self.account.clock.now()
        metadata: JsonObject = {
            "tags": clip.tags,
            "prompt": clip.prompt,
            "type": _clip_type(clip),
            "duration": self._duration(clip),
            "error_message": clip.error_text(now),
        }
        if clip.source is not None:
            history = [{"id": clip.source.id, "continue_at": clip.continue_at}]
            metadata["concat_history" if clip.is_full_song else "history"] = history
        return {
            "id": clip.id,
            "title": clip.title,
            "image_url": self.links.image_url(clip, now),
            "audio_url": self.links.audio_url(clip, now),
            "video_url": "",
            "created_at": utc_timestamp(clip.created_at),
            "model_name": clip.model,
            "status": view.status_of(clip, now),
            "metadata": metadata,
        }

    def _duration(self, clip: Clip) -> float | None:
        return clip.duration if self.account.status(clip) is Status.COMPLETE else None


def _clip_type(clip: Clip) -> str:
    return "concat" if clip.is_full_song else "gen"

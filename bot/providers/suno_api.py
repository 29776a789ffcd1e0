"""A self-hosted gcui-art/suno-api: Suno's own answers, made flat, for one account.

Contract: the code of github.com/gcui-art/suno-api. The one provider that lists recent clips and
joins a lineage.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus

import httpx
from pydantic import BaseModel, Field, TypeAdapter
from typing_extensions import override

from bot.domain.form import TextLimits, format_style
from bot.domain.models import Clip, ExtendRequest, Handle, Progress, Status
from bot.providers.adapter import (
    INSTRUMENTAL,
    NEEDS_TIME,
    ApiConfig,
    ClipAdapter,
    handle_of,
    json_number,
)
from bot.providers.base import (
    Capabilities,
    Credits,
    ProviderError,
    Rejected,
    SessionExpired,
    Unauthorized,
    Unavailable,
    Unconfirmed,
    UnknownClip,
)
from bot.providers.clip_schema import ClipAnswer, ClipRef, ErrorText
from bot.providers.errors import ErrorResponse

_SHORT_TEXTS = TextLimits(lyrics=3000, style=200, title=80)
_LONG_TEXTS = TextLimits(lyrics=5000, style=1000, title=100)
# Newest first. Suno takes any other word of its own as well.
_MODEL_LIMITS = {
    "chirp-hawk": _LONG_TEXTS,  # v6
    "chirp-hawk-wild": _LONG_TEXTS,
    "chirp-goose": _LONG_TEXTS,
    "chirp-fenix": _LONG_TEXTS,  # v5.5
    "chirp-crow": _LONG_TEXTS,
    "chirp-bluejay": _LONG_TEXTS,
    "chirp-auk": _LONG_TEXTS,  # v4.5
    "chirp-auk-turbo": TextLimits(lyrics=5000, style=1000, title=80),
    "chirp-v4": _SHORT_TEXTS,
    "chirp-v3-5": _SHORT_TEXTS,
}

DEFAULTS = ApiConfig(base_url="")  # it has no public address: setting one enables it
CAPABILITIES = Capabilities(
    label="suno-api",
    limits=_SHORT_TEXTS,  # of chirp-v3-5, the server's default
    model_limits=_MODEL_LIMITS,
    exclude=True,
    models=tuple(_MODEL_LIMITS),
    needs_continue_at=False,  # though a fork does, so it is sent where known
    lookup=True,
    reconcile=True,
    batch=2,
    submit_timeout=300,  # a captcha may be solved before it answers
    concat=True,
    credits_per_extension=10,  # documented
)

_EXTEND_PATH = "/api/extend_audio"
_CLIPS_PATH = "/api/get"
_CONCAT_PATH = "/api/concat"
_CREDITS_PATH = "/api/get_limit"

# the type of a clip made by `concat`, which repeats prompt and title of its last part
_CONCAT_TYPE = "concat"
# the server's clock may differ from ours by this much
_CLOCK_TOLERANCE = dt.timedelta(seconds=60)
_RENEW_COOKIE = "Renew the cookie: SUNO_COOKIE of suno-api, or SUNO_API_COOKIE of Encore."
# Clerk, which keeps Suno's sessions, gives no reason, so the server adds HTTP's own phrase. Suno's
# words for an unknown clip are "Not found." with a full stop.
_SESSION_ERRORS = {
    401: re.compile(""),
    404: re.compile(r"\bNot Found$"),
    500: re.compile(r"cookie|session id|status code 40[13]", re.IGNORECASE),
}
# What fails before the server sends anything to Suno: a captcha that its old version can't pass,
# its browser, or a check of its own.
_SERVER_ERRORS = {
    422: re.compile(r"token validation failed", re.IGNORECASE),
    500: re.compile(
        r"executable doesn.t exist|playwright|captcha|\bbrowser\b|\b(?:page|locator)\.[a-z]"
        r"|argument (?:name|val)|invalid parameter|create/generate button",
        re.IGNORECASE,
    ),
}
# Suno's words; the server does not look itself
_NOT_FOUND = re.compile(r"\bNot found\.$")
_CONTINUE_AT_REQUIRED = re.compile(r"invalid parameter .?continue_?at", re.IGNORECASE)


class _FailedSubmission(ErrorText):
    """Suno's failure with HTTP 200."""

    status: str
    clips: list[object] = Field(max_length=0)


class _LibraryClip(ClipRef):
    created_at: dt.datetime | None = None
    prompt: str | None = None
    title: str | None = None
    type: str | None = None


class _CreditsResponse(BaseModel):
    credits_left: float = Field(allow_inf_nan=False)


_SUBMIT_SCHEMA: TypeAdapter[list[ClipRef] | _FailedSubmission] = TypeAdapter(
    list[ClipRef] | _FailedSubmission
)
_CONCAT_SCHEMA = TypeAdapter(ClipRef)
_CLIPS_SCHEMA = TypeAdapter(list[ClipAnswer])
_LIBRARY_SCHEMA = TypeAdapter(list[_LibraryClip])
_CREDITS_SCHEMA = TypeAdapter(_CreditsResponse)


class _UnexplainedFailure(Unavailable):
    """A query's 500. ``/api/get`` answers it to an unknown id, an ended session and all else."""


class SunoApi(ClipAdapter):
    """The adapter to suno-api.

    Args:
        client: for this provider alone.
        config: how to reach it.
        cookie: selects an account; empty for the server's own.
        model: sent if the member chose none; empty for the server's default.
        submit_timeout: seconds to wait for the answer to a submission.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        config: ApiConfig,
        *,
        cookie: str = "",
        model: str = "",
        submit_timeout: float = CAPABILITIES.submit_timeout,
    ) -> None:
        super().__init__(
            client,
            config,
            name="suno_api",
            capabilities=replace(
                CAPABILITIES,
                # a model that is not in the list is newer than the list
                limits=_MODEL_LIMITS.get(model, _LONG_TEXTS) if model else _SHORT_TEXTS,
                submit_timeout=submit_timeout,
            ),
            headers={"Cookie": cookie} if cookie else {},
        )
        self._model = model

    async def extend(self, request: ExtendRequest) -> Handle:
        """Submit ``request`` without waiting for its audio."""
        answer = await self._api.submit(
            _EXTEND_PATH,
            _payload(request, default_model=self._model),
            _SUBMIT_SCHEMA,
            timeout_seconds=self.capabilities.submit_timeout,
        )
        if isinstance(answer, _FailedSubmission):
            return handle_of((), reason=answer.text)
        return handle_of(clip.id for clip in answer)

    @override
    async def fetch(
        self, handles: Sequence[Handle], *, newer_than: Status | None = None
    ) -> Mapping[Handle, Progress]:
        try:
            return await super().fetch(handles, newer_than=newer_than)
        except _UnexplainedFailure:
            await self.credits()  # raises the reason if the session has ended
            raise

    @override
    async def clip(self, clip_id: str) -> Clip | None:
        """Return what is known of a clip; None if the account answers, but has no such clip."""
        try:
            return await super().clip(clip_id)
        except _UnexplainedFailure:
            await self.credits()  # raises the reason if it is the session or the server
            return None

    @override
    async def find_recent(self, request: ExtendRequest, *, since: dt.datetime) -> Sequence[str]:
        """Return the ids of clips made from ``request`` since then, oldest first.

        The answer does not say which clip was continued, so time, prompt and title decide. It has
        the first page of the library, 20 clips.
        """
        wanted = (_normalized(_prompt(request)), _normalized(request.title))
        library = await self._api.query(_CLIPS_PATH, _LIBRARY_SCHEMA)
        found = [
            (created_at, clip.id)
            for clip in library
            if (created_at := _with_timezone(clip.created_at)) is not None
            and created_at >= since - _CLOCK_TOLERANCE
            and (_normalized(clip.prompt), _normalized(clip.title)) == wanted
            and clip.type != _CONCAT_TYPE
        ]
        return tuple(clip_id for _, clip_id in sorted(found))

    @override
    async def concat(self, clip_id: str) -> Handle:
        """Submit the whole song that ends in this clip.

        The server answers 503 where Suno takes longer than ten seconds. Suno charges nothing for a
        concat, so it may be sent again: it is never `Unconfirmed`.
        """
        try:
            answer = await self._api.submit(
                _CONCAT_PATH,
                {"clip_id": clip_id},
                _CONCAT_SCHEMA,
                timeout_seconds=self.capabilities.submit_timeout,
            )
        except Unconfirmed as error:
            raise Unavailable(error.text) from None
        except UnknownClip as error:  # Encore has its audio, and can join it without this account
            raise Rejected(error.text) from None
        return Handle(clip_ids=(answer.id,))

    @override
    async def credits(self) -> Credits:
        return Credits((await self._api.query(_CREDITS_PATH, _CREDITS_SCHEMA)).credits_left)

    @override
    async def _fetch_clips(
        self, clip_ids: Sequence[str], newer_than: Status | None
    ) -> Sequence[ClipAnswer]:
        del newer_than  # the API can't wait for news
        # Never send it without ids: it would list the whole library.
        return await self._api.query(
            _CLIPS_PATH, _CLIPS_SCHEMA, params=[("ids", ",".join(clip_ids))]
        )

    @override
    def _error_from(self, response: ErrorResponse) -> ProviderError | None:
        if not response.is_json:
            return None
        if _matches(_SESSION_ERRORS, response):
            reasons = (response.text.rstrip("."), _RENEW_COOKIE)
            return SessionExpired(". ".join(filter(None, reasons)))
        if response.status == HTTPStatus.NOT_FOUND and _NOT_FOUND.search(response.message):
            return UnknownClip(response.text)
        if _CONTINUE_AT_REQUIRED.search(response.message):
            return Rejected(NEEDS_TIME)
        if _matches(_SERVER_ERRORS, response):
            return Unauthorized(response.text)
        if response.is_query and response.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return _UnexplainedFailure(response.text)
        return None


def _matches(patterns: Mapping[int, re.Pattern[str]], response: ErrorResponse) -> bool:
    pattern = patterns.get(response.status)
    return pattern is not None and pattern.search(response.message) is not None


def _payload(request: ExtendRequest, *, default_model: str) -> dict[str, object]:
    """Return the body of an extension.

    Without ``continue_at`` it continues from the end; without a model the server's default is used.
    """
    model = request.model or default_model
    payload: dict[str, object] = {
        "audio_id": request.clip_id,
        "prompt": _prompt(request),
        "tags": format_style(request.style),
        "negative_tags": format_style(request.exclude),
        "title": request.title,
        "wait_audio": False,
    }
    if request.continue_at is not None:
        payload["continue_at"] = json_number(request.continue_at)
    if model:
        payload["model"] = model
    return payload


def _prompt(request: ExtendRequest) -> str:
    return request.lyrics or INSTRUMENTAL


def _normalized(text: str | None) -> str:
    """Return ``text`` without what a server may change: kinds of line break, outer spaces."""
    return "\n".join(line.rstrip() for line in (text or "").strip().splitlines())


def _with_timezone(time: dt.datetime | None) -> dt.datetime | None:
    """Return ``time`` with a time zone; UTC if it has none."""
    return time.replace(tzinfo=time.tzinfo or dt.UTC) if time else None

"""A self-hosted gcui-art/suno-api: Suno's own answers, made flat, for one account.

Contract: providers.md §3. The one provider that lists recent clips and joins a lineage.
"""

import datetime as dt
import re
from collections.abc import Sequence

import httpx
from pydantic import BaseModel, Field, TypeAdapter
from typing_extensions import override

from bot.domain.form import TextLimits, format_style
from bot.domain.models import ExtendRequest, Handle, Status
from bot.providers.adapter import INSTRUMENTAL, ApiConfig, ClipAdapter, handle_of, json_number
from bot.providers.base import Capabilities, Credits, ProviderError, Unauthorized
from bot.providers.clip_schema import ClipAnswer, ClipRef, ErrorText
from bot.providers.errors import ErrorResponse

DEFAULTS = ApiConfig(base_url="")  # it has no public address: setting one enables it
CAPABILITIES = Capabilities(
    label="suno-api",
    limits=TextLimits(lyrics=5000, style=1000, title=100),  # of v4.5 and later (providers.md §6.1)
    exclude=True,
    # any other word of Suno's is accepted as well (providers.md §6.1)
    models=("chirp-v3-5", "chirp-v4", "chirp-auk", "chirp-bluejay", "chirp-crow", "chirp-fenix"),
    lookup=True,
    reconcile=True,
    batch=2,
    submit_timeout=300,  # a captcha may be solved before it answers (providers.md §3.1)
    concat=True,
)

_EXTEND_PATH = "/api/extend_audio"
_CLIPS_PATH = "/api/get"
_CONCAT_PATH = "/api/concat"
_CREDITS_PATH = "/api/get_limit"

# the type of a clip made by `concat`, which repeats prompt and title of its last part
_CONCAT_TYPE = "concat"
# the server's clock may differ from ours by this much
_CLOCK_TOLERANCE = dt.timedelta(seconds=60)
# error messages that are the operator's problem: a captcha, an old server, an old cookie
# (providers.md §3.5, §3.7)
_OPERATOR_MESSAGES = {
    422: re.compile(r"token validation failed", re.IGNORECASE),
    500: re.compile(r"cookie|session id", re.IGNORECASE),
}


class _FailedSubmission(ErrorText):
    """Suno's failure with HTTP 200 (providers.md §6.7)."""

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


class SunoApi(ClipAdapter):
    """The adapter to suno-api."""

    def __init__(self, client: httpx.AsyncClient, config: ApiConfig, *, cookie: str = "") -> None:
        headers = {"Cookie": cookie} if cookie else {}
        super().__init__(
            client, config, name="suno_api", capabilities=CAPABILITIES, headers=headers
        )

    async def extend(self, request: ExtendRequest) -> Handle:
        """Submit ``request`` without waiting for its audio."""
        answer = await self._api.submit(
            _EXTEND_PATH,
            _payload(request),
            _SUBMIT_SCHEMA,
            timeout_seconds=self.capabilities.submit_timeout,
        )
        if isinstance(answer, _FailedSubmission):
            return handle_of((), reason=answer.text)
        return handle_of(clip.id for clip in answer)

    @override
    async def find_recent(self, request: ExtendRequest, *, since: dt.datetime) -> Sequence[str]:
        """Return the ids of clips made from ``request`` since then, oldest first.

        The answer does not say which clip was continued, so time, prompt and title decide. It has
        the first page of the library, 20 clips (providers.md §3.4, §3.5).
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
        """Submit the whole song that ends in this clip (providers.md §6.3)."""
        answer = await self._api.submit(
            _CONCAT_PATH,
            {"clip_id": clip_id},
            _CONCAT_SCHEMA,
            timeout_seconds=self.capabilities.submit_timeout,
        )
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
        pattern = _OPERATOR_MESSAGES.get(response.status)
        if pattern and pattern.search(response.message):
            return Unauthorized(response.text)
        return None


def _payload(request: ExtendRequest) -> dict[str, object]:
    """Return the body of an extension (providers.md §3.2).

    Without ``continue_at`` it continues from the end; without a model the server's default is used.
    """
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
    if request.model:
        payload["model"] = request.model
    return payload


def _prompt(request: ExtendRequest) -> str:
    return request.lyrics or INSTRUMENTAL


def _normalized(text: str | None) -> str:
    """Return ``text`` without what a server may change: kinds of line break, outer spaces."""
    return "\n".join(line.rstrip() for line in (text or "").strip().splitlines())


def _with_timezone(time: dt.datetime | None) -> dt.datetime | None:
    """Return ``time`` with a time zone; UTC if it has none."""
    return time.replace(tzinfo=time.tzinfo or dt.UTC) if time else None

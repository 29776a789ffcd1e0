"""sunoapi.com, second generation: every answer carries whole clips.

Contract: the v2 documents of sunoapi.com. The ``status`` beside the clips belongs to the
submission, not to the audio, so only the clips' own status counts.
"""

from collections.abc import Sequence

import httpx
from pydantic import BaseModel, Field, TypeAdapter
from typing_extensions import override

from bot.domain.form import TextLimits, format_style
from bot.domain.models import ExtendRequest, Handle, Status
from bot.providers.adapter import (
    INSTRUMENTAL,
    ApiConfig,
    ClipAdapter,
    handle_of,
    require_continue_at,
)
from bot.providers.base import Capabilities, Credits
from bot.providers.clip_schema import ClipAnswer, ClipRef, ErrorText

DEFAULTS = ApiConfig(base_url="https://api.sunoapi.com")
CAPABILITIES = Capabilities(
    label="sunoapi.com",
    limits=TextLimits(lyrics=3000, style=200, title=80),  # its error page
    lookup=True,
    batch=2,
    credits_per_extension=10,  # documented
)

_EXTEND_PATH = "/api/v2/suno/v3.5/extend"
_CLIPS_PATH = "/api/v2/suno/v3.5/clips"
_CREDITS_PATH = "/api/v1/get-credits"


class _SubmitResponse(ErrorText):
    clips: list[ClipRef]


class _ClipsResponse(BaseModel):
    clips: list[ClipAnswer] | dict[str, ClipAnswer]


class _WrappedClipsResponse(BaseModel):
    """The form of the v3.0 family, with its clips by id."""

    data: _ClipsResponse


class _CreditsResponse(BaseModel):
    credits: float = Field(allow_inf_nan=False)
    extra_credits: float = Field(0, allow_inf_nan=False)


_SUBMIT_SCHEMA = TypeAdapter(_SubmitResponse)
_CLIPS_SCHEMA: TypeAdapter[_ClipsResponse | _WrappedClipsResponse] = TypeAdapter(
    _ClipsResponse | _WrappedClipsResponse
)
_CREDITS_SCHEMA = TypeAdapter(_CreditsResponse)


class SunoApiCom(ClipAdapter):
    """The adapter to sunoapi.com."""

    def __init__(self, client: httpx.AsyncClient, config: ApiConfig) -> None:
        super().__init__(client, config, name="sunoapi_com", capabilities=CAPABILITIES)

    async def extend(self, request: ExtendRequest) -> Handle:
        """Submit ``request``."""
        answer = await self._api.submit(
            _EXTEND_PATH,
            _payload(request),
            _SUBMIT_SCHEMA,
            timeout_seconds=self.capabilities.submit_timeout,
        )
        return handle_of((clip.id for clip in answer.clips), reason=answer.text)

    @override
    async def credits(self) -> Credits:
        """Return the credits left, including extra ones that were bought."""
        answer = await self._api.query(_CREDITS_PATH, _CREDITS_SCHEMA)
        return Credits(answer.credits + answer.extra_credits)

    @override
    async def _fetch_clips(
        self, clip_ids: Sequence[str], newer_than: Status | None
    ) -> Sequence[ClipAnswer]:
        del newer_than  # the API can't wait for news
        answer = await self._api.query(
            _CLIPS_PATH, _CLIPS_SCHEMA, params=[("ids", ",".join(clip_ids))]
        )
        clips = (answer.data if isinstance(answer, _WrappedClipsResponse) else answer).clips
        return [*clips.values()] if isinstance(clips, dict) else clips


def _payload(request: ExtendRequest) -> dict[str, object]:
    """Return the body of an extension; prompt and tags are required, the title is not."""
    payload: dict[str, object] = {
        "prompt": request.lyrics or INSTRUMENTAL,
        "tags": format_style(request.style),
        "continue_clip_id": request.clip_id,
        "continue_at": require_continue_at(request),
    }
    if request.title:
        payload["title"] = request.title
    return payload

"""sunoapi.com, second generation: whole clips in every answer.

Contract: providers.md §4.1. The ``status`` beside the clips is the submission's, not the audio's,
so only the clips' own is looked at.
"""

from collections.abc import Sequence

import httpx
from pydantic import BaseModel, Field, TypeAdapter

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
    limits=TextLimits(lyrics=3000, style=200, title=80),  # its error page (providers.md §4.2)
    lookup=True,
    batch=2,
)

_EXTEND = "/api/v2/suno/v3.5/extend"
_CLIPS = "/api/v2/suno/v3.5/clips"
_CREDITS = "/api/v1/get-credits"


class _Submitted(ErrorText):
    clips: list[ClipRef]


class _Clips(BaseModel):
    clips: list[ClipAnswer] | dict[str, ClipAnswer]


class _Wrapped(BaseModel):
    """The form of the v3.0 family, with its clips by id (providers.md §4.1)."""

    data: _Clips


class _CreditsResponse(BaseModel):
    credits: float = Field(allow_inf_nan=False)
    extra_credits: float = Field(0, allow_inf_nan=False)


_SUBMITTED = TypeAdapter(_Submitted)
_ANSWERS: TypeAdapter[_Clips | _Wrapped] = TypeAdapter(_Clips | _Wrapped)
_LEFT = TypeAdapter(_CreditsResponse)


class SunoApiCom(ClipAdapter):
    """The adapter to sunoapi.com."""

    def __init__(self, client: httpx.AsyncClient, access: ApiConfig) -> None:
        super().__init__(client, access, name="sunoapi_com", capabilities=CAPABILITIES)

    async def extend(self, request: ExtendRequest) -> Handle:
        """Submit ``request``."""
        answer = await self._api.submit(
            _EXTEND, _payload(request), _SUBMITTED, timeout_seconds=self.capabilities.submit_timeout
        )
        return handle_of((made.id for made in answer.clips), reason=answer.text)

    async def credits(self) -> Credits:
        """Return the credits that are left, bought extra ones with them (providers.md §4.2)."""
        left = await self._api.query(_CREDITS, _LEFT)
        return Credits(left.credits + left.extra_credits)

    async def _fetch_clips(
        self, clip_ids: Sequence[str], newer_than: Status | None
    ) -> Sequence[ClipAnswer]:
        del newer_than  # it can't be waited on
        answer = await self._api.query(_CLIPS, _ANSWERS, params=[("ids", ",".join(clip_ids))])
        clips = (answer.data if isinstance(answer, _Wrapped) else answer).clips
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

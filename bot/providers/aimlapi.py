"""AIML API: Suno clips by ``continue_clip_id``, asked for with a wait at the server.

Contract: providers.md §1. Deprecated by AIML since 2024, so an answer that says so is likely.
"""

import re
from collections.abc import Sequence

import httpx
from pydantic import AliasChoices, BaseModel, Field, TypeAdapter

from bot.domain.form import TextLimits, format_style
from bot.domain.models import ExtendRequest, Handle, Status
from bot.providers.adapter import (
    INSTRUMENTAL,
    ApiConfig,
    ClipAdapter,
    handle_of,
    require_continue_at,
)
from bot.providers.base import Capabilities, Credits, OutOfCredits, ProviderError, Rejected
from bot.providers.clip_schema import CLIP_ANSWER, ClipAnswer, ErrorText, Id
from bot.providers.errors import ErrorResponse
from bot.providers.http import QUERY_TIMEOUT

DEFAULTS = ApiConfig(base_url="https://api.aimlapi.com")
CAPABILITIES = Capabilities(
    label="AIML API",
    limits=TextLimits(lyrics=3000, style=200, title=80),  # of v3.5, its model (providers.md §6.1)
    lookup=True,
    long_poll=True,
    batch=6,
)

_CLIP = "/v2/generate/audio/suno-ai/clip"
_CLIPS = "/v2/generate/audio/suno-ai/clips"
_BILLING = "/v2/billing"

# It holds an answer back for two minutes at most, then gives what there is (providers.md §1.3).
_WAIT_WITHIN = 150.0
# The parameter is spelt ``completed``, the status of a clip ``complete``.
_WAIT_FOR = {None: "submitted", Status.SUBMITTED: "streaming", Status.STREAMING: "completed"}


class _Submitted(ErrorText):
    # ``clips``, and empty, where Suno's own failure comes through (providers.md §6.7)
    clip_ids: list[Id] = Field(validation_alias=AliasChoices("clip_ids", "clips"))


class _Clips(BaseModel):
    clips: list[ClipAnswer] = Field(validation_alias=AliasChoices("clips", "data"))


class _Billing(BaseModel):
    current_balance: float = Field(allow_inf_nan=False)
    currency: str = Field("", max_length=16)


_SUBMITTED = TypeAdapter(_Submitted)
_MANY: TypeAdapter[list[ClipAnswer] | _Clips] = TypeAdapter(list[ClipAnswer] | _Clips)
_BALANCE = TypeAdapter(_Billing)


class _TagsRefused(Rejected):
    """It wants its ``tags`` as text: the documents say both (providers.md §1.6)."""


class AimlApi(ClipAdapter):
    """The adapter to AIML API."""

    def __init__(self, client: httpx.AsyncClient, access: ApiConfig) -> None:
        super().__init__(client, access, name="aimlapi", capabilities=CAPABILITIES)

    async def extend(self, request: ExtendRequest) -> Handle:
        """Submit ``request``; a refusal of the tags' form charged nothing and is answered once."""
        payload = _payload(request)
        try:
            return await self._submit(payload)
        except _TagsRefused:
            if not request.style:
                raise
        await self.wait_for_submit_slot()
        return await self._submit({**payload, "tags": format_style(request.style)})

    async def credits(self) -> Credits:
        """Return the balance, in its currency."""
        answer = await self._api.query(_BILLING, _BALANCE)
        return Credits(answer.current_balance, answer.currency or "credits")

    async def _submit(self, payload: dict[str, object]) -> Handle:
        answer = await self._api.submit(
            _CLIP, payload, _SUBMITTED, timeout_seconds=self.capabilities.submit_timeout
        )
        return handle_of(answer.clip_ids, reason=answer.text)

    async def _fetch_clips(
        self, clip_ids: Sequence[str], newer_than: Status | None
    ) -> Sequence[ClipAnswer]:
        wait = ("status", _WAIT_FOR.get(newer_than, "submitted"))
        within = QUERY_TIMEOUT if newer_than is None else _WAIT_WITHIN
        if len(clip_ids) == 1:
            params = [("clip_id", clip_ids[0]), wait]
            return [
                await self._api.query(_CLIP, CLIP_ANSWER, params=params, timeout_seconds=within)
            ]
        params = [*(("clip_ids[]", clip_id) for clip_id in clip_ids), wait]
        answers = await self._api.query(_CLIPS, _MANY, params=params, timeout_seconds=within)
        return answers.clips if isinstance(answers, _Clips) else answers

    def _refused(self, refusal: ErrorResponse) -> ProviderError | None:
        match refusal.status:
            # not 402 (providers.md §1.5); a page instead of words is some proxy's
            case 403 if refusal.message and not refusal.is_about_content:
                return OutOfCredits(refusal.text)
            case 400 if re.search(r"\btags\b", refusal.body):
                return _TagsRefused(refusal.text)
            case _:
                return None


def _payload(request: ExtendRequest) -> dict[str, object]:
    """Return the body of an extension (providers.md §1.2); tags and title only where given."""
    payload: dict[str, object] = {
        "continue_clip_id": request.clip_id,
        "continue_at": require_continue_at(request),
        "prompt": request.lyrics or INSTRUMENTAL,
    }
    if request.title:
        payload["title"] = request.title
    if request.style:
        payload["tags"] = [*request.style]
    return payload

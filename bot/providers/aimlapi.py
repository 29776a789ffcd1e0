"""AIML API: Suno clips by ``continue_clip_id``; queries can wait at the server.

Contract: docs.aimlapi.com, Suno clip. AIML has deprecated it since 2024 and may answer that it is
gone.
"""

import re
from collections.abc import Sequence

import httpx
from pydantic import AliasChoices, BaseModel, Field, TypeAdapter
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
from bot.providers.base import Capabilities, Credits, OutOfCredits, ProviderError, Rejected
from bot.providers.clip_schema import CLIP_SCHEMA, ClipAnswer, ErrorText, Id
from bot.providers.errors import ErrorResponse
from bot.providers.http import QUERY_TIMEOUT

DEFAULTS = ApiConfig(base_url="https://api.aimlapi.com")
CAPABILITIES = Capabilities(
    label="AIML API",
    limits=TextLimits(lyrics=3000, style=200, title=80),  # of v3.5, its model
    lookup=True,
    long_poll=True,
    batch=6,
)

_CLIP_PATH = "/v2/generate/audio/suno-ai/clip"
_CLIPS_PATH = "/v2/generate/audio/suno-ai/clips"
_BILLING_PATH = "/v2/billing"

# Seconds. The server holds an answer back for two minutes at most.
_LONG_POLL_TIMEOUT = 150.0
# The parameter is spelt ``completed``, the status of a clip ``complete``.
_AWAITED_STATUS = {None: "submitted", Status.SUBMITTED: "streaming", Status.STREAMING: "completed"}


class _SubmitResponse(ErrorText):
    # Suno's own failure comes as an empty ``clips``
    clip_ids: list[Id] = Field(validation_alias=AliasChoices("clip_ids", "clips"))


class _ClipsResponse(BaseModel):
    clips: list[ClipAnswer] = Field(validation_alias=AliasChoices("clips", "data"))


class _BillingResponse(BaseModel):
    current_balance: float = Field(allow_inf_nan=False)
    currency: str = Field("", max_length=16)


_SUBMIT_SCHEMA = TypeAdapter(_SubmitResponse)
_CLIPS_SCHEMA: TypeAdapter[list[ClipAnswer] | _ClipsResponse] = TypeAdapter(
    list[ClipAnswer] | _ClipsResponse
)
_BILLING_SCHEMA = TypeAdapter(_BillingResponse)


# A 400 names the field and its type: "Expected string, received array at tags".
_TAGS = re.compile(r"\btags\b", re.IGNORECASE)
_TYPE_WORDS = re.compile(r"\b(?:string|array|expected|type)\b", re.IGNORECASE)
# A 403 is for permissions and unverified accounts, too.
_CREDIT_WORDS = re.compile(r"credits?\b|balance|top.?up|quota|funds", re.IGNORECASE)


class _WrongTagsType(Rejected):
    """It wants ``tags`` as text; the documents say both text and array."""


class AimlApi(ClipAdapter):
    """The adapter to AIML API."""

    def __init__(self, client: httpx.AsyncClient, config: ApiConfig) -> None:
        super().__init__(client, config, name="aimlapi", capabilities=CAPABILITIES)

    async def extend(self, request: ExtendRequest) -> Handle:
        """Submit ``request``; if the type of its tags is refused, once more with the other type.

        The refusal charged nothing.
        """
        payload = _payload(request)
        try:
            return await self._submit(payload)
        except _WrongTagsType:
            if not request.style:
                raise
        await self.wait_for_submit_slot()
        return await self._submit({**payload, "tags": format_style(request.style)})

    @override
    async def credits(self) -> Credits:
        answer = await self._api.query(_BILLING_PATH, _BILLING_SCHEMA)
        return Credits(answer.current_balance, answer.currency or "credits")

    async def _submit(self, payload: dict[str, object]) -> Handle:
        answer = await self._api.submit(
            _CLIP_PATH, payload, _SUBMIT_SCHEMA, timeout_seconds=self.capabilities.submit_timeout
        )
        return handle_of(answer.clip_ids, reason=answer.text)

    @override
    async def _fetch_clips(
        self, clip_ids: Sequence[str], newer_than: Status | None
    ) -> Sequence[ClipAnswer]:
        awaited = ("status", _AWAITED_STATUS.get(newer_than, "submitted"))
        timeout_seconds = QUERY_TIMEOUT if newer_than is None else _LONG_POLL_TIMEOUT
        if len(clip_ids) == 1:
            clip = await self._api.query(
                _CLIP_PATH,
                CLIP_SCHEMA,
                params=[("clip_id", clip_ids[0]), awaited],
                timeout_seconds=timeout_seconds,
            )
            return [clip]
        answer = await self._api.query(
            _CLIPS_PATH,
            _CLIPS_SCHEMA,
            params=[*(("clip_ids[]", clip_id) for clip_id in clip_ids), awaited],
            timeout_seconds=timeout_seconds,
        )
        return answer.clips if isinstance(answer, _ClipsResponse) else answer

    @override
    def _error_from(self, response: ErrorResponse) -> ProviderError | None:
        match response.status:
            # its word for no credits is not 402
            case 403 if not response.is_about_content and _CREDIT_WORDS.search(response.message):
                return OutOfCredits(response.text)
            case 400 if _TAGS.search(response.body) and _TYPE_WORDS.search(response.body):
                return _WrongTagsType(response.text)
            case _:
                return None


def _payload(request: ExtendRequest) -> dict[str, object]:
    """Return the body of an extension; tags and title only where given."""
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

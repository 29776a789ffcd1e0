"""sunosay.com, and the service as it was before it moved there, sunoapi.co: tasks to be polled.

Contract: providers.md §2. Of an answer only ``code`` decides; ``message`` may say anything.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import httpx
from pydantic import AliasChoices, Field, TypeAdapter

from bot.domain.form import TextLimits, format_style
from bot.domain.models import ClipStatus, ExtendRequest, Handle, Progress, Status
from bot.providers.adapter import (
    Adapter,
    ApiConfig,
    gather_successes,
    json_number,
    require_continue_at,
)
from bot.providers.base import (
    Capabilities,
    OutOfCredits,
    ProviderError,
    Rejected,
    Unauthorized,
    Unavailable,
    Unconfirmed,
)
from bot.providers.clip_schema import ClipAnswer, ErrorText, Id, clip_status, to_clip
from bot.providers.errors import ErrorResponse, error_for, extract_message

DEFAULTS = ApiConfig(
    base_url="https://api.sunosay.com",
    submit_every=4.0,  # "once every 4 seconds" (providers.md §2.5)
    query_every=0.5,  # "2 times per second"
)
CAPABILITIES = Capabilities(
    label="sunosay.com",
    limits=TextLimits(lyrics=3000, style=200, title=80),  # of v3.5, its model (providers.md §6.1)
    models=("v3.5",),
    needs_style=True,  # "tags" is required (providers.md §2.2)
)

_EXTEND = "/suno/music/extend-music"
_EXTEND_INSTRUMENTAL = "/suno/music/extend-Instrumental"  # with this capital, always
_TASK = "/suno/music/get-task"

_SUCCESS = 200
_SERVER_ERROR = 500
# what stands in ``message`` while all is well (providers.md §2.2)
_SUCCESS_WORDS = re.compile(r"ok\b|success|key verification", re.IGNORECASE)

FormatContinueAt = Callable[[float], float | str]


class _Envelope(ErrorText):
    code: int | None = None
    task_id: Id | Literal[""] | None = None

    @property
    def refusal(self) -> ErrorResponse | None:
        """The failure that ``code`` tells; an answer without one is judged by its other parts."""
        if self.code in (None, _SUCCESS):
            return None
        message = extract_message(self.message) or extract_message(self.error)
        return ErrorResponse(self.code or 0, message, message)


class _Submitted(_Envelope):
    clips: object = None


class _SunoSayClip(ClipAnswer):
    id: Id = Field(validation_alias=AliasChoices("continue_clip_id", "id"))


class _Task(_Envelope):
    status: str | None = None
    clips: list[_SunoSayClip] | None = None


_SUBMITTED = TypeAdapter(_Submitted)
_PROGRESS = TypeAdapter(_Task)


class _WrongContinueAtType(Rejected):
    """It wants ``continue_at`` as text, or as a number: the documents say both."""


def as_number(seconds: float) -> float:
    """Return ``continue_at`` as sunosay's samples have it: ``100``."""
    return json_number(seconds)


def as_text(seconds: float) -> str:
    """Return ``continue_at`` as the tables have it: plain decimal seconds, no exponent."""
    return f"{seconds:.3f}".rstrip("0").rstrip(".")


class SunoSay(Adapter):
    """The adapter to sunosay.com; `sunoapi_co` makes it one to sunoapi.co."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        access: ApiConfig,
        *,
        name: str = "sunosay",
        capabilities: Capabilities = CAPABILITIES,
        continue_at: FormatContinueAt = as_number,
    ) -> None:
        super().__init__(client, access, name=name, capabilities=capabilities)
        self._continue_at = continue_at

    async def extend(self, request: ExtendRequest) -> Handle:
        """Submit ``request``; a refusal of the point's type charged nothing and is answered once.

        Without lyrics it goes to the endpoint for instrumentals.
        """
        try:
            return await self._submit(request, self._continue_at)
        except _WrongContinueAtType:
            await self.wait_for_submit_slot()
        other = as_text if self._continue_at is as_number else as_number
        return await self._submit(request, other)

    async def fetch(
        self, handles: Sequence[Handle], *, newer_than: Status | None = None
    ) -> Mapping[Handle, Progress]:
        """Return the state of each task, one request for each: the API takes no more.

        Raises:
            ProviderError: nothing at all could be read.
        """
        del newer_than  # it can't be waited on
        return dict(
            await gather_successes(*(self._ask(handle) for handle in handles if handle.task_id))
        )

    async def _submit(self, request: ExtendRequest, continue_at: FormatContinueAt) -> Handle:
        answer = await self._api.submit(
            _EXTEND if request.lyrics else _EXTEND_INSTRUMENTAL,
            _payload(request, continue_at),
            _SUBMITTED,
            timeout_seconds=self.capabilities.submit_timeout,
        )
        if refusal := answer.refusal:
            raise self._api.logged(_error_from_words(refusal) or error_for(refusal, Rejected))
        if not answer.task_id and answer.clips == []:
            raise Rejected(_reason(answer))  # Suno's own failure (providers.md §6.7)
        if not answer.task_id:
            raise Unconfirmed(f"{self.capabilities.label} named no task.")
        return Handle(task_id=answer.task_id)

    async def _ask(self, handle: Handle) -> tuple[Handle, Progress]:
        body = {"task_id": handle.task_id}
        task = await self._api.query(_TASK, _PROGRESS, method="POST", body=body)
        if refusal := task.refusal:
            error = _error_from_words(refusal) or error_for(refusal, Unavailable)
            # no word for failure is documented, so this may be the task's (providers.md §2.3)
            if isinstance(error, Rejected | OutOfCredits):
                return handle, Progress(error=error.text)
            raise self._api.logged(error)
        return handle, self._progress(task)

    def _progress(self, task: _Task) -> Progress:
        clips = tuple(
            to_clip(
                answer.model_copy(update={"status": answer.status or task.status}),
                trusted_hosts=self._trusted_hosts,
            )
            for answer in task.clips or ()
        )
        status = clip_status(task.status)
        if status is ClipStatus.FAILED:
            return Progress(clips=clips, error=_reason(task))
        return Progress(clips=clips, is_open=status is not ClipStatus.COMPLETE or not clips)

    def _refused(self, refusal: ErrorResponse) -> ProviderError | None:
        return None if refusal.status >= _SERVER_ERROR else _error_from_words(refusal)


def _payload(request: ExtendRequest, continue_at: FormatContinueAt) -> dict[str, object]:
    """Return the body of an extension that suits every revision of the documents (§2.2)."""
    payload: dict[str, object] = {
        "title": request.title,
        "tags": format_style(request.style),
        "continue_clip_id": request.clip_id,
        "continue_at": continue_at(require_continue_at(request)),
    }
    if request.lyrics:
        payload["prompt"] = request.lyrics
    if request.model:
        payload["model"] = request.model
    return payload


def _reason(answer: ErrorText) -> str:
    """Return the words that come with a failure, unless they are those of a success."""
    return "" if _SUCCESS_WORDS.match(answer.text) else answer.text


def _error_from_words(refusal: ErrorResponse) -> ProviderError | None:
    """Return what the words of a refusal tell; which codes there are is not documented."""
    if re.search(r"continue[_ ]?at", refusal.body, re.IGNORECASE):
        return _WrongContinueAtType(refusal.text)
    if re.search(r"\bkey verification|\bapi ?key", refusal.message, re.IGNORECASE):
        return Unauthorized(refusal.text)
    if re.search(r"\bcredits?\b|\bbalance\b", refusal.message, re.IGNORECASE):
        return OutOfCredits(refusal.text)
    return None
